import { ActionError } from '../../../contract/errors.ts';
import type { Fallible } from '../../../contract/fallible.ts';
import { bareId } from '../../../contract/session-id.ts';
import type { Session } from '../outcome/outcome.ts';
import { stepTag } from '../request/tags.ts';
import { isOwnKey, type Key } from './idempotency.ts';
import { type Existing, findExisting } from './lookup.ts';
import { hasGot, sendOnce, sentTo } from './message.ts';
import type { Follows } from './reuse.ts';
import { whyOver } from './standing.ts';
import type { Start, StartContext, Started } from './started.ts';
import { endTwins } from './twins.ts';

const WAKE = 'Continue, then update the structured output.';

/** Steps that create at the same time with a key of others agree within this time which session continues. */
const SETTLED_MS = 7_000;

/** Every session of a key, the best one first. One that another step has just created may be about to end again. */
async function existingOf(start: Start, key: Key): Promise<Existing[]> {
  const { context, search, request } = start;
  const { devin, clock, signal } = context;
  const find = () => findExisting(context, () => search(key), key.tag, { schema: request.schema });
  const existing = await find();
  const { session, standing } = existing[0] ?? {};
  const at = session?.created_at ?? null;
  const leftMs = at === null ? 0 : at * 1_000 + SETTLED_MS - devin.now();
  if (key.scope !== 'text' || standing !== 'live' || leftMs <= 0) return existing;
  await clock.sleep(Math.min(leftMs, SETTLED_MS), signal);
  return await find();
}

/**
 * The session of a key: one that works or waits, or that has a result or a question, is taken as it is, and one that
 * sleeps is woken. Gives what a new session follows if nothing will come of those that exist; undefined if there are none.
 */
export async function takeSession(start: Start, key: Key): Promise<Started | Follows | undefined> {
  const { context, orgId, before } = start;
  const existing = await existingOf(start, key);
  for (const { session } of existing) before.add(bareId(session.session_id));
  const [best, ...others] = existing;
  if (best === undefined) return undefined;
  const { session, standing } = best;
  if (standing === 'over') return { url: session.url, why: whyOver(session) };
  const twins = others.filter((other) => other.standing !== 'over' && other.standing !== 'finished');
  await endTwins(
    context,
    orgId,
    key,
    twins.map((twin) => twin.session),
    session.url,
  );
  const woken = standing === 'asleep' ? await wake(start, key, session) : undefined;
  return woken?.ok === false ? notWoken(session, woken.problem) : found(context, key, best, woken?.sent);
}

function found(context: StartContext, key: Key, { session, standing }: Existing, sent: Started['sent']): Started {
  const how = key.scope === 'run' && (context.facts.attempt ?? 1) > 1 ? 'attempt' : 'key';
  return {
    session,
    created: false,
    reused: false,
    own: isOwnKey(key, context),
    found: { how, standing, scope: key.scope },
    ...(sent === undefined ? {} : { sent }),
  };
}

type Woken = Fallible<{ readonly sent: NonNullable<Started['sent']> }, ActionError>;

/** Wakes a session that fell asleep without a result, once per attempt. Gives the response that rejects the message. */
async function wake(start: Start, key: Key, session: Session): Promise<Woken> {
  const { context, orgId, asUserId } = start;
  const { facts, startedAt, log } = context;
  const reference = await stepTag(['wake', key.tag, facts.runId ?? startedAt, facts.attempt ?? startedAt]);
  const earlier = { mark: reference, since: 0 };
  if (await hasGot(context, orgId, session.session_id, earlier)) return { ok: true, sent: earlier };
  const message = { text: WAKE, asUserId, urls: async () => [], reference };
  const sent = sentTo(session, message);
  const response = await sendOnce(context, orgId, session, message, sent);
  if (!response.ok) return response;
  log.progress(`${session.url} was asleep, and was asked to continue.`);
  return { ok: true, sent };
}

/** A session that does not take a message is over, unless the credential may not send one. */
function notWoken({ url }: Session, refusal: ActionError): Follows {
  if (refusal.code !== 'permission_denied') {
    return { url, why: `rejected a message (HTTP ${refusal.status ?? 'unknown'})` };
  }
  throw new ActionError(refusal.code, `The session ${url} sleeps, and could not be woken: ${refusal.message}`, {
    title: refusal.title,
    fix: refusal.fix,
    cause: refusal,
  });
}
