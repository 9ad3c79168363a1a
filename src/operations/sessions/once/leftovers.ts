import { asActionError } from '../../../contract/errors.ts';
import { isSameSession } from '../../../contract/session-id.ts';
import { link, plain } from '../../../report/markdown.ts';
import type { Context } from '../../operation.ts';
import type { Remaining } from '../../remains.ts';
import type { Session } from '../outcome/outcome.ts';
import { endSession } from '../wait/end.ts';
import { type IsOwn, ownSessions } from './identity.ts';
import { twinsOf } from './lookup.ts';
import { warnOfTwin } from './twins.ts';

/** When a session is looked for that is known by its tag alone, in milliseconds: lists lag, and requests may be late. */
const CHECKS_AT_MS = [0, 5_000, 15_000];

/** A session that a request of this job started is not older than the longest job. */
const WINDOW_MS = 31 * 86_400_000;

type ClearContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** The result for one thing that a step left behind. */
export interface Cleared {
  /** A line of Markdown. */
  readonly line: string;
  /** It is only about a second session: the step itself came to its end. */
  readonly isTwin: boolean;
}

function said(log: ClearContext['log'], sentence: string): string {
  log.progress(sentence);
  return plain(sentence);
}

async function endOne(context: ClearContext, orgId: string, id: string, end: Remaining['end']): Promise<string> {
  context.signal.throwIfAborted();
  const { sentence, url } = await endSession(context, orgId, id, end);
  const line = said(context.log, `${orgId}: ${id}: ${sentence}`);
  return url === undefined ? line : `${link('session', url)} · ${plain(sentence)}`;
}

/** Ends a session that was found, or says where it is. */
async function handle(context: ClearContext, { org_id: orgId, tag, keep, end }: Remaining, session: Session) {
  const { session_id: id, url } = session;
  if (end !== 'leave') return await endOne(context, orgId, id, end);
  if (keep !== undefined) warnOfTwin(context.log, tag ?? '', url, keep);
  const sentence = 'A request without a response may have started it, and it may still be running.';
  context.log.progress(`${orgId}: ${url}: ${sentence}`);
  return `${link('session', url)} · ${plain(sentence)}`;
}

/**
 * Finds and handles the sessions with a tag, except for the one to keep. Without one, the check after the first session is
 * the last one, unless it shows another: a request that was repeated may have started several.
 */
async function clearTag(
  context: ClearContext,
  one: Remaining & { readonly tag: string },
  isOwn: IsOwn,
): Promise<string[]> {
  const { clock, signal, devin, log } = context;
  const { org_id: orgId, tag, keep } = one;
  const from = clock.now();
  const lines: string[] = [];
  const handled: string[] = [];
  for (const at of CHECKS_AT_MS) {
    await clock.sleep(Math.max(0, from + at - clock.now()), signal);
    const since = (devin.now() - WINDOW_MS) / 1_000;
    const found = await twinsOf(context, { orgId, tag, since, isOwn, once: true }, keep).catch((thrown: unknown) => {
      signal.throwIfAborted();
      if (at === CHECKS_AT_MS.at(-1)) throw thrown;
      return [];
    });
    const fresh = found.filter(({ session_id: id }) => !handled.some((other) => isSameSession(other, id)));
    if (keep === undefined && handled.length > 0 && fresh.length === 0) break;
    for (const session of fresh) {
      handled.push(session.session_id);
      lines.push(await handle(context, one, session));
    }
  }
  if (lines.length > 0) return lines;
  if (keep !== undefined) {
    log.progress(`${orgId}: no second session with the tag ${tag} was found.`);
    return [];
  }
  const advice = `No session with the tag ${tag} was found so far. One may still appear: search Devin for this tag.`;
  return [said(log, `${orgId}: ${advice}`)];
}

/** Ends what is left of a step in one organization, as its note says. Never throws. */
export async function clearUp(
  context: ClearContext,
  one: Remaining,
  asUserId?: string | undefined,
): Promise<Cleared[]> {
  const { org_id: orgId, session_id: id, tag, keep, end } = one;
  const isTwin = keep !== undefined;
  try {
    if (id !== undefined) return [{ line: await endOne(context, orgId, id, end), isTwin }];
    if (tag === undefined) return [];
    const isOwn = await ownSessions(context, 'run', asUserId);
    return (await clearTag(context, { ...one, tag }, isOwn)).map((line) => ({ line, isTwin }));
  } catch (thrown) {
    const what = id === undefined ? `a session with the tag ${tag}` : `the session ${id}`;
    const message = `In ${orgId}, ${what} may still be running, and may spend more ACUs. ${asActionError(thrown).message}`;
    context.log.annotate('warning', 'A session may still be running', message);
    return [{ line: plain(message), isTwin }];
  }
}
