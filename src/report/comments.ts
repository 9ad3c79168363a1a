/** Names of the characters that an opener of a comment, or a reference to one of its characters, can be written with. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  excl: '!',
  num: '#',
  semi: ';',
};
/** A character reference that just ended. Those of `<`, `>` and `&` need no semicolon. */
const ENDED = /^&(?:(lt|gt|amp|LT|GT|AMP)|(excl|num|semi);|#(\d{1,7});|#[xX]([\da-fA-F]{1,6});)$/;
/** One whose number is over without a semicolon. */
const UNENDED = /^&#(?:(\d{1,7})|[xX]([\da-fA-F]{1,6}))$/;
/** What may belong to a number that has begun: its digits, its end, and the beginning of a reference to one of them. */
const GOES_ON = /[\da-fA-FxX;&#]/;
/** Longer than any reference without its leading zeros. */
const WINDOW = 12;

/** A decoded character, and how the text writes it. */
interface Sign {
  readonly sign: string;
  readonly written: string;
}

/** What a number stands for; beyond ASCII it is of no interest here. */
function ascii(decimal: string | undefined, hex: string | undefined): string {
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10);
  return code > 0 && code <= 0x7f ? String.fromCharCode(code) : '\ufffd';
}

/** Reads a text as it would look after any number of decodings, and drops comments while it reads. */
class Reader {
  /** The decoded characters so far, and beside each how the text writes it. */
  readonly #signs: string[] = [];
  readonly #written: string[] = [];
  /** Where the open comment begins, and whether it is written as it is, without references. */
  #comment: { readonly begin: number; raw: boolean } | undefined;
  /** A reference has just been understood without its semicolon. */
  #bare = false;

  /** Takes in one character of the text. */
  read(sign: string): void {
    if (sign === ';' && this.#bare) {
      this.#bare = false;
      const last = this.#written.length - 1;
      // The `>` may have closed a comment and be gone already; then the semicolon goes as well.
      if (this.#isBare(last)) this.#written[last] += ';';
      return;
    }
    this.#bare = false;
    this.#push(sign, sign);
  }

  /** What is left of the text, as it was written. A comment that is still open goes to the end. */
  rest(): string {
    this.#endNumbers();
    if (this.#comment !== undefined) this.#drop(this.#comment.begin);
    return this.#written.join('');
  }

  #isBare(place: number): boolean {
    return /^[<>&]$/.test(this.#signs[place] ?? '') && /(?:lt|gt|amp)$/i.test(this.#written[place] ?? '');
  }

  /** Forgets everything from a place on; gives how it was written. */
  #drop(place: number): string {
    let written = '';
    // Added up rather than joined: a reference within many others would be copied at each of them.
    for (const piece of this.#written.slice(place)) written += piece;
    this.#signs.length = place;
    this.#written.length = place;
    return written;
  }

  #push(sign: string, written: string): void {
    if (!GOES_ON.test(sign)) this.#endNumbers();
    this.#store({ sign, written });
  }

  /** Takes in a character, and those that come about by it, one reference within another. */
  #store(first: Sign): void {
    let next: Sign | undefined = first;
    while (next !== undefined) {
      const { sign, written }: Sign = next;
      // Leading zeros say nothing, and there could be any number of them.
      const isZero = /[\da-fA-F]/.test(sign) && this.#signs.at(-1) === '0' && /^&#[xX]?0$/.test(this.#reference());
      const zero = isZero ? this.#drop(this.#signs.length - 1) : '';
      this.#signs.push(sign);
      this.#written.push(zero + written);
      if (sign === '-' || sign === '>') this.#lookForComment();
      next = /[;tTpP]/.test(sign) ? this.#endedReference() : undefined;
    }
  }

  /** The last `&` and what follows it, if it is near enough to be a reference. */
  #reference(): string {
    const end = this.#signs.length;
    for (let place = end - 1; place >= 0 && place >= end - WINDOW; place -= 1) {
      if (this.#signs[place] === '&') return this.#signs.slice(place).join('');
    }
    return '';
  }

  /** The reference that the last character has ended, as what it stands for. */
  #endedReference(): Sign | undefined {
    const reference = this.#reference();
    const [all, bare, name, decimal, hex] = ENDED.exec(reference) ?? [];
    if (all === undefined) return undefined;
    this.#bare = bare !== undefined;
    const sign = NAMED[(bare ?? name ?? '').toLowerCase()] ?? ascii(decimal, hex);
    return { sign, written: this.#drop(this.#signs.length - reference.length) };
  }

  /** Numbers whose semicolon is missing are over, since what comes next continues none of them. */
  #endNumbers(): void {
    const over: Sign[] = [];
    for (;;) {
      const reference = this.#reference();
      const [all, decimal, hex] = UNENDED.exec(reference) ?? [];
      if (all === undefined) break;
      const sign = ascii(decimal, hex);
      const found = { sign, written: this.#drop(this.#signs.length - reference.length) };
      // It may go on with the number before it.
      if (GOES_ON.test(sign)) this.#store(found);
      else over.push(found);
    }
    for (const found of over.reverse()) this.#store(found);
  }

  /** Whether the last characters are these; with `raw`, whether each of them is written as itself. */
  #endsWith(signs: string, raw: boolean): boolean {
    const first = this.#signs.length - signs.length;
    if (first < (this.#comment?.begin ?? 0)) return false;
    return [...signs].every(
      (sign, at) => this.#signs[first + at] === sign && (!raw || this.#written[first + at]?.length === 1),
    );
  }

  /**
   * Only `-->` closes a comment: readers disagree about `--!>` and `<!-->`. One that is written as it is, is not closed
   * by references, since no browser would close it there.
   */
  #lookForComment(): void {
    if (this.#comment === undefined) {
      if (!this.#endsWith('<!--', false)) return;
      const raw = this.#endsWith('<!--', true);
      this.#drop(this.#signs.length - 4);
      this.#comment = { begin: this.#signs.length, raw };
    } else if (this.#endsWith('-->', this.#comment.raw)) {
      this.#drop(this.#comment.begin);
      this.#comment = undefined;
    } else if (this.#endsWith('<!--', true)) {
      this.#comment.raw = true;
      // Its dashes are no part of what closes it.
      this.#drop(this.#signs.length - 4);
    }
  }
}

/**
 * One pass over a text that drops its HTML comments: plain or written with character references, once or many times
 * over; those that come together only when another one is gone; and unclosed ones, to the end of the text. Takes time in
 * proportion to the text, and makes it shorter or leaves it as it is.
 */
export function withoutComments(text: string): string {
  if (!text.includes('<!') && !text.includes('&')) return text;
  const reader = new Reader();
  for (const sign of text) reader.read(sign);
  return reader.rest();
}
