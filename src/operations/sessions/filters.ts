import type { InputName, InputValues } from '../../contract/inputs.ts';
import type { Instant } from '../../contract/kinds.ts';
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

const LARGEST_PAGE = 200;

const secondsOf = (moment: Instant, now: number) => Math.floor(('at' in moment ? moment.at : now - moment.ago) / 1_000);

/** Reports a range of time that holds nothing. */
export async function checkRange({ since, until }: Partial<Filters>, { clock, problem }: Checks): Promise<void> {
  const now = clock.now();
  if (since === undefined || until === undefined) return;
  if (secondsOf(since, now) >= secondsOf(until, now)) problem('since', 'is not before until');
}

/** The query of a list of sessions; `now` in milliseconds. */
export function filterQuery(inputs: Filters, now: number) {
  const { tags, repos, playbook_id: playbook, since, until, max_results: most } = inputs;
  return {
    first: Math.min(most, LARGEST_PAGE),
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(repos === undefined ? {} : { repo_names: [...repos] }),
    ...(playbook === undefined ? {} : { playbook_id: playbook }),
    ...(since === undefined ? {} : { created_after: secondsOf(since, now) }),
    ...(until === undefined ? {} : { created_before: secondsOf(until, now) }),
  };
}
