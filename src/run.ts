import { isSandbox, sandboxHabits } from './contract/api-url.ts';
import { type Clock, later, unless } from './contract/clock.ts';
import { ActionError, asActionError } from './contract/errors.ts';
import { INPUTS, type InputName } from './contract/inputs.ts';
import type { JournalEntry } from './contract/result.ts';
import { VERSION } from './contract/version.ts';
import { Devin } from './devin/client.ts';
import type { Credential } from './devin/credential.ts';
import { openTransport, type Transport } from './devin/transport.ts';
import { type RunFacts, runFacts } from './github/event/facts.ts';
import { type EventRead, eventReader } from './operations/event.ts';
import { openExisting } from './operations/existing-sessions.ts';
import { docsUrl, errorLink, failureReport } from './operations/failure.ts';
import { type HeadCheck, headCheck, NO_CHECK } from './operations/head-check.ts';
import type { Context, Report } from './operations/operation.ts';
import { organizationOf, singleOf } from './operations/organization.ts';
import { openRemains, prover } from './operations/remains.ts';
import { NO_COMMENT, type ThreadComment, threadComment } from './operations/thread-comment.ts';
import { type Env, writtenInputs } from './runner/inputs.ts';
import { Log, type Write } from './runner/log.ts';
import { publish, publishEarly } from './runner/publish.ts';
import { Redactor } from './runner/redact.ts';
import { stateWriter } from './runner/state.ts';
import { Workspace } from './runner/workspace.ts';
import { type Checked, checkStep, type Known, timeLimit } from './step/check.ts';
import { githubOf, LAST_WORDS_MS } from './step/github.ts';
import { loadOperation, OPERATION_NAMES } from './step/registry.ts';
import { resultOf } from './step/result.ts';

/** The world of a run. */
export interface World {
  readonly env: Env;
  /** Standard output. */
  readonly write: Write;
  readonly clock: Clock;
  /** Aborts when the runner asks to stop; the reason is an `ActionError`. */
  readonly cancelled: AbortSignal;
  /** Folder of the workflow where the runner names none. */
  readonly cwd: string;
  /** Passes on what the process or a package would have printed by itself. */
  readonly onOverheard?: (listen: (text: string) => void) => void;
}

/** The result of a step is published by then; a GitHub that hangs must not hold the job for its last comment. */
const LAST_COMMENT_MS = 30_000;

/** A running step. */
interface Step {
  readonly known: Known;
  readonly startedAt: number;
  readonly world: World;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly workspace: Workspace;
  readonly facts: RunFacts;
  readonly event: () => Promise<EventRead>;
  readonly closers: (() => Promise<void>)[];
  /** Ends what the step still says to GitHub. */
  readonly silence: AbortController;
  journal: readonly JournalEntry[];
  comment: ThreadComment;
  check: HeadCheck;
}

/** Runs the step that the environment describes, writes what it leaves behind, and says whether it is green. */
export async function run(world: World): Promise<boolean> {
  const { env, clock, cwd, cancelled } = world;
  const redactor = new Redactor();
  const facts = runFacts(env);
  const step: Step = {
    known: { operation: 'unknown', dryRun: false, resultFile: undefined, outputs: [] },
    startedAt: clock.now(),
    world,
    log: new Log(world.write, redactor, clock),
    redactor,
    workspace: new Workspace(env['GITHUB_WORKSPACE'] || cwd, env['RUNNER_TEMP']),
    facts,
    event: eventReader(env, facts),
    closers: [],
    silence: new AbortController(),
    journal: [],
    comment: NO_COMMENT,
    check: NO_CHECK,
  };
  world.onOverheard?.((text) => step.log.debug(text));
  let report: Report;
  try {
    const checks = checkStep({ ...step, env, clock, cancelled });
    report = await perform(step, await unless(cancelled, checks));
  } catch (thrown) {
    report = failureReport(asActionError(thrown), docsUrl(env));
  }
  const [published] = await Promise.all([finish(step, report), ...step.closers.map((close) => close())]);
  return published;
}

async function connect(
  step: Step,
  { operation, inputs }: Checked,
  credential: Credential,
  signal: AbortSignal,
): Promise<[Devin, Transport, string | undefined]> {
  const { world, log } = step;
  let base = inputs.api_url;
  let firstOrg: string | undefined;
  if (isSandbox(base)) {
    const { startSandbox } = await import('./sandbox/index.ts');
    const sandbox = await startSandbox({ clock: world.clock, habits: sandboxHabits(base) });
    step.closers.push(() => sandbox.close());
    base = sandbox.url;
    firstOrg = sandbox.orgId;
  }
  const url = new URL(base);
  const facts = { apiUrl: base, warn: (title: string, message: string) => log.annotate('warning', title, message) };
  const transport = openTransport({
    origin: url.origin,
    token: credential.token,
    userAgent: `devin-action/${VERSION}`,
    dryRun: inputs.dry_run || operation.readOnly?.(inputs) === true,
    maxRetries: inputs.max_retries,
    requestTimeoutMs: inputs.request_timeout,
    deadlineAt: step.startedAt + inputs.timeout,
    concurrency: inputs.concurrency,
    clock: world.clock,
    signal,
    env: world.env,
    onRetry: ({ method, path, attempt, maxRetries, delayMs, reason }) =>
      log.progress(
        `${reason}: ${method} ${path}, retry ${attempt} of ${maxRetries} in ${(delayMs / 1_000).toFixed(1)} s`,
      ),
    onAttempt:
      world.env['RUNNER_DEBUG'] === '1'
        ? (entry) =>
            log.debug(
              `${entry.method} ${entry.path}: ${entry.status || 'no response'}, ${entry.ms} ms, attempt ${entry.try}`,
            )
        : undefined,
  });
  step.journal = transport.journal;
  step.closers.push(() => transport.close());
  return [new Devin(transport, url.pathname.replace(/\/$/, ''), credential.version, facts), transport, firstOrg];
}

async function perform(step: Step, checked: Checked): Promise<Report> {
  const { operation, inputs, credential, prepared } = checked;
  const { world, log, startedAt } = step;
  if (credential === undefined) {
    if (operation.offline === undefined) throw new ActionError('credential_missing', 'The step has no credential.');
    return operation.offline(log, prepared);
  }
  const signal = timeLimit({ ...world, startedAt }, inputs.timeout);
  const [devin, transport, firstOrg] = await connect(step, checked, credential, signal);
  const asked = { env: world.env, clock: world.clock, log, signal };
  const github = githubOf(inputs, asked);
  const redact = (text: string) => step.redactor.redact(text);
  // The comment is told how the step ended, and so speaks to GitHub after everything else has stopped.
  const lastWords = AbortSignal.any([later(asked, LAST_WORDS_MS), step.silence.signal]);
  const last = githubOf(inputs, { ...asked, signal: lastWords });
  const said = { facts: step.facts, operation: operation.name, log, redact, event: step.event, github: last };
  step.comment = threadComment(inputs, said);
  step.check = headCheck(inputs, said);
  const endings = { onCancel: inputs.on_cancel, onTimeout: inputs.on_timeout };
  const remains = openRemains(stateWriter(world.env), prover(credential.token, step.facts), endings);
  // A cancelled step may not have got an answer in its last seconds; what it could not settle is left to the post step.
  step.closers.push(async () => void (world.cancelled.aborted || remains.allSettled()));
  const existing = openExisting((data, text) =>
    publishEarly(data, text, { env: world.env, log, redactor: step.redactor }),
  );
  const context: Context = {
    inputs,
    devin,
    log,
    clock: world.clock,
    signal,
    facts: step.facts,
    written: writtenInputs(world.env, Object.keys(INPUTS)),
    event: step.event,
    github,
    comment: step.comment,
    check: step.check,
    workspace: step.workspace,
    temp: new Workspace(world.env['RUNNER_TEMP'] || step.workspace.root),
    version: credential.version,
    startedAt,
    journal: transport.journal,
    remains,
    exists: existing.add,
    redact,
    redactValue: (value) => step.redactor.redactDeep(value),
    operations: () => Promise.all(OPERATION_NAMES.map(loadOperation)),
    organization: organizationOf(devin, singleOf(inputs.org_id) ?? firstOrg),
  };
  // `check` found the inputs present that this operation requires; its own types name no others.
  try {
    return await operation.run(context as Context<InputName, InputName>, prepared);
  } catch (thrown) {
    return failureReport(asActionError(thrown), docsUrl(world.env), existing.data());
  }
}

/** Writes result, outputs and summary, and only then the error. True for a green step. */
async function finish(step: Step, report: Report): Promise<boolean> {
  const { known, log, redactor, workspace, world, startedAt, journal } = step;
  const publication = {
    result: resultOf(known, report, { startedAt, endedAt: world.clock.now(), journal }),
    outputs: known.outputs,
    summary: report.summary,
    resultFile: known.resultFile,
  };
  const isPublished = await publish(publication, { env: world.env, log, redactor, workspace });
  if (report.skippedReason !== undefined) log.info(`Skipped: ${report.skippedReason}`);
  if (report.error !== undefined) {
    const { title, message, list, fix, code, cause } = report.error;
    const link = errorLink(code, docsUrl(world.env));
    log.annotate('error', title, [message, ...list.map((entry) => `- ${entry}`), `${fix} More: ${link}`].join('\n'));
    if (code === 'internal' && cause instanceof Error) log.group('Details for a report', [cause.stack ?? '']);
  }
  const late = new ActionError('timeout', `GitHub did not respond within ${LAST_COMMENT_MS / 1_000} s.`);
  world.clock.deadline(LAST_COMMENT_MS).addEventListener('abort', () => step.silence.abort(late));
  // A gate that lets nobody in says so in the log and the summary, not to the thread.
  const comment = report.outcome === 'skipped' ? undefined : step.comment.update(report.summary);
  await Promise.all([comment, step.check.conclude(report)]);
  return isPublished && report.outcome !== 'failure' && report.error === undefined;
}
