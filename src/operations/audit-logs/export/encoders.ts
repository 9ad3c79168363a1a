import type { WaitingEvent } from '../events/event.ts';
import type { BinaryFile, BinaryFormat, TextFormat } from '../formats/index.ts';

/** Characters that are handed on at once. Only the events decide where a block ends, so the same is true of the bytes. */
const BLOCK = 256 * 1024;

/** Turns events into the bytes of one file. */
export interface Encoder {
  /** The bytes of the events, as soon as there are enough to hand on. */
  add(events: readonly WaitingEvent[]): Generator<Uint8Array>;
  end(): Uint8Array;
}

function textEncoder(format: TextFormat): Encoder {
  let pending = format.head;
  return {
    *add(events) {
      for (const event of events) {
        pending += format.encode(event.open());
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
      const bytes = file.add(events.map((event) => event.open()));
      if (bytes !== undefined) yield bytes;
    },
    end: () => file.end(),
  };
}

/** The encoder of a format. */
export const encoderOf = (format: TextFormat | BinaryFormat): Encoder =>
  'open' in format ? binaryEncoder(format.open()) : textEncoder(format);
