import type { InputName } from '../../contract/inputs.ts';
import type { Context } from '../operation.ts';
import { stepTag, usesKey } from './tags.ts';
import type { Upload } from './uploads.ts';

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
  readonly uploads: readonly Upload[];
  /** Stands for the prompt, where that holds what differs from one attempt to the next. */
  readonly promptKey?: string | undefined;
}

type KeyContext = Pick<Context<(typeof KEY_INPUTS)[number]>, 'inputs' | 'facts' | 'clock' | 'startedAt'>;

/**
 * The request as far as it may go into a hash that others can read: the values of secrets stay out, since a short one
 * could be guessed from it. More than the prompt counts, since the jobs of a matrix often send one prompt for many
 * repositories. Texts that were fetched do not count, since the next attempt may fetch other ones.
 */
function requestOf({ body, extraBody, uploads, promptKey }: KeyedRequest): unknown {
  const { session_secrets: secrets, ...rest } = body;
  const said = promptKey === undefined ? rest : { ...rest, prompt: promptKey };
  const files = uploads.flatMap((upload) => ('path' in upload ? [[upload.path, upload.bytes]] : []));
  return [said, (secrets ?? []).map(({ key }) => key), extraBody, files];
}

/** The key of a step for one organization; undefined where `idempotency` is `none`. */
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
  return { tag: await stepTag(parts), scope };
}
