import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepResult } from './fake-runner.ts';
import { runPost, runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';
import { waitFor } from './wait-for.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  sandbox = await openSandbox(30);
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

type Inputs = Readonly<Record<string, string>>;

const withDefaults = (inputs: Inputs): Inputs => ({
  operation: 'create-session',
  api_url: sandbox.url,
  devin_token: 'cog_sandbox_enterprise',
  org_id: orgId,
  prompt: 'Fix it.',
  tags: 'sandbox:slow',
  wait: 'finished',
  poll_interval: '1s',
  ...inputs,
});

/** Runs a step and has it killed once its output matches and, if asked for, once `ready` says so. */
async function killAt(at: RegExp, inputs: Inputs, ready = async () => true, signal: NodeJS.Signals = 'SIGKILL') {
  let killed = false;
  const result = await runStep({
    with: withDefaults(inputs),
    onOutput: (output, kill) => {
      if (killed || !at.test(output)) return;
      killed = true;
      void (async () => {
        while (!(await ready())) await delay(20);
        kill(signal);
      })();
    },
  });
  expect(killed).toBe(true);
  return result;
}

const postOf = (step: Pick<StepResult, 'state'>, inputs: Inputs) => runPost(step, { with: withDefaults(inputs) });

const field = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

/** The sessions of an organization that carry a tag. */
async function tagged(own: TestSandbox, org: string, tag: string): Promise<readonly unknown[]> {
  const items = field(await own.api('GET', `/v3/organizations/${org}/sessions?tags=${tag}`), 'items');
  return Array.isArray(items) ? items : [];
}

/** Waits for the end of the only session that carries a tag: it takes a moment. */
const untilEnded = (own: TestSandbox, org: string, tag: string) =>
  waitFor(async () => expect(await tagged(own, org, tag)).toMatchObject([{ status: 'exit' }]));

const only = async (tag: string) => {
  const found = await tagged(sandbox, orgId, tag);
  expect(found).toHaveLength(1);
  return found[0];
};

const warnings = (step: StepResult) =>
  step.commands.filter(({ name }) => name === 'warning').map(({ message }) => message);

// Windows has no signals that a process could send to another.
describe.skipIf(process.platform === 'win32')('after a step that was killed', { concurrent: true }, () => {
  test('the session that it waited for is terminated', async () => {
    const inputs = { tags: 'sandbox:slow,killed' };
    const step = await killAt(/running · working/, inputs);
    expect(step.exitCode).toBe(null);
    expect(await only('killed')).toMatchObject({ status: 'running' });
    const post = await postOf(step, inputs);
    expect(post.exitCode).toBe(0);
    expect(post.stderr).toBe('');
    expect(post.log.join('\n')).toMatch(/devin-\S+: The session was terminated\./);
    await untilEnded(sandbox, orgId, 'killed');
  });

  test('the session is archived with on_cancel: archive', async () => {
    const inputs = { tags: 'sandbox:slow,put-away', on_cancel: 'archive' };
    await postOf(await killAt(/running · working/, inputs), inputs);
    expect(await only('put-away')).toMatchObject({ is_archived: true });
  });

  test('the session goes on with on_cancel: leave, and nothing is noted', async () => {
    const inputs = { tags: 'sandbox:slow,left', on_cancel: 'leave' };
    const step = await killAt(/running · working/, inputs);
    expect(Object.values(step.state).join('')).toBe('');
    expect((await postOf(step, inputs)).stdout).toBe('');
    expect(await only('left')).toMatchObject({ status: 'running' });
  });

  test('a session that the step found by a key of several runs goes on', async () => {
    const inputs = { tags: 'sandbox:slow,shared', idempotency: 'nightly' };
    await runStep({ with: withDefaults({ ...inputs, wait: 'none' }) });
    await postOf(await killAt(/running · working/, inputs), inputs);
    expect(await only('shared')).toMatchObject({ status: 'running' });
  });

  test('the sessions of all organizations end', async () => {
    const own = await openSandbox(30);
    try {
      await own.control('seed', { organizations: 3 });
      const inputs = { api_url: own.url, org_id: '*', tags: 'sandbox:slow,all' };
      const step = await killAt(/(running · working[\s\S]*){3}/, inputs);
      const sessions = Object.values(step.state).map((text) => JSON.parse(text));
      expect(sessions).toHaveLength(3);
      await postOf(step, inputs);
      for (const { org_id: org } of sessions) {
        await untilEnded(own, org, 'all');
      }
    } finally {
      await own.close();
    }
  });

  test('a session whose id the step never got is found by its tag, and terminated', async () => {
    const own = await openSandbox();
    try {
      const org = await own.orgId();
      const inputs = { api_url: own.url, org_id: org, tags: 'sandbox:slow,lost' };
      await own.control('faults', [
        { method: 'POST', path: '/organizations/*/sessions', hang: true, after_commit: true },
      ]);
      const step = await killAt(/Devin session/, inputs, async () => (await tagged(own, org, 'lost')).length > 0);
      expect(Object.values(step.state).join()).toContain('"tag":"devin-action:');
      await own.control('faults', [{ path: '/organizations/*/sessions', status: 503 }]);
      const post = await postOf(step, inputs);
      expect(post.exitCode).toBe(0);
      await untilEnded(own, org, 'lost');
    } finally {
      await own.close();
    }
  });

  test('a warning says what may go on, where it cannot be ended', async () => {
    const inputs = { tags: 'sandbox:slow,unreachable' };
    const step = await killAt(/running · working/, inputs);
    const post = await postOf(step, { ...inputs, devin_token: 'cog_of_nobody_else' });
    expect(post.exitCode).toBe(0);
    expect(warnings(post).join()).toContain('may spend more ACUs');
    const withoutKey = await postOf(step, { ...inputs, devin_token: '' });
    expect(withoutKey.exitCode).toBe(0);
    const { session_id: id } = JSON.parse(step.state['devin_0'] ?? '');
    expect(warnings(withoutKey).join()).toContain(id);
  });
});

describe.skipIf(process.platform === 'win32')('after a cancelled step', { concurrent: true }, () => {
  test('that ended its session nothing is left to do', async () => {
    const inputs = { tags: 'sandbox:slow,cancelled' };
    const step = await killAt(/running · working/, inputs, undefined, 'SIGINT');
    expect(step.outputs['session_outcome']).toBe('terminated');
    expect((await postOf(step, inputs)).stdout).toBe('');
  });

  test('that never learned which session it made, that one is ended', async () => {
    const own = await openSandbox();
    try {
      const org = await own.orgId();
      const inputs = { api_url: own.url, org_id: org, tags: 'sandbox:slow,in-doubt' };
      await own.control('faults', [
        { method: 'POST', path: '/organizations/*/sessions', hang: true, after_commit: true },
      ]);
      const isMade = async () => (await tagged(own, org, 'in-doubt')).length > 0;
      const step = await killAt(/Devin session/, inputs, isMade, 'SIGINT');
      expect(step.outputs['error_code']).toBe('cancelled');
      await postOf(step, inputs);
      await untilEnded(own, org, 'in-doubt');
    } finally {
      await own.close();
    }
  });

  test('that could not end its session, it is tried once more', async () => {
    const own = await openSandbox(30);
    try {
      const org = await own.orgId();
      const inputs = { api_url: own.url, org_id: org, tags: 'sandbox:slow,stubborn' };
      await own.control('faults', [{ method: 'DELETE', path: '/organizations/*/sessions/*', hang: true }]);
      const step = await killAt(/running · working/, inputs, undefined, 'SIGINT');
      expect(step.outputs['session_outcome']).toBe('running');
      await postOf(step, inputs);
      await untilEnded(own, org, 'stubborn');
    } finally {
      await own.close();
    }
  });
});

describe('after a step that ended by itself', { concurrent: true }, () => {
  const ended: readonly (readonly [string, Inputs])[] = [
    ['with a finished session', { tags: 'quick' }],
    ['with a session that failed', { tags: 'sandbox:error' }],
    ['with a session that waits', { tags: 'sandbox:waiting' }],
    ['without a wait', { wait: 'none' }],
    ['at its timeout', { timeout: '2s' }],
    ['with wrong inputs', { prompt: '' }],
    ['that made no session', { operation: 'list-sessions' }],
  ];
  test.each(ended)('%s nothing is sent, and nothing said', async (_, inputs) => {
    const step = await runStep({ with: withDefaults(inputs) });
    // Nobody listens here: a request would be a warning.
    const post = await postOf(step, { ...inputs, api_url: 'http://127.0.0.1:9' });
    expect(post).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(Object.values(step.state).join('')).toBe('');
  });

  test('the post step never carries out the operation again, not even without a state', async () => {
    const post = await postOf({ state: {} }, { tags: 'never-made', wait: 'none' });
    expect(post).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await tagged(sandbox, orgId, 'never-made')).toEqual([]);
  });
});

describe('a state that the main step did not write', { concurrent: true }, () => {
  const valid = { org_id: 'org-1', session_id: 'devin-1', end: 'terminate' };
  const forged: readonly (readonly [string, string])[] = [
    ['no JSON', '{"org_id": "org'],
    ['JSON of another shape', '[]'],
    ['null', 'null'],
    ['an end that it never writes', JSON.stringify({ ...valid, end: 'leave' })],
    ['a path for an id', JSON.stringify({ ...valid, session_id: '../../enterprise/organizations/org-1' })],
    ['a tag that is not ours', JSON.stringify({ org_id: 'org-1', tag: 'production', end: 'terminate' })],
    ['more than belongs there', JSON.stringify({ ...valid, tag: 'devin-action:1' })],
    ['a workflow command', '::error::owned\n::set-output name=x::y'],
  ];
  test.each(forged)('ends nothing and gives a warning: %s', async (_, text) => {
    const post = await postOf({ state: { devin_0: text } }, { api_url: 'http://127.0.0.1:9' });
    expect(post.exitCode).toBe(0);
    expect(post.log).toEqual([]);
    expect(post.commands).toMatchObject([{ name: 'warning', message: expect.stringContaining('STATE_devin_0') }]);
  });
});
