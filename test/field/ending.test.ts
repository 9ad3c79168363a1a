import { describe, expect, test } from 'vitest';
import type { StepResult } from '../e2e/fake-runner.ts';
import { live, post, stopped, unhurried } from './once-support.ts';
import { works } from './scripts.ts';
import type { Outcome } from './server/http.ts';
import { type Field, ORG } from './server/index.ts';
import { create, fieldHere, fields, said, step, story } from './support.ts';

const FINISHED = { wait: 'finished', poll_interval: '5s' };
const WORKS = (output: string) => output.includes('running · working');
const DELETE = { method: 'DELETE' };

const ok = (result: StepResult) => expect(result.exitCode, story(result)).toBe(0);

/** An API with one session that works. */
async function working(lags: { delete?: number } = {}): Promise<[Field, { session_id: string }]> {
  const api = await fieldHere({ script: works(), lags });
  return [api, { session_id: api.start({ prompt: 'x' }).id }];
}

describe.concurrent('terminate-session and archive-session', () => {
  test('waits for a session that takes ten seconds to end', async () => {
    const [api, id] = await working({ delete: 10 });
    const result = await step(api, { operation: 'terminate-session', ...id });
    ok(result);
    expect(result.outputs).toMatchObject({ session_outcome: 'terminated', session_status: 'exit' });
    expect(result.stdout).toContain('the session is ending');
  });

  test('says that a session is ending if that takes longer than 20 seconds', async () => {
    const [api, id] = await working({ delete: 600 });
    const result = await step(api, { operation: 'terminate-session', ...id });
    ok(result);
    expect(result.outputs).toMatchObject({ session_outcome: 'running' });
    expect(result.summary).toContain('is ending');
  });

  test.each<[string, string, Outcome]>([
    ['terminate-session', '404', { status: 404 }],
    ['terminate-session', '410', { status: 410 }],
    ['terminate-session', '409', { status: 409 }],
    ['terminate-session', '204', { status: 204 }],
    ['terminate-session', '202 without JSON', { status: 202, raw: 'Accepted' }],
    ['archive-session', '404', { status: 404 }],
    ['archive-session', '410', { status: 410 }],
    ['archive-session', '409', { status: 409 }],
    ['archive-session', '200 without a body', { status: 200, raw: '' }],
  ])('%s is green if the session has ended, and the response is %s', async (operation, _name, outcome) => {
    const [api, id] = await working({ delete: 0 });
    api.sessions[0]?.terminate(api.clock.now());
    api.before({ when: ({ method, path }) => method === 'DELETE' || path.endsWith('/archive') }, outcome);
    const result = await step(api, { operation, ...id });
    ok(result);
    expect(result.outputs['session_id']).toBe(`devin-${id.session_id}`);
    expect(said(result, 'error')).toEqual([]);
  });

  test('is red on a conflict of a session that still works', async () => {
    const [api, id] = await working();
    api.before(DELETE, { status: 409 });
    const result = await step(api, { operation: 'terminate-session', ...id });
    expect(result.outputs['error_code'], story(result)).toBe('conflict');
  });

  test('archive-session is repeated like other requests that may be', async () => {
    const [api, id] = await working();
    api.before({ path: '/archive', times: 2 }, { status: 503 });
    const result = await step(api, { operation: 'archive-session', ...id });
    ok(result);
    expect(api.sessions[0]?.archived).toBe(true);
  });
});

describe.concurrent('a session that is ended with its step', () => {
  test.each<[string, Outcome]>([
    ['an empty response', { status: 204 }],
    ['404', { status: 404 }],
    ['410', { status: 410 }],
  ])('has ended with %s', async (_name, outcome) => {
    const api = await unhurried({ script: works() });
    api.before(DELETE, outcome);
    const result = await stopped(api, FINISHED, WORKS);
    expect(result.outputs, story(result)).toMatchObject({ session_outcome: 'terminated' });
    expect(said(result, 'warning')).toEqual([]);
    expect((await post(api, result, FINISHED)).stdout).toBe('');
  });

  test('has ended with a 409 if a poll shows the end, and only then', async () => {
    const ended = await unhurried({ script: works(), lags: { delete: 0 } });
    ended.before(DELETE, () => {
      ended.sessions[0]?.terminate(ended.clock.now());
      return { status: 409 };
    });
    const done = await stopped(ended, FINISHED, WORKS);
    expect(done.outputs, story(done)).toMatchObject({ session_outcome: 'terminated' });
    const busy = await unhurried({ script: works() });
    busy.before({ ...DELETE, times: 1 }, { status: 409 });
    const result = await stopped(busy, FINISHED, WORKS);
    expect(said(result, 'warning').join()).toContain('could not be ended');
    await post(busy, result, FINISHED);
    expect(busy.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
  });

  test('is ended at once, although the API asks to wait a minute', async () => {
    const api = await unhurried({ script: works(), lags: { delete: 1 } });
    api.before(
      { method: 'GET', when: () => api.requests.filter(({ method }) => method === 'GET').length > 4, seconds: 60 },
      { status: 429, headers: { 'retry-after': '60' } },
    );
    const result = await stopped(api, { ...FINISHED, poll_interval: '2s' }, (output) => output.includes('HTTP 429'));
    expect(result.outputs, story(result)).toMatchObject({ error_code: 'cancelled', session_outcome: 'terminated' });
    expect(api.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  test('says which permission is missing, if so', async () => {
    const api = await unhurried({ script: works() });
    api.before(DELETE, { status: 403, body: { detail: 'Unauthorized' } });
    const result = await stopped(api, FINISHED, WORKS);
    expect(said(result, 'warning').join()).toContain('ManageOrgSessions');
  });

  test('and started by a request that the timeout cut short, ends once it is known', async () => {
    const api = await unhurried({ script: works(), lags: { delete: 1 } });
    // The session exists; its response comes after the end of the time.
    api.before({ method: 'POST', path: '/sessions', times: 1 }, async ({ body }) => {
      const session = api.start(fields(body));
      await api.clock.sleep(60);
      return { status: 200, body: session.showNew(api.clock.now()) };
    });
    const inputs = { ...FINISHED, timeout: '10s', on_timeout: 'terminate' };
    const result = await create(api, inputs);
    expect(result.outputs['error_code'], story(result)).toBe('timeout');
    await post(api, result, inputs);
    await api.clock.sleep(3);
    expect(live(api)).toEqual([]);
  });

  test('is not ended by a note that no step of this job has written', async () => {
    const [api, id] = await working();
    const forged = { org_id: ORG, session_id: `devin-${id.session_id}`, end: 'terminate', proof: 'f'.repeat(64) };
    const result = await create(api);
    const after = await post(api, { ...result, state: { devin_0: JSON.stringify(forged) } }, FINISHED);
    expect(after.exitCode).toBe(0);
    expect(said(after, 'warning').join()).toContain('it ends nothing');
    expect(api.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect(live(api)).toContain(api.sessions[0]);
  });

  test('is not ended by a note of another job', async () => {
    const api = await unhurried({ script: works() });
    const killed = await stopped(api, FINISHED, WORKS, 'SIGKILL');
    expect(Object.values(killed.state).join()).toContain('"proof"');
    const elsewhere = await post(api, killed, FINISHED, { GITHUB_RUN_ID: '9' });
    expect(said(elsewhere, 'warning').join()).toContain('it ends nothing');
    expect(api.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    await post(api, killed, FINISHED);
    expect(api.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });
});
