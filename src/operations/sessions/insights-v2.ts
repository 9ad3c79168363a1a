import { type InputProblem, inputError } from '../../contract/parse.ts';
import type { ItemOf } from '../../devin/endpoint.ts';
import { v2ListSessionInsights } from '../../devin/endpoints/v2-sessions.ts';
import { LARGEST_PAGE } from '../../devin/pagination.ts';
import type { Context } from '../operation.ts';
import { singleOf } from '../organization.ts';
import { type FILTER_INPUTS, filterQuery } from './filters.ts';
import type { InsightsRow } from './insights-report.ts';
import { newestOf } from './newest.ts';

/** Inputs for which v2 has no counterpart. */
const MISSING = ['session_id', 'tags', 'repos', 'playbook_id', 'generate'] as const;

type V2Context = Pick<
  Context<(typeof FILTER_INPUTS)[number] | (typeof MISSING)[number]>,
  'inputs' | 'devin' | 'clock' | 'signal'
>;

const rowOf = (session: ItemOf<typeof v2ListSessionInsights>): InsightsRow => ({
  org_id: session.org_id,
  session_id: session.session_id,
  url: session.url,
  title: session.title,
  status: session.status,
  status_detail: null,
  tags: session.tags,
  created_at: session.created_at,
  acus_consumed: session.acus_consumed,
  session_size: null,
  num_user_messages: null,
  num_devin_messages: null,
  pull_requests: session.pull_requests.map(({ url, state }) => ({ pr_url: url, pr_state: state })),
  analysis: session.session_analysis,
});

function checkInputs(inputs: V2Context['inputs']): void {
  const set = MISSING.filter((name) => inputs[name] !== undefined && inputs[name] !== false);
  const message = 'is not available in the legacy API v2; leave it out, or pass a service user key (cog_…)';
  const problems: InputProblem[] = set.map((input) => ({ input, message }));
  if (problems.length > 0) throw inputError(problems);
}

/**
 * Lists sessions by the legacy API: those of the whole enterprise, or of the organization that `org_id` names. Its list
 * takes no organization and knows only when a session changed last, so that the rest is chosen here.
 */
export async function readByV2({ inputs, devin, clock, signal }: V2Context) {
  checkInputs(inputs);
  const orgId = singleOf(inputs.org_id);
  const { created_after: from, created_before: to } = filterQuery(inputs, clock.now());
  // What was created since then has changed since then.
  const since = from === undefined ? {} : { updated_date_from: new Date(from * 1_000).toISOString() };
  const call = { params: {}, query: { limit: LARGEST_PAGE, ...since } };
  const wanted = async function* (): AsyncGenerator<InsightsRow> {
    for await (const session of devin.items(v2ListSessionInsights, call)) {
      signal.throwIfAborted();
      const row = rowOf(session);
      const at = row.created_at ?? Number.NaN;
      const outside = at < (from ?? at) || at >= (to ?? Number.POSITIVE_INFINITY);
      if ((orgId === undefined || row.org_id === orgId) && !outside) yield row;
    }
  };
  return await newestOf(wanted(), inputs.max_results);
}
