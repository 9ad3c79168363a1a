import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProcess, SOON_MS, type StepResult } from './fake-runner.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';
import { waitFor } from './wait-for.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  sandbox = await openSandbox(30);
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

interface Cancelled extends StepResult {
  /** From the signal to the end, in milliseconds. */
  readonly afterSignalMs: number;
}

/** Runs a step and sends it a signal once its output matches. */
async function cancelAt(
  at: RegExp,
  inputs: Record<string, string>,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Cancelled> {
  let signalledAt: number | undefined;
  const result = await runProcess({
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      prompt: 'Fix it.',
      tags: 'sandbox:slow',
      wait: 'finished',
      poll_interval: '1s',
      ...inputs,
    },
    onOutput: (output, kill) => {
      if (signalledAt !== undefined || !at.test(output)) return;
      signalledAt = performance.now();
      kill(signal);
    },
  });
  return { ...result, afterSignalMs: performance.now() - (signalledAt ?? Number.NaN) };
}

const stateOf = (step: StepResult) =>
  sandbox.api('GET', `/v3/organizations/${orgId}/sessions/${step.outputs['session_id']}`);

// Windows has no signals that a process could catch from another.
describe.skipIf(process.platform === 'win32')('a cancelled step', { concurrent: true }, () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends its session, writes outputs and summary and fails within five seconds (%s)',
    async (signal) => {
      const step = await cancelAt(/running · working/, {}, signal);
      expect(step.exitCode).toBe(1);
      expect(step.afterSignalMs).toBeLessThan(SOON_MS);
      expect(step.outputs).toMatchObject({
        outcome: 'failure',
        error_code: 'cancelled',
        session_outcome: 'terminated',
      });
      await waitFor(async () => expect(await stateOf(step)).toMatchObject({ status: 'exit' }));
      expect(step.summary).toContain('was terminated');
      expect(step.log.join('\n')).toContain('The session was terminated.');
    },
  );

  test('leaves its session alone with on_cancel: leave', async () => {
    const step = await cancelAt(/running · working/, { on_cancel: 'leave' });
    expect(step.outputs).toMatchObject({ error_code: 'cancelled', session_outcome: 'running' });
    expect(await stateOf(step)).toMatchObject({ status: 'running' });
    expect(step.summary).toContain('may spend more ACUs');
  });

  test('archives its session with on_cancel: archive', async () => {
    const step = await cancelAt(/running · working/, { on_cancel: 'archive' });
    expect(await stateOf(step)).toMatchObject({ is_archived: true });
  });

  test('never ends a session that it did not create', async () => {
    const created = await runProcess({
      with: {
        operation: 'create-session',
        api_url: sandbox.url,
        devin_token: 'cog_sandbox_org',
        org_id: orgId,
        prompt: 'x',
        tags: 'sandbox:slow',
      },
    });
    const step = await cancelAt(/running · working/, {
      operation: 'wait-for-session',
      session_id: created.outputs['session_id'] ?? '',
    });
    expect(step.outputs).toMatchObject({ error_code: 'cancelled' });
    expect(await stateOf(created)).toMatchObject({ status: 'running' });
  });

  test('still learns which session its request made, and ends that', async () => {
    const own = await openSandbox();
    try {
      await own.control('latency', { ms: 700 });
      const step = await cancelAt(/Devin session/, { api_url: own.url, org_id: await own.orgId() });
      expect(step.exitCode).toBe(1);
      expect(step.afterSignalMs).toBeLessThan(SOON_MS);
      expect(step.outputs).toMatchObject({ error_code: 'cancelled', created: 'true', session_outcome: 'terminated' });
      expect((await own.requests()).map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    } finally {
      await own.close();
    }
  });

  test('does not wait for an API that hangs, and says that a session may have been created', async () => {
    const own = await openSandbox();
    try {
      const org = await own.orgId();
      await own.control('faults', [{ path: '/organizations/*/sessions', hang: true, times: 9 }]);
      const step = await cancelAt(/Devin session/, { api_url: own.url, org_id: org });
      expect(step.exitCode).toBe(1);
      expect(step.afterSignalMs).toBeLessThan(SOON_MS);
      expect(step.outputs).toMatchObject({ error_code: 'cancelled' });
      expect(step.commands.find(({ name }) => name === 'error')?.message).toContain('may have been carried out');
    } finally {
      await own.close();
    }
  });

  test('does not wait for a session that cannot be ended, and warns that it may go on', async () => {
    const own = await openSandbox(30);
    try {
      const org = await own.orgId();
      await own.control('faults', [{ method: 'DELETE', path: '/organizations/*/sessions/*', hang: true, times: 9 }]);
      const step = await cancelAt(/running · working/, { api_url: own.url, org_id: org });
      expect(step.exitCode).toBe(1);
      expect(step.afterSignalMs).toBeLessThan(SOON_MS);
      expect(step.outputs).toMatchObject({ error_code: 'cancelled', session_outcome: 'running' });
      expect(step.commands.find(({ name }) => name === 'warning')?.message).toContain('may spend more ACUs');
    } finally {
      await own.close();
    }
  });

  test('ends at once while it waits between two tries', async () => {
    const own = await openSandbox();
    try {
      const org = await own.orgId();
      await own.control('faults', [
        { method: 'POST', path: '/organizations/*/sessions', status: 429, retry_after: 600, times: 9 },
      ]);
      const step = await cancelAt(/HTTP 429/, { api_url: own.url, org_id: org });
      expect(step.afterSignalMs).toBeLessThan(SOON_MS);
      expect(step.outputs).toMatchObject({ error_code: 'cancelled' });
    } finally {
      await own.close();
    }
  });
});
