import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Draft } from '../../../runner/workspace.ts';
import type { ExportedFile } from '../chain/export-manifest.ts';
import type { WaitingEvent } from '../events/event.ts';
import { isoTime } from '../events/time.ts';
import { type Compression, type Compressor, openCompressor } from '../formats/compression.ts';
import type { BinaryFormat, TextFormat } from '../formats/index.ts';
import { type Encoder, encoderOf } from './encoders.ts';

/** A complete file of the export, without its name. */
export type WrittenFile = Omit<ExportedFile, 'path'>;

/** Events that are encoded before responses have their turn: a few milliseconds of work. */
const SLICE = 100;

/** Writes one file of an export: format, compression, hashes and disk in one pass. */
export class ExportFile {
  readonly #draft: Draft;
  readonly #encoder: Encoder;
  readonly #compressor: Compressor | undefined;
  readonly #plainHash: Hash = createHash('sha256');
  readonly #storedHash: Hash | undefined;
  #plainBytes = 0;
  #storedBytes = 0;
  #events = 0;
  #oldest = 0;
  #newest = 0;

  constructor(draft: Draft, format: TextFormat | BinaryFormat, compression: Compression) {
    this.#draft = draft;
    this.#encoder = encoderOf(format);
    this.#compressor = openCompressor(compression);
    this.#storedHash = this.#compressor === undefined ? undefined : createHash('sha256');
  }

  /** Adds events in the order of time. */
  async add(events: readonly WaitingEvent[]): Promise<void> {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return;
    if (this.#events === 0) this.#oldest = first.at;
    this.#newest = last.at;
    this.#events += events.length;
    for (let at = 0; at < events.length; at += SLICE) {
      for (const bytes of this.#encoder.add(events.slice(at, at + SLICE))) await this.#write(bytes);
      // What came meanwhile is read, and the next pages are requested; otherwise, the network would stand still.
      await setImmediate();
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#plainHash.update(bytes);
    this.#plainBytes += bytes.length;
    await this.#store(this.#compressor === undefined ? bytes : await this.#compressor.write(bytes));
  }

  async #store(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#storedHash?.update(bytes);
    this.#storedBytes += bytes.length;
    await this.#draft.write(bytes);
  }

  /** Ends the file and gives it its staged name. */
  async finish(): Promise<WrittenFile> {
    await this.#write(this.#encoder.end());
    if (this.#compressor !== undefined) await this.#store(await this.#compressor.end());
    await this.#draft.commit();
    const plain = this.#plainHash.digest('hex');
    return {
      sha256: this.#storedHash?.digest('hex') ?? plain,
      bytes: this.#storedBytes,
      plain_sha256: plain,
      plain_bytes: this.#plainBytes,
      events: this.#events,
      oldest: isoTime(this.#oldest),
      newest: isoTime(this.#newest),
    };
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    this.#compressor?.destroy();
    await this.#draft.discard();
  }
}
