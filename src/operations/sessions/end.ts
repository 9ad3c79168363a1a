import { asActionError } from '../../contract/errors.ts';
import { archiveSession, terminateSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import type { Remains } from './remains.ts';

/** A cancelled step has five seconds in all; this leaves time to write outputs and summary. */
const END_MS = 2_500;

/** What becomes of a session when its step stops waiting. */
export type Ending = 'leave' | 'terminate' | 'archive';

/** What became of it. */
export interface Ended {
  readonly sentence: string;
  readonly terminated: boolean;
  /** Page of the session, where the API has answered. */
  readonly url?: string;
}

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
  const ended = (sentence: string, terminated = false): Ended => ({ sentence, terminated });
  if (how === 'leave') return ended('The session goes on and may go on spending ACUs.');
  const call = {
    params: { org_id: orgId, devin_id: sessionId },
    signal: clock.deadline(END_MS),
    deadlineAt: clock.now() + END_MS,
    urgent: true,
  };
  try {
    if (how === 'terminate') {
      const { url } = await devin.call(terminateSession, call);
      remains?.settled(orgId);
      return { ...ended('The session was terminated.', true), url };
    }
    const { url } = await devin.call(archiveSession, call);
    remains?.settled(orgId);
    return { ...ended('The session was archived.'), url };
  } catch (thrown) {
    const { message } = asActionError(thrown);
    log.annotate('warning', `The session could not be ended (${how})`, `It may go on spending ACUs. ${message}`);
    return ended(`The session could not be ended (${how}): it may go on spending ACUs.`);
  }
}
