import { asActionError, endsStep } from '../../contract/errors.ts';
import { instantSeconds } from '../../contract/kinds.ts';
import { pool } from '../../contract/pool.ts';
import { replaceSessionTags } from '../../devin/endpoints/sessions.ts';
import { link, plain, table } from '../../report/markdown.ts';
import { count, number } from '../../report/units.ts';
import { type Context, operation, type Report, ready } from '../operation.ts';
import { announce, type ChangedEntry, entryOfChange, type Unannounced } from './collect/announce.ts';
import { type Change, confirmed, type Followed, followedSessions, mayHaveChanged } from './collect/look.ts';
import { keyOfCode, withState } from './later/tags.ts';
import { pullRequestName } from './outcome/summary.ts';

const DEFAULT_SINCE_MS = 7 * 86_400_000;
/** A list and the poll that confirms it are so far apart, in milliseconds. */
const CONFIRM_MS = 2_000;
/** Output and pull requests may come so long after the end. */
const LATE_MS = 5_000;

type CollectContext = Context<'since' | 'tags' | 'dispatch_event'>;
type CollectReport = Report<'sessions' | 'changed' | 'count' | 'matrix'>;

const entryOfFollowed = ({ session, later, judged }: Followed, orgId: string) => ({
  session_id: session.session_id,
  session_url: session.url,
  org_id: orgId,
  outcome: judged.verdict.outcome,
  announced: later.state,
  issue_number: later.issue ?? null,
  key: keyOfCode(later.code) ?? null,
});

const matrixOf = (changed: readonly ChangedEntry[]) => ({
  include: changed.map(({ structured_output: _output, summary: _summary, ...entry }) => entry),
});

function dataOf(followed: readonly Followed[], changed: readonly ChangedEntry[], orgId: string) {
  return {
    sessions: followed.map((one) => entryOfFollowed(one, orgId)),
    changed,
    count: changed.length,
    matrix: matrixOf(changed),
  };
}

function summaryOf(followed: readonly Followed[], changed: readonly ChangedEntry[]): string {
  const open = followed.filter(({ later }) => later.state !== 'done').length;
  if (followed.length === 0) return '### ✅ Nothing to collect: no session was started with `wait: later`\n';
  if (changed.length === 0) return `### ✅ Nothing new in ${count(open, 'open session')}\n`;
  const rows = changed.map(({ session_url: url, outcome, pull_request_url: pull, issue_number: issue }) => [
    link('session', url),
    plain(outcome.replaceAll('_', ' ')),
    issue === null ? '' : plain(`#${issue}`),
    pull === null ? '' : link(pullRequestName(pull), pull),
  ]);
  const have = changed.length === 1 ? 'has' : 'have';
  const head = `### ✅ ${number(changed.length)} of ${count(open, 'open session')} ended or ${have} a question`;
  return `${head}\n\n${table(['Session', 'Outcome', 'Thread', 'Pull request'], rows)}\n`;
}

/** The changes that a second look confirms. A session that cannot be read is left to the next run. */
async function changesOf(
  context: CollectContext,
  orgId: string,
  followed: readonly Followed[],
): Promise<readonly Change[]> {
  const { clock, signal, log, inputs, facts } = context;
  const candidates = followed.filter(mayHaveChanged);
  if (candidates.length === 0) return [];
  const isLate = candidates.some(({ judged }) => judged.verdict.outcome === 'waiting');
  await clock.sleep(isLate ? LATE_MS : CONFIRM_MS, signal);
  const turn = pool(inputs.concurrency);
  const all = candidates.map((one) =>
    turn(() => confirmed(context, orgId, one, facts.repository ?? '')).catch((thrown: unknown) => {
      const { code, message } = asActionError(thrown);
      if (endsStep({ code })) throw thrown;
      log.info(`  ${one.session.session_id}  could not be read, and is left to the next run: ${message}`);
      return undefined;
    }),
  );
  return (await Promise.all(all)).filter((change) => change !== undefined);
}

/** Notes that a change was announced. If that fails, the next run announces it again. */
async function note(
  { devin, log }: CollectContext,
  orgId: string,
  { session, next, announced }: Change,
): Promise<void> {
  const params = { org_id: orgId, devin_id: session.session_id };
  // Storing the state may itself count as a change of the session, which is no news. The time of the API is known to a second.
  const at = Math.ceil(devin.now() / 1_000) + 1;
  try {
    await devin.call(replaceSessionTags, {
      params,
      body: { tags: withState(session.tags, next, announced && { ...announced, at }) },
    });
  } catch (thrown) {
    const { code, message, fix } = asActionError(thrown);
    if (endsStep({ code })) throw thrown;
    const told = `${session.url} is announced again by the next run. ${message} ${fix}`;
    log.annotate('warning', 'The state of a session was not stored', told);
  }
}

function warnOf(log: CollectContext['log'], failures: readonly Unannounced[]): void {
  for (const [title, alike] of Map.groupBy(failures, (failure) => failure.title)) {
    const [first] = alike;
    const times = alike.length === 1 ? '' : ` (${alike.length} times)`;
    if (first !== undefined) log.annotate('warning', `${title}${times}`, first.message);
  }
}

/** Polls once the sessions that workflows started with `wait: later`, and announces what changed. */
async function collect(context: CollectContext): Promise<CollectReport> {
  const { inputs, clock, log, facts } = context;
  const orgId = await context.organization();
  const now = clock.now();
  const since = inputs.since === undefined ? (now - DEFAULT_SINCE_MS) / 1_000 : instantSeconds(inputs.since, now);
  const asked = { repository: facts.repository ?? '', since, tags: inputs.tags };
  const followed = await followedSessions(context, orgId, asked);
  const changes = await changesOf(context, orgId, followed);
  const news = changes.filter(({ next, isNews }) => next !== 'open' && isNews);
  const changed = news.map((change) => entryOfChange(change, orgId));
  const [data, summary] = [dataOf(followed, changed, orgId), summaryOf(followed, changed)];
  log.info(
    followed.length === 0
      ? 'Nothing to collect: no session was started with wait: later.'
      : `${count(followed.length, 'session')} followed, ${changed.length} changed.`,
  );
  for (const { session_id: id, outcome } of changed) log.info(`  ${id}  ${outcome}`);
  if (inputs.dry_run) return { outcome: 'success', data, summary };
  const turn = pool(inputs.concurrency);
  const told = await Promise.all(changes.map((change) => turn(() => announce(context, change, orgId))));
  warnOf(log, told.flat());
  // The state is stored last: what is killed before that is announced again.
  if (changed.length > 0) await context.publish(data, summary);
  const noted = changes.filter((_, at) => told[at]?.every(({ isLasting }) => isLasting) === true);
  await Promise.all(noted.map((change) => turn(() => note(context, orgId, change))));
  return { outcome: 'success', data, summary };
}

/** Announces the ends and questions of sessions that no runner waits for. */
export const collectSessionsOperation = operation({
  name: 'collect-sessions',
  summary:
    'Announces the ends and questions of sessions that were started with `wait: later`, so that no runner waits.',
  inputs: ['since', 'tags', 'dispatch_event'],
  required: [],
  outputs: ['sessions', 'changed', 'count', 'matrix'],
  permissions: [{ all: ['ViewOrgSessions', 'ManageOrgSessions'] }],
  versions: ['v3'],
  async prepare(_inputs, { facts, problem }) {
    if (facts.repository === undefined)
      problem('operation', 'needs a repository, but the step runs outside of a workflow');
    return ready(undefined);
  },
  run: collect,
});
