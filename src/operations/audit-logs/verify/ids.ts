const FIRST_SLOTS = 1 << 16;
const FILLED = 0.6;

/** Two independent 32-bit hashes of a text. */
function hashesOf(text: string): readonly [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return [a >>> 0, b >>> 0];
}

/**
 * Remembers ids and the files that they are in, at some 20 bytes an id whatever its length. It keeps 64-bit hashes: among
 * ten million ids, the chance that two different ones are taken for one is about one in 400,000.
 */
export class SeenIds {
  #first = new Uint32Array(FIRST_SLOTS);
  #second = new Uint32Array(FIRST_SLOTS);
  /** Number of the file, from 1 on; 0 is a free slot. */
  #file = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  /** Adds an id of a file (its number, from 0 on); gives the file that it was in already, if it was. */
  add(id: string, file: number): number | undefined {
    const [first, second] = hashesOf(id);
    const slot = this.#slotOf(first, second);
    const known = this.#file[slot] ?? 0;
    if (known !== 0) return known - 1;
    this.#put(slot, first, second, file + 1);
    this.#size += 1;
    if (this.#size > this.#file.length * FILLED) this.#grow();
    return undefined;
  }

  #put(slot: number, first: number, second: number, file: number): void {
    this.#first[slot] = first;
    this.#second[slot] = second;
    this.#file[slot] = file;
  }

  /** The slot that holds the hashes, or the free one where they belong. */
  #slotOf(first: number, second: number): number {
    const mask = this.#file.length - 1;
    let slot = (first ^ (second << 7)) & mask;
    while (this.#file[slot] !== 0 && (this.#first[slot] !== first || this.#second[slot] !== second)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [first, second, file] = [this.#first, this.#second, this.#file];
    const slots = file.length * 2;
    this.#first = new Uint32Array(slots);
    this.#second = new Uint32Array(slots);
    this.#file = new Uint32Array(slots);
    for (const [slot, number] of file.entries()) {
      if (number === 0) continue;
      const [a, b] = [first[slot] ?? 0, second[slot] ?? 0];
      this.#put(this.#slotOf(a, b), a, b, number);
    }
  }
}
