import { isUtf8 } from 'node:buffer';
import { bytesOf, type ReadEvent } from '../events/parse-event.ts';
import type { BinaryFile, BinaryFormat, TextFormat } from '../formats/index.ts';

/** Bytes that are handed on at once. It depends on the events alone, so that the compressed bytes do as well. */
const BLOCK = 256 * 1024;
const LINE_END = 0x0a;

/** Turns events into the bytes of one file. */
export interface Encoder {
  /** The bytes of the events, as far as there are some to hand on. They hold until the next ones are asked for. */
  add(events: readonly ReadEvent[]): Generator<Uint8Array>;
  end(): Uint8Array;
}

/** A block of bytes that is filled again and again, so that what is written leaves nothing behind to be collected. */
class Block {
  readonly #bytes = Buffer.allocUnsafe(BLOCK);
  #used = 0;

  fits(length: number): boolean {
    return this.#used + length <= BLOCK;
  }

  /** Adds an event's JSON as it came, and the end of its line. */
  addLine({ page, from, to }: ReadEvent): void {
    this.#used += page.copy(this.#bytes, this.#used, from, to);
    this.#bytes[this.#used] = LINE_END;
    this.#used += 1;
  }

  /** Adds characters that are bytes. */
  addLatin1(text: string): void {
    this.#used += this.#bytes.write(text, this.#used, 'latin1');
  }

  /** What was added; the block is empty again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    return taken;
  }
}

/** JSONL is the bytes that came: nothing has to be decoded for it, and nothing encoded. */
function linesEncoder(): Encoder {
  const block = new Block();
  return {
    *add(events) {
      for (const event of events) {
        const length = event.to - event.from + 1;
        if (!block.fits(length)) yield block.take();
        if (block.fits(length)) block.addLine(event);
        else yield Buffer.from(`${event.stored}\n`, 'latin1');
      }
    },
    end: () => block.take(),
  };
}

/** Bytes that are UTF-8 for sure: what is none is replaced, as in any text. */
const asUtf8 = (bytes: Buffer): Buffer => (isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'), 'utf8'));

/** Other JSON is made of bytes as well, wherever that gives the same. */
function jsonEncoder(format: TextFormat): Encoder {
  const block = new Block();
  return {
    *add(events) {
      for (const event of events) {
        const bytes = event.asBytes();
        const line = bytes === undefined ? bytesOf(format.encode(event)) : format.encode(bytes);
        if (!block.fits(line.length)) yield asUtf8(block.take());
        if (block.fits(line.length)) block.addLatin1(line);
        else yield asUtf8(Buffer.from(line, 'latin1'));
      }
    },
    end: () => asUtf8(block.take()),
  };
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

function binaryEncoder(file: BinaryFile): Encoder {
  return {
    *add(events) {
      const bytes = file.add(events);
      if (bytes !== undefined) yield bytes;
    },
    end: () => file.end(),
  };
}

/** What writes events in a format. */
export function encoderOf(format: TextFormat | BinaryFormat): Encoder {
  if ('open' in format) return binaryEncoder(format.open());
  if (format.name === 'jsonl') return linesEncoder();
  return format.isJson === true ? jsonEncoder(format) : textEncoder(format);
}
