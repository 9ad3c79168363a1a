import type { InputName } from '../../contract/inputs.ts';
import type { Context } from '../operation.ts';

/** What every tag of this action begins with. */
const TAG = 'devin-action:';
/** 96 bits: enough that two keys never meet, short enough for a tag. */
const TAG_DIGITS = 24;

/** Inputs that make the key. */
export const KEY_INPUTS = ['idempotency'] as const satisfies readonly InputName[];

/** By what the session of a step is known again: a tag on it. */
export interface Key {
  readonly tag: string;
  /** `run`: only this step of this workflow run has the key. `text`: whoever uses the same text has it too. */
  readonly scope: 'run' | 'text';
}

/** A request, as far as it makes the key. */
interface KeyedRequest {
  readonly body: Readonly<Record<string, unknown>> & {
    readonly session_secrets?: readonly { readonly key: string }[] | null | undefined;
  };
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly uploads: readonly { readonly path: string; readonly bytes: number }[];
}

type KeyContext = Pick<Context<(typeof KEY_INPUTS)[number]>, 'inputs' | 'facts' | 'clock' | 'startedAt'>;

/** Whether sessions get a tag. */
export const usesKey = (idempotency: string): boolean => idempotency.toLowerCase() !== 'none';

/**
 * The request as far as it may go into a hash that others can read: the values of secrets stay out, since a short one
 * could be guessed from it. More than the prompt counts, since the jobs of a matrix often send one prompt for many
 * repositories.
 */
function requestOf({ body, extraBody, uploads }: KeyedRequest): unknown {
  const { session_secrets: secrets, ...rest } = body;
  const files = uploads.map(({ path, bytes }) => [path, bytes]);
  return [rest, (secrets ?? []).map(({ key }) => key), extraBody, files];
}

/**
 * The key of a step for one organization; undefined where `idempotency` is `none`. The hash is Node's own: over https
 * it is loaded for TLS anyway, and over plain http it costs 5 ms, which the log pays right after when it says the hash
 * of the prompt.
 */
export async function keyOf(
  { inputs, facts, clock, startedAt }: KeyContext,
  orgId: string,
  prepared: KeyedRequest,
): Promise<Key | undefined> {
  const { idempotency } = inputs;
  if (!usesKey(idempotency)) return undefined;
  const scope = idempotency.toLowerCase() === 'run' ? 'run' : 'text';
  const { repository, workflow, runId, job, step } = facts;
  // Outside of a workflow there is no run to come back to, so the key is good for this process only.
  const run = runId === undefined ? [startedAt, clock.random()] : [repository, workflow, runId, job, step];
  const parts = scope === 'run' ? [scope, orgId, run, requestOf(prepared)] : [scope, orgId, idempotency];
  const { createHash } = await import('node:crypto');
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { tag: `${TAG}${digest.slice(0, TAG_DIGITS)}`, scope };
}
