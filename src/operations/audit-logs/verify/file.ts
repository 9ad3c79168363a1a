import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { count, shortHash } from '../../../report/units.ts';
import type { ExportedFile, ExportManifest } from '../chain/export-manifest.ts';
import { partitionFolder, timeKey } from '../chain/partitions.ts';
import { isoTime } from '../events/time.ts';
import type { Compression } from '../formats/compression.ts';
import type { Findings } from './findings.ts';
import { chunksOf, openOrReport } from './folder.ts';
import { type Found, openReader, type Sink } from './readers.ts';

/** What a file is checked against. */
export interface FileCheck {
  /** Folder of the export. */
  readonly root: string;
  readonly manifest: ExportManifest;
  readonly file: ExportedFile;
  readonly findings: Findings;
  readonly signal: AbortSignal;
  /** Called for each event of the file. */
  event(found: Found, line: number): void;
}

/** What a file contains. */
interface Content {
  events: number;
  /** Events from before the window. */
  late: number;
  oldest: number;
  newest: number;
}

const seconds = (iso: string) => Date.parse(iso) / 1_000;

/** The first event of a file that is not in the window, and what is wrong with it; undefined if it is in. */
function whyOutside({ manifest }: FileCheck): (found: Found) => string | undefined {
  const { since, until, reread_from: rereadFrom } = manifest.window;
  const from = seconds(rereadFrom);
  // Only a run that ended in the middle of a second has a part of it.
  const end = seconds(until) + (manifest.has_more ? 1 : 0);
  return ({ at }) =>
    at >= from && at < end
      ? undefined
      : `has an event of ${isoTime(at)}, which is outside of the window (${since} to ${until})`;
}

/** What is wrong with the folder of an event; undefined if it is that of its partition. */
function whyElsewhere({ manifest: { partition }, file }: FileCheck): (found: Found) => string | undefined {
  const folder = file.path.slice(0, file.path.lastIndexOf('/') + 1);
  let known: number | string | null | undefined;
  return ({ at, org }) => {
    const key = partition === 'org' ? org : timeKey(partition, at);
    if (partition === 'none' || key === undefined || key === known) return undefined;
    known = key;
    const own = partitionFolder(partition, key);
    return own === folder ? undefined : `has an event that belongs in ${own}`;
  };
}

/** What is wrong with the order of an event; undefined if it comes after the one above it. */
function whyUnordered(): (found: Found) => string | undefined {
  let last: Found | undefined;
  return (found) => {
    const before = last;
    last = found;
    if (before === undefined || found.at > before.at) return undefined;
    const isSameTime = found.at === before.at;
    // Within a millisecond, a format that has no finer time cannot show the order.
    if (isSameTime && (found.isRounded === true || found.id >= before.id)) return undefined;
    return 'comes before the event above it: the order is not that of the export';
  };
}

/** Checks the events of a file: their number, order, window, and partition. Each fault is reported once for each file. */
function contentSink(check: FileCheck, content: Content): Sink {
  const { manifest, file, findings, event } = check;
  const since = seconds(manifest.window.since);
  let rules = [whyOutside(check), whyElsewhere(check), whyUnordered()];
  return {
    event(found, line) {
      content.events += 1;
      if (found.at < since) content.late += 1;
      content.oldest = Math.min(content.oldest, found.at);
      content.newest = Math.max(content.newest, found.at);
      rules = rules.filter((rule) => {
        const problem = rule(found);
        if (problem !== undefined) findings.add(`${file.path}:${line}`, problem);
        return problem === undefined;
      });
      event(found, line);
    },
    problem: (what, line) => findings.add(`${file.path}:${line}`, what),
  };
}

async function hashOf(handle: FileHandle, signal: AbortSignal): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunksOf(handle, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function decompressorOf(
  compression: Exclude<Compression, 'none'>,
): Promise<Transform & { bytesWritten: number }> {
  // Loaded only if a file is compressed.
  const zlib = await import('node:zlib');
  return compression === 'gzip' ? zlib.createGunzip() : zlib.createZstdDecompress();
}

/** Different sizes say more than different hashes. */
function compareSize(findings: Findings, path: string, unit: string, actual: number, promised: number): boolean {
  if (actual === promised) return true;
  const difference = count(Math.abs(actual - promised), unit);
  findings.add(path, `has ${difference} ${actual > promised ? 'more' : 'fewer'} than its manifest says`);
  return false;
}

function compareHash(findings: Findings, path: string, what: string, actual: string, promised: string): void {
  if (actual === promised) return;
  findings.add(path, `was changed: its ${what} is ${shortHash(actual)}, the manifest says ${shortHash(promised)}`);
}

/** Reads the text of a file and compares its hash. It stops if there is more text than the manifest says. */
async function readText(check: FileCheck, handle: FileHandle, sink: Sink, stored: number): Promise<void> {
  const { manifest, file, findings, signal } = check;
  if (manifest.format === 'parquet') return;
  const reader = openReader(manifest.format, sink);
  const hash: Hash = createHash('sha256');
  let bytes = 0;
  const take = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > file.plain_bytes) return;
      hash.update(chunk);
      reader.feed(chunk);
    }
  };
  if (manifest.compression === 'none') await take(chunksOf(handle, signal));
  else {
    const decompressor = await decompressorOf(manifest.compression);
    try {
      await pipeline(chunksOf(handle, signal), decompressor, take, { signal });
    } catch (thrown) {
      signal.throwIfAborted();
      // Stopping on purpose ends the pipeline as well.
      if (bytes <= file.plain_bytes) {
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        findings.add(file.path, `cannot be decompressed: ${reason}, after ${count(bytes, 'byte')} of its text`);
        return;
      }
    }
    const behind = stored - decompressor.bytesWritten;
    if (bytes <= file.plain_bytes && behind > 0)
      findings.add(file.path, `has ${count(behind, 'byte')} after its compressed text`);
  }
  if (bytes > file.plain_bytes) {
    findings.add(file.path, 'has more text than its manifest says');
    return;
  }
  reader.end();
  if (compareSize(findings, file.path, 'plain byte', bytes, file.plain_bytes)) {
    compareHash(findings, file.path, 'sha256 without compression', hash.digest('hex'), file.plain_sha256);
  }
}

function compareContent({ file, findings }: FileCheck, content: Content): void {
  const { events, oldest, newest } = content;
  if (!compareSize(findings, file.path, 'event', events, file.events) || events === 0) return;
  if (isoTime(oldest) !== file.oldest || isoTime(newest) !== file.newest) {
    findings.add(
      file.path,
      `has events from ${isoTime(oldest)} to ${isoTime(newest)}; its manifest names another range`,
    );
  }
}

/** Checks one file from its first byte to its last. Returns how many of its events came late. */
export async function verifyFile(check: FileCheck): Promise<{ readonly late: number; readonly bytes: number }> {
  const { root, file, manifest, findings, signal } = check;
  const handle = await openOrReport(root, file.path, findings);
  if (handle === undefined) return { late: 0, bytes: 0 };
  try {
    const { sha256, bytes } = await hashOf(handle, signal);
    const before = findings.count;
    if (compareSize(findings, file.path, 'byte', bytes, file.bytes)) {
      compareHash(findings, file.path, 'sha256', sha256, file.sha256);
    }
    const content: Content = { events: 0, late: 0, oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY };
    const sink = contentSink(check, content);
    if (manifest.format !== 'parquet') await readText(check, handle, sink, bytes);
    else if (compareSize(findings, file.path, 'plain byte', bytes, file.plain_bytes))
      compareHash(findings, file.path, 'sha256 without compression', sha256, file.plain_sha256);
    if (manifest.format === 'parquet' && findings.count === before) {
      // A changed Parquet file is not read: its pages could ask for any amount of memory.
      const { readParquet } = await import('./parquet.ts');
      await readParquet(handle, bytes, sink, signal);
    }
    if (manifest.format !== 'parquet' || findings.count === before) compareContent(check, content);
    return { late: content.late, bytes };
  } finally {
    await handle.close();
  }
}
