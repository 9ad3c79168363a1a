import { type ActionError, asActionError } from '../../../contract/errors.ts';
import { bareId, isSameSession } from '../../../contract/session-id.ts';
import { backoffMs } from '../../../http/timing.ts';
import type { Cut } from '../../remains.ts';
import type { Session } from '../outcome/outcome.ts';
import { endSession } from '../wait/end.ts';
import { lastPollAt } from '../wait/schedule.ts';
import { isOwnKey, type Key } from './idempotency.ts';
import { byAge, findLost, findNew, inDoubt, type Search, sessionsWith } from './lookup.ts';
import { standingOf } from './standing.ts';
import type { Start, Started } from './started.ts';
import { checkTwin } from './twins.ts';

/** When others with the same key are looked for, in milliseconds after a create: lists lag up to three seconds. */
const RIVALS_AT_MS = [1_000, 3_000, 5_000];
/** How long a session whose request was lost is looked for, in milliseconds. */
const LOST_MS = 30_000;

/** Requests of one start so far. */
interface Tries {
  lost: number;
  limited: number;
}

/**
 * Creates a session with the tag of a key, and sends the request again only after a check that the last one started none.
 * Throws an ambiguous error if that cannot be known; then the post step continues to look for the session.
 */
export async function createOnce(start: Start, key: Key, send: () => Promise<Session>): Promise<Started> {
  const { context, orgId } = start;
  const { remains, clock } = context;
  const tries: Tries = { lost: 0, limited: 0 };
  await remains.pending(orgId, key);
  for (;;) {
    const sentAt = clock.now();
    const isAgain = tries.lost + tries.limited > 0;
    const sent = await send().catch(asActionError);
    const request = { sentAt, isAgain };
    if (!(sent instanceof Error)) return await created(start, key, sent, request);
    const found = await afterFailure(start, key, sent, tries, sentAt);
    if (found !== undefined) return await adopted(start, key, found, request);
  }
}

/** What a request without a session leads to: its session after all, or undefined if it is to be sent again. */
async function afterFailure(
  start: Start,
  key: Key,
  error: ActionError,
  tries: Tries,
  sentAt: number,
): Promise<Session | undefined> {
  const { context, orgId, search, before } = start;
  const { remains, signal, log, clock, startedAt, inputs } = context;
  if (error.status === 429) return await afterLimit(start, key, error, tries);
  if (!error.ambiguous) {
    // An earlier request may have been carried out even if this one was rejected.
    if (tries.lost > 0) await remains.doubtful(orgId, key, 'other');
    throw error;
  }
  const isLate = clock.now() + LOST_MS > lastPollAt(startedAt, inputs.timeout);
  const cut = (): Cut =>
    asActionError(signal.reason).code === 'timeout' || (!signal.aborted && isLate) ? 'timeout' : 'other';
  const lost = { key, error, search: () => search(key), before };
  try {
    if (signal.aborted) throw inDoubt(lost);
    const found = await findLost(context, lost);
    if (found !== undefined) return found;
    if (tries.lost > 0) throw inDoubt(lost);
  } catch (thrown) {
    await remains.doubtful(orgId, key, cut());
    throw thrown;
  }
  log.progress(
    `No session appeared within ${Math.round((clock.now() - sentAt) / 1_000)} s, so the request is sent again.`,
  );
  tries.lost += 1;
  return undefined;
}

/** Waits as a 429 asks, then checks once whether the request was carried out anyway. */
async function afterLimit(
  { context, search, before }: Start,
  key: Key,
  error: ActionError,
  tries: Tries,
): Promise<Session | undefined> {
  const { inputs, clock, devin, signal, startedAt, log } = context;
  tries.limited += 1;
  const pause = Math.max(devin.heldMs(), backoffMs(tries.limited, clock.random()));
  if (tries.limited > inputs.max_retries || clock.now() + pause > startedAt + inputs.timeout) throw error;
  const place = `retry ${tries.limited} of ${inputs.max_retries} in ${(pause / 1_000).toFixed(1)} s`;
  log.progress(`HTTP 429: the request to start a session is sent again if it started none, ${place}`);
  await clock.sleep(pause, signal);
  // The response says that nothing was done, so that a check that fails does not keep the request from being sent.
  const check = search(key).then((asked) => findNew(context, { ...asked, once: true }, { key, before }));
  const found = await check.catch(() => undefined);
  signal.throwIfAborted();
  return found;
}

interface Request {
  readonly sentAt: number;
  /** Not the first one: an earlier one may still start a session. */
  readonly isAgain: boolean;
}

/** A session that a request without a clear response has started. */
async function adopted(start: Start, key: Key, session: Session, request: Request): Promise<Started> {
  const found = { how: 'lost', standing: standingOf(session), scope: key.scope } as const;
  const started = { session, created: false, reused: false, own: isOwnKey(key, start.context), found };
  // With a key of others, it is unknown which of several is that of the request, and its own may not show yet.
  return await watched(start, key, started, { ...request, isAgain: request.isAgain || key.scope === 'text' });
}

/** Has a second session of an earlier request looked for, at the end of the step and after it. */
async function watched(start: Start, key: Key, started: Started, { sentAt, isAgain }: Request): Promise<Started> {
  if (!isAgain) return started;
  const { context, orgId, search, before } = start;
  const { session } = started;
  await context.remains.twin(orgId, key, session.session_id);
  const kept = { orgId, key, session, search: () => search(key), before, sentAt };
  return { ...started, checkTwin: () => checkTwin(context, kept) };
}

/** A session that was created; with a key of others, the one of them that continues. */
async function created(start: Start, key: Key, session: Session, request: Request): Promise<Started> {
  const kept = key.scope === 'run' ? session : await settle(start, () => start.search(key), session);
  if (kept !== session) {
    const found = { how: 'key', standing: standingOf(kept), scope: key.scope } as const;
    return await watched(start, key, { session: kept, created: false, reused: false, own: false, found }, request);
  }
  return await watched(start, key, { session, created: true, reused: false, own: true }, request);
}

/**
 * Checks, now that a session was created, whether another step was faster with the same key. If so, ours ends before it
 * is reported. Gives the session that continues: of several, the oldest that the last check sees, as every other step
 * does. Never throws: the session exists, and its step has to know of it.
 */
async function settle(start: Start, search: () => Promise<Search>, own: Session): Promise<Session> {
  const { context, orgId, before } = start;
  const { log, clock, signal } = context;
  const from = clock.now();
  const isRival = (session: Session) =>
    !isSameSession(session.session_id, own.session_id) &&
    !before.has(bareId(session.session_id)) &&
    standingOf(session) !== 'over' &&
    byAge(session, own) < 0;
  let failure: ActionError | undefined;
  let [checks, winner]: [number, Session | undefined] = [0, undefined];
  for (const at of RIVALS_AT_MS) {
    try {
      await clock.sleep(Math.max(0, from + at - clock.now()), signal);
      const rivals = (await sessionsWith(context, { ...(await search()), once: true })).filter(isRival).sort(byAge);
      checks += 1;
      if (winner === undefined && rivals.length > 0) {
        log.info(`  ended    ${own.url}, since another step was faster with the same key`);
        await endSession(context, orgId, own.session_id, 'terminate');
      }
      winner = rivals[0] ?? winner;
    } catch (thrown) {
      if (signal.aborted) break;
      failure = asActionError(thrown);
    }
  }
  if (checks === 0 && failure !== undefined) {
    const title = 'It is not known whether another step started the same session';
    log.annotate('warning', title, failure.message);
  }
  return winner ?? own;
}
