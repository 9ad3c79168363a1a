import { code, plain } from '../report/markdown.ts';

const HIDDEN = '***';

/** Shorter texts occur everywhere; hiding them would destroy what a user reads. */
export const SHORTEST_SECRET = 4;

/** Words that are no secret, whatever they are the value of: hiding them would take every answer apart. */
const WORDS = new Set(['true', 'false', 'null', 'none', 'undefined', 'success', 'failure', 'finished', 'running']);

/** The texts by which a secret would be known: itself and its lines, with and without the spaces around them. */
export function partsOf(secret: string): ReadonlySet<string> {
  const parts = [secret, ...secret.split(/\r?\n/)].flatMap((part) => [part, part.trim()]);
  return new Set(
    parts.filter((part) => part.trim().length >= SHORTEST_SECRET && !WORDS.has(part.trim().toLowerCase())),
  );
}

/** A text as a pattern that matches just it. */
const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Hides secrets in everything that is written: the forms in which they could appear, the longest first. */
export class Redactor {
  readonly #forms = new Set<string>();
  /** Any of the forms, the longest first; undefined while there is none. */
  #pattern: RegExp | undefined;
  /** Any of the forms as the JSON of a value would have it. */
  #patternInJson: RegExp | undefined;

  /** Hides `secret` from now on, also line by line, JSON-escaped, percent-encoded, in Base64, and as Markdown has it. */
  add(secret: string): void {
    for (const part of partsOf(secret)) {
      const json = JSON.stringify(part).slice(1, -1);
      for (const form of [part, json]) {
        for (const written of [form, plain(form), code(form).replaceAll(/^`+ ?| ?`+$/g, '')]) this.#add(written);
      }
      this.#add(encodeURIComponent(part.toWellFormed()));
      this.#add(Buffer.from(part).toString('base64'));
    }
    const forms = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern = forms.length === 0 ? undefined : new RegExp(forms.map(literal).join('|'), 'g');
    const escaped = forms.map((form) => JSON.stringify(form).slice(1, -1));
    this.#patternInJson = forms.length === 0 ? undefined : new RegExp(escaped.map(literal).join('|'));
  }

  #add(form: string): void {
    if (form.trim().length >= SHORTEST_SECRET) this.#forms.add(form);
  }

  /** The text without any known secret. */
  redact(text: string): string {
    if (this.#pattern === undefined) return text;
    let clean = text;
    // What stands in for a secret may make up another one together with its neighbours. Each pass makes the text shorter.
    for (let before: string | undefined; before !== clean; ) {
      before = clean;
      clean = clean.replace(this.#pattern, HIDDEN);
    }
    return clean;
  }

  /** The same value with every text in it redacted, property names included. */
  redactDeep(value: unknown): unknown {
    // Most values hold no secret, which one look at their JSON tells much sooner than a walk through them.
    const mayHold = this.#patternInJson?.test(JSON.stringify(value) ?? '') ?? false;
    return mayHold ? this.#walk(value) : value;
  }

  #walk(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (Array.isArray(value)) return value.map((entry) => this.#walk(entry));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [this.redact(key), this.#walk(entry)]));
    }
    return value;
  }
}
