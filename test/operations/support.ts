import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { failed } from '../../src/contract/fallible.ts';
import { COMMON_INPUTS, type InputName, type InputValues, isInputName } from '../../src/contract/inputs.ts';
import { outputTexts } from '../../src/contract/outputs.ts';
import { parseInputs } from '../../src/contract/parse.ts';
import { Devin } from '../../src/devin/client.ts';
import type { Transport } from '../../src/devin/transport.ts';
import { NO_CHECK } from '../../src/operations/head-check.ts';
import type { Checks, Context, Preparation } from '../../src/operations/operation.ts';
import { singleOf } from '../../src/operations/organization.ts';
import { openRemains } from '../../src/operations/remains.ts';
import type { Session } from '../../src/operations/sessions/outcome/outcome.ts';
import type { SessionStory } from '../../src/operations/sessions/outcome/summary.ts';
import { NO_COMMENT } from '../../src/operations/thread-comment.ts';
import { Log } from '../../src/runner/log.ts';
import { Redactor } from '../../src/runner/redact.ts';
import { Workspace } from '../../src/runner/workspace.ts';
import { loadOperation, OPERATION_NAMES, type OperationName } from '../../src/step/registry.ts';
import { type Handle, open, type Seen, START, serve, TestClock } from '../devin/support.ts';

/** A session as the API answers it. */
export const session = (more: Partial<Session> = {}): Session => ({
  session_id: 'devin-4f2a',
  url: 'https://app.devin.ai/sessions/4f2a',
  status: 'running',
  status_detail: 'working',
  title: null,
  tags: [],
  org_id: 'org-1',
  user_id: null,
  service_user_id: null,
  created_at: START / 1_000,
  updated_at: START / 1_000,
  acus_consumed: 2.4,
  pull_requests: [],
  structured_output: null,
  is_archived: false,
  origin: null,
  parent_session_id: null,
  child_session_ids: [],
  playbook_id: null,
  automation_id: null,
  devin_mode: null,
  category: null,
  subcategory: null,
  ...more,
});

/** What a report is made of. */
export const story = (more: Partial<SessionStory> = {}): SessionStory => ({
  session: session(),
  orgId: 'org-1',
  verdict: { outcome: 'finished', headline: 'finished', advice: '' },
  durationMs: 363_000,
  lastMessage: '',
  facts: {},
  requests: { count: 3, retries: 1 },
  ...more,
});

/** A step outside of a workflow: no event, no GitHub, and nothing to leave behind. */
export const ALONE = {
  event: async () => failed('the step runs outside of a workflow'),
  github: async () => undefined,
  comment: NO_COMMENT,
  machine: { pid: 1, host: 'test', isRunning: () => true },
  check: NO_CHECK,
  publish: async () => undefined,
  remains: openRemains(
    () => undefined,
    async () => '',
    { onCancel: 'leave', onTimeout: 'leave' },
  ),
  written: {},
  exists: async () => undefined,
};

/** A workspace of its own, and the problems that were found. */
export async function checks(): Promise<{ checks: Checks; problems: [InputName, string][]; root: string }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'operations-')));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const problems: [InputName, string][] = [];
  return {
    root,
    problems,
    checks: {
      workspace: new Workspace(root),
      clock: new TestClock(),
      facts: {},
      event: ALONE.event,
      hasCredential: true,
      signal: new AbortController().signal,
      problem: (input, message) => problems.push([input, message]),
    },
  };
}

/** What an operation runs in: a server, a client to it, a log whose lines are kept, and a clock. */
export interface World {
  readonly devin: Devin;
  readonly transport: Transport;
  readonly clock: TestClock;
  readonly log: Log;
  readonly seen: readonly Seen[];
  readonly lines: () => readonly string[];
}

/** Opens a world around a server. */
export async function world(handle: Handle, maxRetries = 0): Promise<World> {
  const { origin, seen } = await serve(handle);
  const { transport, clock } = await open(origin, { maxRetries });
  let written = '';
  const log = new Log(
    (text) => {
      written += text;
    },
    new Redactor(),
    clock,
  );
  return {
    devin: new Devin(transport, '', 'v3'),
    transport,
    clock,
    log,
    seen,
    lines: () => written.split('\n').slice(0, -1),
  };
}

/** A step that a test carries out. */
export interface Step {
  readonly with: Readonly<Record<string, string>>;
  readonly handle: Handle;
  /** Aborts what runs; its reason is the error to end with. */
  readonly signal?: AbortSignal;
  /** How often a request is repeated; never if absent. */
  readonly maxRetries?: number;
  /** What the clock gives for every deadline; one that is never reached if absent. */
  readonly deadline?: AbortSignal;
}

/** What an operation made of its inputs. Throws if there is nothing to do. */
export function readyOf<P>(preparation: Preparation<P>): P {
  if ('ready' in preparation) return preparation.ready;
  throw new Error(preparation.skipped);
}

/** Carries out an operation as `run` does, against a server of the test's own and at its time. */
export async function perform(name: OperationName, { with: given, handle, signal, maxRetries, deadline }: Step) {
  const operation = await loadOperation(name);
  const read = (input: string) => ({ org_id: 'org-1', ...given })[input];
  const names = [...(Object.keys(COMMON_INPUTS) as readonly string[]).filter(isInputName), ...operation.inputs];
  const { values, problems } = parseInputs(names, read, {});
  const { checks: all, problems: found } = await checks();
  const prepared = readyOf(await operation.prepare(values, all));
  expect([...problems, ...found]).toEqual([]);
  const opened = await world(handle, maxRetries);
  if (deadline !== undefined) opened.clock.deadline = () => deadline;
  const context: Context = {
    // No problem means that every input was parsed.
    inputs: values as InputValues,
    devin: opened.devin,
    log: opened.log,
    clock: opened.clock,
    signal: signal ?? new AbortController().signal,
    facts: { repository: 'acme/api' },
    ...ALONE,
    workspace: all.workspace,
    temp: all.workspace,
    version: 'v3',
    operations: () => Promise.all(OPERATION_NAMES.map(loadOperation)),
    startedAt: START,
    journal: opened.transport.journal,
    redact: (text) => text,
    redactValue: (value: unknown) => value,
    organization: async () => singleOf(values.org_id) ?? '',
  };
  const report = await operation.run(context as Context<InputName, InputName>, prepared);
  return { ...opened, report: { ...report, outputs: outputTexts(operation.outputs, report.data) } };
}
