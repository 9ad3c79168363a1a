import { ActionError } from '../contract/errors.ts';
import type { Call, Devin } from './client.ts';
import type { Endpoint, ItemOf } from './endpoint.ts';

/** How often a list is read at most until it stops changing. */
const MAX_READS = 5;

/** One reading of a list. */
interface Reading<T> {
  /** Each ID once, in the order of the pages. */
  readonly rows: ReadonlyMap<string, T>;
  /** Nothing shows that the list changed while it was read. */
  readonly isSteady: boolean;
  /** It was read to its end. */
  readonly isWhole: boolean;
}

async function readOnce<E extends Endpoint>(
  devin: Devin,
  endpoint: E,
  call: Call<E>,
  idOf: (row: ItemOf<E>) => string,
): Promise<Reading<ItemOf<E>>> {
  const rows = new Map<string, ItemOf<E>>();
  let [isSteady, isRepeated] = [true, false];
  let known: number | undefined;
  const onRepeat = () => {
    isRepeated = true;
  };
  for await (const { items, total } of devin.pages(endpoint, { ...call, complete: true, onRepeat })) {
    for (const row of items) {
      const id = idOf(row);
      isSteady &&= !rows.has(id);
      rows.set(id, row);
    }
    isSteady &&= known === undefined || total === undefined || total === known;
    known ??= total;
    // Pages could repeat without end.
    if (isRepeated) return { rows, isSteady: false, isWhole: false };
  }
  return { rows, isSteady: isSteady && (known === undefined || known === rows.size), isWhole: true };
}

const sameIds = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) =>
  one.size === other.size && [...one.keys()].every((id) => other.has(id));

/**
 * Reads a list to its end, each row once. Between two pages, an insertion or a removal shifts the rest of the list, so
 * that a row comes twice or not at all. So a list that shows a change (a repeated ID, a total that changes or is not the
 * number of rows) is read again; if the next reading has the same rows, the server counts differently or repeats rows.
 * Throws `conflict` if the list does not stop changing.
 */
export async function wholeList<E extends Endpoint>(
  devin: Devin,
  endpoint: E,
  call: Call<E>,
  idOf: (row: ItemOf<E>) => string,
): Promise<ItemOf<E>[]> {
  let before: Reading<ItemOf<E>> | undefined;
  for (let read = 1; read <= MAX_READS; read += 1) {
    const now = await readOnce(devin, endpoint, call, idOf);
    const isSame = before?.isWhole === true && now.isWhole && sameIds(before.rows, now.rows);
    if (now.isSteady || isSame) return [...now.rows.values()];
    before = now;
  }
  throw new ActionError('conflict', `${endpoint.summary}: the list changed during each of ${MAX_READS} readings.`, {
    title: 'A list keeps changing',
    fix: 'Wait until no one else changes it, then run the step again.',
  });
}
