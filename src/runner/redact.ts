import { mapJson } from '../contract/json.ts';
import { decodedLevels } from './decoded.ts';
import type { Range } from './origin.ts';
import { byteForms, decodedForms, partsOf, SHORTEST_ANYWHERE, SHORTEST_SECRET, writtenForms } from './secret-forms.ts';
import { unwrapped, unwrappedText } from './terminal.ts';

const HIDDEN = '***';

/** Shorter values are found only in one piece: their characters may follow one another by chance. */
const SHORTEST_WRAPPED = 12;

/** What stands in for a secret may make up another one with its neighbors; nothing honest takes more passes. */
const MAX_PASSES = 50;

/** A text as a pattern that matches just it. */
const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Characters of one pattern: V8 takes some hundred thousand, and throws an error that holds all of it for more. */
const MAX_PATTERN = 10_000;

/** Patterns of which one matches where any of the texts stands, the longest first. */
function patternsOf(texts: Iterable<string>, [before, after]: readonly [string, string] = ['', '']): RegExp[] {
  const groups: string[][] = [];
  let size = MAX_PATTERN;
  for (const text of [...texts].sort((a, b) => b.length - a.length)) {
    if (size + text.length > MAX_PATTERN) [size] = [0, groups.push([])];
    groups.at(-1)?.push(literal(text));
    size += text.length;
  }
  return groups.map((group) => new RegExp(`${before}(?:${group.join('|')})${after}`, 'gu'));
}

/** Not within a word, a number, an id, a path or a host name. */
const ALONE = ['(?<![\\p{L}\\p{N}])(?<![\\p{L}\\p{N}][-_/.])', '(?![\\p{L}\\p{N}])(?![-_/.][\\p{L}\\p{N}])'] as const;

/** The mark of a text that was cut, once decoded. */
const CUT = '...';
/** So near to it is what is left of a secret: the cut may have broken an escape between them. */
const NEAR_CUT = CUT.length + 5;

/** Where a text stands in another one. */
function* placesOf(part: string, text: string): Generator<number> {
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) yield at;
}

/** Texts to find: some anywhere, some only where they stand alone. */
class Needles {
  readonly #anywhere = new Set<string>();
  readonly #alone = new Set<string>();
  readonly #long = new Set<string>();
  #patterns: readonly RegExp[] | undefined;

  add(texts: readonly string[], isShort: boolean): void {
    for (const text of texts) {
      if (text.trim().length < SHORTEST_SECRET) continue;
      const isAlone = isShort || text.trim().length < SHORTEST_ANYWHERE;
      (isAlone ? this.#alone : text.length > MAX_PATTERN ? this.#long : this.#anywhere).add(text);
    }
    this.#patterns = undefined;
  }

  get isEmpty(): boolean {
    return this.#anywhere.size + this.#alone.size + this.#long.size === 0;
  }

  /** Where any of them stands. */
  find(text: string): Range[] {
    if (this.isEmpty) return [];
    this.#patterns ??= [...patternsOf(this.#anywhere), ...patternsOf(this.#alone, ALONE)];
    const found: Range[] = [];
    for (const pattern of this.#patterns) {
      for (const { 0: all, index } of text.matchAll(pattern)) found.push({ start: index, end: index + all.length });
    }
    for (const long of this.#long) {
      for (const start of placesOf(long, text)) found.push({ start, end: start + long.length });
    }
    return found;
  }
}

/** Whether a part of a text belongs to a longer `whole` that stands there. */
function isWithin(text: string, { start, end }: Range, whole: string): boolean {
  if (whole.length <= end - start) return false;
  // Only the neighborhood: a search through the rest of the text for each of many parts would never end.
  const from = Math.max(0, end - whole.length);
  const near = text.slice(from, start + whole.length);
  for (let at = near.indexOf(whole); at >= 0 && from + at <= start; at = near.indexOf(whole, at + 1)) {
    if (from + at + whole.length >= end) return true;
  }
  return false;
}

/** The text with each of the ranges hidden. */
function hidden(text: string, ranges: readonly Range[]): string {
  let clean = '';
  let at = 0;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start >= at) clean += text.slice(at, start) + HIDDEN;
    at = Math.max(at, end);
  }
  return clean + text.slice(at);
}

/** A number as JSON could have it, for a secret that is one. */
const numberOf = (secret: string) => (/^[+-]?\d+(?:\.\d+)?$/.test(secret.trim()) ? Number(secret) : undefined);

/** Hides secrets in everything that is written, in whatever form they could appear. */
export class Redactor {
  /** In a text as it stands. */
  readonly #written = new Needles();
  /** In a text without its encodings. */
  readonly #decoded = new Needles();
  /** In such a text without its spaces and line ends. */
  readonly #unwrapped = new Needles();
  readonly #numbers = new Set<number>();
  /** Secrets without their encodings, of which a text that was cut may hold the beginning or the end. */
  readonly #whole = new Set<string>();
  readonly #kept = new Set<string>();

  /**
   * Hides `secret` from now on: itself and its lines, in any case, encoded, and split by invisible characters. Returns
   * whether it can be hidden; one that is too short cannot.
   */
  add(secret: string): boolean {
    const parts = partsOf(secret);
    for (const part of parts) {
      const isShort = part.trim().length < SHORTEST_ANYWHERE;
      this.#written.add(isShort ? [part] : writtenForms(part), isShort);
      const forms = [part, ...byteForms(part)].flatMap(decodedForms);
      this.#decoded.add(forms, isShort);
      for (const form of forms) if (form.length > SHORTEST_ANYWHERE) this.#whole.add(form);
      const long = forms.map((form) => unwrapped(form).text).filter((form) => form.length >= SHORTEST_WRAPPED);
      this.#unwrapped.add(long, false);
      const number = numberOf(part);
      if (number !== undefined) this.#numbers.add(number);
    }
    return parts.length > 0 || secret.trim() === '';
  }

  /** Leaves an id of ours as it is wherever it stands, although a shorter secret may be a part of it by chance. */
  keep(id: string): void {
    this.#kept.add(id);
  }

  /** The text without any known secret. */
  redact(text: string): string {
    let clean = text;
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const ranges = this.#find(clean);
      if (ranges.length === 0) break;
      clean = hidden(clean, ranges);
    }
    return clean;
  }

  /**
   * The same value with every text and number in it redacted, property names included, however deep it is. With
   * `textsOnly` numbers stay: those that this action counts are no secret, and readers rely on their type.
   */
  redactDeep(value: unknown, textsOnly = false): unknown {
    return mapJson(
      value,
      (leaf) => this.#leaf(leaf, textsOnly),
      (name) => this.redact(name),
    );
  }

  #leaf(leaf: unknown, textsOnly: boolean): unknown {
    if (typeof leaf === 'string') return this.redact(leaf);
    if (typeof leaf !== 'number' || textsOnly) return leaf;
    const text = String(leaf);
    return this.#numbers.has(leaf) || this.redact(text) !== text ? HIDDEN : leaf;
  }

  /** Where the beginning of a secret stands before the mark of a text that was cut, or its end behind one. */
  #cut(text: string): Range[] {
    if (!text.includes(CUT)) return [];
    const found: Range[] = [];
    for (const secret of this.#whole) {
      for (const start of placesOf(secret.slice(0, SHORTEST_ANYWHERE), text)) {
        let end = start + SHORTEST_ANYWHERE;
        while (end - start < secret.length && text[end] === secret[end - start]) end += 1;
        if (text.slice(end, end + NEAR_CUT).includes(CUT)) found.push({ start, end });
      }
      for (const at of placesOf(secret.slice(-SHORTEST_ANYWHERE), text)) {
        const end = at + SHORTEST_ANYWHERE;
        let start = at;
        while (start > 0 && end - start < secret.length && text[start - 1] === secret.at(start - 1 - end)) start -= 1;
        if (text.slice(Math.max(0, start - NEAR_CUT), start).includes(CUT)) found.push({ start, end });
      }
    }
    return found;
  }

  #find(text: string): Range[] {
    if (text.length < SHORTEST_SECRET) return [];
    const found = this.#written.find(text);
    for (const level of decodedLevels(text)) {
      for (const range of [...this.#decoded.find(level.text), ...this.#cut(level.text)])
        found.push(level.origin(range));
      if (this.#unwrapped.isEmpty || this.#unwrapped.find(unwrappedText(level.text)).length === 0) continue;
      const whole = unwrapped(level.text);
      for (const range of this.#unwrapped.find(whole.text)) found.push(level.origin(whole.origin(range)));
    }
    return found.filter((range) => ![...this.#kept].some((id) => isWithin(text, range, id)));
  }
}
