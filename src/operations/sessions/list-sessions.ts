import { listSessions } from '../../devin/endpoints/sessions.ts';
import { link, plain, sections, table } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { acusCell, count, instant, number } from '../../report/units.ts';
import { operation, ready } from '../operation.ts';
import { checkRange, FILTER_INPUTS, filterQuery, fitting, onlyNewest } from './filters.ts';
import { newestOf } from './newest.ts';
import type { Session } from './outcome/outcome.ts';
import { pullRequestName, sessionLink } from './outcome/summary.ts';

/** Rows that a summary shows; more say no more to a reader. */
const SHOWN_ROWS = 200;
const LOGGED_ROWS = 20;

const stateOf = ({ status, status_detail: detail }: Session) =>
  [status, detail].filter(Boolean).join(' · ').replaceAll('_', ' ');

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

const row = (session: Session): string[] => [
  sessionLink(session),
  plain(stateOf(session)),
  acusCell(session.acus_consumed),
  session.pull_requests.map(({ pr_url: url }) => link(pullRequestName(url), url)).join(', '),
  instant((session.created_at ?? Number.NaN) * 1_000),
];

function summaryOf(sessions: readonly Session[], more: boolean): string {
  const left = sessions.length - SHOWN_ROWS;
  const head = ['Session', 'Status', 'ACUs', 'Pull requests', 'Created (UTC)'];
  return sections(
    title('done', `${count(sessions.length, 'session')}${more ? ', and more' : ''}`),
    more ? `${onlyNewest(sessions.length)}.` : '',
    sessions.length === 0 ? '' : table(head, sessions.slice(0, SHOWN_ROWS).map(row)),
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
      summary: summaryOf(sessions, more),
    };
  },
});
