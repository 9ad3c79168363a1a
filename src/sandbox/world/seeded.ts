const GOLDEN = 0x9e3779b1;
const SALT = 0x85ebca6b;

/** The finalizer of MurmurHash3: a bijection on 32 bits, so that distinct numbers stay distinct. */
function scramble(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * Values that depend on the seed, a label and a number only, never on the order in which they are asked for. So rows
 * can be made when they are first read, and two sandboxes with one seed agree.
 */
export class Seeded {
  readonly #offset: number;
  readonly #labels = new Map<string, number>();

  /** `seed` is any integer. */
  constructor(seed: number) {
    this.#offset = Math.imul(seed, GOLDEN);
  }

  /** 32 bits. Unique per `n` for one label and salt. */
  word(label: string, n: number, salt = 0): number {
    let hash = this.#labels.get(label);
    if (hash === undefined) {
      hash = hashText(label);
      this.#labels.set(label, hash);
    }
    return scramble(scramble(n ^ hash) + this.#offset + Math.imul(salt, SALT));
  }

  /** 32 hexadecimal digits, unique per `n` for one label. */
  hex(label: string, n: number): string {
    let text = '';
    for (let salt = 0; salt < 4; salt += 1) text += this.word(label, n, salt).toString(16).padStart(8, '0');
    return text;
  }

  /** A UUID (version 4 in form), unique per `n` for one label. */
  uuid(label: string, n: number): string {
    const h = this.hex(label, n);
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`;
  }

  /** A number from 0 up to, not including, `below`. */
  below(below: number, label: string, n: number): number {
    return this.word(label, n, 5) % below;
  }
}
