import type { Decoded, Range } from './origin.ts';
import { displayed } from './terminal.ts';

/** Invisible characters, and escape sequences of terminals: a text that they split looks whole. */
const UNSEEN = String.raw`(?:\u001b\[[0-?]*[ -\/]*[@-~]|[^\P{C}\t\n\r]|[\p{Default_Ignorable_Code_Point}\ufffc\ufffd])+`;
/** A character of JSON or JavaScript, however many times it was escaped. */
const BACKSLASHES = String.raw`\\+(?:u\{[0-9a-f]{1,6}\}|u[0-9a-f]{4}|x[0-9a-f]{2}|[nrtbfv])?`;
/** One percent-encoded character of UTF-8. */
const PERCENT = `%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}`;
const ENTITY = String.raw`&(?:#0{0,9}[1-9]\d{0,6}|#x0{0,9}[1-9a-f][0-9a-f]{0,5}|[a-z]{2,16});?`;
/** Spaces of every width are one space, and so is the plus sign that forms write for it. */
const SPACES = String.raw`[\s+\u2800]+`;
const LETTERS = String.raw`[\x00-\x7f][\p{M}--\p{Default_Ignorable_Code_Point}]+|[[\p{L}\p{M}\p{N}\p{P}\p{S}]--[\x00-\x7f\u2800\ufffc\ufffd\p{Default_Ignorable_Code_Point}]]+`;

const TOKEN = new RegExp([LETTERS, UNSEEN, BACKSLASHES, PERCENT, ENTITY, SPACES].join('|'), 'giv');
const IS_UNSEEN = new RegExp(`^(?:${UNSEEN})`, 'v');
const IS_LETTERS = new RegExp(`^(?:${LETTERS})`, 'v');
const LETTER = /(?:\p{M}|\P{M})\p{M}*/gu;
/** A text in which the pattern above finds nothing but single spaces needs no more than lower case. */
const IS_PLAIN = /^[\x20-\x24\x27-\x2a\x2c-\x5b\x5d-\x7e]*$/;

/** Names of the characters of ASCII in HTML, in lower case. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ tab: ' ', newline: ' ', nbsp: ' ', excl: '!', quot: '"', num: '#', dollar: '$', percnt: '%', amp: '&' },
  ...{ apos: "'", lpar: '(', rpar: ')', ast: '*', midast: '*', plus: '+', comma: ',', period: '.', sol: '/' },
  ...{ colon: ':', semi: ';', lt: '<', equals: '=', gt: '>', quest: '?', commat: '@', lsqb: '[', lbrack: '[' },
  ...{ bsol: '\\', rsqb: ']', rbrack: ']', hat: '^', lowbar: '_', underbar: '_', grave: '`', lcub: '{' },
  ...{ lbrace: '{', verbar: '|', vert: '|', verticalline: '|', rcub: '}', rbrace: '}', dash: '-', hyphen: '-' },
  ...{ shy: '', zerowidthspace: '', zwj: '', zwnj: '', nobreak: '', lrm: '', rlm: '', af: '', applyfunction: '' },
};

const character = (digits: string, base: 10 | 16, all: string) => {
  const code = Number.parseInt(digits, base);
  return (code <= 0x10ffff ? String.fromCodePoint(code) : all).toLowerCase();
};

function percentDecoded(all: string): string {
  try {
    return decodeURIComponent(all).toLowerCase();
  } catch {
    return all.toLowerCase();
  }
}

/** Backslashes say nothing before anything but a letter that names a character. */
function unescaped(all: string): string {
  const at = all.lastIndexOf('\\') + 1;
  const kind = all.charAt(at).toLowerCase();
  if (kind === '') return '';
  if (kind === 'b') return '\b';
  return kind === 'u' || kind === 'x' ? character(all.slice(at + 1).replace(/[{}]/g, ''), 16, all) : ' ';
}

function entity(all: string): string {
  const name = all.replace(/^&|;$/g, '').toLowerCase();
  if (name.startsWith('#x')) return character(name.slice(2), 16, all);
  if (name.startsWith('#')) return character(name.slice(1), 10, all);
  return NAMED[name] ?? all.toLowerCase();
}

/** What a token other than a run of letters stands for. */
function meaning(all: string): string {
  const first = all.charAt(0);
  if (first === '\\') return unescaped(all);
  if (first === '%') return percentDecoded(all);
  if (first === '&') return entity(all);
  return IS_UNSEEN.test(all) ? '' : ' ';
}

const IS_SPACE = /^[\s+\u2800]$/;

const folded = (letters: string) => letters.normalize('NFKD').toLowerCase();
const IS_ASCII = /^[\x00-\x7f]*$/;

/** The decoded pieces one after another, each of which was copied or stands for a token. */
class Pieces {
  readonly #at: number[] = [];
  readonly #from: number[] = [];
  /** Length of the token in the text; 0 for a piece that was copied. */
  readonly #token: number[] = [];
  text = '';

  /** Adds what a token stands for. */
  token(piece: string, from: number, length: number): void {
    if (piece !== '') this.#add(piece, from, length);
  }

  /** Adds a part of the text itself, of the same length. */
  copy(piece: string, from: number): void {
    if (piece === '') return;
    const isNext =
      this.#token.at(-1) === 0 && (this.#from.at(-1) ?? 0) + this.text.length - (this.#at.at(-1) ?? 0) === from;
    if (isNext) this.text += piece;
    else this.#add(piece, from, 0);
  }

  /** Adds letters outside of ASCII, or with marks. */
  letters(all: string, from: number): void {
    const whole = folded(all);
    if (whole.length === all.length) {
      this.copy(whole, from);
      return;
    }
    const known = new Map<string, string>();
    for (const { 0: letter, index } of all.matchAll(LETTER)) {
      const one = known.get(letter) ?? folded(letter);
      known.set(letter, one);
      this.token(one, from + index, letter.length);
    }
  }

  origin({ start, end }: Range): Range {
    return { start: this.#place(start, false), end: this.#place(end - 1, true) };
  }

  #add(piece: string, from: number, token: number): void {
    this.#at.push(this.text.length);
    this.#from.push(from);
    this.#token.push(token);
    this.text += piece;
  }

  #place(index: number, isLast: boolean): number {
    let [low, high] = [0, this.#at.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#at[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const [at = 0, from = 0, token = 0] = [this.#at[low], this.#from[low], this.#token[low]];
    if (token > 0) return isLast ? from + token : from;
    return from + (index - at) + (isLast ? 1 : 0);
  }
}

/**
 * Decodes a text once: percent-encoding, HTML entities, escapes of JSON, compatible and decomposed forms of letters, in
 * lower case, without invisible characters. Takes time in proportion to the text.
 */
export function decodedOnce(text: string): Decoded {
  if (IS_PLAIN.test(text) && !text.includes('  ')) return { text: text.toLowerCase(), origin: (range) => range };
  const pieces = new Pieces();
  let end = 0;
  for (const { 0: all, index } of text.matchAll(TOKEN)) {
    pieces.copy(text.slice(end, index).toLowerCase(), end);
    end = index + all.length;
    // Of the same length, so that the runs of text beside it stay one piece.
    if (all.length === 1 && IS_SPACE.test(all)) pieces.copy(' ', index);
    else if (!IS_ASCII.test(all) && IS_LETTERS.test(all)) pieces.letters(all, index);
    else pieces.token(meaning(all), index, all.length);
  }
  pieces.copy(text.slice(end).toLowerCase(), end);
  return { text: pieces.text, origin: (range) => pieces.origin(range) };
}

/** Encodings within encodings that are decoded: JSON in JSON in a query takes three. */
const MAX_LEVELS = 4;

const within = (inner: Decoded, { text, origin }: Decoded): Decoded => ({
  text,
  origin: (range) => inner.origin(origin(range)),
});

/** A text decoded once, twice, and so on until nothing changes. */
function levelsOf(whole: Decoded): Decoded[] {
  const levels: Decoded[] = [];
  let before = whole;
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    const next = within(before, decodedOnce(before.text));
    if (level > 0 && next.text === before.text) break;
    before = next;
    levels.push(next);
  }
  return levels;
}

/**
 * A text decoded once, twice, and so on until nothing changes, and the same for what a terminal would show of it;
 * `origin` leads back to the text itself.
 */
export function decodedLevels(text: string): Decoded[] {
  const whole: Decoded = { text, origin: (range) => range };
  const levels = levelsOf(whole);
  const shown = [whole, ...levels].flatMap((level) => {
    const one = displayed(level.text);
    return one === undefined ? [] : levelsOf(within(level, one));
  });
  return [...levels, ...shown];
}
