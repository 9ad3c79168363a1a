import { asActionError } from '../../contract/errors.ts';
import { createSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { KEY_INPUTS, type Key, keyOf } from './idempotency.ts';
import type { Session } from './outcome.ts';
import type { PreparedSession } from './request.ts';

/** A request that is out when the workflow is cancelled gets this long to tell which session it made. */
const CREATE_GRACE_MS = 1_500;

/** Inputs that a start reads besides those of the request. */
export const START_INPUTS = [...KEY_INPUTS] as const;

type StartContext = Context<(typeof START_INPUTS)[number]>;

/** The session of a step. */
export interface Started {
  readonly session: Session;
  /** False where the session was found by its tag. */
  readonly created: boolean;
  /** True where this workflow run made the session: only then may it be ended. */
  readonly own: boolean;
}

/** A signal that aborts `ms` after another one did, with its reason. */
function later({ signal, clock }: Pick<Context, 'signal' | 'clock'>, ms: number): AbortSignal {
  const late = new AbortController();
  const follow = () => clock.deadline(ms).addEventListener('abort', () => late.abort(signal.reason));
  if (signal.aborted) late.abort(signal.reason);
  else signal.addEventListener('abort', follow, { once: true });
  return late.signal;
}

/** The addresses of files, once they are uploaded. The code for it is loaded only where there are some. */
export async function uploaded(
  context: Pick<Context, 'devin' | 'workspace' | 'log' | 'signal'>,
  orgId: string,
  uploads: PreparedSession['uploads'],
): Promise<string[]> {
  if (uploads.length === 0) return [];
  const { uploadAll } = await import('./uploads.ts');
  return await uploadAll(context, orgId, uploads);
}

/** The body of the request, with the files uploaded and the key's tag added. */
async function bodyOf(
  context: StartContext,
  orgId: string,
  { body, uploads }: PreparedSession,
  key: Key | undefined,
): Promise<PreparedSession['body']> {
  const urls = await uploaded(context, orgId, uploads);
  return {
    ...body,
    ...(key === undefined ? {} : { tags: [...(body.tags ?? []), key.tag] }),
    ...(urls.length === 0 ? {} : { attachment_urls: [...(body.attachment_urls ?? []), ...urls] }),
  };
}

/** Starts the session of a step, or finds it where an earlier attempt has started it: one session for one key. */
export async function startSession(context: StartContext, orgId: string, prepared: PreparedSession): Promise<Started> {
  const { signal, facts, devin } = context;
  const key = await keyOf(context, orgId, prepared);
  signal.throwIfAborted();
  if (key !== undefined && (key.scope === 'text' || (facts.attempt ?? 1) > 1)) {
    const { findEarlier } = await import('./lookup.ts');
    const session = await findEarlier(context, orgId, key);
    if (session !== undefined) return { session, created: false, own: key.scope === 'run' };
  }
  const body = await bodyOf(context, orgId, prepared, key);
  signal.throwIfAborted();
  const create = () =>
    devin.call(createSession, {
      params: { org_id: orgId },
      body,
      extraBody: prepared.extraBody,
      signal: later(context, CREATE_GRACE_MS),
    });
  if (key === undefined) return { session: await create(), created: true, own: true };
  return await createOnce(context, orgId, key, create);
}

async function createOnce(
  context: StartContext,
  orgId: string,
  key: Key,
  create: () => Promise<Session>,
): Promise<Started> {
  const own = key.scope === 'run';
  let again = false;
  for (;;) {
    try {
      const session = await create();
      if (own && !again) return { session, created: true, own };
      const { settle } = await import('./lookup.ts');
      const stays = await settle(context, orgId, key, session);
      return stays === session ? { session, created: true, own: true } : { session: stays, created: false, own };
    } catch (thrown) {
      const lost = asActionError(thrown);
      if (!lost.ambiguous || context.signal.aborted) throw lost;
      const { findLost } = await import('./lookup.ts');
      const session = await findLost(context, orgId, key, lost);
      if (session !== undefined) return { session, created: false, own };
      if (again) throw lost;
      context.log.progress('It started none, so it is sent again.');
      again = true;
    }
  }
}
