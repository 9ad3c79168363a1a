import { invalidField } from './problem.ts';

/** The envelope of a cursor-paged answer. */
export type Page<T> = {
  readonly items: T[];
  readonly end_cursor: string | null;
  readonly has_next_page: boolean;
  readonly total: number;
};

/** What a caller says of the page it wants. */
export interface PageQuery {
  readonly first?: number | undefined;
  readonly after?: string | null | undefined;
}

/** Rows of a list keep their number for life, so a cursor stays right while rows come and go. */
export interface Numbered {
  readonly n: number;
}

/** Rows of a page when `first` (or, in v2, `limit`) is not given. */
export const DEFAULT_FIRST = 100;

/** The cursor behind row `n` of the list named `list`. */
export function cursorFor(list: string, n: number): string {
  return Buffer.from(`${list}:${n}`).toString('base64url');
}

/** The row number behind a cursor, or undefined at the start. @throws a 422 for a cursor of no or another list. */
export function rowBehind(list: string, after: string | null | undefined): number | undefined {
  if (after === undefined || after === null) return undefined;
  const [name, n, rest] = Buffer.from(after, 'base64url').toString().split(':');
  const number = Number(n);
  if (name !== list || rest !== undefined || cursorFor(list, number) !== after) {
    throw invalidField(['query', 'after'], 'Input should be a cursor that this list has given', 'invalid_cursor');
  }
  return number;
}

/** The index of the first row for which `passed` holds; rows are ordered so that it holds from there on. */
export function firstIndex(length: number, passed: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passed(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The cursor behind the last row of a page, for pages that have no next one. */
const lastCursors = new WeakMap<object, string>();

const isPage = (value: unknown): value is Page<unknown> =>
  typeof value === 'object' && value !== null && 'items' in value && 'end_cursor' in value;

/** A page as the field sends it: without a total, and with a cursor even if there is no next page (not for messages). */
export function sparse(list: string, page: unknown): unknown {
  if (!isPage(page)) return page;
  const last = list.endsWith('SessionMessages') ? null : (lastCursors.get(page) ?? null);
  return { ...page, end_cursor: page.end_cursor ?? last, total: null };
}

/** One page of `rows`, which are ordered by number; `desc` reads them from the end. */
export function pageOf<T extends Numbered, I>(
  list: string,
  rows: readonly T[],
  query: PageQuery,
  show: (row: T) => I,
  order: 'asc' | 'desc' = 'asc',
): Page<I> {
  const first = query.first ?? DEFAULT_FIRST;
  const behind = rowBehind(list, query.after);
  const at = (index: number) => rows[index]?.n ?? 0;
  let part: readonly T[];
  let more: boolean;
  if (order === 'asc') {
    const start = behind === undefined ? 0 : firstIndex(rows.length, (index) => at(index) > behind);
    part = rows.slice(start, start + first);
    more = start + first < rows.length;
  } else {
    const end = behind === undefined ? rows.length : firstIndex(rows.length, (index) => at(index) >= behind);
    part = rows.slice(Math.max(0, end - first), end).reverse();
    more = end - first > 0;
  }
  const last = part.at(-1);
  const cursor = last ? cursorFor(list, last.n) : null;
  const page = { items: part.map(show), end_cursor: more ? cursor : null, has_next_page: more, total: rows.length };
  if (cursor !== null) lastCursors.set(page, cursor);
  return page;
}

/** The envelope of a v2 list. */
export type OffsetPage<T> = {
  readonly items: T[];
  readonly total: number;
  readonly skip: number;
  readonly limit: number;
  readonly has_more: boolean;
  /** The `skip` of the next page. */
  readonly next_cursor: number | null;
};

/** What a caller of v2 says of the page it wants. */
export interface OffsetQuery {
  readonly skip?: number | undefined;
  readonly limit?: number | undefined;
}

/** One page of `rows` as v2 counts them: from `skip` on, at most `limit`. */
export function offsetPageOf<T, I>(rows: readonly T[], query: OffsetQuery, show: (row: T) => I): OffsetPage<I> {
  const { skip = 0, limit = DEFAULT_FIRST } = query;
  const end = skip + limit;
  const more = end < rows.length;
  return {
    items: rows.slice(skip, end).map(show),
    total: rows.length,
    skip,
    limit,
    has_more: more,
    next_cursor: more ? end : null,
  };
}
