/** One API request that the sandbox has seen. */
export interface JournalEntry {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  /** 0 where the answer was lost. */
  readonly status: number;
  /** The name of a known credential, `provisioned` for one that the sandbox gave, `none` or `unknown`. */
  readonly credential: string;
  /** From the request's arrival to its answer, in the time outside of the sandbox. */
  readonly ms: number;
  readonly user_agent: string | null;
}

const MAX_ENTRIES = 100_000;

/** The requests that the sandbox has seen, oldest first; past a hundred thousand the oldest half is dropped. */
export class Journal {
  #entries: JournalEntry[] = [];

  /** Adds a request. */
  add(entry: JournalEntry): void {
    if (this.#entries.length >= MAX_ENTRIES) this.#entries = this.#entries.slice(MAX_ENTRIES / 2);
    this.#entries.push(entry);
  }

  /** Every request that is kept. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** Forgets every request. */
  clear(): void {
    this.#entries = [];
  }
}
