import { later } from '../../../contract/clock.ts';
import { asActionError } from '../../../contract/errors.ts';
import { createSession } from '../../../devin/endpoints/sessions.ts';
import type { Context } from '../../operation.ts';
import { isReportRejected, withReport } from '../outcome/report.ts';
import type { PreparedSession } from '../request/request.ts';
import { asTagError, reuseTag, threadTag, workflowTag } from '../request/tags.ts';
import type { Upload } from '../request/uploads.ts';
import { createOnce } from './create-once.ts';
import { keyOf, mayExist } from './idempotency.ts';
import { learnIdentity, ownSessions } from './identity.ts';
import type { Follows } from './reuse.ts';
import type { Start, StartContext, Started, StartRequest } from './started.ts';

/** A request that is in flight when the workflow is canceled gets this long to say which session it started. */
const CREATE_GRACE_MS = 1_200;

/** A run and its re-runs: GitHub keeps a run for 30 days to be run again. */
const RUN_WINDOW_MS = 31 * 86_400_000;

/** The addresses of what is to be uploaded, once it is. The code for it is loaded only if there is something. */
export async function uploaded(
  context: Pick<Context, 'devin' | 'workspace' | 'log' | 'signal'>,
  orgId: string,
  uploads: readonly Upload[],
): Promise<string[]> {
  if (uploads.length === 0) return [];
  const { uploadAll } = await import('../request/uploads.ts');
  return await uploadAll(context, orgId, uploads);
}

async function reuseTagOf({ inputs, facts }: StartContext, { thread }: StartRequest): Promise<string | undefined> {
  if (inputs.reuse === 'thread' && thread !== undefined) return await threadTag(facts, thread);
  if (inputs.reuse === 'key' && inputs.reuse_key !== undefined) return await reuseTag(inputs.reuse_key);
  return undefined;
}

async function startOf(context: StartContext, orgId: string, request: StartRequest): Promise<Start> {
  const { inputs, facts, devin } = context;
  const most = inputs.max_sessions_per_hour;
  const { create_as_user_id: user } = request.body;
  const asUserId = typeof user === 'string' ? user : undefined;
  let urls: Promise<readonly string[]> | undefined;
  return {
    context,
    orgId,
    request,
    key: await keyOf(context, orgId, request),
    search: async ({ tag, scope }) => {
      const isOwn = await ownSessions(context, scope === 'run' ? 'run' : 'shared', asUserId);
      const age = scope === 'run' ? RUN_WINDOW_MS : inputs.max_session_age;
      return { orgId, tag, since: (devin.now() - age) / 1_000, isOwn };
    },
    before: new Set(),
    asUserId,
    reuse: await reuseTagOf(context, request),
    limit: most === undefined ? undefined : { orgId, most, tag: await workflowTag(facts, orgId), asUserId },
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
 * Starts the session of a step, finds it if an earlier attempt has started it, or sends the prompt to one that is to be
 * reused: one session or one message for one key.
 */
export async function startSession(context: StartContext, orgId: string, request: StartRequest): Promise<Started> {
  const start = await startOf(context, orgId, request);
  context.signal.throwIfAborted();
  const existing = await takeExisting(start);
  if (existing !== undefined && 'session' in existing) return existing;
  const delivery = await reuseSession(start);
  if (delivery?.session !== undefined) {
    return { session: delivery.session, created: false, reused: true, own: false, sent: delivery.sent };
  }
  const follows = existing ?? delivery?.follows;
  const started = await createLimited(start, follows);
  return follows === undefined || !started.created ? started : { ...started, follows };
}

/** The session of the key, or the one that is over and that a new one follows; undefined if there is none. */
async function takeExisting(start: Start): Promise<Started | Follows | undefined> {
  const { key, context } = start;
  if (key === undefined || !mayExist(key, context.facts)) return undefined;
  const { takeSession } = await import('./existing-session.ts');
  return await takeSession(start, key);
}

/** Sends the prompt to a live session; undefined if `reuse` is not set. */
async function reuseSession({ context, orgId, request, key, reuse, urls, asUserId }: Start) {
  const by = request.pullRequest ?? reuse;
  if (by === undefined || request.fresh === true) return undefined;
  const { deliver } = await import('./reuse.ts');
  const mayBeSent = key !== undefined && mayExist(key, context.facts);
  const search = { orgId, by, maxAgeMs: context.inputs.max_session_age, mayBeSent };
  const { prompt: text } = request.body;
  return await deliver(context, search, { text, asUserId, urls, reference: key?.tag });
}

const sentenceOf = ({ url, why }: Follows) => `This task follows the Devin session ${url}, which ${why}.`;

/** The body of the request, with the addresses of its files, and the tags of this action. */
async function bodyOf(start: Start, follows: Follows | undefined): Promise<PreparedSession['body']> {
  const { body } = start.request;
  const urls = await start.urls();
  const own = [start.key?.tag, start.reuse, start.limit?.tag].filter((tag) => tag !== undefined);
  const added = [...own, ...(start.request.later ?? [])];
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
  const { context, orgId, request, key, asUserId } = start;
  const { signal, devin, inputs, log } = context;
  const body = await bodyOf(start, follows);
  signal.throwIfAborted();
  let reports = inputs.completion_report && (body.structured_output_schema ?? undefined) === undefined;
  const call = () =>
    devin.call(createSession, {
      params: { org_id: orgId },
      body: reports ? withReport(body) : body,
      extraBody: request.extraBody,
      signal: later(context, CREATE_GRACE_MS),
      // With a key, a rejected request is sent again only after a check.
      limited: key === undefined ? undefined : 'return',
    });
  const send = async () => {
    try {
      return await call();
    } catch (thrown) {
      const error = asActionError(thrown);
      if (!reports || !isReportRejected(error)) throw asTagError(error, inputs, key?.tag, reports);
      // The request was certainly rejected, so sending it again creates no second session.
      log.progress('The API rejects the completion report, so the request is sent without it.');
      reports = false;
      return await call().catch((again: unknown) => {
        throw asTagError(asActionError(again), inputs, key?.tag, false);
      });
    }
  };
  const learning = async () => {
    const session = await send();
    if (asUserId === undefined) learnIdentity(devin, session);
    return session;
  };
  if (key === undefined) return { session: await learning(), created: true, reused: false, own: true, reports };
  const started = await createOnce(start, key, learning);
  // Outside of a workflow there is no re-run that would look for the tag.
  const isSought = key.scope === 'text' || context.facts.runId !== undefined;
  return { ...started, reports, ...(isSought ? { tag: key.tag } : {}) };
}
