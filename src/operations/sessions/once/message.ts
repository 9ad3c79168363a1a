import { ActionError, asActionError } from '../../../contract/errors.ts';
import { type Fallible, failed } from '../../../contract/fallible.ts';
import { sendSessionMessage } from '../../../devin/endpoints/sessions.ts';
import type { Context } from '../../operation.ts';
import type { Session } from '../outcome/outcome.ts';
import { hasReportTag, REPORT_LINE } from '../outcome/report.ts';
import { isMarked, messagesOf, noteOf, outputDigest, type Sent } from '../wait/messages.ts';
import { lookAgain } from './lookup.ts';

type MessageContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** A session that is younger than this may be unknown to a part of the API, in milliseconds. */
const YOUNG_MS = 60_000;
/** The pauses after which a message to such a session is sent again, in milliseconds. */
const UNKNOWN_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** A message that is to go to a session. */
export interface Message {
  readonly text: string;
  /** The user as whom it is sent. */
  readonly asUserId: string | undefined;
  /** Addresses of the files that go with it; requested only once there is a session that takes it. */
  readonly urls: () => Promise<readonly string[]>;
  /** The tag of the step, which the message has at its end; without it, it is unknown whether the message arrived. */
  readonly reference: string | undefined;
}

/** Responses that say something about the credential or the moment, and nothing about the session. */
const NOT_ABOUT_THE_SESSION = new Set([401, 407, 408, 425, 429]);

/** Whether a response says for certain that a session does not take the message. */
const isRefusal = ({ status = 0, ambiguous }: ActionError) =>
  status >= 400 && status < 500 && !ambiguous && !NOT_ABOUT_THE_SESSION.has(status);

/** Whether a failure is one of reading the response alone: any 2xx means that the message was accepted. */
const isAccepted = ({ status = 0 }: ActionError) => status >= 200 && status <= 299;

/** How a message is known among the messages of a session. */
export const sentTo = (before: Session, { text, reference }: Pick<Message, 'text' | 'reference'>): Sent =>
  // Without a reference its text has to do, which an older message may have as well.
  reference === undefined
    ? { mark: text, since: before.updated_at ?? 0, before }
    : { mark: reference, since: 0, before };

/** Whether a session has a message of an earlier request. */
export async function hasGot(
  context: Pick<MessageContext, 'devin'>,
  orgId: string,
  sessionId: string,
  sent: Sent,
): Promise<boolean> {
  for await (const { items } of messagesOf(context.devin, orgId, sessionId)) {
    if (items.some((message) => isMarked(message, sent))) return true;
  }
  return false;
}

/** The text of a message, with its last line: what Devin is to update, and by what the message is known again. */
async function textOf(session: Session, { text, reference }: Message): Promise<string> {
  const output = session.structured_output ?? null;
  const digest = output === null || reference === undefined ? undefined : await outputDigest(output);
  const line = [
    ...(hasReportTag(session) ? [REPORT_LINE] : []),
    ...(reference === undefined ? [] : [noteOf(reference, digest)]),
  ];
  return line.length === 0 ? text : `${text}\n\n${line.join(' ')}`;
}

const unclear = (lost: ActionError, url: string) =>
  new ActionError(
    lost.code,
    `${lost.message} Without \`idempotency\`, the step cannot check whether ${url} received it.`,
    {
      fix: 'Check whether the session contains the message. Run the step again only if it does not.',
      cause: lost,
      ambiguous: true,
      ...(lost.status === undefined ? {} : { status: lost.status }),
    },
  );

/** Checks several times whether a message arrived whose response is lost. Throws `lost`, told in full, if that fails. */
async function arrived(
  context: MessageContext,
  orgId: string,
  { session_id: id, url }: Session,
  sent: Sent,
  lost: ActionError,
): Promise<boolean> {
  context.log.progress(`The message to ${url} got no clear response. Checking whether it arrived.`);
  try {
    return (await lookAgain(context, async () => (await hasGot(context, orgId, id, sent)) || undefined)) === true;
  } catch (thrown) {
    const look = asActionError(thrown);
    const code = context.signal.aborted ? look.code : lost.code;
    throw new ActionError(code, `${lost.message} The check for the message failed as well: ${look.message}`, {
      fix: `Search ${url} for a message that ends with (request ${sent.mark}). A re-run of this workflow run looks for it first.`,
      cause: lost,
      ambiguous: true,
      ...(lost.status === undefined ? {} : { status: lost.status }),
    });
  }
}

/** Whether a session is so new that a 404 says nothing about it. */
const isYoung = ({ created_at: at }: Session, now: number) => at === null || now - at * 1_000 < YOUNG_MS;

/** The session that took a message, or the response that rejected it. */
export type Delivery = Fallible<{ readonly session: Session }, ActionError>;

/**
 * Sends a message once, as far as that can be known. Gives the session, or the response that rejects the message. A
 * rejected message was certainly not accepted, so one to a session that is not known yet is sent again.
 */
export async function sendOnce(
  context: MessageContext,
  orgId: string,
  live: Session,
  message: Message,
  sent: Sent,
): Promise<Delivery> {
  const { devin, log, signal, clock } = context;
  const { asUserId, urls, reference } = message;
  const files = await urls();
  const text = await textOf(live, message);
  signal.throwIfAborted();
  const body = {
    message: text,
    ...(asUserId === undefined ? {} : { message_as_user_id: asUserId }),
    ...(files.length === 0 ? {} : { attachment_urls: [...files] }),
  };
  const params = { org_id: orgId, devin_id: live.session_id };
  const pauses = [...UNKNOWN_PAUSES_MS];
  for (let tries = 1; ; ) {
    try {
      return { ok: true, session: await devin.call(sendSessionMessage, { params, body }) };
    } catch (thrown) {
      const error = asActionError(thrown);
      if (isAccepted(error)) return { ok: true, session: live };
      const pause = error.status === 404 && isYoung(live, clock.now()) ? pauses.shift() : undefined;
      if (pause !== undefined) {
        await clock.sleep(pause, signal);
        continue;
      }
      if (isRefusal(error)) return failed(error);
      if (!error.ambiguous || signal.aborted) throw error;
      if (reference === undefined) throw unclear(error, live.url);
      if (await arrived(context, orgId, live, sent, error)) return { ok: true, session: live };
      if (tries === 2) throw error;
      log.progress('It did not arrive, so it is sent again.');
      tries += 1;
    }
  }
}
