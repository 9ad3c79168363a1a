import { bareId } from '../../contract/session-id.ts';

/** What of a session says where it belongs in a list. `created_at` is in Unix seconds; null if it is not known. */
export interface Listed {
  readonly session_id: string;
  readonly created_at: number | null;
}

/** The newest first, equal times by id; a session whose time is not known comes last. */
function newestFirst(a: Listed, b: Listed): number {
  const [one, other] = [a.created_at ?? Number.NEGATIVE_INFINITY, b.created_at ?? Number.NEGATIVE_INFINITY];
  // Of two unknown times the difference is NaN, and the ids decide.
  return other - one || (bareId(a.session_id) < bareId(b.session_id) ? -1 : 1);
}

/**
 * The newest `most` sessions of a list, each once, and whether there are more. The API gives the newest first, so the
 * list is read no further than needed; one that turns out to have another order is read to its end. `onRow` is told
 * how many were read.
 */
export async function newestOf<T extends Listed>(
  list: AsyncIterable<T>,
  most: number,
  onRow: (read: number) => void = () => undefined,
): Promise<{ readonly rows: readonly T[]; readonly more: boolean }> {
  const found = new Map<string, T>();
  let before: number | null = null;
  let [rises, more] = [0, false];
  for await (const row of list) {
    const id = bareId(row.session_id);
    if (found.has(id)) continue;
    const { created_at: at } = row;
    if (at !== null && before !== null && at > before) rises += 1;
    before = at ?? before;
    more = found.size === most && rises === 0;
    if (more) break;
    found.set(id, row);
    onRow(found.size);
  }
  const sorted = [...found.values()].sort(newestFirst);
  return { rows: sorted.slice(0, most), more: more || sorted.length > most };
}
