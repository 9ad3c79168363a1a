import type { InputName, InputValues } from '../../contract/inputs.ts';
import { instantSeconds } from '../../contract/kinds.ts';
import { LARGEST_PAGE } from '../../devin/pagination.ts';
import { number } from '../../report/units.ts';
import type { Checks } from '../operation.ts';

/** Inputs that choose among the sessions of an organization. */
export const FILTER_INPUTS = [
  'tags',
  'repos',
  'playbook_id',
  'since',
  'until',
  'max_results',
] as const satisfies readonly InputName[];

type Filters = InputValues<(typeof FILTER_INPUTS)[number]>;

/** Reports a range of time that holds nothing. */
export async function checkRange({ since, until }: Partial<Filters>, { clock, problem }: Checks): Promise<void> {
  const now = clock.now();
  if (since === undefined || until === undefined) return;
  if (instantSeconds(since, now) >= instantSeconds(until, now)) problem('since', 'is not before until');
}

/** Says that a list was cut at `max_results`. */
export const onlyNewest = (rows: number): string =>
  `Only the newest ${number(rows)} are listed; raise \`max_results\` for more`;

/** A row of a list of sessions, as far as a filter can be applied to it again. */
interface Filtered {
  readonly tags: readonly string[];
  readonly created_at: number | null;
}

/**
 * Whether a row is one that the query asks for: the API ignores a filter that it does not know. It is not documented
 * whether a session needs one or all of several tags, so one is enough; nor whether a range includes its ends.
 */
export function fits({ tags, created_at: at }: Filtered, query: Partial<ReturnType<typeof filterQuery>>): boolean {
  const { tags: wanted, created_after: from, created_before: to } = query;
  if (wanted !== undefined && !wanted.some((tag) => tags.includes(tag))) return false;
  return at === null || (at >= (from ?? at) && at <= (to ?? at));
}

/** The rows that the query asks for. */
export async function* fitting<T extends Filtered>(
  rows: AsyncIterable<T>,
  query: Partial<ReturnType<typeof filterQuery>>,
): AsyncGenerator<T> {
  for await (const row of rows) if (fits(row, query)) yield row;
}

/** The query of a list of sessions; `now` in milliseconds. */
export function filterQuery(inputs: Filters, now: number) {
  const { tags, repos, playbook_id: playbook, since, until, max_results: most } = inputs;
  const isFiltered = [tags, repos, playbook, since, until].some((filter) => filter !== undefined);
  return {
    // A filter is applied again here: the API may ignore it, and small pages would then be many.
    first: isFiltered ? LARGEST_PAGE : Math.min(most, LARGEST_PAGE),
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(repos === undefined ? {} : { repo_names: [...repos] }),
    ...(playbook === undefined ? {} : { playbook_id: playbook }),
    ...(since === undefined ? {} : { created_after: instantSeconds(since, now) }),
    ...(until === undefined ? {} : { created_before: instantSeconds(until, now) }),
  };
}
