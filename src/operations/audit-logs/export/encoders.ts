import type { WaitingEvent } from '../events/event.ts';
import type { BinaryFile, BinaryFormat, TextFormat } from '../formats/index.ts';

/** Characters that are handed on at once. Only the events decide where a block ends, so the same is true of the bytes. */
const BLOCK = 256 * 1024;
/** Bytes that a character of a JavaScript text takes in UTF-8, at most. */
const MOST_BYTES = 3;

/** Turns events into the bytes of one file. */
export interface Encoder {
  /** The bytes of the events, as soon as there are enough to hand on. */
  add(events: readonly WaitingEvent[]): Generator<Uint8Array>;
  end(): Uint8Array;
}

/** Bytes of texts, one behind the other: a text of many parts would be copied once more before it becomes bytes. */
class Block {
  #bytes = Buffer.allocUnsafe(BLOCK * MOST_BYTES);
  #end = 0;
  #characters = 0;

  get isFull(): boolean {
    return this.#characters >= BLOCK;
  }

  add(text: string): void {
    const needed = this.#end + text.length * MOST_BYTES;
    if (needed > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#end)], needed);
    this.#end += this.#bytes.write(text, this.#end);
    this.#characters += text.length;
  }

  take(): Uint8Array {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#end));
    [this.#end, this.#characters] = [0, 0];
    return bytes;
  }
}

function textEncoder(format: TextFormat): Encoder {
  const block = new Block();
  block.add(format.head);
  return {
    *add(events) {
      for (const event of events) {
        block.add(format.encode(event.open()));
        if (block.isFull) yield block.take();
      }
    },
    end: () => block.take(),
  };
}

function binaryEncoder(file: BinaryFile): Encoder {
  return {
    *add(events) {
      const bytes = file.add(events.map((event) => event.open()));
      if (bytes !== undefined) yield bytes;
    },
    end: () => file.end(),
  };
}

/** The encoder of a format. */
export const encoderOf = (format: TextFormat | BinaryFormat): Encoder =>
  'open' in format ? binaryEncoder(format.open()) : textEncoder(format);
