import { ActionError, asActionError } from '../../../contract/errors.ts';
import { bareId, isSameSession } from '../../../contract/session-id.ts';
import { getSession, listSessions } from '../../../devin/endpoints/sessions.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import { duration } from '../../../report/units.ts';
import type { Context } from '../../operation.ts';
import type { Asked } from '../outcome/judge.ts';
import type { Session } from '../outcome/outcome.ts';
import { lastPollAt } from '../wait/schedule.ts';
import type { Key } from './idempotency.ts';
import type { IsOwn } from './identity.ts';
import { byStanding, type Standing, standingBy, standingOf } from './standing.ts';

/** A message may show up late: so long before each check, in milliseconds. */
const CHECKS_MS = [0, 1_000, 2_000, 4_000];

/** When a session is looked for whose response is lost, in milliseconds after that: lists may lag, commits be late. */
const LOST_AT_MS = [0, 2_000, 5_000, 10_000, 20_000, 30_000];

/** Sessions have whole seconds as their times: after so long, in milliseconds, every one of the same second exists. */
const SECOND_IS_OVER_MS = 1_100;

type LookContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** The order in which every step that checks comes to the same session: the oldest one, then the smallest id. */
export const byAge = (a: Session, b: Session) => {
  // One whose time is not known counts as the newest; of two such, the difference is NaN, and the ids decide.
  const [from, to] = [a.created_at ?? Number.POSITIVE_INFINITY, b.created_at ?? Number.POSITIVE_INFINITY];
  return from - to || (bareId(a.session_id) < bareId(b.session_id) ? -1 : 1);
};

/** Which sessions to look for. */
export interface Search {
  readonly orgId: string;
  readonly tag: string;
  /** Only sessions created after this time, in Unix seconds of the API. */
  readonly since: number;
  readonly isOwn: IsOwn;
  /** One request without a retry: the caller repeats it anyway. */
  readonly once?: boolean | undefined;
}

/** Whether every further page of a list is older than `since`: the API ignores the filter, and lists the newest first. */
function isPast(rows: readonly Session[], since: number): boolean {
  const [first, last] = [rows[0]?.created_at ?? null, rows.at(-1)?.created_at ?? null];
  return first !== null && last !== null && first > last && first < since;
}

/** The step's own sessions that carry a tag. */
export async function sessionsWith(
  { devin, clock }: Pick<LookContext, 'devin' | 'clock'>,
  { orgId, tag, since, isOwn, once = false }: Search,
): Promise<Session[]> {
  const found: Session[] = [];
  // Whether the filter lets the first second through is not known, so it asks for one more.
  const query = { first: LARGEST_PAGE, tags: [tag], created_after: Math.floor(since) - 1 };
  const call = { params: { org_id: orgId }, query, ...(once ? { deadlineAt: clock.now() } : {}) };
  for await (const { items } of devin.pages(listSessions, call)) {
    for (const session of items) {
      // An API that does not apply a filter lists every session that exists.
      if (session.tags.includes(tag) && (session.created_at ?? since) >= since && isOwn(session)) found.push(session);
    }
    if (isPast(items, since)) break;
  }
  return found;
}

const unsure = (tag: string) =>
  `Search Devin for a session with the tag ${tag}. Run the step again once the API responds: it looks for that session first, and creates one only if there is none.`;

/** The error of a lookup that failed, with what that means for the step and what helps. */
export function failedLook(thrown: unknown, meaning: string, fix: string): ActionError {
  const { code, message, title, status } = asActionError(thrown);
  return new ActionError(code, `${meaning}: ${message}`, {
    title,
    fix,
    cause: thrown,
    ...(status === undefined ? {} : { status }),
  });
}

/** A session with what it means. */
export interface Existing {
  readonly session: Session;
  readonly standing: Standing;
}

/** The better one first; of several that are over the newest, since it is the last attempt, otherwise the oldest. */
function byWorth(a: Existing, b: Existing): number {
  const order = byStanding(a.standing, b.standing);
  if (order !== 0) return order;
  return a.standing === 'over' ? byAge(b.session, a.session) : byAge(a.session, b.session);
}

/** Every session of a key, the best one first, each as it is now: a list may lag behind, and lack the output. */
async function existingOf(
  context: Pick<LookContext, 'devin' | 'clock'>,
  search: Search,
  asked: Asked,
): Promise<Existing[]> {
  const found = await sessionsWith(context, search);
  const fresh = found.map(async (listed) => {
    const params = { org_id: search.orgId, devin_id: listed.session_id };
    const session = await context.devin.call(getSession, { params }).catch(() => listed);
    return { session, standing: await standingBy(session, asked) };
  });
  return (await Promise.all(fresh)).sort(byWorth);
}

/** Looks up the sessions of a key. It must not fail in silence: a second session may be the result. */
export async function findExisting(
  context: LookContext,
  search: () => Promise<Search>,
  tag: string,
  asked: Asked,
): Promise<Existing[]> {
  try {
    return await existingOf(context, await search(), asked);
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
    const { code, fix } = asActionError(thrown);
    const advice = code === 'permission_denied' ? `${fix} Or set \`idempotency: none\`.` : unsure(tag);
    throw failedLook(thrown, 'No session was created, since it is not known whether one exists already', advice);
  }
}

/**
 * Checks several times, with a pause before each check but the first: what was written may show late. Gives the first
 * thing that is found.
 */
export async function lookAgain<T>(
  { clock, signal }: Pick<LookContext, 'clock' | 'signal'>,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const pause of CHECKS_MS) {
    if (pause > 0) await clock.sleep(pause, signal);
    const found = await look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A request for a session without a clear response, and what is known about it. */
export interface Lost {
  readonly key: Key;
  readonly error: ActionError;
  readonly search: () => Promise<Search>;
  /** Sessions that existed before the request. */
  readonly before: ReadonlySet<string>;
}

/** The session that a request may have started: one with the key's tag that did not exist before. */
export async function findNew(
  context: Pick<LookContext, 'devin' | 'clock'>,
  search: Search,
  { key, before }: Pick<Lost, 'key' | 'before'>,
): Promise<Session | undefined> {
  const found = (await sessionsWith(context, search)).filter(({ session_id: id }) => !before.has(bareId(id)));
  const known = found.map((session) => ({ session, standing: standingOf(session) }));
  // With a key that others use as well, a session that has ended is one that its own step has ended.
  const open = key.scope === 'run' ? known : known.filter(({ standing }) => standing !== 'over');
  return open.sort(byWorth)[0]?.session;
}

/** The error of such a request, told in full: where to look for its session, and why nobody could look, if so. */
export function inDoubt(
  { error, key }: Pick<Lost, 'error' | 'key'>,
  look?: ActionError,
  code = error.code,
): ActionError {
  const why = look === undefined ? '' : ` The lookup of a session with its tag was not completed: ${look.message}`;
  return new ActionError(code, `${error.message}${why}`, {
    fix: unsure(key.tag),
    cause: error,
    ambiguous: true,
    ...(error.status === undefined ? {} : { status: error.status }),
  });
}

/**
 * Polls for the session of a request without a clear response, for 30 seconds, but never after the last poll of the step
 * or a cancellation. Undefined if there is certainly none by then. Throws an ambiguous error, told in full, if the
 * polling was cut short or its last poll failed.
 */
export async function findLost(
  context: LookContext & { readonly startedAt: number; readonly inputs: { readonly timeout: number } },
  lost: Lost,
): Promise<Session | undefined> {
  const { clock, signal, log, startedAt, inputs } = context;
  log.progress('The request to start a session got no clear response. Checking whether it started one.');
  const from = clock.now();
  const until = lastPollAt(startedAt, inputs.timeout);
  let failure: ActionError | undefined;
  try {
    for (const after of LOST_AT_MS) {
      const pause = from + after - clock.now();
      if (clock.now() + Math.max(0, pause) > until) {
        throw new ActionError('timeout', `The timeout of ${duration(inputs.timeout)} leaves no time for it.`);
      }
      if (pause > 0) await clock.sleep(pause, signal);
      signal.throwIfAborted();
      try {
        const found = await findNew(context, { ...(await lost.search()), once: true }, lost);
        if (found !== undefined) return found;
        failure = undefined;
      } catch (thrown) {
        signal.throwIfAborted();
        failure = asActionError(thrown);
        if (failure.code === 'permission_denied') break;
      }
    }
  } catch (thrown) {
    const cut = asActionError(thrown);
    throw inDoubt(lost, cut, signal.aborted ? cut.code : lost.error.code);
  }
  if (failure !== undefined) throw inDoubt(lost, failure);
  return undefined;
}

/**
 * Lets the second of a session that was just created pass. Two steps that create in one second order their sessions by
 * id; one that checked before the other has created would take itself for the first, whatever the ids are.
 */
export const secondIsOver = ({ clock, signal }: Pick<LookContext, 'clock' | 'signal'>): Promise<void> =>
  clock.sleep(SECOND_IS_OVER_MS, signal);

/** Live sessions of a key besides the one to keep. */
export async function twinsOf(
  context: Pick<LookContext, 'devin' | 'clock'>,
  search: Search,
  keep: string | undefined,
): Promise<Session[]> {
  const found = await sessionsWith(context, search);
  return found.filter(
    (session) =>
      !(keep !== undefined && isSameSession(session.session_id, keep)) &&
      ['live', 'asks', 'asleep'].includes(standingOf(session)),
  );
}
