import { type ActionError, asActionError } from '../../../contract/errors.ts';
import { duration } from '../../../report/units.ts';
import type { Context } from '../../operation.ts';
import { type Session, suspensionOf } from '../outcome/outcome.ts';
import type { OwnPullRequest } from '../request/pull-request.ts';
import type { Sent } from '../wait/messages.ts';
import { ownSessions } from './identity.ts';
import { byAge, failedLook, sessionsWith } from './lookup.ts';
import { hasGot, type Message, sendOnce, sentTo } from './message.ts';

type ReuseContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** Which sessions may be reused. */
export interface Search {
  readonly orgId: string;
  /** The tag that they have in common, or the pull request that one of them opened. */
  readonly by: string | OwnPullRequest;
  readonly maxAgeMs: number;
  /** An earlier attempt may have sent the message already. */
  readonly mayBeSent: boolean;
}

/** An earlier session that a new one follows. */
export interface Follows {
  readonly url: string;
  /** Why it was not reused, as a clause that follows "which". */
  readonly why: string;
}

/** Sessions that are too old are still worth mentioning, in milliseconds beyond the limit. */
const MENTIONED_MS = 31 * 86_400_000;

/** The result of a message: a session has got it, or there is none that can take it. */
export type Delivery =
  | { readonly session: Session; readonly sent: Sent }
  | { readonly session: undefined; readonly follows: Follows | undefined };

/** Why a message would lead to nothing, as a clause that follows "which"; undefined for a live session. */
export function whyNotLive(session: Session, now: number, maxAgeMs: number): string | undefined {
  const { status, status_detail: detail } = session;
  if (status === 'exit') return 'has ended';
  if (status === 'error') return 'stopped with an error';
  const suspension = status === 'suspended' ? suspensionOf(detail ?? null) : undefined;
  if (suspension !== undefined) return suspension;
  if (session.is_archived === true) return 'is archived';
  return session.created_at !== null && now - session.created_at * 1_000 > maxAgeMs
    ? `is older than ${duration(maxAgeMs)}`
    : undefined;
}

const unsent =
  'No message was sent and no session created, because it is unknown whether a session exists already, or whether it has the message';

/** The step's own sessions with the tag, the newest first. There are few, since a live one is used again. */
async function candidates(
  context: ReuseContext,
  { orgId, by: tag, maxAgeMs }: Search,
  asUserId: string | undefined,
): Promise<Session[]> {
  if (typeof tag !== 'string') {
    const { openerOf } = await import('./opener.ts');
    const opener = await openerOf(context, orgId, tag);
    return opener === undefined ? [] : [opener];
  }
  const isOwn = await ownSessions(context, 'shared', asUserId);
  const since = (context.devin.now() - maxAgeMs - MENTIONED_MS) / 1_000;
  return (await sessionsWith(context, { orgId, tag, since, isOwn })).sort(byAge).reverse();
}

/** The sessions to choose from, and the one that has got the message from an earlier attempt. */
async function search(
  context: ReuseContext,
  asked: Search,
  { reference, asUserId }: Message,
): Promise<{ readonly sessions: readonly Session[]; readonly got: Session | undefined }> {
  try {
    const sessions = await candidates(context, asked, asUserId);
    if (!asked.mayBeSent || reference === undefined) return { sessions, got: undefined };
    for (const session of sessions) {
      const sent = { mark: reference, since: 0 };
      if (await hasGot(context, asked.orgId, session.session_id, sent)) return { sessions, got: session };
    }
    return { sessions, got: undefined };
  } catch (thrown) {
    throw failedLook(thrown, unsent, `${asActionError(thrown).fix} Or set \`reuse: none\`.`);
  }
}

/** Sends the message to the newest live session with the tag; one that has got it from an earlier attempt is taken. */
export async function deliver(context: ReuseContext, asked: Search, message: Message): Promise<Delivery> {
  const { log, devin } = context;
  const { sessions, got } = await search(context, asked, message);
  if (got !== undefined) return { session: got, sent: { mark: message.reference ?? '', since: 0 } };
  const now = devin.now();
  const live = sessions.find((session) => whyNotLive(session, now, asked.maxAgeMs) === undefined);
  if (live === undefined) {
    const [newest] = sessions;
    const why = newest === undefined ? undefined : whyNotLive(newest, now, asked.maxAgeMs);
    return { session: undefined, follows: newest && why !== undefined ? { url: newest.url, why } : undefined };
  }
  const sent = sentTo(live, message);
  const response = await sendOnce(context, asked.orgId, live, message, sent);
  if (response.ok) return { session: response.session, sent };
  const refusal = response.problem;
  tellRefusal(log, live, refusal);
  return {
    session: undefined,
    follows: { url: live.url, why: `rejected the message (HTTP ${refusal.status ?? 'unknown'})` },
  };
}

function tellRefusal(log: ReuseContext['log'], { url }: Session, refusal: ActionError): void {
  if (refusal.code === 'permission_denied') {
    log.annotate('warning', 'The live session rejected the message', `${url}: ${refusal.message} ${refusal.fix}`);
  } else log.progress(`${url} rejected the message: ${refusal.message}`);
}
