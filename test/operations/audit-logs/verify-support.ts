import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Checkpoint, checkpointText } from '../../../src/operations/audit-logs/chain/checkpoint.ts';
import {
  type ExportedFile,
  type ExportManifest,
  exportManifestText,
  parseExportManifest,
  sha256Of,
} from '../../../src/operations/audit-logs/chain/export-manifest.ts';
import { type Partition, partitionFolder, timeKey } from '../../../src/operations/audit-logs/chain/partitions.ts';
import type { AuditEvent } from '../../../src/operations/audit-logs/events/event.ts';
import { isoTime } from '../../../src/operations/audit-logs/events/time.ts';
import type { FormatName } from '../../../src/operations/audit-logs/formats/index.ts';
import { loadFormat } from '../../../src/operations/audit-logs/formats/index.ts';
import { verifyExport } from '../../../src/operations/audit-logs/verify/export.ts';
import { eventOf } from './formats-support.ts';

/** When the first window begins: 2026-09-21T13:00:00Z. */
export const START = 1_789_995_600;
const HOUR = 3_600;

/** How an export of the tests is made. */
export interface ExportOptions {
  readonly format?: FormatName;
  readonly compression?: 'none' | 'gzip';
  /** One manifest each, an hour long. */
  readonly windows?: number;
  /** The windows are shards of a matrix instead of a chain. */
  readonly isSharded?: boolean;
  /** In which folders the files are; `none` puts all of them into one. */
  readonly partition?: Partition;
  /** Seconds after the minute of each event, for times with a fraction. */
  readonly fractions?: readonly number[];
  /** A text of the last event of each file. */
  readonly note?: string;
}

/** An export in a folder of its own. */
export class TestExport {
  readonly root = mkdtempSync(join(tmpdir(), 'export-'));
  /** Paths of the manifests, the oldest first. */
  readonly manifests: string[] = [];

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  read(path: string): Buffer {
    return readFileSync(this.path(path));
  }

  remove(path: string): void {
    rmSync(this.path(path));
  }

  /** The path of a manifest. */
  name(index: number): string {
    return this.manifests[index] ?? '';
  }

  manifest(index: number): ExportManifest {
    const read = parseExportManifest(this.read(this.name(index)).toString());
    if (!read.ok) throw new Error(read.problem);
    return read.manifest;
  }

  /** A file of a manifest. */
  file(index: number, file = 0): string {
    return this.manifest(index).files[file]?.path ?? '';
  }

  /** Changes a manifest and nothing else. */
  edit(index: number, change: (manifest: ExportManifest) => void): void {
    const manifest = this.manifest(index);
    change(manifest);
    this.write(this.name(index), exportManifestText(manifest));
  }

  /** Changes a manifest and mends the chain behind it, as somebody would who can write everything. */
  forge(index: number, change: (manifest: ExportManifest) => void): void {
    this.edit(index, change);
    for (let next = index + 1; next < this.manifests.length; next += 1) {
      const sha256 = sha256Of(this.read(this.name(next - 1)));
      this.edit(next, (manifest) => {
        manifest.previous = { sha256 };
      });
    }
  }

  /** Changes a file, and everything that the manifests say of it, so that only its content can tell. */
  forgeFile(index: number, change: (text: string) => string, more: (file: ExportedFile) => void = () => {}): void {
    const path = this.file(index);
    const bytes = Buffer.from(change(this.read(path).toString()));
    this.write(path, bytes);
    this.forge(index, ({ files }) => {
      const [file] = files;
      if (file === undefined) throw new Error('no file');
      file.sha256 = sha256Of(bytes);
      file.plain_sha256 = file.sha256;
      file.bytes = bytes.length;
      file.plain_bytes = bytes.length;
      more(file);
    });
  }

  /** The text of the checkpoint that the export would have written, with some members changed. */
  checkpoint(changes: Partial<Checkpoint> = {}): string {
    const [first, last] = [this.manifest(0), this.manifest(this.manifests.length - 1)];
    const time = (iso: string) => Date.parse(iso) / 1_000;
    return checkpointText({
      schema_version: 1,
      kind: 'devin-audit-checkpoint',
      scope: last.scope,
      since: time(first.window.since),
      high_water: time(last.window.until),
      seen_since: time(last.window.until) - 600,
      seen: [],
      sequence: last.sequence,
      last_manifest: { sha256: this.hash(this.manifests.length - 1) },
      ...changes,
    });
  }

  /** SHA-256 of a manifest. */
  hash(index: number): string {
    return sha256Of(this.read(this.name(index)));
  }

  /** What is wrong with it, as lines. */
  async findings(): Promise<readonly string[]> {
    return (await verifyExport(this.root, new AbortController().signal)).findings.lines(1_000);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

async function encode(format: FormatName, events: readonly AuditEvent[]): Promise<Buffer> {
  const loaded = await loadFormat(format);
  if ('encode' in loaded) return Buffer.from(loaded.head + events.map((event) => loaded.encode(event)).join(''));
  const file = loaded.open();
  const first = file.add(events);
  return Buffer.concat([first ?? Buffer.alloc(0), file.end()]);
}

const EVENTS = 5;

/** Events of half an hour, of which some are awkward to write. */
const eventsFrom = (from: number, { fractions = [], note = '' }: ExportOptions): readonly AuditEvent[] =>
  Array.from({ length: EVENTS }, (_, i) =>
    eventOf({
      audit_log_id: `audit-log-${from}-${i}`,
      created_at: from + (fractions[i] ?? i * 60),
      data: { note: ['=1+1', 'two\nlines, "quoted"', 'a|b\\c=d act=x', 'Ünïcödé ✓', note][i] },
    }),
  );

async function writeFile(into: TestExport, options: ExportOptions, from: number): Promise<ExportedFile> {
  const { format = 'jsonl', compression = 'none', partition = 'none' } = options;
  const events = eventsFrom(from, options);
  const plain = await encode(format, events);
  const stored = compression === 'none' ? plain : gzipSync(plain);
  const key = partition === 'org' ? 'org-1' : timeKey(partition, from);
  const folder = partition === 'none' ? 'day=21/' : partitionFolder(partition, key);
  const path = `${folder}devin-audit_${from}.${format}${compression === 'none' ? '' : '.gz'}`;
  into.write(path, stored);
  return {
    path,
    sha256: sha256Of(stored),
    bytes: stored.length,
    plain_sha256: sha256Of(plain),
    plain_bytes: plain.length,
    events: events.length,
    oldest: isoTime(from),
    newest: isoTime(events.at(-1)?.at ?? from),
  };
}

/** Writes an export as the engine writes it: files of half an hour, a manifest for each hour, one chain. */
export async function writeExport(options: ExportOptions = {}): Promise<TestExport> {
  const { format = 'jsonl', compression = 'none', windows = 3, isSharded = false, partition = 'none' } = options;
  const made = new TestExport();
  let previous: ExportManifest['previous'] = null;
  for (let index = 0; index < windows; index += 1) {
    const since = START + index * HOUR;
    const files = [await writeFile(made, options, since), await writeFile(made, options, since + HOUR / 2)];
    const text = exportManifestText({
      schema_version: 1,
      kind: 'devin-audit-manifest',
      sequence: isSharded ? 0 : index,
      scope: { api: 'api.devin.ai', version: 'v3', org_id: null, actions: [] },
      format,
      compression,
      partition,
      window: { since: isoTime(since), until: isoTime(since + HOUR), reread_from: isoTime(since - 600) },
      shard: isSharded ? { index: index + 1, count: windows } : null,
      has_more: false,
      events: files.reduce((sum, file) => sum + file.events, 0),
      late_events: 0,
      duplicates_dropped: 0,
      oldest: files[0]?.oldest ?? null,
      newest: files[1]?.newest ?? null,
      files,
      previous,
      run: { repository: 'acme/api', run_id: '4242', run_attempt: 1 },
    });
    const path = `manifests/devin-audit_${since}_${since + HOUR}_abcd1234.manifest.json`;
    made.write(path, text);
    made.manifests.push(path);
    previous = isSharded ? null : { sha256: sha256Of(text) };
  }
  return made;
}
