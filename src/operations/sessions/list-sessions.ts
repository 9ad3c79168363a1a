import { listSessions } from '../../devin/endpoints/sessions.ts';
import { link, plain, sections, table } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { acusCell, count, instant, number } from '../../report/units.ts';
import { operation, ready } from '../operation.ts';
import { checkRange, FILTER_INPUTS, filterQuery, fitting, onlyNewest } from './filters.ts';
import { newestOf } from './newest.ts';
import { FIRST_TURN, judge } from './outcome/judge.ts';
import { type Session, type SessionOutcome, stateOf, type Verdict } from './outcome/outcome.ts';
import { pullRequestName, sessionLink } from './outcome/summary.ts';

/** Rows that a summary shows; more say no more to a reader. */
const SHOWN_ROWS = 200;
const LOGGED_ROWS = 20;

/** What the output says of a session. */
const inShort = (session: Session) => ({
  session_id: session.session_id,
  url: session.url,
  status: session.status,
  status_detail: session.status_detail,
  title: session.title,
  tags: session.tags,
  created_at: session.created_at,
  acus_consumed: session.acus_consumed,
  pull_requests: session.pull_requests,
});

/** A session with what its state means: a session that has finished still shows that it waits for a user. */
interface Listed {
  readonly session: Session;
  readonly verdict: Verdict;
}

async function listed(session: Session): Promise<Listed> {
  const { verdict } = await judge(session, {}, FIRST_TURN, 'auto');
  return { session, verdict };
}

const row = ({ session, verdict }: Listed): string[] => [
  sessionLink(session),
  plain(verdict.headline),
  session.pull_requests.map(({ pr_url: url }) => link(pullRequestName(url), url)).join(', '),
  acusCell(session.acus_consumed),
  instant((session.created_at ?? Number.NaN) * 1_000),
];

/** How many sessions are there, and how many of them need a person: an archived one needs nobody. */
function headingOf(all: readonly Listed[], more: boolean): string {
  const open = all.filter(({ session }) => session.is_archived !== true);
  const of = (...outcomes: readonly SessionOutcome[]) =>
    open.filter(({ verdict }) => outcomes.includes(verdict.outcome)).length;
  const [waiting, stopped] = [of('waiting'), of('blocked', 'failed')];
  const mark = waiting > 0 ? 'waiting' : stopped > 0 ? 'attention' : 'done';
  const parts = [
    `${count(all.length, 'session')}${more ? ', and more' : ''}`,
    ...(waiting === 0 ? [] : [`${number(waiting)} ${waiting === 1 ? 'waits' : 'wait'} for a reply`]),
    ...(stopped === 0 ? [] : [`${number(stopped)} stopped`]),
  ];
  return title(mark, parts.join(' · '));
}

function summaryOf(all: readonly Listed[], more: boolean): string {
  const left = all.length - SHOWN_ROWS;
  const head = ['Session', 'Devin', 'Pull requests', 'ACUs', 'Created (UTC)'];
  return sections(
    headingOf(all, more),
    more ? `${onlyNewest(all.length)}.` : '',
    all.length === 0 ? '' : table(head, all.slice(0, SHOWN_ROWS).map(row)),
    left > 0 ? `${count(left, 'more session')} in the result.` : '',
  );
}

/** Lists sessions of an organization, the newest first. */
export const listSessionsOperation = operation({
  name: 'list-sessions',
  summary: 'Lists the sessions of an organization, newest first.',
  inputs: FILTER_INPUTS,
  required: [],
  outputs: ['sessions', 'count'],
  permissions: [{ all: ['ViewOrgSessions'] }],
  versions: ['v3'],
  prepare: async (inputs, checks) => ready(await checkRange(inputs, checks)),
  async run(context) {
    const { devin, inputs, clock, log } = context;
    const most = inputs.max_results;
    const query = filterQuery(inputs, clock.now());
    const call = { params: { org_id: await context.organization() }, query };
    const { rows: sessions, more } = await newestOf(fitting(devin.items(listSessions, call), query), most, (read) => {
      if (read % 1_000 === 0) log.progress(`${number(read)} sessions read`);
    });
    log.info(`${count(sessions.length, 'session')}${more ? `, and more. ${onlyNewest(sessions.length)}.` : ''}`);
    for (const session of sessions.slice(0, LOGGED_ROWS)) log.info(`  ${session.session_id}  ${stateOf(session)}`);
    const short = sessions.map(inShort);
    return {
      outcome: 'success',
      data: { count: sessions.length, has_more: more, sessions: short },
      summary: summaryOf(await Promise.all(sessions.map(listed)), more),
    };
  },
});
