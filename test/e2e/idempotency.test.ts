import { describe, expect, test } from 'vitest';
import { FAST_NODE, fieldClock } from '../field/clock.ts';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';
import { waitFor } from './wait-for.ts';

const SESSIONS = '/organizations/*/sessions';
const TAG = /^devin-action:[0-9a-f]{24}$/;

interface Session {
  readonly session_id: string;
  readonly status: string;
  readonly tags: readonly string[];
}

const isList = (value: unknown): value is { items: Session[] } =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);

/** A sandbox of a test, and its steps. */
interface Bench {
  readonly sandbox: TestSandbox;
  step(inputs?: Record<string, string>, more?: Partial<StepOptions>): Promise<StepResult>;
  /** The sessions that the steps made; those that the sandbox brings have other tags. */
  made(): Promise<Session[]>;
  posts(): Promise<number>;
}

/** Runs a test with a sandbox of its own: most of them wait, and so they wait at the same time. */
async function alone(work: (bench: Bench) => Promise<void>): Promise<void> {
  const sandbox = await openSandbox(30);
  const orgId = await sandbox.orgId();
  try {
    await work({
      sandbox,
      step: (inputs = {}, more = {}) =>
        runStep({
          ...more,
          with: {
            operation: 'create-session',
            api_url: sandbox.url,
            devin_token: 'cog_sandbox_org',
            org_id: orgId,
            prompt: 'Fix it.',
            poll_interval: '1s',
            ...inputs,
          },
        }),
      async made() {
        const listed = await sandbox.api('GET', `/v3/organizations/${orgId}/sessions?first=200`);
        if (!isList(listed)) throw new Error('no list');
        return listed.items.filter(({ tags }) => !tags.includes('seed'));
      },
      posts: async () => (await sandbox.requests()).filter(({ method }) => method === 'POST').length,
    });
  } finally {
    await sandbox.close();
  }
}

/** The step has a faster time than the sandbox: what it waits for is over sooner. */
const fast = (): Partial<StepOptions> => ({ nodeArgs: FAST_NODE, env: fieldClock().env });

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error');
const rerun = { env: { GITHUB_RUN_ATTEMPT: '2' } };

describe('the tag of a session', { concurrent: true }, () => {
  test('is short, and the same for the same step of a run, whatever the attempt', () =>
    alone(async ({ made, step }) => {
      await step({ tags: 'a' });
      const [session] = await made();
      expect(session?.tags).toEqual(['a', expect.stringMatching(TAG), 'devin-action:report']);
      const again = await step({ tags: 'a' }, rerun);
      expect(again.outputs).toMatchObject({ created: 'false', session_id: session?.session_id });
    }));

  test('differs for another run, job, step, workflow, repository, prompt, and for each repository of a matrix', () =>
    alone(async ({ made, step }) => {
      await step();
      const others = await Promise.all(
        [
          [{}, { GITHUB_RUN_ID: '4243' }],
          [{}, { GITHUB_JOB: 'other' }],
          [{}, { GITHUB_ACTION: 'other' }],
          [{}, { GITHUB_WORKFLOW_REF: 'acme/api/.github/workflows/other.yml@refs/heads/main' }],
          [{}, { ACTIONS_ORCHESTRATION_ID: '0f2b.devin.cell_2' }],
          [{ job_index: '1/2' }, {}],
          [{}, { GITHUB_REPOSITORY: 'acme/other' }],
          [{ prompt: 'Fix that.' }, {}],
          [{ repos: 'acme/web' }, {}],
        ].map(([inputs, env]) => step(inputs, { env: { ...rerun.env, ...env } })),
      );
      for (const { outputs } of others) expect(outputs).toMatchObject({ outcome: 'success', created: 'true' });
      const tags = (await made()).map((session) => session.tags[0]);
      expect(new Set(tags).size).toBe(10);
    }));

  test('is left out with idempotency: none, and a re-run then starts another session', () =>
    alone(async ({ made, sandbox, step }) => {
      await step({ idempotency: 'none', tags: 'a' });
      await step({ idempotency: 'none', tags: 'a' }, rerun);
      expect((await made()).map(({ tags }) => tags)).toEqual([
        ['a', 'devin-action:report'],
        ['a', 'devin-action:report'],
      ]);
      expect((await sandbox.requests()).filter(({ method }) => method === 'GET')).toHaveLength(1);
    }));

  test('says nothing about the value of a secret, and does not depend on it', () =>
    alone(async ({ step }) => {
      await step({ session_secrets: 'KEY=first-value' });
      expect((await step({ session_secrets: 'KEY=other-value' }, rerun)).outputs['created']).toBe('false');
    }));

  test('needs a place among the 50', () =>
    alone(async ({ sandbox, step }) => {
      const tags = Array.from({ length: 50 }, (_, at) => `t${at}`).join(',');
      const result = await step({ tags });
      expect(result.outputs['error_code']).toBe('input_invalid');
      expect(errorOf(result)?.message).toMatch(/tags has 50 entries, and idempotency and completion_report add 2/);
      expect(await sandbox.requests()).toEqual([]);
      const bare = { idempotency: 'none', completion_report: 'false' };
      expect((await step({ tags, ...bare })).outputs['outcome']).toBe('success');
    }));
});

describe('a request without a clear answer', { concurrent: true }, () => {
  test.each([
    ['a lost answer', { reset: true }],
    ['a cut answer', { truncate: true }],
    ['an error after the work was done', { status: 500 }],
    ['an answer that is no JSON', { garbage: true }],
    ['no answer in time', { hang: true }],
  ])('%s: the step goes on with the session that it made', (_name, fault) =>
    alone(async ({ made, posts, sandbox, step }) => {
      await sandbox.control('faults', [{ method: 'POST', path: SESSIONS, after_commit: true, ...fault }]);
      const result = await step({ request_timeout: '1s', wait: 'finished' });
      expect(result.exitCode).toBe(0);
      const [session, ...others] = await made();
      expect(others).toEqual([]);
      expect(result.outputs).toMatchObject({ session_outcome: 'finished', session_id: session?.session_id });
      expect(result.log.join('\n')).toMatch(/found {4}https:.*, created by the request whose response was lost/);
      expect(await posts()).toBe(1);
    }),
  );

  test('that made no session is sent again, but only once several looks found none', () =>
    alone(async ({ made, sandbox, step }) => {
      await sandbox.control('faults', [{ method: 'POST', path: SESSIONS, reset: true }]);
      const result = await step({}, fast());
      expect(result.outputs).toMatchObject({ outcome: 'success', created: 'true' });
      expect(await made()).toHaveLength(1);
      const seen = (await sandbox.requests()).map(({ method, path }) => `${method} ${path.split(/[/?]/)[4] ?? 'self'}`);
      const polls = Array.from({ length: 6 }, () => 'GET sessions');
      // The last two are the check for a second session, and that of this test.
      expect(seen).toEqual(['POST sessions', 'GET self', ...polls, 'POST sessions', 'GET sessions', 'GET sessions']);
      // The first request may still start one: the post step looks for it.
      expect(Object.values(result.state).join()).toContain(`"keep":"${result.outputs['session_id']}"`);
    }));

  test('is not sent a third time', () =>
    alone(async ({ posts, sandbox, step }) => {
      await sandbox.control('faults', [{ method: 'POST', path: SESSIONS, reset: true, times: 9 }]);
      const result = await step({}, fast());
      expect(result.outputs['error_code']).toBe('api_unavailable');
      expect(await posts()).toBe(2);
    }));

  test('is not sent again where the look fails: the error says what to look for', () =>
    alone(async ({ posts, sandbox, step }) => {
      await sandbox.control('faults', [
        { method: 'POST', path: SESSIONS, reset: true, after_commit: true },
        { method: 'GET', path: SESSIONS, status: 503, times: 9 },
      ]);
      const result = await step({ max_retries: '0' }, fast());
      expect(result.exitCode).toBe(1);
      expect(result.outputs['error_code']).toBe('api_unavailable');
      expect(errorOf(result)?.message).toMatch(/Search Devin for a session with the tag devin-action:[0-9a-f]{24}\./);
      expect(await posts()).toBe(1);
    }));

  test('with a refusal the step fails at once, without a look', () =>
    alone(async ({ sandbox, step }) => {
      await sandbox.control('faults', [{ method: 'POST', path: SESSIONS, status: 422 }]);
      expect((await step()).outputs['error_code']).toBe('api_rejected');
      expect((await sandbox.requests()).map(({ method }) => method)).toEqual(['POST']);
    }));
});

describe('a re-run', { concurrent: true }, () => {
  test('takes the session of the first attempt and waits for it', () =>
    alone(async ({ posts, step }) => {
      const first = await step();
      const second = await step({ wait: 'finished' }, rerun);
      // The inputs that say how to wait are no part of the key.
      expect(second.outputs).toMatchObject({
        outcome: 'success',
        created: 'false',
        session_outcome: 'finished',
        session_id: first.outputs['session_id'],
      });
      expect(JSON.parse(second.outputs['sessions'] ?? '')).toMatchObject([{ created: false }]);
      expect(await posts()).toBe(1);
    }));

  test('after a step that was killed between request and answer takes the session that it left behind', () =>
    alone(async ({ made, sandbox, step }) => {
      await sandbox.control('faults', [{ method: 'POST', path: SESSIONS, hang: true, after_commit: true }]);
      let timer: NodeJS.Timeout | undefined;
      const killed = await step(
        {},
        {
          onOutput: (_output, kill) => {
            timer ??= setInterval(async () => {
              if ((await made()).length > 0) kill('SIGKILL');
            }, 50);
          },
        },
      );
      clearInterval(timer);
      expect(killed.exitCode).toBeNull();
      const second = await step({}, rerun);
      const [session, ...others] = await made();
      expect(others).toEqual([]);
      expect(second.outputs).toMatchObject({ outcome: 'success', created: 'false', session_id: session?.session_id });
    }));

  test('creates nothing while nobody knows what the first attempt left', () =>
    alone(async ({ posts, sandbox, step }) => {
      await step();
      await sandbox.control('faults', [{ method: 'GET', path: SESSIONS, status: 503, times: 9 }]);
      const result = await step({ max_retries: '0' }, rerun);
      expect(result.outputs['error_code']).toBe('api_unavailable');
      expect(errorOf(result)?.message).toContain('No session was created');
      expect(await posts()).toBe(1);
    }));

  test('starts a new session in the place of one that failed, and tells it what it follows', () =>
    alone(async ({ posts, sandbox, step }) => {
      const first = await step({ tags: 'sandbox:error', wait: 'finished' });
      expect(first.outputs).toMatchObject({ error_code: 'session_failed', created: 'true' });
      const second = await step({ tags: 'sandbox:error', wait: 'finished' }, rerun);
      expect(second.outputs).toMatchObject({ error_code: 'session_failed', created: 'true' });
      expect(second.outputs['session_id']).not.toBe(first.outputs['session_id']);
      expect(second.log.join('\n')).toContain(`follows  ${first.outputs['session_url']}, which stopped with an error`);
      expect(await posts()).toBe(2);
      const path = `/v3/organizations/${await sandbox.orgId()}/sessions/${second.outputs['session_id']}/messages`;
      const messages = await sandbox.api('GET', path);
      expect(JSON.stringify(messages)).toContain(`This task follows the Devin session ${first.outputs['session_url']}`);
    }));
});

describe('a key of your own', { concurrent: true }, () => {
  const other = { env: { GITHUB_RUN_ID: '9999', GITHUB_WORKFLOW: 'Other' } };

  test('holds across workflow runs, and for whatever prompt', () =>
    alone(async ({ step }) => {
      const first = await step({ idempotency: 'nightly 2026-11-21' });
      const second = await step({ idempotency: 'nightly 2026-11-21', prompt: 'Another.' }, other);
      expect(second.outputs).toMatchObject({ created: 'false', session_id: first.outputs['session_id'] });
      expect((await step({ idempotency: 'nightly 2026-11-22' }, other)).outputs['created']).toBe('true');
    }));

  test('of parallel steps one wins, and the sessions of the others end', () =>
    alone(async ({ made, sandbox, step }) => {
      // Held up, all of them have mostly looked before any of them creates.
      await sandbox.control('latency', { ms: 400 });
      const steps = await Promise.all(
        [1, 2, 3].map((run) =>
          step({ idempotency: 'one', tags: 'sandbox:slow' }, { env: { GITHUB_RUN_ID: String(run) } }),
        ),
      );
      expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
      expect(new Set(steps.map(({ outputs }) => outputs['session_id'])).size).toBe(1);
      const live = async () => (await made()).filter(({ status }) => status !== 'exit').map(({ session_id: id }) => id);
      await waitFor(async () => expect(await live()).toEqual([steps[0]?.outputs['session_id']]));
      expect(steps.map(({ outputs }) => outputs['created']).toSorted()).toEqual(['false', 'false', 'true']);
    }));

  test.skipIf(process.platform === 'win32')('a session that another run created is not ended with this one', () =>
    alone(async ({ made, step }) => {
      await step({ idempotency: 'one', tags: 'sandbox:slow' });
      const cancel = async (inputs: Record<string, string>, more: Partial<StepOptions>) => {
        let sent = false;
        return await step(
          { ...inputs, tags: 'sandbox:slow', wait: 'finished' },
          {
            ...more,
            onOutput: (output, kill) => {
              if (sent || !/running · working/.test(output)) return;
              sent = true;
              kill('SIGINT');
            },
          },
        );
      };
      const foreign = await cancel({ idempotency: 'one' }, other);
      expect(foreign.outputs).toMatchObject({ error_code: 'cancelled', session_outcome: 'running' });
      expect((await made()).map(({ status }) => status)).toEqual(['running']);
      // With the default key the session is this run's own, also where an earlier attempt made it.
      await step({ tags: 'sandbox:slow' });
      const own = await cancel({}, rerun);
      expect(own.outputs).toMatchObject({ created: 'false', session_outcome: 'terminated' });
    }),
  );
});
