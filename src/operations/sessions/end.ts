import { asActionError } from '../../contract/errors.ts';
import { archiveSession, terminateSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import type { Remains } from './remains.ts';

/** A step that stops has five seconds in all; this leaves time to write outputs and summary. */
const END_MS = 2_500;

/** What happens to a session when its step stops waiting. */
export type Ending = 'leave' | 'terminate' | 'archive';

/** What happened to it. */
export interface Ended {
  readonly sentence: string;
  readonly terminated: boolean;
  /** Page of the session, if the API has told. */
  readonly url?: string;
}

/** Responses by which a session that is to end does not exist any more. */
const GONE = new Set([404, 410]);

/** Whether a failure shows that the request was carried out: a success whose body cannot be read, or nothing to end. */
const isDone = (status: number | undefined) =>
  status !== undefined && (GONE.has(status) || (status >= 200 && status <= 299));

/**
 * Ends a session although the step's own signal has aborted. Never throws: the step ends for another reason, which a
 * failure here must not hide.
 */
export async function endSession(
  { devin, clock, log, remains }: Pick<Context, 'devin' | 'clock' | 'log'> & { readonly remains?: Remains },
  orgId: string,
  sessionId: string,
  how: Ending,
): Promise<Ended> {
  if (how === 'leave') {
    return { sentence: 'The session may still be running, and may spend more ACUs.', terminated: false };
  }
  const call = {
    params: { org_id: orgId, devin_id: sessionId },
    signal: clock.deadline(END_MS),
    deadlineAt: clock.now() + END_MS,
    urgent: true,
  };
  const terminated = how === 'terminate';
  const ended = { sentence: `The session was ${terminated ? 'terminated' : 'archived'}.`, terminated };
  try {
    const { url } = await (terminated ? devin.call(terminateSession, call) : devin.call(archiveSession, call));
    remains?.settled(orgId);
    return { ...ended, url };
  } catch (thrown) {
    const { message, status } = asActionError(thrown);
    if (isDone(status)) {
      remains?.settled(orgId);
      return ended;
    }
    const failed = `The session could not be ended (${how})`;
    log.annotate('warning', failed, `It may still be running, and may spend more ACUs. ${message}`);
    return { sentence: `${failed}: it may still be running, and may spend more ACUs.`, terminated: false };
  }
}
