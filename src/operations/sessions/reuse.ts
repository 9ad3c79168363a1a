import { ActionError, asActionError } from '../../contract/errors.ts';
import { sendSessionMessage } from '../../devin/endpoints/sessions.ts';
import { duration } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import { byAge, failedLook, lookAgain, sessionsWith } from './lookup.ts';
import { isMarked, messagesOf, type Sent } from './messages.ts';
import { type Session, verdictOf } from './outcome.ts';

type ReuseContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** A message that is to go to a live session. */
export interface Message {
  readonly text: string;
  /** The user as whom it is sent. */
  readonly asUserId: string | undefined;
  /** Addresses of the files that go with it; asked for only once there is a session that takes it. */
  readonly urls: () => Promise<readonly string[]>;
  /** The tag of the step, which the message carries at its end; without it nobody can tell whether it arrived. */
  readonly reference: string | undefined;
}

/** Which sessions may be reused. */
export interface Search {
  readonly orgId: string;
  /** The tag that they have in common. */
  readonly tag: string;
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

/** What became of a message: a session has got it, or there is none that can take it. */
export type Delivery =
  | { readonly session: Session; readonly sent: Sent }
  | { readonly session: undefined; readonly follows: Follows | undefined };

/** Reasons of a suspension that a message ends. */
const WAKES = new Set<unknown>(['inactivity', 'user_request']);

/** Why a message would lead to nothing, as a clause that follows "which"; undefined for a live session. */
export function whyNotLive(session: Session, now: number, maxAgeMs: number): string | undefined {
  const { status, status_detail: detail } = session;
  if (status === 'exit') return 'has ended';
  if (status === 'error' || (status === 'suspended' && !WAKES.has(detail))) return verdictOf(session).headline;
  if (session.is_archived === true) return 'is archived';
  return session.created_at !== null && now - session.created_at * 1_000 > maxAgeMs
    ? `is older than ${duration(maxAgeMs)}`
    : undefined;
}

/** Answers that say something about the credential or the moment, and nothing about the session. */
const NOT_ABOUT_THE_SESSION = new Set([401, 407, 408, 425, 429]);

/** Whether an answer says for certain that a session does not take the message. */
const isRefusal = ({ status = 0, ambiguous }: ActionError) =>
  status >= 400 && status < 500 && !ambiguous && !NOT_ABOUT_THE_SESSION.has(status);

const unsent =
  'No message was sent and no session created, since nobody knows whether there is a session already, or whether it has the message';

/** The sessions with the tag, the newest first. There are few, since a live one is used again. */
async function candidates(context: ReuseContext, { orgId, tag }: Search): Promise<Session[]> {
  return (await sessionsWith(context, orgId, tag)).sort(byAge).reverse();
}

/** Whether a session has got a message of an earlier request. */
async function hasGot(context: ReuseContext, orgId: string, sessionId: string, sent: Sent): Promise<boolean> {
  for await (const { items } of messagesOf(context.devin, orgId, sessionId)) {
    if (items.some((message) => isMarked(message, sent))) return true;
  }
  return false;
}

/** The sessions to choose from, and the one that has got the message from an earlier attempt. */
async function search(
  context: ReuseContext,
  asked: Search,
  reference: string | undefined,
): Promise<{ readonly sessions: readonly Session[]; readonly got: Session | undefined }> {
  try {
    const sessions = await candidates(context, asked);
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
  const { log, clock } = context;
  const { sessions, got } = await search(context, asked, message.reference);
  if (got !== undefined) return { session: got, sent: { mark: message.reference ?? '', since: 0 } };
  const now = clock.now();
  const live = sessions.find((session) => whyNotLive(session, now, asked.maxAgeMs) === undefined);
  if (live === undefined) {
    const [newest] = sessions;
    const why = newest === undefined ? undefined : whyNotLive(newest, now, asked.maxAgeMs);
    return { session: undefined, follows: newest && why !== undefined ? { url: newest.url, why } : undefined };
  }
  const sent = sentTo(live, message);
  const answer = await sendOnce(context, asked.orgId, live, message, sent);
  if (!(answer instanceof ActionError)) return { session: answer, sent };
  tellRefusal(log, live, answer);
  return {
    session: undefined,
    follows: { url: live.url, why: `did not take the message (HTTP ${answer.status ?? 'unknown'})` },
  };
}

function tellRefusal(log: ReuseContext['log'], { url }: Session, refusal: ActionError): void {
  if (refusal.code === 'permission_denied') {
    log.annotate('warning', 'The live session did not take the message', `${url}: ${refusal.message} ${refusal.fix}`);
  } else log.progress(`${url} did not take the message: ${refusal.message}`);
}

const sentTo = (before: Session, { text, reference }: Message): Sent =>
  // Without a reference its text has to do, which an older message may have as well.
  reference === undefined
    ? { mark: text, since: before.updated_at ?? 0, before }
    : { mark: reference, since: 0, before };

const unclear = (lost: ActionError, url: string) =>
  new ActionError(lost.code, `${lost.message} Without \`idempotency\` nobody can tell whether ${url} got it.`, {
    fix: 'Look in the session for the message. Run the step again only where it is missing.',
    cause: lost,
    ambiguous: true,
    ...(lost.status === undefined ? {} : { status: lost.status }),
  });

/** Looks several times whether a message arrived whose answer is lost. Throws `lost`, told in full, if that fails. */
async function arrived(
  context: ReuseContext,
  orgId: string,
  { session_id: id, url }: Session,
  sent: Sent,
  lost: ActionError,
): Promise<boolean> {
  context.log.progress(`The message to ${url} got no clear answer. Looking whether it arrived.`);
  try {
    return (await lookAgain(context, async () => (await hasGot(context, orgId, id, sent)) || undefined)) === true;
  } catch (thrown) {
    const look = asActionError(thrown);
    const code = context.signal.aborted ? look.code : lost.code;
    throw new ActionError(code, `${lost.message} The look for the message failed as well: ${look.message}`, {
      fix: `Look in ${url} for a message that ends with (request ${sent.mark}). A re-run of this workflow run looks for it first.`,
      cause: lost,
      ambiguous: true,
      ...(lost.status === undefined ? {} : { status: lost.status }),
    });
  }
}

/** Sends the message once, as far as that can be known. Gives the session, or the answer that refuses the message. */
async function sendOnce(
  context: ReuseContext,
  orgId: string,
  live: Session,
  { text, asUserId, urls, reference }: Message,
  sent: Sent,
): Promise<Session | ActionError> {
  const { devin, log, signal } = context;
  const files = await urls();
  signal.throwIfAborted();
  const body = {
    message: reference === undefined ? text : `${text}\n\n(request ${reference})`,
    ...(asUserId === undefined ? {} : { message_as_user_id: asUserId }),
    ...(files.length === 0 ? {} : { attachment_urls: [...files] }),
  };
  for (let tries = 1; ; tries += 1) {
    try {
      return await devin.call(sendSessionMessage, { params: { org_id: orgId, devin_id: live.session_id }, body });
    } catch (thrown) {
      const error = asActionError(thrown);
      if (isRefusal(error)) return error;
      if (!error.ambiguous || signal.aborted) throw error;
      if (reference === undefined) throw unclear(error, live.url);
      if (await arrived(context, orgId, live, sent, error)) return live;
      if (tries === 2) throw error;
      log.progress('It did not arrive, so it is sent again.');
    }
  }
}
