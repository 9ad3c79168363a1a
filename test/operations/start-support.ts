import { expect } from 'vitest';
import { COMMON_INPUTS, type InputName, isInputName } from '../../src/contract/inputs.ts';
import { parseInputs } from '../../src/contract/parse.ts';
import { Devin } from '../../src/devin/client.ts';
import type { RunFacts } from '../../src/github/event/facts.ts';
import { NO_CHECK } from '../../src/operations/head-check.ts';
import { openRemains } from '../../src/operations/remains.ts';
import { startSession } from '../../src/operations/sessions/once/start.ts';
import { START_INPUTS, type Started, type StartRequest } from '../../src/operations/sessions/once/started.ts';
import type { SessionStory } from '../../src/operations/sessions/outcome/summary.ts';
import { WAIT_INPUTS, waitForSession } from '../../src/operations/sessions/wait/wait.ts';
import { NO_COMMENT } from '../../src/operations/thread-comment.ts';
import { Log } from '../../src/runner/log.ts';
import { Redactor } from '../../src/runner/redact.ts';
import { Workspace } from '../../src/runner/workspace.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { closeLater, open, START, TestClock } from '../devin/support.ts';
import { askAt } from '../sandbox/support.ts';

/** A workflow run, and the step in it. */
export const RUN: RunFacts = {
  repository: 'acme/api',
  workflow: 'Devin',
  runId: '1',
  job: 'devin',
  step: '__run',
  attempt: 1,
};

/** The pull request that a test's events are about. */
export const THREAD = { kind: 'pull_request', number: 128 } as const;

type Given = Partial<Record<(typeof START_INPUTS)[number] | (typeof WAIT_INPUTS)[number], string>>;

/** A start that a test carries out. */
export interface Begin {
  readonly with?: Given;
  readonly facts?: Partial<RunFacts>;
  readonly signal?: AbortSignal;
  readonly request?: Partial<Omit<StartRequest, 'body'>>;
  readonly body?: Partial<StartRequest['body']>;
  /** Inputs as they were written, besides those of `with` and the prompt. */
  readonly written?: Readonly<Record<string, string>>;
}

const names: readonly InputName[] = [
  ...(Object.keys(COMMON_INPUTS) as readonly string[]).filter(isInputName),
  ...START_INPUTS,
  ...WAIT_INPUTS,
];

function inputsOf(given: Given) {
  const { values, problems } = parseInputs(
    [...START_INPUTS, ...WAIT_INPUTS, ...names],
    (name) => Object.entries(given).find(([key]) => key === name)?.[1],
    {},
  );
  expect(problems).toEqual([]);
  return values;
}

/** A session as the sandbox lists it. */
export interface Listed {
  readonly session_id: string;
  readonly url: string;
  readonly status: string;
  readonly status_detail: string | null;
  readonly tags: readonly string[];
  readonly is_archived: boolean;
}

/** A sandbox, the client to it, and one clock for both: a sleep of the one moves the other's life on. */
export class StartBench {
  readonly url: string;
  readonly org: string;
  readonly clock: TestClock;
  readonly #opened: Awaited<ReturnType<typeof open>>;
  #written = '';

  constructor(url: string, org: string, clock: TestClock, opened: Awaited<ReturnType<typeof open>>) {
    this.url = url;
    this.org = org;
    this.clock = clock;
    this.#opened = opened;
  }

  get lines(): readonly string[] {
    return this.#written.split('\n').slice(0, -1);
  }

  context({ with: given = {}, facts = {}, signal, body, written = {} }: Begin) {
    const write = (text: string) => {
      this.#written += text;
    };
    return {
      // No problem means that every input was parsed.
      inputs: inputsOf(given) as Parameters<typeof startSession>[0]['inputs'] &
        Parameters<typeof waitForSession>[0]['inputs'],
      devin: new Devin(this.#opened.transport, '', 'v3'),
      log: new Log(write, new Redactor(), this.clock),
      clock: this.clock,
      signal: signal ?? new AbortController().signal,
      facts: { ...RUN, ...facts },
      workspace: new Workspace('.'),
      startedAt: START,
      journal: this.#opened.transport.journal,
      comment: NO_COMMENT,
      check: NO_CHECK,
      remains: openRemains(
        () => undefined,
        async () => '',
        { onCancel: 'leave', onTimeout: 'leave' },
      ),
      // As the runner passes them: the prompt as it was written, and the place in a matrix that is none.
      written: { prompt: String(body?.prompt ?? 'Fix it.'), job_index: '0/1', ...given, ...written },
    };
  }

  start(begin: Begin = {}): Promise<Started> {
    const request = { extraBody: {}, uploads: [], thread: THREAD, ...begin.request };
    return startSession(this.context(begin), this.org, {
      ...request,
      body: { prompt: 'Fix it.', ...begin.body },
    });
  }

  /** Waits for a session that was started, as far as a step does. */
  wait({ session, sent, created, reports }: Started, given: Given = {}): Promise<SessionStory> {
    const context = this.context({ with: { wait: 'finished', poll_interval: '1s', ...given } });
    return waitForSession(context, {
      goal: context.inputs.wait === 'later' ? 'none' : context.inputs.wait,
      orgId: this.org,
      sessionId: session.session_id,
      asked: { report: reports },
      started: { session, created, sent, onTimeout: 'leave', onCancel: 'leave' },
    });
  }

  ask(method: string, path: string, json?: unknown) {
    return askAt(this.url, `/v3/organizations/${this.org}/${path}`, {
      method,
      ...(json === undefined ? {} : { json }),
    });
  }

  /** Has the next requests fail. */
  async faults(...faults: readonly Record<string, unknown>[]): Promise<void> {
    await askAt(this.url, '/sandbox/faults', { method: 'DELETE' });
    const { status } = await askAt(this.url, '/sandbox/faults', { method: 'POST', json: faults });
    expect(status).toBe(200);
  }

  /** The sessions that a test made, oldest first. */
  async sessions(): Promise<readonly Listed[]> {
    const { body } = await this.ask('GET', 'sessions?first=200');
    return body.items.filter(({ tags }: Listed) => !tags.includes('seed')).reverse();
  }

  /** What users said in a session, the prompt first. */
  async said(id: string): Promise<readonly string[]> {
    const { body } = await this.ask('GET', `sessions/${id}/messages?first=200`);
    const items: readonly { source: string; message: string }[] = body.items;
    return items.filter(({ source }) => source === 'user').map(({ message }) => message);
  }

  /** The methods and ends of the paths of the requests since the last call, but for the one for the identity. */
  async requests(): Promise<readonly string[]> {
    const { body } = await askAt(this.url, '/sandbox/requests');
    await askAt(this.url, '/sandbox/requests', { method: 'DELETE' });
    const items: readonly { method: string; path: string; user_agent: string | null }[] = body.items;
    return items
      .filter(({ user_agent: agent, path }) => agent === 'devin-action/test' && path !== '/v3/self')
      .map(
        ({ method, path }) =>
          `${method} ${path
            .split('?')[0]
            ?.split('/')
            .at(-1)
            ?.replace(/^devin-.*/, 'session')}`,
      );
  }

  /** Lets time pass. */
  async later(ms: number): Promise<void> {
    this.clock.ms += ms;
  }
}

/** A fresh sandbox that ends with the test. */
export async function startBench(): Promise<StartBench> {
  const clock = new TestClock();
  // The clock moves only while a step sleeps, and a session takes about four seconds of it.
  const sandbox = await startSandbox({ clock, habits: { preset: 'documents', set: { pace: 0.0635 } } });
  closeLater(() => sandbox.close());
  const { body } = await askAt(sandbox.url, '/v3/self', { as: 'cog_sandbox_org' });
  const opened = await open(sandbox.url, {
    clock,
    token: 'cog_sandbox_org',
    maxRetries: 0,
    requestTimeoutMs: 1_000,
    deadlineAt: START + 400 * 86_400_000,
  });
  return new StartBench(sandbox.url, body.org_id, clock, opened);
}
