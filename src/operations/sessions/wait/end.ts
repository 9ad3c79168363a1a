import { type ActionError, asActionError } from '../../../contract/errors.ts';
import { archiveSession, getSession, terminateSession } from '../../../devin/endpoints/sessions.ts';
import type { Context } from '../../operation.ts';
import type { Remains } from '../../remains.ts';
import type { Session } from '../outcome/outcome.ts';

/** A step that stops has five seconds in all; this leaves time to write outputs and summary. */
const END_MS = 2_000;

/** What happens to a session when its step stops waiting. */
export type Ending = 'leave' | 'terminate' | 'archive';

/** What is said of a session that is not ended. */
export const LEFT = 'The session may still be running, and may spend more ACUs.';

/** What happened to it. */
export interface Ended {
  readonly sentence: string;
  /** It was terminated or archived. */
  readonly ended: boolean;
  readonly terminated: boolean;
  /** Page of the session, if the API has told. */
  readonly url?: string;
}

/** Responses by which a session that is to end does not exist any more. */
const GONE = new Set([404, 410]);

/** Whether a failure shows that the request was carried out: a success whose body cannot be read, or nothing to end. */
export const isEndAccepted = ({ status }: ActionError): boolean =>
  status !== undefined && (GONE.has(status) || (status >= 200 && status <= 299));

/** Whether a session has come to the end that was requested, so that a conflict (409) only says that it had already. */
export const hasEnded = ({ status, is_archived: isArchived }: Session, how: Ending): boolean =>
  status === 'exit' || status === 'error' || (how === 'archive' && isArchived === true);

/** A refusal says which permission is missing; other failures speak for themselves. */
const told = ({ status, message, fix }: ActionError) => (status === 403 ? `${message} ${fix}` : message);

type EndContext = Pick<Context, 'devin' | 'clock' | 'log'> & { readonly remains?: Pick<Remains, 'settled'> };

/**
 * Ends a session although the step's own signal has aborted. Never throws: the step ends for another reason, which a
 * failure here must not hide.
 */
export async function endSession(
  { devin, clock, log, remains }: EndContext,
  orgId: string,
  sessionId: string,
  how: Ending,
): Promise<Ended> {
  if (how === 'leave') {
    return { sentence: LEFT, ended: false, terminated: false };
  }
  const call = {
    params: { org_id: orgId, devin_id: sessionId },
    signal: clock.deadline(END_MS),
    deadlineAt: clock.now() + END_MS,
    urgent: true,
  };
  const terminated = how === 'terminate';
  const done = `The session was ${terminated ? 'terminated' : 'archived'}.`;
  try {
    const session = await (terminated ? devin.call(terminateSession, call) : devin.call(archiveSession, call));
    remains?.settled(orgId);
    return { sentence: done, ended: true, terminated, url: session.url };
  } catch (thrown) {
    const error = asActionError(thrown);
    const isOver = async () => hasEnded(await devin.call(getSession, { ...call, deadlineAt: clock.now() }), how);
    if (isEndAccepted(error) || (error.status === 409 && (await isOver().catch(() => false)))) {
      remains?.settled(orgId);
      return { sentence: done, ended: true, terminated };
    }
    const failed = `The session could not be ended (${how})`;
    log.annotate('warning', failed, `It may still be running, and may spend more ACUs. ${told(error)}`);
    const sentence = `${failed}: it may still be running, and may spend more ACUs.`;
    return { sentence, ended: false, terminated: false };
  }
}
