/** Findings that are kept; the others are only counted. */
const MAX_KEPT = 1_000;

/** One thing that is wrong with an export. */
export interface Finding {
  /** The file, from `output_dir`, with a line where there is one. */
  readonly where: string;
  /** What is wrong: a clause that follows the place. */
  readonly what: string;
}

/** Collects what is wrong. */
export class Findings {
  readonly kept: Finding[] = [];
  /** What is worth knowing, but may be intended. */
  readonly notes: Finding[] = [];
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Notes that something is wrong at a place. */
  add(where: string, what: string): void {
    this.#count += 1;
    if (this.kept.length < MAX_KEPT) this.kept.push({ where, what });
  }

  /** Notes something that may be intended. */
  note(where: string, what: string): void {
    if (this.notes.length < MAX_KEPT) this.notes.push({ where, what });
  }

  /** Each as a line, at most `max` of them, and how many more there are. */
  lines(max: number): readonly string[] {
    const shown = this.kept.slice(0, max).map(({ where, what }) => `${where} ${what}`);
    return this.#count > shown.length ? [...shown, `and ${this.#count - shown.length} more`] : shown;
  }
}
