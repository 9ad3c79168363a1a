import { crc32 } from 'node:zlib';

/** Entries of one map; a map of JavaScript has room for about 16 million. */
const MAX_ENTRIES = 8_000_000;
const CRC_VALUES = 2 ** 32;

/** Where an ID was found before, and whether the event there has the same text. */
export interface Repeated {
  /** Number of the file, from 0. */
  readonly file: number;
  readonly isSame: boolean;
}

/** Remembers the IDs of events, and the files that they are in. Its memory grows with the events: about 120 bytes each. */
export class SeenIds {
  /** By ID, the file and a checksum of the event in one number. */
  readonly #maps: Map<string, number>[] = [new Map()];

  /** Adds an event of a file (its number, from 0); returns where its ID was found before. */
  add(id: string, file: number, text: string): Repeated | undefined {
    const sum = crc32(text);
    for (const map of this.#maps) {
      const known = map.get(id);
      if (known !== undefined) return { file: Math.floor(known / CRC_VALUES), isSame: known % CRC_VALUES === sum };
    }
    const last = this.#maps.at(-1);
    if (last !== undefined && last.size < MAX_ENTRIES) last.set(id, file * CRC_VALUES + sum);
    else this.#maps.push(new Map([[id, file * CRC_VALUES + sum]]));
    return undefined;
  }
}
