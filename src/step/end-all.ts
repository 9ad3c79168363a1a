import { isSandbox } from '../contract/api-url.ts';
import { later, stopping } from '../contract/clock.ts';
import { ActionError } from '../contract/errors.ts';
import type { InputName, InputValues } from '../contract/inputs.ts';
import { inputError, operationName, parseInputs } from '../contract/parse.ts';
import { pool } from '../contract/pool.ts';
import { type Credential, readCredential } from '../devin/credential.ts';
import { runFacts } from '../github/event/facts.ts';
import { prover, type Remaining } from '../operations/remains.ts';
import { type Cleared, clearUp } from '../operations/sessions/once/leftovers.ts';
import { sections } from '../report/markdown.ts';
import { title } from '../report/marks.ts';
import { inputReader } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';
import { publishEarly } from '../runner/publish.ts';
import type { Redactor } from '../runner/redact.ts';
import { threadComment } from './comment.ts';
import { connect } from './connect.ts';
import { eventReader } from './event.ts';
import { githubOf, LAST_WORDS_MS } from './github.ts';
import { provenOf } from './left-behind.ts';
import { maskSecrets } from './masks.ts';
import type { World } from './step.ts';

/** The end of a job should not take long. */
const BUDGET_MS = 30_000;
const TRY_MS = 5_000;
const RETRIES = 2;

const INPUTS = [
  'operation',
  'github_token',
  'comment',
  'comment_key',
  'issue_number',
  'create_as_user_id',
  'devin_token',
  'api_url',
  'api_version',
  'dry_run',
  'request_timeout',
  'concurrency',
  'session_secrets',
] as const satisfies readonly InputName[];

/** What the post step runs in. */
export interface PostWorld extends Pick<World, 'env' | 'clock' | 'cancelled'> {
  readonly log: Log;
  readonly redactor: Redactor;
}

type Values = Partial<InputValues<(typeof INPUTS)[number]>>;

/** Inputs without which nothing can be ended. */
interface Needed extends Values {
  readonly api_url: string;
  readonly request_timeout: number;
  readonly concurrency: number;
}

/** Reads the inputs of the main step again. Throws what is wrong with those that are needed. */
function readInputs({ env, log }: PostWorld): { readonly inputs: Needed; readonly credential: Credential } {
  const readInput = inputReader(env);
  const { values, problems } = parseInputs(INPUTS, readInput, env);
  maskSecrets({ env, log }, values, readInput('session_secrets'));
  const { devin_token: given, api_url, request_timeout, concurrency } = values;
  const read = readCredential(given, values.api_version ?? 'auto');
  if (!read.ok) throw inputError([...problems, read.problem]);
  const { credential } = read;
  if (api_url === undefined || request_timeout === undefined || concurrency === undefined) throw inputError(problems);
  return {
    inputs: { ...values, api_url, request_timeout: Math.min(request_timeout, TRY_MS), concurrency },
    credential,
  };
}

const bullets = (lines: readonly Cleared[]) => lines.map(({ line }) => `- ${line}`).join('\n');

const headlineOf = (notes: readonly Remaining[]) =>
  notes.every(({ keep }) => keep !== undefined)
    ? 'Checking whether a request that was sent again has started a second session.'
    : 'The step ended before it could end the sessions that it started.';

/** Reports the ends of the sessions: in the summary, and in the comment unless the step has said so itself. */
async function tell(
  { env, clock, log, redactor }: PostWorld,
  inputs: Needed,
  lines: readonly Cleared[],
  signal: AbortSignal,
): Promise<void> {
  if (lines.length > 0) await publishEarly({}, `${bullets(lines)}\n`, { env, log, redactor });
  const stopped = lines.filter(({ isTwin }) => !isTwin);
  if (stopped.length === 0) return;
  const { github_token, dry_run = false, request_timeout, comment = false, comment_key, operation = '' } = inputs;
  const facts = runFacts(env);
  const github = githubOf(
    { github_token, dry_run, request_timeout, max_retries: RETRIES },
    { env, clock, log, signal: later({ signal, clock }, LAST_WORDS_MS) },
  );
  const kept = threadComment(
    { comment, comment_key, issue_number: inputs.issue_number },
    {
      facts,
      operation: operationName(operation),
      changes: false,
      log,
      redact: (text) => redactor.redact(text),
      event: eventReader(env, facts),
      github,
    },
  );
  await kept.update(sections(title('failed', 'Devin was stopped with the workflow'), bullets(stopped)));
}

/** Ends the sessions that the main step left behind, as far as a step of this job has proven to have written so. */
export async function endAll(left: readonly Remaining[], world: PostWorld): Promise<void> {
  const { env, clock, cancelled, log } = world;
  const { inputs, credential } = readInputs(world);
  // The embedded sandbox has ended with the main step, and its sessions with it.
  if (isSandbox(inputs.api_url)) return;
  const own = await provenOf(left, prover(credential.token, runFacts(env)), log);
  if (own.length === 0) return;
  const over = new ActionError('timeout', `This took longer than ${BUDGET_MS / 1_000} s.`);
  const signal = stopping({ clock, cancelled }, BUDGET_MS, over);
  const { devin, transport } = connect(world, {
    apiUrl: inputs.api_url,
    credential,
    dryRun: inputs.dry_run ?? false,
    maxRetries: RETRIES,
    requestTimeoutMs: inputs.request_timeout,
    deadlineAt: clock.now() + BUDGET_MS,
    concurrency: inputs.concurrency,
    signal,
  });
  const turn = pool(inputs.concurrency);
  log.info(headlineOf(own));
  try {
    const context = { devin, log, clock, signal };
    const done = await Promise.all(own.map((one) => turn(() => clearUp(context, one, inputs.create_as_user_id))));
    await tell(world, inputs, done.flat(), signal);
  } finally {
    await transport.close();
  }
}
