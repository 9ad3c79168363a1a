import { type ActionError, asActionError } from '../../contract/errors.ts';
import { pool } from '../../contract/pool.ts';
import type { AnswerOf } from '../../devin/endpoint.ts';
import {
  generateSessionInsights,
  getSessionInsights,
  listSessionInsights,
} from '../../devin/endpoints/session-insights.ts';
import { count } from '../../report/units.ts';
import type { Checks, Context, Report } from '../operation.ts';
import { operation, ready } from '../operation.ts';
import { checkRange, FILTER_INPUTS, filterQuery, fitting, onlyNewest } from './filters.ts';
import { analysed, type InsightsRow, insightsSummary } from './insights-report.ts';
import { newestOf } from './newest.ts';

const INPUTS = [...FILTER_INPUTS, 'session_id', 'generate', 'poll_interval'] as const;

type InsightsContext = Context<(typeof INPUTS)[number]>;
type Insights = AnswerOf<typeof getSessionInsights>;

const hasAnalysis = ({ analysis }: Insights) => analysis !== null;

/** What the output says of a session. */
const inShort = (session: Insights, orgId: string): InsightsRow => ({
  org_id: orgId,
  session_id: session.session_id,
  url: session.url,
  title: session.title,
  status: session.status,
  status_detail: session.status_detail,
  tags: session.tags,
  created_at: session.created_at,
  acus_consumed: session.acus_consumed,
  session_size: session.session_size,
  num_user_messages: session.num_user_messages,
  num_devin_messages: session.num_devin_messages,
  pull_requests: session.pull_requests,
  analysis: session.analysis,
});

async function read(context: InsightsContext, orgId: string): Promise<{ sessions: Insights[]; more: boolean }> {
  const { devin, inputs, clock } = context;
  if (inputs.session_id !== undefined) {
    const params = { org_id: orgId, devin_id: inputs.session_id };
    return { sessions: [await devin.call(getSessionInsights, { params })], more: false };
  }
  const query = filterQuery(inputs, clock.now());
  const call = { params: { org_id: orgId }, query };
  const { rows, more } = await newestOf(fitting(devin.items(listSessionInsights, call), query), inputs.max_results);
  return { sessions: [...rows], more };
}

/** Has the insights of one session generated, and gives them once they are there. */
async function generate(context: InsightsContext, orgId: string, { session_id: id }: Insights): Promise<Insights> {
  const { devin, inputs, clock, signal, log } = context;
  const params = { org_id: orgId, devin_id: id };
  try {
    await devin.call(generateSessionInsights, { params });
  } catch (thrown) {
    // Asking twice does no harm, so a lost answer does not matter: the insights will tell.
    const error = asActionError(thrown);
    if (!error.ambiguous || signal.aborted) throw error;
  }
  for (;;) {
    const session = await devin.call(getSessionInsights, { params });
    if (hasAnalysis(session)) {
      log.progress(`insights of ${id} are available`);
      return session;
    }
    await clock.sleep(inputs.poll_interval, signal);
  }
}

/** Puts the insights that were missing in their places. Gives the first error; the others continue in spite of it. */
async function fill(context: InsightsContext, orgId: string, sessions: Insights[]): Promise<ActionError | undefined> {
  const turn = pool(context.inputs.concurrency);
  const errors: ActionError[] = [];
  await Promise.all(
    sessions.map(async (session, at) => {
      if (hasAnalysis(session)) return;
      try {
        sessions[at] = await turn(() => generate(context, orgId, session));
      } catch (thrown) {
        errors.push(asActionError(thrown));
      }
    }),
  );
  return errors[0];
}

/** What an API tells, and the error of what could not be generated. */
interface Read {
  readonly rows: readonly InsightsRow[];
  readonly more: boolean;
  readonly error?: ActionError | undefined;
}

async function byV3(context: InsightsContext): Promise<Read> {
  const orgId = await context.organization();
  const { sessions, more } = await read(context, orgId);
  const error = context.inputs.generate ? await fill(context, orgId, sessions) : undefined;
  return { rows: sessions.map((session) => inShort(session, orgId)), more, error };
}

/** One session is read by its id, so that filters beside it would do nothing. */
async function checkInputs(inputs: Partial<InsightsContext['inputs']>, checks: Checks): Promise<void> {
  await checkRange(inputs, checks);
  if (inputs.session_id === undefined) return;
  for (const name of ['tags', 'repos', 'playbook_id', 'since', 'until'] as const) {
    if (inputs[name] !== undefined) checks.problem(name, 'is set together with session_id; set only one of them');
  }
}

/** Lists sessions with figures about them and what Devin found when it looked back at them. */
export const listSessionInsightsOperation = operation({
  name: 'list-session-insights',
  summary: 'Lists sessions with their size, messages, and insights, and can generate missing insights.',
  inputs: INPUTS,
  required: [],
  outputs: ['sessions', 'count'],
  permissions: [{ all: ['ViewOrgSessions'] }, { all: ['ManageOrgSessions'], for: ['generate'] }],
  versions: ['v3', 'v2'],
  prepare: async (inputs, checks) => ready(await checkInputs(inputs, checks)),
  async run(context): Promise<Report<'sessions' | 'count'>> {
    const isV2 = context.version === 'v2';
    const { rows, more, error }: Read = isV2
      ? await (await import('./insights-v2.ts')).readByV2(context)
      : await byV3(context);
    context.log.info(`${count(rows.length, 'session')}${more ? ', and more' : ''}, ${analysed(rows)} with insights`);
    if (more) context.log.info(`${onlyNewest(rows.length)}.`);
    const isMissing = !isV2 && !context.inputs.generate && analysed(rows) < rows.length;
    const hint = isMissing ? 'To generate the missing insights, set `generate: true`.' : '';
    return {
      outcome: error === undefined ? 'success' : 'failure',
      ...(error === undefined ? {} : { error }),
      data: { count: rows.length, has_more: more, sessions: rows },
      summary: insightsSummary(rows, more, { error, hint }),
    };
  },
});
