import { stopping } from '../../../src/contract/clock.ts';
import { ActionError, asActionError } from '../../../src/contract/errors.ts';
import { COMMON_INPUTS, type InputName, isInputName } from '../../../src/contract/inputs.ts';
import { parseInputs } from '../../../src/contract/parse.ts';
import { Devin } from '../../../src/devin/client.ts';
import type { RunFacts } from '../../../src/github/event/facts.ts';
import { isProven, openRemains, parseRemaining, prover } from '../../../src/operations/remains.ts';
import { clearUp } from '../../../src/operations/sessions/once/leftovers.ts';
import { START_INPUTS } from '../../../src/operations/sessions/once/started.ts';
import { carrySession, RUN_INPUTS, type RunContext } from '../../../src/operations/sessions/one.ts';
import { Log } from '../../../src/runner/log.ts';
import { Redactor } from '../../../src/runner/redact.ts';
import { Workspace } from '../../../src/runner/workspace.ts';
import { ALONE } from '../../operations/support.ts';
import { ORG, ORG_KEY } from '../server/index.ts';
import type { Fault, ModelApi } from './api.ts';
import type { VirtualClock } from './clock.ts';

/** A step of a workflow, and what happens to it. */
export interface ModelStep {
  readonly runId: string;
  readonly attempt: number;
  readonly idempotency: string;
  readonly wait: 'none' | 'finished';
  readonly faults: readonly Fault[];
  /** Seconds after which the workflow is canceled, or the process killed. */
  readonly stop?: { readonly how: 'cancel' | 'kill'; readonly after: number } | undefined;
  /** `timeout`, in seconds. */
  readonly timeout: number;
}

/** What a step came to. */
export interface Outcome {
  readonly step: ModelStep;
  /** ID of the session that it reported, without its prefix. */
  readonly session?: string;
  readonly created?: boolean;
  readonly error?: ActionError | undefined;
  /** Everything that it printed, the post step included. */
  readonly log: string;
}

const NAMES: readonly InputName[] = [
  ...(Object.keys(COMMON_INPUTS) as readonly string[]).filter(isInputName),
  ...START_INPUTS,
  ...RUN_INPUTS,
  'max_acu_limit',
  'structured_output_required',
];

function contextOf(
  api: ModelApi,
  step: ModelStep,
  signal: AbortSignal,
  log: Log,
  state: Map<number, string>,
  isGone: () => boolean,
) {
  const { clock } = api;
  const given: Readonly<Record<string, string>> = {
    idempotency: step.idempotency,
    wait: step.wait,
    timeout: `${step.timeout}s`,
  };
  const { values } = parseInputs(NAMES, (name) => given[name], {});
  const facts: RunFacts = {
    repository: 'acme/api',
    runId: step.runId,
    attempt: step.attempt,
    job: 'devin',
    step: '__run',
  };
  const transport = api.transport([...step.faults], signal, isGone);
  const write = (at: number, value: unknown) => {
    if (isGone()) return;
    if (value === undefined) state.delete(at);
    else state.set(at, JSON.stringify(value));
  };
  const endings = { onCancel: 'terminate', onTimeout: 'terminate' } as const;
  return {
    ...ALONE,
    // The inputs are in order, as those of every step of the model.
    inputs: values as RunContext['inputs'],
    written: { prompt: 'Fix it.', job_index: '0/1' },
    devin: new Devin(transport, '', 'v3'),
    log,
    clock: killable(clock, isGone),
    signal,
    facts,
    workspace: new Workspace('.'),
    temp: new Workspace('.'),
    version: 'v3' as const,
    startedAt: clock.now(),
    journal: [],
    remains: openRemains(write, prover(ORG_KEY, facts), endings),
    redact: (text: string) => text,
    redactValue: (value: unknown) => value,
    operations: async () => [],
    organization: async () => ORG,
  } satisfies RunContext;
}

/** The clock of a process that may be killed: then its sleeps never end. */
const killable = (clock: VirtualClock, isGone: () => boolean) => ({
  now: () => clock.now(),
  random: () => clock.random(),
  deadline: (ms: number) => clock.deadline(ms),
  async sleep(ms: number, signal?: AbortSignal) {
    await clock.sleep(ms, signal);
    if (isGone()) await new Promise(() => undefined);
  },
});

/** Runs a step, then its post step, as a runner would. */
export async function runModelStep(api: ModelApi, step: ModelStep): Promise<Outcome> {
  const { clock } = api;
  const state = new Map<number, string>();
  const cancelled = new AbortController();
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const log = new Log(write, new Redactor(), clock);
  let isKilled = false;
  const killed = Promise.withResolvers<undefined>();
  const { stop } = step;
  if (stop !== undefined) {
    clock.at(clock.now() + stop.after * 1_000, () => {
      if (stop.how === 'cancel') return cancelled.abort(new ActionError('cancelled', 'The workflow was canceled.'));
      isKilled = true;
      killed.resolve(undefined);
    });
  }
  const over = new ActionError('timeout', 'The time is over.');
  const signal = stopping({ cancelled: cancelled.signal, clock }, step.timeout * 1_000, over);
  const context = contextOf(api, step, signal, log, state, () => isKilled);
  const main = carrySession(context, ORG, {
    body: { prompt: 'Fix it.' },
    extraBody: {},
    schema: undefined,
    uploads: [],
  }).then(
    ({ started, story }) => ({
      session: story.session.session_id.replace('devin-', ''),
      created: started.created,
      error: story.error,
    }),
    (thrown: unknown) => ({ error: asActionError(thrown) }),
  );
  const ended = await Promise.race([main, killed.promise]);
  if (ended !== undefined && !cancelled.signal.aborted) context.remains.allSettled();
  await post(api, context, [...state.values()]);
  return { step, ...ended, log: text };
}

async function post(api: ModelApi, { log, facts }: Pick<RunContext, 'log' | 'facts'>, notes: readonly string[]) {
  const { clock } = api;
  const signal = clock.deadline(30_000);
  const devin = new Devin(
    api.transport([], signal, () => false),
    '',
    'v3',
  );
  await Promise.all(
    notes.map(async (note) => {
      const left = parseRemaining(note);
      if (left === undefined || !(await isProven(left, prover(ORG_KEY, facts)))) throw new Error(`bad note: ${note}`);
      await clearUp({ devin, log, clock, signal }, left);
    }),
  );
}
