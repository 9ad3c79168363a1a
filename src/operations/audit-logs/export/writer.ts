import { join } from 'node:path/posix';
import type { Draft, Workspace } from '../../../runner/workspace.ts';
import { type Partition, timeKey } from '../chain/partitions.ts';
import type { WaitingEvent } from '../events/event.ts';
import { parseEvent } from '../events/parse-event.ts';
import type { Compression } from '../formats/compression.ts';
import type { BinaryFormat, TextFormat } from '../formats/index.ts';
import { ExportFile, type WrittenFile } from './file.ts';

/** What files are written, and how. */
export interface WriterOptions {
  readonly workspace: Workspace;
  /** Folder for files that have no final name yet. */
  readonly staging: string;
  readonly format: TextFormat | BinaryFormat;
  readonly compression: Compression;
  readonly partition: Partition;
  /** The events are in the form of v2. */
  readonly isV2: boolean;
}

/** A complete file in the staging folder that has no final name yet. */
export interface StagedFile extends WrittenFile {
  /** Its name in the staging folder. */
  readonly staged: string;
  /** Its partition: a time in Unix seconds, or an organization. */
  readonly key: number | string | null;
}

/** Takes events in the order of time, and divides them into files. */
export interface EventWriter {
  add(events: readonly WaitingEvent[]): Promise<void>;
  /** Ends all files. */
  finish(): Promise<readonly StagedFile[]>;
  /** Removes what is incomplete. */
  discard(): Promise<void>;
}

/** Writes files one after the other. */
class Files {
  readonly #options: WriterOptions;
  readonly #staged: StagedFile[] = [];
  #current: { readonly file: ExportFile; readonly key: StagedFile['key'] } | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Adds events to the file of a partition; a new partition ends the file of the one before. */
  async add(key: StagedFile['key'], events: readonly WaitingEvent[]): Promise<void> {
    if (this.#current !== undefined && this.#current.key !== key) await this.#end();
    this.#current ??= { file: await this.#open(), key };
    await this.#current.file.add(events);
  }

  async #open(): Promise<ExportFile> {
    const { workspace, staging, format, compression } = this.#options;
    return new ExportFile(await workspace.draft(join(staging, this.#name())), format, compression);
  }

  #name(): string {
    return `file-${this.#staged.length}`;
  }

  async #end(): Promise<void> {
    if (this.#current === undefined) return;
    const { file, key } = this.#current;
    const staged = this.#name();
    this.#staged.push({ ...(await file.finish()), staged, key });
    this.#current = undefined;
  }

  async finish(): Promise<readonly StagedFile[]> {
    await this.#end();
    return this.#staged;
  }

  async discard(): Promise<void> {
    await this.#current?.file.discard();
  }
}

/** Writes the events of each hour or day, or all of them, in their order. */
function byTime(options: WriterOptions): EventWriter {
  const files = new Files(options);
  return {
    async add(events) {
      let start = 0;
      while (start < events.length) {
        const key = timeKey(options.partition, events[start]?.at ?? 0);
        let end = start + 1;
        while (end < events.length && timeKey(options.partition, events[end]?.at ?? 0) === key) end += 1;
        await files.add(key, start === 0 && end === events.length ? events : events.slice(start, end));
        start = end;
      }
    },
    finish: () => files.finish(),
    discard: () => files.discard(),
  };
}

/** Characters that wait in memory for their organization's file. */
const MAX_PENDING = 4 * 1024 * 1024;
/** Events that are read back at once. */
const BATCH = 1_000;

/**
 * First collects the events of each organization in its own file, because there may be thousands of organizations, and
 * only then formats and compresses one organization after the other.
 */
class ByOrganization implements EventWriter {
  readonly #options: WriterOptions;
  readonly #files: Files;
  readonly #drafts = new Map<string | null, { readonly name: string; readonly draft: Draft; pending: string }>();
  #pending = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#files = new Files(options);
  }

  async add(events: readonly WaitingEvent[]): Promise<void> {
    for (const event of events) {
      const { org } = event;
      const { json } = event.open();
      const entry = this.#drafts.get(org) ?? (await this.#open(org));
      entry.pending += `${json}\n`;
      this.#pending += json.length;
      if (this.#pending > MAX_PENDING) await this.#flush();
    }
  }

  async #open(org: string | null) {
    const name = `organization-${this.#drafts.size}`;
    const draft = await this.#options.workspace.draft(join(this.#options.staging, name));
    await draft.rest();
    const entry = { name, draft, pending: '' };
    this.#drafts.set(org, entry);
    return entry;
  }

  async #flush(): Promise<void> {
    for (const entry of this.#drafts.values()) {
      if (entry.pending === '') continue;
      await entry.draft.write(entry.pending);
      await entry.draft.rest();
      entry.pending = '';
    }
    this.#pending = 0;
  }

  async finish(): Promise<readonly StagedFile[]> {
    await this.#flush();
    const { workspace, staging } = this.#options;
    const organizations = [...this.#drafts].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
    for (const [org, { name, draft }] of organizations) {
      await draft.commit();
      await this.#convert(org, join(staging, name));
      await workspace.remove(join(staging, name));
    }
    return await this.#files.finish();
  }

  async #convert(org: string | null, path: string): Promise<void> {
    let batch: WaitingEvent[] = [];
    for await (const json of this.#options.workspace.readLines(path)) {
      batch.push(parseEvent(json, this.#options.isV2));
      if (batch.length < BATCH) continue;
      await this.#files.add(org, batch);
      batch = [];
    }
    if (batch.length > 0) await this.#files.add(org, batch);
  }

  async discard(): Promise<void> {
    await this.#files.discard();
    for (const { draft } of this.#drafts.values()) await draft.discard();
  }
}

/** Opens the files of an export. */
export const openWriter = (options: WriterOptions): EventWriter =>
  options.partition === 'org' ? new ByOrganization(options) : byTime(options);
