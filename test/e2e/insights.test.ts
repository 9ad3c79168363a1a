import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runStep } from './fake-runner.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  sandbox = await openSandbox(30);
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

const list = (inputs: Record<string, string> = {}) =>
  runStep({
    with: {
      operation: 'list-session-insights',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      poll_interval: '1s',
      ...inputs,
    },
  });

const sessions = (outputs: Readonly<Record<string, string>>) => JSON.parse(outputs['sessions'] ?? '');

describe('list-session-insights', () => {
  test('lists sessions with figures, and changes nothing', async () => {
    await sandbox.control('clock', { advance_ms: 1_000 });
    const result = await list({ tags: 'seed', max_results: '2' });
    expect(result.exitCode).toBe(0);
    expect(result.outputs['count']).toBe('2');
    for (const session of sessions(result.outputs)) {
      expect(session).toMatchObject({ session_size: expect.any(String), num_devin_messages: expect.any(Number) });
    }
    expect(result.summary).toMatch(/^### 2 sessions, and more · \d with insights · [\d.]+ ACUs\n/);
    expect((await sandbox.requests()).filter(({ method }) => method === 'POST')).toEqual([]);
  });

  test('has the insights generated that are missing, and waits for them', async () => {
    const result = await list({ tags: 'seed', generate: 'true' });
    expect(result.exitCode).toBe(0);
    const all = sessions(result.outputs);
    expect(all.length).toBeGreaterThan(1);
    for (const { analysis } of all) expect(analysis).toMatchObject({ timeline: expect.any(Array) });
    const before = (await sandbox.requests()).filter(({ method }) => method === 'POST').length;
    expect(before).toBeGreaterThan(0);
    await list({ tags: 'seed', generate: 'true' });
    expect((await sandbox.requests()).filter(({ method }) => method === 'POST')).toHaveLength(before);
  });

  test('shows one session, also where the answer to the request for its insights is lost', async () => {
    const body = { prompt: 'Fix it.' };
    const made = await sandbox.api('POST', `/v3/organizations/${orgId}/sessions`, body);
    const id = String(Reflect.get(Object(made), 'session_id'));
    expect(sessions((await list({ session_id: id })).outputs)).toMatchObject([{ session_id: id, analysis: null }]);
    await sandbox.control('faults', [
      { method: 'POST', path: '/organizations/*/sessions/*/insights/generate', reset: true, after_commit: true },
    ]);
    const result = await list({ session_id: id, generate: 'true' });
    expect(result.exitCode).toBe(0);
    expect(sessions(result.outputs)).toMatchObject([{ session_id: id, analysis: expect.any(Object) }]);
  });

  test('that may not generate writes what it has, and fails', async () => {
    await sandbox.api('POST', `/v3/organizations/${orgId}/sessions`, { prompt: 'Another one.' });
    const result = await list({ generate: 'true', devin_token: 'cog_sandbox_viewer', since: '1h' });
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'permission_denied' });
    expect(sessions(result.outputs).length).toBeGreaterThan(0);
    expect(result.summary).toContain('ManageOrgSessions');
  });

  test('one session and filters exclude each other', async () => {
    const result = await list({ session_id: 'devin-1', tags: 'a' });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(JSON.parse(result.outputs['result'] ?? '').error.message).toContain(
      'tags is given together with session_id',
    );
  });

  test('a session that does not exist is not_found', async () => {
    expect((await list({ session_id: 'devin-nothing' })).outputs['error_code']).toBe('not_found');
  });
});
