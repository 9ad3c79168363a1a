import { ActionError, asActionError, endsStep } from '../../../contract/errors.ts';
import { getSession, replaceSessionTags } from '../../../devin/endpoints/sessions.ts';
import type { Context } from '../../operation.ts';
import type { Started } from '../once/started.ts';
import { FIRST_TURN, judge } from '../outcome/judge.ts';
import type { Session } from '../outcome/outcome.ts';
import { isLaterTag, isStateTag, reportHash, sentTag } from './tags.ts';

/** The pauses before a session is read whose response did not show its tags, in milliseconds: they may come late. */
const PAUSES_MS = [0, 2_000, 3_000];

/** The tag by which the state from before a message is told from the one after it. */
async function sentTags(now: number, sent: Started['sent']): Promise<readonly string[]> {
  if (sent?.before === undefined) return [];
  return [sentTag(reportHash(await judge(sent.before, {}, FIRST_TURN, 'auto')), Math.floor(now / 1_000))];
}

/** Whether a session has these tags already, in whatever state. */
const isFollowed = ({ tags: own }: Session, tags: readonly string[]) =>
  tags.every((tag) => own.includes(tag) || isStateTag(tag)) && own.some(isStateTag);

const isKept = (session: Session, tags: readonly string[]) => tags.every((tag) => session.tags.includes(tag));

const dropped = (url: string, cause?: ActionError) =>
  new ActionError('api_rejected', `The API did not keep the tags by which collect-sessions finds the session ${url}.`, {
    title: 'The API did not keep the tags',
    fix: 'Allow tags that begin with `devin-action:` in Devin, or use `wait: finished`. The session is running.',
    ...(cause === undefined ? {} : { cause, ...(cause.status === undefined ? {} : { status: cause.status }) }),
  });

/**
 * Makes sure that a session has the tags by which it is followed: a new one has them from its request, any other gets
 * them now. Gives what is wrong. Never throws: the session exists.
 */
export async function keepTags(
  { devin, clock, signal }: Pick<Context, 'devin' | 'clock' | 'signal'>,
  orgId: string,
  { session, created, sent }: Pick<Started, 'session' | 'created' | 'sent'>,
  tags: readonly string[],
): Promise<ActionError | undefined> {
  if (created && isKept(session, tags)) return undefined;
  const params = { org_id: orgId, devin_id: session.session_id };
  try {
    for (const pause of PAUSES_MS) {
      await clock.sleep(pause, signal);
      const now = await devin.call(getSession, { params });
      if (created && isKept(now, tags)) return undefined;
      if (created) continue;
      // A re-run that changes nothing does not have everything announced again.
      if (sent === undefined && isFollowed(now, tags)) return undefined;
      const others = now.tags.filter((tag) => !isLaterTag(tag));
      const body = { tags: [...others, ...tags, ...(await sentTags(devin.now(), sent))] };
      const after = await devin.call(replaceSessionTags, { params, body });
      return tags.every((tag) => after.tags.includes(tag)) ? undefined : dropped(session.url);
    }
  } catch (thrown) {
    const error = asActionError(thrown);
    return endsStep(error) ? error : dropped(session.url, error);
  }
  return dropped(session.url);
}
