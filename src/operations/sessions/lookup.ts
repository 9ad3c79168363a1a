import { ActionError, asActionError } from '../../contract/errors.ts';
import { bareId, isSameSession } from '../../contract/session-id.ts';
import { listSessions } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { endSession } from './end.ts';
import type { Key } from './idempotency.ts';
import type { Session } from './outcome.ts';

const LARGEST_PAGE = 200;

/** A list may lag behind what was created: so long before each look, in milliseconds. */
const LOOKS_MS = [0, 1_000, 2_000, 4_000];

/** Sessions have whole seconds as their times: after so long, in milliseconds, every one of the same second is there. */
const SECOND_IS_OVER_MS = 1_100;

type LookContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** The order in which every step that looks comes to the same session: the oldest one, then the smallest id. */
export const byAge = (a: Session, b: Session) => {
  // One whose time is not known counts as the newest; of two such, the difference is NaN, and the ids decide.
  const [from, to] = [a.created_at ?? Number.POSITIVE_INFINITY, b.created_at ?? Number.POSITIVE_INFINITY];
  return from - to || (bareId(a.session_id) < bareId(b.session_id) ? -1 : 1);
};

/** Every session that carries a tag. */
export async function sessionsWith(
  { devin }: Pick<LookContext, 'devin'>,
  orgId: string,
  tag: string,
  filter: { readonly created_after?: number } = {},
): Promise<Session[]> {
  const found: Session[] = [];
  const call = { params: { org_id: orgId }, query: { first: LARGEST_PAGE, tags: [tag], ...filter } };
  for await (const session of devin.items(listSessions, call)) {
    // An API that does not know the filter would answer every session there is.
    if (session.tags.includes(tag)) found.push(session);
  }
  return found;
}

/** The session that carries the key's tag: of several the oldest. */
export async function findSession(
  context: Pick<LookContext, 'devin'>,
  orgId: string,
  { tag }: Key,
): Promise<Session | undefined> {
  return (await sessionsWith(context, orgId, tag)).sort(byAge)[0];
}

const unsure = (tag: string) =>
  `Look in Devin for a session with the tag ${tag}. Run the step again once the API answers: it looks for that session first, and creates one only where there is none.`;

/** The error of a look that failed, with what that means for the step and what helps. */
export function failedLook(thrown: unknown, meaning: string, fix: string): ActionError {
  const { code, message, title, status } = asActionError(thrown);
  return new ActionError(code, `${meaning}: ${message}`, {
    title,
    fix,
    cause: thrown,
    ...(status === undefined ? {} : { status }),
  });
}

/** Looks for a session of an earlier attempt. It must not fail in silence: a second session may be what comes of it. */
export async function findEarlier(context: LookContext, orgId: string, key: Key): Promise<Session | undefined> {
  try {
    return await findSession(context, orgId, key);
  } catch (thrown) {
    const { code, fix } = asActionError(thrown);
    const advice = code === 'permission_denied' ? `${fix} Or set \`idempotency: none\`.` : unsure(key.tag);
    throw failedLook(thrown, 'No session was created, since nobody knows whether there is one already', advice);
  }
}

/**
 * Looks several times, with a pause before each look but the first: a list may lag behind what was done. Gives the
 * first thing that is found.
 */
export async function lookAgain<T>(
  { clock, signal }: Pick<LookContext, 'clock' | 'signal'>,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const pause of LOOKS_MS) {
    if (pause > 0) await clock.sleep(pause, signal);
    const found = await look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Looks several times for the session of a request whose answer is lost. Throws `lost`, told in full, if that fails. */
export async function findLost(
  context: LookContext,
  orgId: string,
  key: Key,
  lost: ActionError,
): Promise<Session | undefined> {
  const { signal, log } = context;
  log.progress('The request to start a session got no clear answer. Looking whether it started one.');
  try {
    return await lookAgain(context, () => findSession(context, orgId, key));
  } catch (thrown) {
    const look = asActionError(thrown);
    const code = signal.aborted ? look.code : lost.code;
    throw new ActionError(code, `${lost.message} The look for a session with its tag failed as well: ${look.message}`, {
      fix: unsure(key.tag),
      cause: lost,
      ambiguous: true,
      ...(lost.status === undefined ? {} : { status: lost.status }),
    });
  }
}

/**
 * Lets the second of a session that was just created go by. Two steps that create in one second order their sessions by
 * id; one that looked before the other has created would take itself for the first, whatever the ids are.
 */
export const secondIsOver = ({ clock, signal }: Pick<LookContext, 'clock' | 'signal'>): Promise<void> =>
  clock.sleep(SECOND_IS_OVER_MS, signal);

/**
 * Looks once more, now that a session was created, whether another step was faster with the same key. If so, ours ends
 * before it does any work. Gives the session that stays.
 */
export async function settle(context: LookContext, orgId: string, key: Key, own: Session): Promise<Session> {
  const { log } = context;
  const look = async () => {
    await secondIsOver(context);
    return await findSession(context, orgId, key);
  };
  const oldest = await look().catch((thrown: unknown) => {
    const { message } = asActionError(thrown);
    log.annotate('warning', 'Nobody knows whether another step started the same session', message);
    return undefined;
  });
  if (oldest === undefined || isSameSession(oldest.session_id, own.session_id) || byAge(own, oldest) < 0) return own;
  log.info(`  ended    ${own.url}, since another step was faster with the same key`);
  await endSession(context, orgId, own.session_id, 'terminate');
  return oldest;
}
