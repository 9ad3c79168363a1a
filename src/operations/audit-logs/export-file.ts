import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { Draft } from '../../runner/workspace.ts';
import { type Compression, type Compressor, openCompressor } from './compression.ts';
import type { BinaryFile, BinaryFormat, TextFormat } from './formats/index.ts';
import type { ManifestFile } from './manifest.ts';
import { bytesOf, type ReadEvent } from './parse-event.ts';
import { isoTime } from './time.ts';

/** Characters that are handed on at once. It depends on the events alone, so that the compressed bytes do as well. */
const BLOCK = 128 * 1024;

/** A file of the export that is whole, without its name. */
export type WrittenFile = Omit<ManifestFile, 'path'>;

/** Turns events into the bytes of one file. */
interface Encoder {
  /** The bytes of the events, if there are some to hand on. */
  add(events: readonly ReadEvent[]): Generator<Uint8Array>;
  end(): Uint8Array;
}

function textEncoder(format: TextFormat): Encoder {
  let pending = format.head;
  return {
    *add(events) {
      for (const event of events) {
        pending += format.encode(event);
        if (pending.length < BLOCK) continue;
        yield Buffer.from(pending);
        pending = '';
      }
    },
    end: () => Buffer.from(pending),
  };
}

/** JSONL is the bytes that came: nothing has to be decoded for it, and nothing encoded. */
function linesEncoder(): Encoder {
  let pending = '';
  return {
    *add(events) {
      for (const { stored } of events) {
        pending += `${stored}\n`;
        if (pending.length < BLOCK) continue;
        yield Buffer.from(pending, 'latin1');
        pending = '';
      }
    },
    end: () => Buffer.from(pending, 'latin1'),
  };
}

/** Bytes that are UTF-8 for sure: what is none is replaced, as in any text. */
function asUtf8(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'), 'utf8');
}

/** Other JSON is written of bytes as well, wherever that gives the same. */
function jsonEncoder(format: TextFormat): Encoder {
  let pending = '';
  return {
    *add(events) {
      for (const event of events) {
        const bytes = event.asBytes();
        pending += bytes === undefined ? bytesOf(format.encode(event)) : format.encode(bytes);
        if (pending.length < BLOCK) continue;
        yield asUtf8(Buffer.from(pending, 'latin1'));
        pending = '';
      }
    },
    end: () => asUtf8(Buffer.from(pending, 'latin1')),
  };
}

function encoderOf(format: TextFormat | BinaryFormat): Encoder {
  if ('open' in format) return binaryEncoder(format.open());
  if (format.name === 'jsonl') return linesEncoder();
  return format.isJson === true ? jsonEncoder(format) : textEncoder(format);
}

function binaryEncoder(file: BinaryFile): Encoder {
  return {
    *add(events) {
      const bytes = file.add(events);
      if (bytes !== undefined) yield bytes;
    },
    end: () => file.end(),
  };
}

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

  /** Adds events, which come in the order of time. */
  async add(events: readonly ReadEvent[]): Promise<void> {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return;
    if (this.#events === 0) this.#oldest = first.at;
    this.#newest = last.at;
    this.#events += events.length;
    for (const bytes of this.#encoder.add(events)) await this.#write(bytes);
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

  /** Takes the file away. */
  async discard(): Promise<void> {
    this.#compressor?.destroy();
    await this.#draft.discard();
  }
}
