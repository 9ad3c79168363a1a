import { later } from '../../contract/clock.ts';
import { asActionError } from '../../contract/errors.ts';
import type { InputName } from '../../contract/inputs.ts';
import { createSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { type Key, keyOf } from './idempotency.ts';
import type { Limit } from './limit.ts';
import type { Sent } from './messages.ts';
import type { Session } from './outcome.ts';
import { isReportRejected, withReport } from './report.ts';
import type { PreparedSession } from './request.ts';
import type { Follows } from './reuse.ts';
import { reuseTag, TAG_INPUTS, type Thread, threadTag, workflowTag } from './tags.ts';
import type { Upload } from './uploads.ts';

/** A request that is out when the workflow is cancelled gets this long to tell which session it made. */
const CREATE_GRACE_MS = 1_500;

/** Inputs that a start reads besides those of the request. */
export const START_INPUTS = [...TAG_INPUTS, 'reuse_key', 'max_session_age'] as const satisfies readonly InputName[];

/** What a start needs. */
export type StartContext = Pick<
  Context<(typeof START_INPUTS)[number]>,
  'inputs' | 'devin' | 'log' | 'clock' | 'signal' | 'facts' | 'workspace' | 'startedAt' | 'remains'
>;

/** What a start makes a session of. */
export interface StartRequest extends Pick<PreparedSession, 'body' | 'extraBody'> {
  /** Files of the workspace and texts to upload first; their addresses come on top of `attachment_urls`. */
  readonly uploads: readonly Upload[];
  /** Stands for the prompt in the key, where that holds what differs from one attempt to the next. */
  readonly promptKey?: string | undefined;
  /** The thread of the event, for `reuse: thread`. */
  readonly thread?: Thread | undefined;
  /** A new session is wanted, whatever there is already. */
  readonly fresh?: boolean | undefined;
}

/** The session of a step. */
export interface Started {
  readonly session: Session;
  /** False where the session was there already: found by its tag, or reused. */
  readonly created: boolean;
  /** True where the session is one of `reuse`, and has got the prompt as a message. */
  readonly reused: boolean;
  /** True where this workflow run made the session: only then may it be ended. */
  readonly own: boolean;
  /** The message of a reused session; a wait needs it to tell what came after. */
  readonly sent?: Sent;
  /** The session that a new one follows, and why that was not reused. */
  readonly follows?: Follows;
  /** The request asked for a completion report, and was accepted with it. */
  readonly reports?: boolean;
}

const made = (session: Session, created: boolean, own: boolean): Started => ({ session, created, reused: false, own });

/** The addresses of what is to be uploaded, once it is. The code for it is loaded only where there is something. */
export async function uploaded(
  context: Pick<Context, 'devin' | 'workspace' | 'log' | 'signal'>,
  orgId: string,
  uploads: readonly Upload[],
): Promise<string[]> {
  if (uploads.length === 0) return [];
  const { uploadAll } = await import('./uploads.ts');
  return await uploadAll(context, orgId, uploads);
}

/** One start in one organization: what its parts share. */
interface Start {
  readonly context: StartContext;
  readonly orgId: string;
  readonly request: StartRequest;
  readonly key: Key | undefined;
  /** An earlier attempt, or another step with the same key, may have been here. */
  readonly mayBeDone: boolean;
  /** The tag of `reuse`. */
  readonly reuse: string | undefined;
  readonly limit: Limit | undefined;
  /** Every address of a file that goes with the prompt; the uploads are made when it is first asked for. */
  readonly urls: () => Promise<readonly string[]>;
}

async function reuseTagOf({ inputs, facts }: StartContext, { thread }: StartRequest): Promise<string | undefined> {
  if (inputs.reuse === 'thread' && thread !== undefined) return await threadTag(facts, thread);
  if (inputs.reuse === 'key' && inputs.reuse_key !== undefined) return await reuseTag(inputs.reuse_key);
  return undefined;
}

async function startOf(context: StartContext, orgId: string, request: StartRequest): Promise<Start> {
  const { inputs, facts } = context;
  const key = await keyOf(context, orgId, request);
  const most = inputs.max_sessions_per_hour;
  let urls: Promise<readonly string[]> | undefined;
  return {
    context,
    orgId,
    request,
    key,
    mayBeDone: key !== undefined && (key.scope === 'text' || (facts.attempt ?? 1) > 1),
    reuse: await reuseTagOf(context, request),
    limit: most === undefined ? undefined : { orgId, most, tag: await workflowTag(facts, orgId) },
    urls: () => {
      urls ??= uploaded(context, orgId, request.uploads).then((added) => [
        ...(request.body.attachment_urls ?? []),
        ...added,
      ]);
      return urls;
    },
  };
}

/**
 * Starts the session of a step, finds it where an earlier attempt has started it, or sends the prompt to one that is to
 * be reused: one session or one message for one key.
 */
export async function startSession(context: StartContext, orgId: string, request: StartRequest): Promise<Started> {
  const start = await startOf(context, orgId, request);
  context.signal.throwIfAborted();
  const earlier = await findDone(start);
  if (earlier !== undefined) return earlier;
  const delivery = await reuseSession(start);
  if (delivery?.session !== undefined) {
    return { session: delivery.session, created: false, reused: true, own: false, sent: delivery.sent };
  }
  const follows = delivery?.follows;
  const started = await createLimited(start, follows);
  return follows === undefined || !started.created ? started : { ...started, follows };
}

/** The session that an earlier attempt has started. */
async function findDone({ context, orgId, key, mayBeDone, limit }: Start): Promise<Started | undefined> {
  if (key === undefined || !mayBeDone) return undefined;
  const { findEarlier } = await import('./lookup.ts');
  const session = await findEarlier(context, orgId, key);
  if (session === undefined) return undefined;
  if (limit !== undefined) {
    const { checkEnded } = await import('./limit.ts');
    await checkEnded(context, limit, session);
  }
  return made(session, false, key.scope === 'run');
}

/** Sends the prompt to a live session; undefined where none is to be looked for. */
async function reuseSession({ context, orgId, request, key, mayBeDone, reuse, urls }: Start) {
  if (reuse === undefined || request.fresh === true) return undefined;
  const { deliver } = await import('./reuse.ts');
  const search = { orgId, tag: reuse, maxAgeMs: context.inputs.max_session_age, mayBeSent: mayBeDone };
  const { prompt: text, create_as_user_id: user } = request.body;
  const asUserId = typeof user === 'string' ? user : undefined;
  return await deliver(context, search, { text, asUserId, urls, reference: key?.tag });
}

const sentenceOf = ({ url, why }: Follows) => `This task follows the Devin session ${url}, which ${why}.`;

/** The body of the request, with the addresses of its files, and the tags of this action. */
async function bodyOf(start: Start, follows: Follows | undefined): Promise<PreparedSession['body']> {
  const { body } = start.request;
  const urls = await start.urls();
  const added = [start.key?.tag, start.reuse, start.limit?.tag].filter((tag) => tag !== undefined);
  return {
    ...body,
    ...(follows === undefined ? {} : { prompt: `${sentenceOf(follows)}\n\n${body.prompt}` }),
    ...(added.length === 0 ? {} : { tags: [...(body.tags ?? []), ...added] }),
    ...(urls.length === 0 ? {} : { attachment_urls: [...urls] }),
  };
}

/** Creates a session if the limit allows one more. */
async function createLimited(start: Start, follows: Follows | undefined): Promise<Started> {
  const { context, limit } = start;
  if (limit === undefined) return await create(start, follows);
  const { checkLimit, settleLimit } = await import('./limit.ts');
  await checkLimit(context, limit);
  const started = await create(start, follows);
  // With a key that others use as well, the session may be theirs: then it is theirs to end.
  if (started.own) await settleLimit(context, limit, started.session);
  return started;
}

async function create(start: Start, follows: Follows | undefined): Promise<Started> {
  const { context, orgId, request, key } = start;
  const { signal, devin } = context;
  const body = await bodyOf(start, follows);
  signal.throwIfAborted();
  if (key?.scope === 'run') context.remains.pending(orgId, key.tag);
  let reports = context.inputs.completion_report && (body.structured_output_schema ?? undefined) === undefined;
  const call = () =>
    devin.call(createSession, {
      params: { org_id: orgId },
      body: reports ? withReport(body) : body,
      extraBody: request.extraBody,
      signal: later(context, CREATE_GRACE_MS),
    });
  const send = async () => {
    try {
      return await call();
    } catch (thrown) {
      if (!reports || !isReportRejected(asActionError(thrown))) throw thrown;
      // The request was certainly rejected, so sending it again creates no second session.
      context.log.progress('The API rejects the completion report, so the request is sent without it.');
      reports = false;
      return await call();
    }
  };
  const started = key === undefined ? made(await send(), true, true) : await createOnce(context, orgId, key, send);
  return { ...started, reports };
}

async function createOnce(
  context: StartContext,
  orgId: string,
  key: Key,
  send: () => Promise<Session>,
): Promise<Started> {
  const own = key.scope === 'run';
  let again = false;
  for (;;) {
    try {
      const session = await send();
      if (own && !again) return made(session, true, true);
      const { settle } = await import('./lookup.ts');
      const stays = await settle(context, orgId, key, session);
      return stays === session ? made(session, true, true) : made(stays, false, own);
    } catch (thrown) {
      const lost = asActionError(thrown);
      if (!lost.ambiguous || context.signal.aborted) throw lost;
      const { findLost } = await import('./lookup.ts');
      const session = await findLost(context, orgId, key, lost);
      if (session !== undefined) return made(session, false, own);
      if (again) throw lost;
      context.log.progress('It started none, so it is sent again.');
      again = true;
    }
  }
}
