import { type ActionError, asActionError } from '../../contract/errors.ts';
import type { AnswerOf } from '../../devin/endpoint.ts';
import {
  generateSessionInsights,
  getSessionInsights,
  listSessionInsights,
} from '../../devin/endpoints/session-insights.ts';
import { link, plain, table } from '../../report/markdown.ts';
import { acus, count, instant, number } from '../../report/units.ts';
import { errorPart } from '../failure.ts';
import type { Checks, Context, Report } from '../operation.ts';
import { operation } from '../operation.ts';
import { checkRange, FILTER_INPUTS, filterQuery } from './filters.ts';
import { pool } from './pool.ts';

/** Rows that a summary shows; more say no more to a reader. */
const SHOWN_ROWS = 200;

const INPUTS = [...FILTER_INPUTS, 'session_id', 'generate', 'poll_interval'] as const;

type InsightsContext = Context<(typeof INPUTS)[number]>;
type Insights = AnswerOf<typeof getSessionInsights>;

const hasAnalysis = ({ analysis }: Insights) => analysis !== null && analysis !== undefined;

/** What the output says of a session. */
const inShort = (session: Insights) => ({
  session_id: session.session_id,
  url: session.url,
  title: session.title ?? null,
  status: session.status,
  status_detail: session.status_detail ?? null,
  tags: session.tags,
  created_at: session.created_at,
  acus_consumed: session.acus_consumed,
  session_size: session.session_size,
  num_user_messages: session.num_user_messages,
  num_devin_messages: session.num_devin_messages,
  pull_requests: session.pull_requests,
  analysis: session.analysis ?? null,
});

const row = (session: Insights): string[] => {
  const { classification, issues = [], action_items: actions = [] } = session.analysis ?? {};
  const known = hasAnalysis(session);
  return [
    link(session.title ?? session.session_id, session.url),
    plain(session.session_size.toUpperCase()),
    number(session.acus_consumed),
    `${number(session.num_user_messages)} / ${number(session.num_devin_messages)}`,
    known ? plain((classification?.category ?? '').replaceAll('_', ' ')) : 'not generated',
    known ? String(issues.length) : '',
    known ? String(actions.length) : '',
    instant(session.created_at * 1_000),
  ];
};

function summaryOf(sessions: readonly Insights[], more: boolean, error: ActionError | undefined): string {
  const used = sessions.reduce((sum, session) => sum + session.acus_consumed, 0);
  const known = sessions.filter(hasAnalysis).length;
  const head = [
    'Session',
    'Size',
    'ACUs',
    'Messages (user / Devin)',
    'About',
    'Issues',
    'Action items',
    'Created (UTC)',
  ];
  const left = sessions.length - SHOWN_ROWS;
  return [
    `### ${error === undefined ? '' : '✗ '}${count(sessions.length, 'session')}${more ? ', and more' : ''} · ${known} with insights · ${acus(used)}`,
    sessions.length === 0 ? '' : table(head, sessions.slice(0, SHOWN_ROWS).map(row)),
    left > 0 ? `${count(left, 'more session')} in the result.` : '',
    error === undefined ? '' : errorPart(error),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

async function read(context: InsightsContext, orgId: string): Promise<{ sessions: Insights[]; more: boolean }> {
  const { devin, inputs, clock } = context;
  if (inputs.session_id !== undefined) {
    const params = { org_id: orgId, devin_id: inputs.session_id };
    return { sessions: [await devin.call(getSessionInsights, { params })], more: false };
  }
  const sessions: Insights[] = [];
  const call = { params: { org_id: orgId }, query: filterQuery(inputs, clock.now()) };
  for await (const session of devin.items(listSessionInsights, call)) {
    if (sessions.length === inputs.max_results) return { sessions, more: true };
    sessions.push(session);
  }
  return { sessions, more: false };
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
      log.progress(`insights of ${id} are there`);
      return session;
    }
    await clock.sleep(inputs.poll_interval, signal);
  }
}

/** Puts the insights that were missing in their places. Gives the first error; the others go on all the same. */
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

/** One session is read by its id, so that filters beside it would do nothing. */
async function checkInputs(inputs: Partial<InsightsContext['inputs']>, checks: Checks): Promise<void> {
  await checkRange(inputs, checks);
  if (inputs.session_id === undefined) return;
  for (const name of ['tags', 'repos', 'playbook_id', 'since', 'until'] as const) {
    if (inputs[name] !== undefined) checks.problem(name, 'is given together with session_id; give one of the two');
  }
}

/** Lists sessions with figures about them and what Devin found when it looked back at them. */
export const listSessionInsightsOperation = operation({
  name: 'list-session-insights',
  summary: 'Lists sessions with their size, messages and insights, which it can have generated.',
  inputs: INPUTS,
  required: [],
  outputs: ['sessions', 'count'],
  permissions: ['ViewOrgSessions', 'ManageOrgSessions (to generate)'],
  scope: 'organization',
  versions: ['v3'],
  prepare: checkInputs,
  async run(context): Promise<Report<'sessions' | 'count'>> {
    const { inputs, log } = context;
    const orgId = await context.organization();
    const { sessions, more } = await read(context, orgId);
    const error = inputs.generate ? await fill(context, orgId, sessions) : undefined;
    log.info(
      `${count(sessions.length, 'session')}${more ? ', and more' : ''}, ${sessions.filter(hasAnalysis).length} with insights`,
    );
    const short = sessions.map(inShort);
    return {
      outcome: error === undefined ? 'success' : 'failure',
      ...(error === undefined ? {} : { error }),
      outputs: { sessions: JSON.stringify(short), count: String(sessions.length) },
      data: { count: sessions.length, has_more: more, sessions: short },
      summary: summaryOf(sessions, more, error),
    };
  },
});
