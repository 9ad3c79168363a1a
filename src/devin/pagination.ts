import * as z from 'zod/mini';
import { ActionError } from '../contract/errors.ts';
import { jsonText } from '../contract/json.ts';
import { type Endpoint, lazy } from './endpoint.ts';
import { readBoolean, reader, readNumber, readText } from './tolerant.ts';

/** The most rows that any list gives at once. https://docs.devin.ai/api-reference/common-flows */
export const LARGEST_PAGE = 200;

/** One page of a list. */
export interface PageOf<T> {
  readonly items: readonly T[];
  /** The cursor behind the page of a cursor-paged list; undefined on the last page. */
  readonly next: string | undefined;
  /** Number of rows of the whole list, if the response says so. */
  readonly total: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** A page as it came, and the query that asks for what follows; undefined at the end. */
interface Step {
  readonly items: readonly unknown[];
  readonly next: Fields | undefined;
  readonly total: number | null;
}

const CursorPage = lazy(() =>
  z.object({
    items: z.array(z.unknown()),
    end_cursor: reader(z.nullish(z.string()), readText),
    has_next_page: reader(z.optional(z.boolean()), readBoolean),
    total: reader(z.nullish(z.int()), readNumber),
  }),
);

const OffsetPage = lazy(() =>
  z.object({
    items: z.array(z.unknown()),
    has_more: reader(z.optional(z.boolean()), readBoolean),
    next_cursor: reader(z.nullish(z.int()), readNumber),
    total: reader(z.optional(z.int()), readNumber),
  }),
);

/** A list whose filter leaves little may have empty pages between others, but not this many in a row. */
const MAX_EMPTY_PAGES = 100;

function envelope<T extends z.ZodMiniType>(schema: T, answer: unknown): z.output<T> {
  const page = z.safeParse(schema, answer);
  if (page.success) return page.data;
  const list = page.error.issues.map(({ path, message }) => `${path.join('.') || 'answer'}: ${message}`);
  throw new ActionError('api_contract', 'The response is not a page of a list.', { list });
}

/** Rows of a page where the query does not say how many: the default of the API. */
const DEFAULT_ROWS = 100;

/**
 * Whether more follows a page. What the response says counts; if it says nothing, a full page that has a cursor is taken
 * for one of several. A cursor alone means nothing: the last page may have one.
 */
function goesOn(says: boolean | null, rows: number, asked: unknown, hasCursor: boolean): boolean {
  if (says !== null) return says;
  return hasCursor && rows > 0 && rows >= (typeof asked === 'number' ? asked : DEFAULT_ROWS);
}

/** How each kind of list says what follows a page. `query` is the one that asked for it. */
const STEPS: Readonly<Record<Exclude<Endpoint['paging'], 'none'>, (answer: unknown, query: Fields) => Step>> = {
  cursor(answer, query) {
    const { items, end_cursor: after, has_next_page: says, total } = envelope(CursorPage(), answer);
    const more = goesOn(says, items.length, query['first'], Boolean(after));
    return { items, total, next: more ? { after } : undefined };
  },
  'limit-offset'(answer, query) {
    const { items, end_cursor: cursor, has_next_page: says, total } = envelope(CursorPage(), answer);
    const offset = Number(query['offset'] ?? 0) + items.length;
    const more = goesOn(says, items.length, query['limit'], Boolean(cursor));
    return { items, total, next: more ? { offset } : undefined };
  },
  offset(answer, query) {
    const { items, has_more: says, next_cursor: cursor, total } = envelope(OffsetPage(), answer);
    const behind = Number(query['skip'] ?? 0) + items.length;
    const skip = cursor ?? behind;
    const more = says ?? (cursor !== null || (items.length > 0 && total !== null && total > behind));
    return { items, total, next: more ? { skip } : undefined };
  },
};

/** How a list is read. */
export interface PagesOptions {
  /** The next page is requested while the last one is used; for a reader that wants them all. */
  readonly ahead?: boolean;
  /** Told that a page says that more follow, but not where; then it is the last one. Without this, it is an error. */
  readonly onCut?: (() => void) | undefined;
  /** Told that a page is repeated, for a reader that then reads again. Without this, it is an error. */
  readonly onRepeat?: (() => void) | undefined;
}

/**
 * Reads a list page by page; `fetch` gets the query of each page and gives its answer. A list that does not go on is an
 * error, not a loop: a cursor that is missing or comes back, a page that repeats the one before, an offset that stands.
 */
export async function* readPages(
  endpoint: Endpoint,
  first: Fields,
  fetch: (query: Fields) => Promise<unknown>,
  { ahead = false, onCut, onRepeat }: PagesOptions = {},
): AsyncGenerator<PageOf<unknown>> {
  if (endpoint.paging === 'none') {
    const answer = await fetch(first);
    yield { items: Array.isArray(answer) ? answer : [answer], next: undefined, total: undefined };
    return;
  }
  const seen = new Set<string>();
  let query = first;
  let before = '';
  let empty = 0;
  let answer = fetch(query);
  for (;;) {
    const { items, next: wanted, total } = STEPS[endpoint.paging](await answer, query);
    const [[name, value] = ['', undefined]] = Object.entries(wanted ?? {});
    const behind = value === undefined || value === null ? '' : String(value);
    const isCut = wanted !== undefined && behind === '' && onCut !== undefined;
    if (isCut) onCut();
    const next = isCut ? undefined : wanted;
    const fingerprint = jsonText([items.length, items[0], items.at(-1)]);
    if (next !== undefined && (behind === '' || seen.has(behind))) throw endless(endpoint, 'a cursor is repeated');
    if (items.length > 0 && fingerprint === before) {
      if (onRepeat === undefined) throw endless(endpoint, 'a page is repeated');
      onRepeat();
    }
    empty = items.length === 0 ? empty + 1 : 0;
    if (empty > MAX_EMPTY_PAGES)
      throw endless(endpoint, `${MAX_EMPTY_PAGES} empty pages in a row claim to have a next page`);
    if (next !== undefined) query = { ...query, [name]: value };
    const coming = ahead && next !== undefined ? fetch(query) : undefined;
    // It is awaited when its turn comes; until then, a failure is not unhandled.
    coming?.catch(() => undefined);
    const cursor = endpoint.paging === 'cursor' && next !== undefined ? behind : undefined;
    yield { items, next: cursor, total: total ?? undefined };
    if (next === undefined) return;
    seen.add(behind);
    before = fingerprint;
    answer = coming ?? fetch(query);
  }
}

const endless = ({ summary, route }: Endpoint, why: string) =>
  new ActionError('api_contract', `${summary}: the list does not end: ${why} (${route}).`);
