import { COMMON_INPUTS, INPUTS, type Input, type InputName, isInputName } from '../../../contract/inputs.ts';
import type { Context } from '../../operation.ts';
import { stepTag, usesKey } from '../request/tags.ts';

/** Inputs that make the key. */
const KEY_INPUTS = ['idempotency'] as const satisfies readonly InputName[];

/** By what the session of a step is known again: a tag on it. */
export interface Key {
  readonly tag: string;
  /** `run`: only this step of this workflow run has the key. `text`: everyone who uses the same text has it too. */
  readonly scope: 'run' | 'text';
}

/** A request, as far as its secrets are concerned. */
interface KeyedRequest {
  readonly body: { readonly session_secrets?: readonly { readonly key: string }[] | null | undefined };
}

type KeyContext = Pick<Context<(typeof KEY_INPUTS)[number]>, 'inputs' | 'facts' | 'written' | 'clock' | 'startedAt'>;

/** Inputs that say how the step waits, and how it treats what exists; none of them is part of what is requested. */
const UNKEYED: ReadonlySet<string> = new Set<InputName>([
  ...(['wait', 'poll_interval', 'follow', 'on_waiting', 'on_timeout', 'on_cancel', 'download_attachments'] as const),
  ...(['idempotency', 'max_session_age', 'max_sessions_per_hour'] as const),
  // A hash that others can read must not tell a short secret: only the names of secrets count.
  'session_secrets',
]);

/** Of the inputs of every operation, the only one that says what is requested. */
const COMMON_KEYED: ReadonlySet<string> = new Set(['issue_number']);

const isKeyed = (name: string) => !UNKEYED.has(name) && (!Object.hasOwn(COMMON_INPUTS, name) || COMMON_KEYED.has(name));

/** What action.yml sets for an input that the workflow leaves out. Another release may have another default. */
function defaultOf(name: string): string | undefined {
  const input: Input | undefined = isInputName(name) ? INPUTS[name] : undefined;
  return input?.default ?? input?.filledIn;
}

/**
 * The request as it was written, never as it was fetched: the text of an issue or the size of a file may differ in the
 * next attempt, which is to find what this one started.
 */
function requestOf({ written }: Pick<KeyContext, 'written'>, { body }: KeyedRequest): unknown {
  const given = Object.entries(written).filter(([name, text]) => isKeyed(name) && text !== defaultOf(name));
  return [given.sort(([a], [b]) => (a < b ? -1 : 1)), (body.session_secrets ?? []).map(({ key }) => key).sort()];
}

/** Whether this step is told apart from the other jobs of a matrix, and from other callers of the same workflow. */
const isDistinct = ({ facts, written }: Pick<KeyContext, 'facts' | 'written'>): boolean =>
  facts.orchestration !== undefined || written['job_index'] !== undefined;

/** The key of a step for one organization; undefined if `idempotency` is `none`. */
export async function keyOf(context: KeyContext, orgId: string, request: KeyedRequest): Promise<Key | undefined> {
  const { inputs, facts, written, clock, startedAt } = context;
  const { idempotency } = inputs;
  if (!usesKey(idempotency)) return undefined;
  if (idempotency.toLowerCase() !== 'run') return { tag: await stepTag(['text', orgId, idempotency]), scope: 'text' };
  const { repository, workflow, workflowRef = workflow, runId, job, step, orchestration } = facts;
  const place = orchestration ?? written['job_index'];
  // Outside of a workflow there is no run to come back to, so the key is good for this process only.
  const run = runId === undefined ? [startedAt, clock.random()] : [repository, runId, workflowRef, job, step, place];
  return { tag: await stepTag(['run', orgId, run, requestOf(context, request)]), scope: 'run' };
}

/**
 * Whether a session with the key of a run can only have been started by this job, so that it may be ended with it: one
 * that another job waits for never is.
 */
export const isOwnKey = ({ scope }: Key, context: Pick<KeyContext, 'facts' | 'written'>): boolean =>
  scope === 'run' &&
  (context.facts.runId === undefined || (context.facts.attempt !== undefined && isDistinct(context)));

/** Whether the session of a key may exist already: a key of others, a further attempt, or an attempt without a number. */
export const mayExist = ({ scope }: Key, { runId, attempt }: Context['facts']): boolean =>
  scope === 'text' || (runId !== undefined && (attempt ?? 2) > 1);
