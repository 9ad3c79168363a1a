import { expect, test } from 'vitest';
import { bench } from './support.ts';
import { as, lastEvent, send, v2 } from './v2-support.ts';

test('audit events of v2 are those of v3, between two instants that are outside', async () => {
  const b = await bench();
  await send(b, 'POST', 'playbooks', { title: 'x', body: 'y' });
  b.clock.ms += 10_000;
  await send(b, 'POST', 'playbooks', { title: 'z', body: 'y' });
  const events = async (query: string) => (await v2(b, `audit-logs?${query}`)).body.audit_logs;
  const [last] = await events('limit=1');
  const { created_at: seconds, ...same } = await lastEvent(b);
  expect(last).toEqual({ ...same, created_at: new Date(seconds * 1000).toISOString() });
  expect(last).toMatchObject({ action: 'create_playbook', user_email: 'user-1@example.com', service_user_id: null });
  expect(await events('after=2026-01-31T08:00:09Z')).toEqual([last]);
  expect(await events('after=2026-01-31T08:00:10')).toEqual([]);
  expect((await events('before=2026-01-31T08:00:10Z&limit=1'))[0].created_at).toBe('2026-01-31T08:00:00.000Z');
  expect((await v2(b, 'audit-logs?limit=0')).status).toBe(422);
  expect((await v2(b, 'audit-logs?before=cursor')).status).toBe(422);
});

test('consumption adds up: by day, by organization and with the figures of v3', async () => {
  const b = await bench();
  const sum = (of: Record<string, number>) => Object.values(of).reduce((total, acus) => total + acus, 0);
  const { body } = await v2(b, 'consumption/daily?start_date=2026-01-01T08:00:00Z&end_date=2026-01-31T08:00:00Z');
  const range = `time_after=${Date.UTC(2026, 0, 1, 8) / 1000}&time_before=${Date.UTC(2026, 0, 31, 8) / 1000}`;
  const { body: v3 } = await b.ask(`/v3/enterprise/consumption/daily?${range}`);
  expect(body.total_acus).toBeCloseTo(v3.total_acus);
  expect(sum(body.consumption_by_date)).toBeCloseTo(body.total_acus);
  expect(sum(body.consumption_by_org_id)).toBeCloseTo(body.total_acus);
  const { body: one } = await v2(b, `consumption/daily?start=2026-01-01&org_ids=${b.org}`);
  expect(Object.keys(one.consumption_by_org_id)).toEqual([b.org]);
  const { body: cycles } = await v2(b, 'consumption/cycles');
  expect(cycles.at(-1)).toMatchObject({ start: '2026-01-05T08:00:00.000Z', end: '2026-02-05T08:00:00.000Z' });
  for (const [i, cycle] of cycles.slice(1).entries()) expect(cycle.start).toBe(cycles[i].end);
  const { body: usage } = await v2(b, 'metrics/usage');
  expect(usage.sessions_count).toBe((await v2(b, 'metrics/sessions')).body.sessions_count);
  expect(usage.sessions_count).toBe((await v2(b, 'sessions')).body.total);
});

test('a revoked API key stops working; revoking all leaves none', async () => {
  const b = await bench();
  const provision = async () => {
    const json = { name: 'Bot', role_id: 'account_admin', ttl_seconds: 3600 };
    return (await b.ask('/v3beta1/enterprise/service-users', { method: 'POST', json })).body;
  };
  const works = async (token: string) => (await b.ask('/v3/self', { as: token })).status;
  const [one, two] = [await provision(), await provision()];
  const { body } = await b.ask(`/v3beta1/enterprise/service-users/${one.service_user.service_user_id}/api-keys`);
  const path = `api-keys/${body.items[0].api_key_id}`;
  expect((await v2(b, path, { method: 'DELETE' })).body).toEqual({ status: 'success' });
  expect((await v2(b, path, { method: 'DELETE' })).status).toBe(409);
  expect((await v2(b, 'api-keys/none', { method: 'DELETE' })).status).toBe(404);
  expect([await works(one.token), await works(two.token)]).toEqual([401, 200]);
  await v2(b, 'api-keys', { method: 'DELETE' });
  expect(await works(two.token)).toBe(401);
  expect(await lastEvent(b)).toMatchObject({ action: 'revoke_all_enterprise_api_keys' });
});

test('words of the examples are taken, and their fields answered beside those of the reference', async () => {
  const b = await bench();
  const { body: made } = await send(b, 'POST', 'organizations', { name: 'Engineering Team', acu_limit: 1000 });
  expect(made).toMatchObject({ id: made.org_id, org_name: 'Engineering Team', max_cycle_acu_limit: 1000 });
  const { body: insights } = await v2(b, 'sessions/insights?limit=50&offset=3');
  expect(insights.skip).toBe(3);
  expect(insights.sessions[0]).toMatchObject({ id: insights.items[0].session_id, insight: null });
  const { body: logs } = await v2(b, 'audit-logs?start_date=2026-01-30T12:00:00.123456&limit=2');
  expect(logs.logs[0]).toMatchObject({ timestamp: logs.audit_logs[0].created_at, actor: expect.any(String) });
  const hidden = '[email\u00a0protected]';
  const invited = await send(b, 'POST', 'members/invite', { emails: [hidden, hidden], role: 'member' });
  expect(invited.body.invited).toEqual(['invited-1@example.com', 'invited-2@example.com']);
  const seed = { provider: 'github', repository: 'org/repo-name', permission: 'read' };
  const added = await send(b, 'POST', `organizations/${b.org}/permissions`, seed);
  const { body: v3 } = await b.ask(`/v3/enterprise/organizations/${b.org}/git-providers/permissions`);
  expect(v3.items.at(-1)).toMatchObject({ repo_path: 'org/repo-name', read_only: true });
  expect(added.body.permission_id).toBe(v3.items.at(-1).git_permission_id);
});

test('billing cycles are a bare array as the reference says, or an object for the key of the examples', async () => {
  const b = await bench();
  const { body: bare } = await v2(b, 'consumption/cycles');
  const { body: wrapped } = await v2(b, 'consumption/cycles', { as: 'apk_user_sandbox_examples' });
  expect(wrapped).toEqual({ cycles: bare.toReversed() });
  expect(wrapped.cycles[0]).toMatchObject({ start_date: bare.at(-1).start, acus_used: expect.any(Number) });
  expect((await v2(b, 'members', { as: 'apk_user_sandbox_examples' })).body).toEqual((await v2(b, 'members')).body);
  const { body: journal } = await b.ask('/sandbox/requests');
  expect(new Set(journal.items.map(({ credential }: { credential: string }) => credential))).toEqual(new Set([as]));
});
