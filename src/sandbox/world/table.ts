import type { Numbered } from '../request/page.ts';

/** A row: its number, its id, the organization it belongs to (null: the enterprise), and what the API shows of it. */
export interface Row<T> extends Numbered {
  readonly id: string;
  readonly orgId: string | null;
  value: T;
}

/** Rows of one resource, in the order in which they came. Numbers are never used twice. */
export class Table<T> {
  readonly #byId = new Map<string, Row<T>>();
  #next = 1;
  #all: readonly Row<T>[] | undefined;

  /** How many rows there are. */
  get size(): number {
    return this.#byId.size;
  }

  /** The number that the next row gets. */
  get next(): number {
    return this.#next;
  }

  /** Adds a row at the end. */
  add(id: string, orgId: string | null, value: T): Row<T> {
    const row = { n: this.#next, id, orgId, value };
    this.#next += 1;
    this.#byId.set(id, row);
    this.#all = undefined;
    return row;
  }

  /** The row with this id. */
  get(id: string): Row<T> | undefined {
    return this.#byId.get(id);
  }

  /** Takes a row away, and gives it. */
  remove(id: string): Row<T> | undefined {
    const row = this.#byId.get(id);
    if (this.#byId.delete(id)) this.#all = undefined;
    return row;
  }

  /** Every row, oldest first. */
  all(): readonly Row<T>[] {
    this.#all ??= [...this.#byId.values()];
    return this.#all;
  }
}
