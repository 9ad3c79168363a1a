import type { Clock } from './contract/clock.ts';
import { ActionError, asActionError } from './contract/errors.ts';
import { COMMON_INPUTS, type CommonInput, type InputName, type InputValues, isInputName } from './contract/inputs.ts';
import { nearestOf } from './contract/kinds.ts';
import { inputError, type ParsedInputs, type Problem, parseInputs, parseOperation } from './contract/parse.ts';
import type { JournalEntry, Result } from './contract/result.ts';
import { Devin } from './devin/client.ts';
import { type Credential, readCredential, sandboxCredential } from './devin/credential.ts';
import { openTransport, type Transport } from './devin/transport.ts';
import { runFacts } from './github/facts.ts';
import { docsUrl, errorLink, failureReport } from './operations/failure.ts';
import type { Context, Operation, Report } from './operations/operation.ts';
import { organizationOf } from './operations/organization.ts';
import { loadOperation, OPERATION_NAMES, type OperationName } from './operations/registry.ts';
import { type Env, inputReader, unknownInputs } from './runner/inputs.ts';
import { Log, type Write } from './runner/log.ts';
import { publish } from './runner/publish.ts';
import { Redactor } from './runner/redact.ts';
import { Workspace } from './runner/workspace.ts';
import { VERSION } from './version.ts';

/** Requests that the result lists; the counts are always of all. */
const MAX_JOURNAL = 200;

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
}

/** What is known of the step so far; what failed early leaves the rest as it is. */
interface Step {
  operation: string;
  dryRun: boolean;
  resultFile: string | undefined;
  readonly startedAt: number;
  readonly world: World;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly workspace: Workspace;
  readonly closers: (() => Promise<void>)[];
  journal: readonly JournalEntry[];
}

/** A step whose inputs are right. */
interface Checked {
  readonly operation: Operation;
  readonly inputs: InputValues;
  readonly credential: Credential;
  readonly prepared: unknown;
}

const COMMON = Object.keys(COMMON_INPUTS) as readonly CommonInput[];

/** Runs the step that the environment describes, writes what it leaves behind, and says whether it is green. */
export async function run(world: World): Promise<boolean> {
  const { env, clock, cwd } = world;
  const redactor = new Redactor();
  const step: Step = {
    operation: 'unknown',
    dryRun: false,
    resultFile: undefined,
    startedAt: clock.now(),
    world,
    log: new Log(world.write, redactor, clock),
    redactor,
    workspace: new Workspace(env['GITHUB_WORKSPACE'] || cwd),
    closers: [],
    journal: [],
  };
  let report: Report;
  try {
    report = await perform(step, await check(step));
  } catch (thrown) {
    report = failureReport(asActionError(thrown), docsUrl(env));
  }
  const [published] = await Promise.all([finish(step, report), ...step.closers.map((close) => close())]);
  return published;
}

/** Reads and checks everything that can be checked without a request, and reports all that is wrong together. */
async function check(step: Step): Promise<Checked> {
  const { env } = step.world;
  const readInput = inputReader(env);
  const name = parseOperation<OperationName>(readInput('operation'), OPERATION_NAMES);
  if (typeof name !== 'string') throw inputError([name]);
  step.operation = name;
  const operation = await loadOperation(name);
  const parsed = parseInputs([...COMMON, ...operation.inputs], readInput, env);
  const { values, problems } = parsed;
  step.dryRun = values.dry_run ?? false;
  maskSecrets(step.log, parsed);
  warnUnused(step.log, operation, parsed.unused, unknownInputs(env, isInputName));
  for (const needed of operation.required) {
    if (readInput(needed) === undefined) problems.push({ input: needed, message: `is missing; ${name} needs it` });
  }
  await checkResultFile(step, values.result_file, problems);
  const prepared = await operation.prepare(values, {
    workspace: step.workspace,
    clock: step.world.clock,
    problem: (input, message) => problems.push({ input, message }),
  });
  const credential = checkCredential(operation, values, problems);
  // No problem means that every input was parsed.
  return { operation, inputs: values as InputValues, credential, prepared };
}

function maskSecrets(log: Log, { values }: ParsedInputs<InputName>): void {
  if (values.devin_token !== undefined) log.mask(values.devin_token.trim());
  for (const secret of values.session_secrets?.values() ?? []) log.mask(secret);
}

function warnUnused(
  log: Log,
  { name, inputs }: Operation,
  unused: readonly InputName[],
  unknown: readonly string[],
): void {
  for (const input of unused) {
    log.annotate('warning', `The input ${input} has no effect`, `${name} does not use it.`);
  }
  for (const input of unknown) {
    const meant = nearestOf(input, [...COMMON, ...inputs]);
    if (meant !== undefined) {
      log.annotate('warning', `The input ${input} does not exist`, `It has no effect. Did you mean ${meant}?`);
    }
  }
}

async function checkResultFile(step: Step, path: string | undefined, problems: Problem[]): Promise<void> {
  if (path === undefined) return;
  const reason = await step.workspace.whyNotWritable(path);
  if (reason === undefined) step.resultFile = path;
  else problems.push({ input: 'result_file', message: `names ${JSON.stringify(path)}, which ${reason}` });
}

/** Reads the credential. Throws what is wrong with it and with all inputs. */
function checkCredential(operation: Operation, values: Partial<InputValues>, problems: readonly Problem[]): Credential {
  const inSandbox = values.api_url === 'sandbox';
  const given = values.devin_token ?? (inSandbox ? sandboxCredential(operation.scope) : undefined);
  const credential = readCredential(given, values.api_version ?? 'auto');
  if ('code' in credential) {
    if (problems.length > 0) throw inputError([...problems, credential]);
    throw new ActionError(credential.code, `The input ${credential.input} ${credential.message}.`);
  }
  const wrongVersion = credential.version === 'v2' && !operation.versions.includes('v2');
  const message = `is for the legacy API v2, which has no ${operation.name}; pass a service user key (cog_…)`;
  const all = wrongVersion ? [...problems, { input: 'devin_token', message }] : problems;
  if (all.length > 0) throw inputError(all);
  return credential;
}

/** Aborts when the workflow is cancelled or the time of the step is over. */
function stopSignal({ world }: Step, timeoutMs: number): AbortSignal {
  const stop = new AbortController();
  const over = new ActionError('timeout', `The step took longer than its timeout of ${timeoutMs / 1_000} s.`);
  if (world.cancelled.aborted) stop.abort(world.cancelled.reason);
  world.cancelled.addEventListener('abort', () => stop.abort(world.cancelled.reason), { once: true });
  world.clock.deadline(timeoutMs).addEventListener('abort', () => stop.abort(over), { once: true });
  return stop.signal;
}

async function connect(step: Step, { inputs, credential }: Checked, signal: AbortSignal): Promise<[Devin, Transport]> {
  const { world, log } = step;
  let base = inputs.api_url;
  if (base === 'sandbox') {
    const { startSandbox } = await import('./sandbox/index.ts');
    const sandbox = await startSandbox({ clock: world.clock });
    step.closers.push(() => sandbox.close());
    base = sandbox.url;
  }
  const url = new URL(base);
  const transport = await openTransport({
    origin: url.origin,
    token: credential.token,
    userAgent: `devin-action/${VERSION}`,
    dryRun: inputs.dry_run,
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
  });
  step.journal = transport.journal;
  step.closers.push(() => transport.close());
  return [new Devin(transport, url.pathname.replace(/\/$/, ''), credential.version), transport];
}

async function perform(step: Step, checked: Checked): Promise<Report> {
  const { operation, inputs, prepared } = checked;
  const { world, log, startedAt } = step;
  const signal = stopSignal(step, inputs.timeout);
  const [devin, transport] = await connect(step, checked, signal);
  const context: Context = {
    inputs,
    devin,
    log,
    clock: world.clock,
    signal,
    facts: runFacts(world.env),
    workspace: step.workspace,
    temp: new Workspace(world.env['RUNNER_TEMP'] || step.workspace.root),
    version: checked.credential.version,
    startedAt,
    journal: transport.journal,
    redact: (text) => step.redactor.redact(text),
    operations: () => Promise.all(OPERATION_NAMES.map(loadOperation)),
    organization: organizationOf(devin, inputs.org_id),
  };
  // `check` found the inputs present that this operation requires; its own types name no others.
  return await operation.run(context as Context<InputName, InputName>, prepared);
}

/** Writes result, outputs and summary, and only then the error. True for a green step. */
async function finish(step: Step, report: Report): Promise<boolean> {
  const { log, redactor, workspace, world } = step;
  const publication = {
    result: resultOf(step, report),
    outputs: report.outputs,
    summary: report.summary,
    resultFile: step.resultFile,
  };
  await publish(publication, { env: world.env, log, redactor, workspace });
  if (report.skippedReason !== undefined) log.info(`Skipped: ${report.skippedReason}`);
  if (report.error !== undefined) {
    const { title, message, list, fix, code, cause } = report.error;
    const link = errorLink(code, docsUrl(world.env));
    log.annotate('error', title, [message, ...list.map((entry) => `- ${entry}`), `${fix} More: ${link}`].join('\n'));
    if (code === 'internal' && cause instanceof Error) log.group('Details for a report', [cause.stack ?? '']);
  }
  return report.outcome !== 'failure';
}

function resultOf({ operation, startedAt, dryRun, world, journal }: Step, report: Report): Result {
  const { error } = report;
  return {
    schema_version: 1,
    operation,
    outcome: report.outcome,
    ...(error === undefined
      ? {}
      : { error: { code: error.code, message: error.message, fix: error.fix, list: [...error.list] } }),
    ...(report.skippedReason === undefined ? {} : { skipped_reason: report.skippedReason }),
    started_at: new Date(startedAt).toISOString(),
    duration_ms: Math.round(world.clock.now() - startedAt),
    dry_run: dryRun,
    requests: {
      count: journal.length,
      retries: journal.filter((entry) => entry.try > 1).length,
      journal: journal.slice(0, MAX_JOURNAL),
    },
    ...(Object.keys(report.data).length === 0 ? {} : { data: { ...report.data } }),
  };
}
