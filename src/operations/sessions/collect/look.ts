import { asActionError, endsStep } from '../../../contract/errors.ts';
import { getSession, listSessionMessages, listSessions } from '../../../devin/endpoints/sessions.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import type { Context } from '../../operation.ts';
import { type Announced, type Later, type LaterState, readLater, reportHash, wordsOf } from '../later/tags.ts';
import { ownSessions } from '../once/identity.ts';
import { FIRST_TURN, type Judged, judge } from '../outcome/judge.ts';
import { isEnvironmentWarning } from '../outcome/message-text.ts';
import type { Session } from '../outcome/outcome.ts';

type LookContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** A session that workflows of this repository started with `wait: later`. */
export interface Followed {
  readonly session: Session;
  readonly later: Later;
  readonly judged: Judged;
}

/** A session with something to announce. */
export interface Change extends Followed {
  /** What is announced once this is done. */
  readonly next: LaterState;
  /** False if the session changed without anything new to announce. */
  readonly isNews: boolean;
  /** What is announced of a session that waits for a person, or works and has opened a pull request. */
  readonly announced: Omit<Announced, 'at'> | undefined;
  /** Devin's last message as it came; empty if it was not read. */
  readonly lastMessage: string;
}

/** What a session stands at. One that a limit has stopped may continue, like one with a question. */
function standingOf({ verdict }: Judged): LaterState {
  if (verdict.outcome === 'running') return 'open';
  return verdict.outcome === 'waiting' || verdict.outcome === 'blocked' ? 'asks' : 'done';
}

const judged = (session: Session) => judge(session, {}, FIRST_TURN, 'auto');

/** The sessions that are followed, by one request for each 200 sessions since then (Unix seconds). */
export async function followedSessions(
  context: LookContext,
  orgId: string,
  { repository, since, tags }: { repository: string; since: number; tags: readonly string[] | undefined },
): Promise<readonly Followed[]> {
  const { devin } = context;
  const isOwn = await ownSessions(context, 'shared');
  const found: Followed[] = [];
  const seen = new Set<string>();
  // Whether the filter by tags works, or is by one or by all of several, is not known; that by time is.
  const query = { first: LARGEST_PAGE, created_after: Math.floor(since) - 1 };
  for await (const session of devin.items(listSessions, { params: { org_id: orgId }, query })) {
    const later = readLater(session.tags, repository);
    const isWanted = tags === undefined || tags.some((tag) => session.tags.includes(tag));
    if (later === undefined || !isWanted || !isOwn(session) || seen.has(session.session_id)) continue;
    seen.add(session.session_id);
    if ((session.created_at ?? since) >= since) found.push({ session, later, judged: await judged(session) });
  }
  return found;
}

/** Whether a session that works has something for its thread: a pull request of its own. */
const isShowing = ({ session, later }: Pick<Followed, 'session' | 'later'>): boolean =>
  (later.comment || later.check) && session.pull_requests.length > 0;

/** Whether a session has something new in the state that was announced: a pull request, or perhaps another question. */
function isStirred({ session, later, judged: seen }: Followed): boolean {
  const { announced, state } = later;
  if (state === 'open') return announced === undefined && isShowing({ session, later });
  return announced !== undefined && ((session.updated_at ?? 0) > announced.at || reportHash(seen) !== announced.report);
}

/** Whether a list shows something new about a session. One that has ended is not looked at any more. */
export const mayHaveChanged = (followed: Followed): boolean =>
  followed.later.state !== 'done' && (standingOf(followed.judged) !== followed.later.state || isStirred(followed));

/** A session shows its state from before a message for a while, in seconds. */
const STALE_SECONDS = 60;

/** The end of a conversation. */
interface Said {
  /** When Devin last wrote, in Unix seconds. */
  readonly at: number;
  /** Devin's last message; empty if it is not on the first page. More requests are not worth it. */
  readonly last: string;
  /** A person has just written, and Devin has not responded yet: what the session shows may be from before. */
  readonly isUnread: boolean;
}

const NOTHING_SAID: Said = { at: 0, last: '', isUnread: false };

/** Whether a session may still show what it was before a message, of a person or of the step that continued it. */
function isOld({ later: { state, sent }, judged: seen }: Followed, { at, isUnread }: Said, now: number): boolean {
  if (isUnread) return true;
  if (state !== 'open' || sent === undefined || now / 1_000 - sent.at >= STALE_SECONDS) return false;
  return at < sent.at && reportHash(seen) === sent.report;
}

async function saidIn({ devin }: LookContext, orgId: string, sessionId: string): Promise<Said> {
  const params = { org_id: orgId, devin_id: sessionId };
  try {
    const page = await devin.call(listSessionMessages, { params, query: { first: LARGEST_PAGE } });
    if (page.has_next_page === true) return NOTHING_SAID;
    const all = page.items.filter(({ message }) => !isEnvironmentWarning(message));
    const [newest, ...earlier] = all.toReversed();
    const age = devin.now() / 1_000 - (newest?.created_at ?? 0);
    const last = all.findLast(({ source }) => source === 'devin');
    return {
      at: last?.created_at ?? 0,
      last: last?.message ?? '',
      // The first message is the prompt, before which there is no state.
      isUnread: newest?.source === 'user' && earlier.length > 0 && age < STALE_SECONDS,
    };
  } catch (thrown) {
    if (endsStep(asActionError(thrown))) throw thrown;
    return NOTHING_SAID;
  }
}

/**
 * Reads a session again, some seconds after the list, and gives what is to be announced; undefined if the list showed
 * a moment, or a state that was announced already.
 */
export async function confirmed(
  context: LookContext,
  orgId: string,
  { session: { session_id: id }, judged: before }: Followed,
  repository: string,
): Promise<Change | undefined> {
  const session = await context.devin.call(getSession, { params: { org_id: orgId, devin_id: id } });
  const later = readLater(session.tags, repository);
  const now = await judged(session);
  const next = standingOf(now);
  if (later === undefined || later.state === 'done') return undefined;
  const isSame = next === later.state;
  if (isSame && !isStirred({ session, later, judged: now })) return undefined;
  // A list may lack the output, which makes an end look like a question: what counts is that both have stopped.
  if ((next === 'open') !== (standingOf(before) === 'open')) return undefined;
  const said = next === 'open' ? NOTHING_SAID : await saidIn(context, orgId, id);
  const hasEnded = session.status === 'exit' || session.status === 'error';
  if (next !== 'open' && !hasEnded && isOld({ session, later, judged: now }, said, context.devin.now()))
    return undefined;
  const lastMessage = said.last;
  // A question stays the same when Devin falls asleep over it.
  const { outcome, headline } = now.verdict;
  const words = wordsOf([outcome === 'waiting' ? '' : headline, now.report?.summary ?? '', lastMessage]);
  const isNews = !isSame || words !== later.announced?.words;
  const isTold = next === 'asks' || (next === 'open' && isShowing({ session, later }));
  const announced = isTold ? { report: reportHash(now), words } : undefined;
  return { session, later, judged: now, next, isNews, announced, lastMessage };
}
