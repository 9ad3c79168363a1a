import { ActionError, asActionError } from '../../contract/errors.ts';
import { listSessions } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { endSession } from './end.ts';
import type { Key } from './idempotency.ts';
import type { Session } from './outcome.ts';

const LARGEST_PAGE = 200;

/** A list may lag behind what was created: so long before each look, in milliseconds. */
const LOOKS_MS = [0, 1_000, 2_000, 4_000];

type LookContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** The order in which every step that looks comes to the same session: the oldest one, then the smallest id. */
const byAge = (a: Session, b: Session) => a.created_at - b.created_at || (a.session_id < b.session_id ? -1 : 1);

/** The session that carries the key's tag: of several the oldest. */
export async function findSession(
  { devin }: Pick<LookContext, 'devin'>,
  orgId: string,
  { tag }: Key,
): Promise<Session | undefined> {
  const found: Session[] = [];
  const call = { params: { org_id: orgId }, query: { first: LARGEST_PAGE, tags: [tag] } };
  for await (const session of devin.items(listSessions, call)) {
    // An API that does not know the filter would answer every session there is.
    if (session.tags.includes(tag)) found.push(session);
  }
  return found.sort(byAge)[0];
}

const unsure = (tag: string) =>
  `Look in Devin for a session with the tag ${tag}. Run the step again once the API answers: it looks for that session first, and creates one only where there is none.`;

/** Looks for a session of an earlier attempt. It must not fail in silence: a second session may be what comes of it. */
export async function findEarlier(context: LookContext, orgId: string, key: Key): Promise<Session | undefined> {
  try {
    return await findSession(context, orgId, key);
  } catch (thrown) {
    const { code, message, fix, title, status } = asActionError(thrown);
    const said = `No session was created, since nobody knows whether there is one already: ${message}`;
    const advice = code === 'permission_denied' ? `${fix} Or set \`idempotency: none\`.` : unsure(key.tag);
    throw new ActionError(code, said, {
      title,
      fix: advice,
      cause: thrown,
      ...(status === undefined ? {} : { status }),
    });
  }
}

/** Looks several times for the session of a request whose answer is lost. Throws `lost`, told in full, if that fails. */
export async function findLost(
  context: LookContext,
  orgId: string,
  key: Key,
  lost: ActionError,
): Promise<Session | undefined> {
  const { clock, signal, log } = context;
  log.progress('The request to start a session got no clear answer. Looking whether it started one.');
  try {
    for (const pause of LOOKS_MS) {
      if (pause > 0) await clock.sleep(pause, signal);
      const found = await findSession(context, orgId, key);
      if (found !== undefined) return found;
    }
    return undefined;
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
 * Looks once more, now that a session was created, whether another step was faster with the same key. If so, ours ends
 * before it does any work. Gives the session that stays.
 */
export async function settle(context: LookContext, orgId: string, key: Key, own: Session): Promise<Session> {
  const { log } = context;
  const oldest = await findSession(context, orgId, key).catch((thrown: unknown) => {
    const { message } = asActionError(thrown);
    log.annotate('warning', 'Nobody knows whether another step started the same session', message);
    return undefined;
  });
  if (oldest === undefined || oldest.session_id === own.session_id || byAge(own, oldest) < 0) return own;
  log.info(`  ended    ${own.url}, since another step was faster with the same key`);
  await endSession(context, orgId, own.session_id, 'terminate');
  return oldest;
}
