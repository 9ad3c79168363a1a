import { isSandbox, sandboxHabits } from '../contract/api-url.ts';
import { later } from '../contract/clock.ts';
import { ActionError, asActionError } from '../contract/errors.ts';
import type { InputName } from '../contract/inputs.ts';
import type { Credential } from '../devin/credential.ts';
import { openExisting, type PublishEarly } from '../operations/existing-sessions.ts';
import { headCheck } from '../operations/head-check.ts';
import type { Context, Report } from '../operations/operation.ts';
import { openRemains, prover } from '../operations/remains.ts';
import { publishEarly } from '../runner/publish.ts';
import { stateWriter } from '../runner/state.ts';
import { type Checked, timeLimit } from './check.ts';
import { threadComment } from './comment.ts';
import { connect } from './connect.ts';
import { type Connected, contextOf } from './context.ts';
import { docsUrl, failureReport } from './failure.ts';
import { githubOf, LAST_WORDS_MS } from './github.ts';
import type { Step } from './step.ts';

/** The address of the API, and the organization of the embedded sandbox where that is meant. */
async function placeOfApi(step: Step, apiUrl: string): Promise<{ readonly apiUrl: string; readonly orgId?: string }> {
  if (!isSandbox(apiUrl)) return { apiUrl };
  const { startSandbox } = await import('../sandbox/index.ts');
  const sandbox = await startSandbox({ clock: step.world.clock, habits: sandboxHabits(apiUrl) });
  step.closers.push(() => sandbox.close());
  return { apiUrl: sandbox.url, orgId: sandbox.orgId };
}

/** Connects a step to Devin, which takes no longer than its timeout. */
async function connected(step: Step, { operation, inputs }: Checked, credential: Credential): Promise<Connected> {
  const { world, log, startedAt } = step;
  const signal = timeLimit({ ...world, startedAt }, inputs.timeout);
  const { apiUrl, orgId } = await placeOfApi(step, inputs.api_url);
  const { devin, transport } = connect(
    { env: world.env, clock: world.clock, log },
    {
      apiUrl,
      credential,
      dryRun: inputs.dry_run || operation.readOnly?.(inputs) === true,
      maxRetries: inputs.max_retries,
      requestTimeoutMs: inputs.request_timeout,
      deadlineAt: startedAt + inputs.timeout,
      concurrency: inputs.concurrency,
      signal,
    },
  );
  step.journal = transport.journal;
  step.closers.push(() => transport.close());
  return { devin, signal, orgId };
}

/** Keeps the comment and the check of a step, which are told how the step ended, and so after everything else has stopped. */
function keepComment(step: Step, { operation, inputs }: Checked, signal: AbortSignal): void {
  const { world, log, facts, event } = step;
  const lastWords = AbortSignal.any([later({ clock: world.clock, signal }, LAST_WORDS_MS), step.silence.signal]);
  // A plan changes nothing, so its comment is written even in a dry run: it is the result that reviewers read.
  const plans = operation.readOnly?.(inputs);
  const asked = { ...inputs, dry_run: inputs.dry_run && plans !== true };
  const github = githubOf(asked, { env: world.env, clock: world.clock, log, signal: lastWords });
  const redact = (text: string) => step.redactor.redact(text);
  const said = {
    facts,
    operation: operation.name,
    changes: plans === false,
    log,
    redact,
    event,
    github,
  };
  step.comment = threadComment(inputs, said);
  step.check = headCheck(inputs, said);
}

/** Carries out the operation of a step. What fails is its report, with the sessions that exist by then. */
export async function perform(step: Step, checked: Checked): Promise<Report> {
  const { operation, inputs, credential, prepared } = checked;
  const { world, log, redactor } = step;
  if (credential === undefined) {
    if (prepared.withoutCredential !== undefined) return prepared.withoutCredential(log);
    throw new ActionError('credential_missing', 'The step has no credential.');
  }
  const connection = await connected(step, checked, credential);
  keepComment(step, checked, connection.signal);
  const endings = { onCancel: inputs.on_cancel, onTimeout: inputs.on_timeout };
  const remains = openRemains(stateWriter(world.env), prover(credential.token, step.facts), endings);
  // A cancelled step may not have got a response in its last seconds; what it could not settle is left to the post step.
  step.closers.push(async () => void (world.cancelled.aborted || remains.allSettled()));
  const sinks = { env: world.env, log, redactor };
  const early: PublishEarly = (data, summary) => publishEarly(data, summary, sinks);
  const existing = openExisting(early);
  const context = contextOf(step, checked, credential, connection, { remains, exists: existing.add, publish: early });
  try {
    // `check` found the inputs present that this operation requires; its own types name no others.
    return await operation.run(context as Context<InputName, InputName>, prepared.ready);
  } catch (thrown) {
    return failureReport(asActionError(thrown), docsUrl(world.env), existing.data());
  }
}
