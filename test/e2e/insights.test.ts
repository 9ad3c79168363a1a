import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  // Sessions that fall asleep between two lists would differ in them.
  sandbox = await openSandbox({ speed: 30, habits: 'sleep_ms:0' });
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
    expect(result.summary).toMatch(/^### ✅ 2 sessions, and more · \d with insights · [\d.]+ ACUs\n/);
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
    expect(JSON.parse(result.outputs['result'] ?? '').error.message).toContain('tags is set together with session_id');
  });

  test('a session that does not exist is not_found', async () => {
    expect((await list({ session_id: 'devin-nothing' })).outputs['error_code']).toBe('not_found');
  });
});

describe('list-session-insights with a legacy key', () => {
  const legacy = (inputs: Record<string, string> = {}) =>
    list({ devin_token: 'apk_user_sandbox', org_id: '', max_results: '500', ...inputs });
  const requests = async () => (await sandbox.requests()).filter(({ path }) => path.startsWith('/v2/'));

  test('lists the sessions of all organizations, or of the one in org_id, in the same form', async () => {
    // All of them have come to their end by then, so that two lists of them are the same.
    await sandbox.control('clock', { advance_ms: 3_600_000 });
    const all = await legacy();
    expect(all.exitCode).toBe(0);
    const rows: readonly { org_id: string }[] = sessions(all.outputs);
    const organizations = new Set(rows.map((row) => row.org_id));
    expect(organizations.size).toBeGreaterThan(1);
    const one = await legacy({ org_id: orgId });
    expect(sessions(one.outputs)).toEqual(rows.filter((row) => row.org_id === orgId));
    expect(one.summary).toMatch(/^### ✅ \d+ sessions · \d+ with insights · [\d.]+ ACUs\n/);
    const asV3 = sessions((await list({ max_results: '500' })).outputs);
    expect(sessions(one.outputs).map(Object.keys)).toEqual(asV3.map(Object.keys));
    for (const [at, row] of sessions(one.outputs).entries()) {
      const { session_id, created_at, acus_consumed, tags, pull_requests } = asV3[at];
      expect(row).toMatchObject({ session_id, created_at, acus_consumed, tags, pull_requests, session_size: null });
    }
  });

  test('shows what was found in a session that has insights', async () => {
    const body = { prompt: 'Count the files.' };
    const made = await sandbox.api('POST', `/v3/organizations/${orgId}/sessions`, body);
    const id = String(Reflect.get(Object(made), 'session_id'));
    await list({ session_id: id, generate: 'true' });
    const found = sessions((await legacy({ org_id: orgId })).outputs);
    expect(found.find((row: { session_id: string }) => row.session_id === id)).toMatchObject({
      analysis: { issues: expect.any(Array), timeline: expect.any(Array) },
    });
  });

  test('reads page after page, and no further than it has to', async () => {
    const own = await openSandbox();
    try {
      await own.control('seed', { sessions: 450 });
      const inputs = { api_url: own.url, max_results: '1000' };
      const whole = await legacy(inputs);
      expect(Number(whole.outputs['count'])).toBeGreaterThanOrEqual(450);
      const few = await legacy({ ...inputs, max_results: '10' });
      expect(few.outputs['count']).toBe('10');
      expect(few.summary).toContain('and more');
      expect((await own.requests()).map(({ path }) => path)).toHaveLength(4);
    } finally {
      await own.close();
    }
  });

  test('keeps to the range of time', async () => {
    const rows: readonly { created_at: number }[] = sessions((await legacy()).outputs);
    const times = rows.map((row) => row.created_at).toSorted((a, b) => a - b);
    const [since = 0, until = 0] = [times[1], times.at(-2)];
    const some = sessions((await legacy({ since: String(since), until: String(until) })).outputs);
    expect(some).toEqual(rows.filter((row) => row.created_at >= since && row.created_at < until));
    expect(some.length).toBeGreaterThan(0);
  });

  test('names every input that v2 has no counterpart for, before the first request', async () => {
    const before = (await requests()).length;
    const result = await legacy({ generate: 'true', tags: 'a', repos: 'acme/api', playbook_id: 'playbook-1' });
    expect(result.outputs['error_code']).toBe('input_invalid');
    const { list: problems } = JSON.parse(result.outputs['result'] ?? '').error;
    for (const name of ['generate', 'tags', 'repos', 'playbook_id']) {
      expect(problems.join()).toContain(`${name} is not available in the legacy API v2`);
    }
    expect((await legacy({ session_id: 'devin-1' })).outputs['error_code']).toBe('input_invalid');
    expect(await requests()).toHaveLength(before);
  });
});
