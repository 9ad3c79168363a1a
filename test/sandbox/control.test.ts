import { expect, test } from 'vitest';
import { bench, START } from './support.ts';

test('the journal keeps API requests with status and credential name, never an unknown credential', async () => {
  const b = await bench();
  await b.ask('/v3/enterprise/organizations?first=1', { as: 'cog_sandbox_org', headers: { 'user-agent': 'test/1' } });
  await b.ask('/v3/self', { as: 'cog_secret' });
  await b.ask('/v3/none', { as: null });
  await b.ask('/sandbox/state');
  const { items } = (await b.ask('/sandbox/requests', { as: null })).body;
  expect(items).toEqual([
    {
      method: 'GET',
      path: '/v3/enterprise/organizations?first=1',
      status: 403,
      credential: 'cog_sandbox_org',
      ms: 0,
      user_agent: 'test/1',
    },
    { method: 'GET', path: '/v3/self', status: 401, credential: 'unknown', ms: 0, user_agent: expect.any(String) },
    { method: 'GET', path: '/v3/none', status: 404, credential: 'none', ms: 0, user_agent: expect.any(String) },
  ]);
  await b.ask('/sandbox/requests', { method: 'DELETE' });
  expect((await b.ask('/sandbox/requests')).body.items).toEqual([]);
});

test('a seed call rebuilds with the given counts, a hundred thousand audit events in well under a second', async () => {
  const b = await bench();
  const counts = {
    organizations: 5,
    repositories: 70,
    permissions_per_org: 9,
    audit_logs: 100_000,
    users: 30,
    sessions: 25,
  };
  const began = performance.now();
  const { body } = await b.control('seed', { ...counts, audit_log_days: 30 });
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(body).toMatchObject({ ...counts, git_connections: 2 });
  expect((await b.ask('/sandbox/state')).body).toMatchObject(counts);
  const names = (await b.ask('/v3/enterprise/organizations')).body.items.map((item: { name: string }) => item.name);
  expect(names).toEqual(['Engineering Team', 'Data Platform', 'Security', 'Organization 4', 'Organization 5']);
  const [oldest] = (await b.ask('/v3/enterprise/audit-logs?order=asc&first=1')).body.items;
  expect(oldest.created_at).toBeGreaterThanOrEqual(START / 1000 - 30 * 86_400);
  expect(oldest.created_at).toBeLessThan(START / 1000 - 29 * 86_400);
});

test('pages out of a hundred thousand audit events are quick', async () => {
  const b = await bench();
  await b.control('seed', { audit_logs: 100_000 });
  const range = `time_after=${START / 1000 - 86_400}&time_before=${START / 1000}`;
  await b.ask(`/v3/enterprise/audit-logs?action=login`);
  const began = performance.now();
  for (let i = 0; i < 20; i += 1) await b.ask(`/v3/enterprise/audit-logs?${range}&first=200`);
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('a reset brings back the state of the start and clears faults, latency, journal and clock', async () => {
  const b = await bench();
  const before = (await b.ask(b.path('sessions'))).body;
  const { session_id: id } = (await b.create({ prompt: 'x' })).body;
  await b.control('clock', { advance_ms: 1000, speed: 20 });
  await b.control('faults', [{ path: '/self', status: 500 }]);
  await b.control('latency', { ms: 5 });
  await b.control('reset');
  expect((await b.ask('/sandbox/requests')).body.items).toEqual([]);
  expect((await b.ask('/v3/self')).status).toBe(200);
  expect((await b.ask(b.path('sessions'))).body).toEqual(before);
  expect((await b.ask('/sandbox/clock')).body).toEqual({ now_ms: START, speed: 1 });
  expect((await b.create({ prompt: 'x' })).body.session_id).toBe(id);
});

test('time in the sandbox can be moved ahead and sped up', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'x', tags: ['sandbox:finish-after=4'] })).body;
  expect((await b.control('clock', { advance_ms: 2000 })).body).toEqual({ now_ms: START + 2000, speed: 1 });
  expect(await b.later(0, id)).toMatchObject({ status_detail: 'working' });
  expect((await b.control('clock', { speed: 20 })).body).toEqual({ now_ms: START + 2000, speed: 20 });
  expect(await b.later(0.1, id)).toMatchObject({ status_detail: 'finished' });
  expect((await b.ask('/sandbox/clock')).body.now_ms).toBe(START + 4000);
});

test('latency holds back answers of the API but not of the controls', async () => {
  const b = await bench();
  await b.control('latency', { ms: 300 });
  const first = [b.ask('/v3/self').then(() => 'the API'), b.ask('/sandbox/state').then(() => 'a control')];
  expect(await Promise.race(first)).toBe('a control');
  await Promise.all(first);
  const asked = performance.now();
  await b.ask('/v3/self');
  expect(performance.now() - asked).toBeGreaterThan(280);
});

test.each([
  ['seed', { sesions: 1 }, 'sesions'],
  ['seed', { organizations: 0 }, 'organizations'],
  ['latency', { s: 1 }, 'ms'],
  ['clock', { speed: -1 }, 'speed'],
  ['clock', { advance: 1 }, 'advance'],
  ['faults', { path: '/self', status: 500 }, 'body'],
  ['faults', [{ path: '/self', stauts: 500 }], 'stauts'],
  ['faults', [{ path: '/self' }], 'exactly one of'],
  ['faults', [{ path: '/self', status: 500, hang: true }], 'exactly one of'],
  ['faults', [{ path: '/self', status: 500, times: 0 }], 'times'],
])('a mistake in a %s call gets a 422 that names the field: %j', async (name, json, field) => {
  const b = await bench();
  const { status, body } = await b.control(name, json);
  expect(status).toBe(422);
  expect(body.detail).toContain(field);
});

test('an unknown control is a 404, one with a wrong method a 405', async () => {
  const b = await bench();
  expect((await b.ask('/sandbox/sede', { method: 'POST' })).status).toBe(404);
  expect((await b.ask('/sandbox/constructor')).status).toBe(404);
  const wrong = await b.ask('/sandbox/reset');
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get('allow')).toBe('POST');
  expect((await b.ask('/sandbox/latency', { method: 'POST', body: '{' })).status).toBe(400);
});

test('two sandboxes of one seed answer alike, one of another seed does not', async () => {
  const [a, b, c] = await Promise.all([bench(7), bench(7), bench(8)]);
  const paths = [
    '/v3/enterprise/organizations',
    '/v3/enterprise/audit-logs',
    '/v3/enterprise/git-providers/connections',
  ];
  for (const path of [...paths, a.path('sessions')]) {
    expect((await b.ask(path)).body).toEqual((await a.ask(path)).body);
  }
  const asked = { prompt: 'x', tags: ['sandbox:pr'] };
  const [one, two] = [(await a.create(asked)).body, (await b.create(asked)).body];
  expect(two).toEqual(one);
  expect(await b.later(5, two.session_id)).toEqual(await a.later(5, one.session_id));
  expect(c.org).not.toBe(a.org);
});

test('the seed holds sessions in several end states, with messages', async () => {
  const b = await bench();
  const states = new Set<string>();
  for (const { org_id } of (await b.ask('/v3/enterprise/organizations')).body.items) {
    for (const item of (await b.ask(`/v3/organizations/${org_id}/sessions`)).body.items) {
      states.add(`${item.status}/${item.status_detail}`);
      expect(item.created_at).toBeLessThan(START / 1000);
    }
  }
  expect([...states].sort()).toEqual([
    'error/null',
    'exit/null',
    'running/finished',
    'running/waiting_for_user',
    'suspended/inactivity',
    'suspended/out_of_credits',
  ]);
});
