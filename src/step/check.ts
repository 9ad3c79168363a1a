import { isSandbox } from '../contract/api-url.ts';
import { type Clock, stopping, unless } from '../contract/clock.ts';
import { ActionError } from '../contract/errors.ts';
import { COMMON_INPUTS, type CommonInput, type InputName, type InputValues, isInputName } from '../contract/inputs.ts';
import { nearestOf } from '../contract/kinds.ts';
import { equivalentOf } from '../contract/other-names.ts';
import type { OperationOutput } from '../contract/outputs.ts';
import { type InputProblem, inputError, parseInputs, parseOperation, type ReadInput } from '../contract/parse.ts';
import type { Credential } from '../devin/credential.ts';
import { type RunFacts, serverUrl } from '../github/event/facts.ts';
import { proxyProblems } from '../http/proxy.ts';
import type { EventRead } from '../operations/event.ts';
import { referenceProblem } from '../operations/named-thread.ts';
import { isLocal, type Operation, type Preparation } from '../operations/operation.ts';
import { isSeveral } from '../operations/organization.ts';
import { duration } from '../report/units.ts';
import { type Env, inputReader, unknownInputs } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';
import { Redactor } from '../runner/redact.ts';
import type { Workspace } from '../runner/workspace.ts';
import { checkCredential, mayGoWithout } from './credential.ts';
import { maskSecrets } from './masks.ts';
import { loadOperation, OPERATION_NAMES, type OperationName } from './registry.ts';

/** What is known of a step so far; what fails early leaves the rest as it is. */
export interface Known {
  operation: string;
  dryRun: boolean;
  resultFile: string | undefined;
  /** The outputs of the operation. */
  outputs: readonly OperationOutput[];
}

/** A step that has not been looked at yet. */
export interface Unchecked {
  readonly env: Env;
  readonly log: Log;
  readonly clock: Clock;
  readonly workspace: Workspace;
  readonly facts: RunFacts;
  readonly event: () => Promise<EventRead>;
  readonly known: Known;
  /** Aborts when the runner asks to stop. */
  readonly cancelled: AbortSignal;
  /** When the step began, in milliseconds since 1970. */
  readonly startedAt: number;
}

type Runnable = Extract<Preparation<unknown>, { readonly ready: unknown }>;

/** A step whose inputs are right. */
export interface Checked {
  readonly operation: Operation;
  readonly inputs: InputValues;
  /** Undefined for a pull request that gets none, where the operation can do something without it. */
  readonly credential: Credential | undefined;
  /** What the operation made of its inputs. */
  readonly prepared: Runnable;
}

type Values = Partial<InputValues>;

const COMMON = Object.keys(COMMON_INPUTS) as readonly CommonInput[];

const NOTHING_SPENT = 'Nothing was sent to Devin; docs/security.md explains the gates.';

const MATRIX_ADVICE = 'list them with list-organizations and run one job for each, in a matrix';

/** A signal that aborts with the workflow, or when the step has taken its time in milliseconds; both for their reasons. */
export function timeLimit(
  { cancelled, clock, startedAt }: Pick<Unchecked, 'cancelled' | 'clock' | 'startedAt'>,
  timeout: number | undefined,
): AbortSignal {
  if (timeout === undefined) return cancelled;
  const over = new ActionError('timeout', `The step took longer than its timeout of ${duration(timeout)}.`);
  return stopping({ cancelled, clock }, Math.max(0, startedAt + timeout - clock.now()), over);
}

/** Reads and checks everything that can be checked without a request, and reports all that is wrong together. */
export async function checkStep(step: Unchecked): Promise<Checked> {
  const { env, log, clock, workspace, facts, event, known } = step;
  const readInput = inputReader(env);
  const asked = parseOperation<OperationName>(readInput('operation'), OPERATION_NAMES);
  if (!asked.ok) throw inputError([asked.problem]);
  const { name } = asked;
  known.operation = name;
  const operation = await loadOperation(name);
  known.outputs = operation.outputs;
  const parsed = parseInputs([...COMMON, ...operation.inputs], readInput, env);
  const { values, problems } = parsed;
  const unread = new Set(problems.map(({ input }) => input));
  known.dryRun = values.dry_run ?? false;
  maskSecrets(step, values, readInput('session_secrets'));
  problems.push(...secretProblems(step, values), ...commonProblems(step, operation, values, readInput));
  warnUnused(log, operation, parsed.unused, unknownInputs(env, isInputName));
  await checkResultFile(step, values.result_file, problems);
  // A value that could not be read counts as missing here; what is wrong with it has been said.
  const problem = (input: InputName, message: string) => {
    if (!unread.has(input)) problems.push({ input, message });
  };
  const signal = timeLimit(step, values.timeout);
  const hasCredential = values.devin_token !== undefined || isSandbox(values.api_url);
  const checks = { workspace, clock, facts, event, hasCredential, signal, problem };
  const prepared = await unless(signal, operation.prepare(values, checks));
  // A run for a fork has no credential, so that a closed gate comes before the lack of one.
  if ('skipped' in prepared && problems.length === 0) {
    throw new ActionError('gate_closed', prepared.skipped, { fix: NOTHING_SPENT });
  }
  const credential = (await mayGoWithout(step, prepared, values))
    ? undefined
    : await checkCredential(step, operation, values, problems);
  if (problems.length > 0 || 'skipped' in prepared) throw inputError(problems);
  // No problem means that every input was parsed.
  return { operation, inputs: values as InputValues, credential, prepared };
}

/** What is wrong with inputs whatever the operation makes of them. */
function commonProblems(
  { env, facts }: Unchecked,
  operation: Operation,
  values: Values,
  readInput: ReadInput,
): InputProblem[] {
  const { name, required, severalOrganizations = false } = operation;
  const { issue_number: reference } = values;
  const wrong = reference === undefined ? undefined : referenceProblem(reference, facts);
  const missing = required
    .filter((needed) => readInput(needed) === undefined)
    .map((input) => ({ input, message: `is missing; ${name} needs it` }));
  const message = `names several organizations, but ${name} accepts one; ${MATRIX_ADVICE}`;
  const isOneTooMany = isSeveral(values.org_id) && !severalOrganizations;
  return [
    ...(isLocal(operation) ? [] : proxyProblems(env)),
    ...missing,
    ...(isOneTooMany ? [{ input: 'org_id', message }] : []),
    ...(wrong === undefined ? [] : [{ input: 'issue_number', message: wrong }]),
  ];
}

/**
 * Finds session secrets that are a part of what this action has to write as it is: hiding them would alter addresses and
 * ids that others rely on.
 */
function secretProblems({ env, facts }: Unchecked, values: Values): InputProblem[] {
  const page = `${serverUrl(env)}/${facts.repository ?? ''}`;
  const own: ReadonlyArray<readonly [name: string, text: string]> = [
    ['org_id', [values.org_id ?? []].flat().join(' ')],
    ['api_url', values.api_url ?? ''],
    ['session_id', values.session_id ?? ''],
    ['the URLs of sessions', 'https://app.devin.ai/sessions/'],
    ['the IDs of sessions', 'devin-x'],
    ['the URL of this run', facts.runUrl ?? ''],
    ['the URLs of this repository', `${page}/pull/1 ${page}/issues/1`],
  ];
  return [...(values.session_secrets ?? [])].flatMap(([secret, value]) => {
    const redactor = new Redactor();
    redactor.add(value);
    const altered = own.find(([, text]) => redactor.redact(text) !== text)?.[0];
    const message = `has ${secret}, whose value is a part of ${altered}: hiding it would alter that; give it another value`;
    return altered === undefined ? [] : [{ input: 'session_secrets', message }];
  });
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
    const equivalent = equivalentOf(input);
    const meant = nearestOf(input, [...COMMON, ...inputs]);
    const advice = equivalent === undefined ? meant && `Did you mean ${meant}?` : `Use ${equivalent}.`;
    if (advice !== undefined) {
      log.annotate('warning', `The input ${input} does not exist`, `It has no effect. ${advice}`);
    }
  }
}

async function checkResultFile(
  { workspace, known }: Unchecked,
  path: string | undefined,
  problems: InputProblem[],
): Promise<void> {
  if (path === undefined) return;
  const reason = await workspace.whyNotWritable(path);
  if (reason === undefined) known.resultFile = path;
  else problems.push({ input: 'result_file', message: `names ${JSON.stringify(path)}, which ${reason}` });
}
