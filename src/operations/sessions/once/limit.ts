import { ActionError, asActionError } from '../../../contract/errors.ts';
import { isSameSession } from '../../../contract/session-id.ts';
import { count } from '../../../report/units.ts';
import type { Context } from '../../operation.ts';
import type { Session } from '../outcome/outcome.ts';
import { endSession } from '../wait/end.ts';
import { ownSessions } from './identity.ts';
import { byAge, failedLook, secondIsOver, sessionsWith } from './lookup.ts';

/** Seconds in which sessions are counted. */
const HOUR = 3_600;

type LimitContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** How many sessions may be started, and by what those that count are known. */
export interface Limit {
  readonly orgId: string;
  /** The tag of every session that counts. */
  readonly tag: string;
  readonly most: number;
  /** The user for whom the sessions are created. */
  readonly asUserId?: string | undefined;
}

/** The sessions that count in the hour up to `end` (Unix seconds), oldest first. */
async function inTheHourBefore(context: LimitContext, limit: Limit, end: number): Promise<Session[]> {
  const { orgId, tag, asUserId } = limit;
  const since = end - HOUR;
  const isOwn = await ownSessions(context, 'shared', asUserId);
  const found = await sessionsWith(context, { orgId, tag, since, isOwn });
  return found.filter((session) => (session.created_at ?? end) > since).sort(byAge);
}

/** `2026-01-31 08:59:30 UTC` */
const utc = (seconds: number) => `${new Date(seconds * 1_000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** The gate, closed: says how many sessions there were, and when enough of them are older than an hour for one more. */
function reached({ most }: Limit, counted: readonly Session[], beyond = ''): ActionError {
  const next = counted[counted.length - most];
  const at = next?.created_at ?? null;
  const when = at === null ? '' : `; the next is possible at ${utc(at + HOUR)}`;
  const started = `this workflow started ${count(counted.length, 'session')} within the last hour`;
  return new ActionError('gate_closed', `max_sessions_per_hour is ${most}, and ${started}${beyond}${when}`, {
    fix: 'Run the step again then, or raise `max_sessions_per_hour`.',
  });
}

/** Throws `gate_closed` where the limit is reached, and the failure where that is unknown. */
export async function checkLimit(context: LimitContext, limit: Limit): Promise<void> {
  let counted: readonly Session[];
  try {
    counted = await inTheHourBefore(context, limit, context.devin.now() / 1_000);
  } catch (thrown) {
    const meaning = 'No session was created, because it is unknown whether max_sessions_per_hour is reached';
    throw failedLook(thrown, meaning, asActionError(thrown).fix);
  }
  if (counted.length >= limit.most) throw reached(limit, counted);
}

/** The sessions that came before one in its hour; every step that looks comes to the same. */
async function earlierThan(context: LimitContext, limit: Limit, own: Session): Promise<Session[]> {
  const counted = await inTheHourBefore(context, limit, own.created_at ?? context.devin.now() / 1_000);
  return counted.filter((session) => !isSameSession(session.session_id, own.session_id) && byAge(session, own) < 0);
}

/**
 * Counts once more, now that a session was created: steps that checked at the same time saw the same free place. The
 * sessions beyond the limit end before they do any work; throws `gate_closed` if ours is one of them.
 */
export async function settleLimit(context: LimitContext, limit: Limit, own: Session): Promise<void> {
  const look = async () => {
    await secondIsOver(context);
    return await earlierThan(context, limit, own);
  };
  const earlier = await look().catch((thrown: unknown) => {
    const { message } = asActionError(thrown);
    const title = 'Other steps may have started sessions at the same moment';
    context.log.annotate('warning', title, `The sessions of the last hour could not be counted again. ${message}`);
    return [];
  });
  if (earlier.length < limit.most) return;
  const { terminated } = await endSession(context, limit.orgId, own.session_id, 'terminate');
  if (terminated)
    throw reached(limit, earlier, `; ${own.url} exceeds the limit, and was terminated before it did any work`);
  throw new ActionError(
    'api_unavailable',
    `${own.url} exceeds max_sessions_per_hour, and could not be terminated: it may spend more ACUs.`,
    { fix: 'Terminate it in Devin, or with the operation terminate-session.' },
  );
}
