import { describe, expect, test } from 'vitest';
import { type Answer, type Bench, bench, START } from './support.ts';

const DAY = 86_400;
const NOW = START / 1000;
const CONSUMPTION = '/v3/enterprise/consumption';
const METRICS = '/v3/enterprise/metrics';
const LAST_MONTH = `time_after=${NOW - 30 * DAY}&time_before=${NOW}`;

interface Day {
  readonly date: number;
  readonly acus: number;
  readonly acus_by_product: Readonly<Record<string, number | null>>;
}

async function read(b: Bench, path: string): Promise<Answer['body']> {
  const answer = await b.ask(path);
  expect(answer.status, `${path}: ${answer.text}`).toBe(200);
  return answer.body;
}

const ids = async (b: Bench, path: string, key: string): Promise<string[]> =>
  (await read(b, path)).items.map((item: Record<string, string>) => item[key] ?? '');

const organizations = (b: Bench) => ids(b, '/v3/enterprise/organizations', 'org_id');
const sum = (numbers: readonly number[]) => Math.round(numbers.reduce((total, one) => total + one, 0) * 10) / 10;
const product = (days: readonly Day[], name: string) => sum(days.map((day) => day.acus_by_product[name] ?? 0));
const total = async (b: Bench, path: string): Promise<number> => (await read(b, path)).total_acus;

async function totals(b: Bench, paths: readonly string[]): Promise<number> {
  return sum(await Promise.all(paths.map((path) => total(b, path))));
}

describe('consumption', () => {
  test('days add up to the total, and products to their day; a day begins at midnight PST', async () => {
    const { total_acus: acus, consumption_by_date: days } = await read(await bench(), `${CONSUMPTION}/daily`);
    expect(acus).toBeGreaterThan(100);
    expect(days.length).toBeGreaterThan(50);
    expect(sum(days.map((day: Day) => day.acus))).toBe(acus);
    for (const day of days as Day[]) {
      expect(day.date % DAY).toBe(8 * 3600);
      expect(sum(Object.values(day.acus_by_product).map((one) => one ?? 0))).toBe(day.acus);
    }
    const dates = days.map((day: Day) => day.date);
    expect(dates).toEqual([...new Set(dates)].sort((x, y) => Number(x) - Number(y)));
    for (const name of ['devin', 'cascade', 'terminal', 'review']) expect(product(days, name)).toBeGreaterThan(0);
  });

  test('organizations add up to the enterprise, and users with service users to their organization', async () => {
    const b = await bench();
    const all = await read(b, `${CONSUMPTION}/daily`);
    const orgIds = await organizations(b);
    expect(
      await totals(
        b,
        orgIds.map((id) => `${CONSUMPTION}/daily/organizations/${id}`),
      ),
    ).toBe(all.total_acus);
    const users = await ids(b, '/v3/enterprise/members/users', 'user_id');
    const robots = await ids(b, '/v3/enterprise/members/service-users', 'service_user_id');
    for (const org of orgIds) {
      const own = await read(b, `/v3/organizations/${org}/consumption/daily`);
      const people = [...users.map((id) => `users/${id}`), ...robots.map((id) => `service-users/${id}`)];
      const parts = await Promise.all(
        people.map((one) => read(b, `/v3/organizations/${org}/consumption/daily/${one}`)),
      );
      const devin = parts.map((part) => product(part.consumption_by_date, 'devin'));
      expect(sum(devin)).toBe(product(own.consumption_by_date, 'devin'));
    }
    const everybody = [...users.map((id) => `users/${id}`), ...robots.map((id) => `service-users/${id}`)];
    expect(
      await totals(
        b,
        everybody.map((one) => `${CONSUMPTION}/daily/${one}`),
      ),
    ).toBe(all.total_acus);
  });

  test('a range takes its start and leaves out its end, so that days and cycles meet without overlap', async () => {
    const b = await bench();
    const all = await read(b, `${CONSUMPTION}/daily`);
    const { items: cycles } = await read(b, `${CONSUMPTION}/cycles`);
    const ranged = cycles.map(
      ({ after, before }: { after: number; before: number }) =>
        `${CONSUMPTION}/daily?time_after=${after}&time_before=${before}`,
    );
    expect(await totals(b, ranged)).toBe(all.total_acus);
    const { date, acus } = all.consumption_by_date[7];
    const one = await read(b, `${CONSUMPTION}/daily?time_after=${date}&time_before=${date + DAY}`);
    expect(one).toEqual({ total_acus: acus, consumption_by_date: [all.consumption_by_date[7]] });
    expect(await read(b, `${CONSUMPTION}/daily?time_after=${NOW + DAY}`)).toEqual({
      total_acus: 0,
      consumption_by_date: [],
    });
  });

  test('billing cycles follow each other without a gap; the last one is running', async () => {
    const b = await bench();
    const { items: cycles } = await read(b, `${CONSUMPTION}/cycles`);
    expect(cycles.length).toBeGreaterThan(5);
    for (let i = 1; i < cycles.length; i += 1) expect(cycles[i].after).toBe(cycles[i - 1].before);
    expect(cycles.at(-1).after).toBe(Date.UTC(2026, 0, 5, 8) / 1000);
    expect(cycles.at(-1).before).toBeGreaterThan(NOW);
    b.clock.ms += 10 * DAY * 1000;
    const { items: later } = await read(b, `${CONSUMPTION}/cycles`);
    expect(later).toEqual([...cycles, { after: cycles.at(-1).before, before: Date.UTC(2026, 2, 5, 8) / 1000 }]);
  });

  test('a session counts on the day of its creation, for whoever it was created as', async () => {
    const b = await bench();
    const [user] = await ids(b, '/v3/enterprise/members/users', 'user_id');
    const mine = `${CONSUMPTION}/daily/users/${user}`;
    const robot = `${CONSUMPTION}/daily/service-users/${(await read(b, '/v3/self')).service_user_id}`;
    const all = `${CONSUMPTION}/daily`;
    const before = { user: await total(b, mine), robot: await total(b, robot), all: await total(b, all) };
    const { body: session } = await b.create({ prompt: 'x', create_as_user_id: user });
    const { acus_consumed: acus } = await b.later(60, session.session_id);
    expect(acus).toBeGreaterThan(0);
    for (const path of [
      `${CONSUMPTION}/daily/sessions/${session.session_id}`,
      b.path(`consumption/daily/sessions/${session.session_id.slice('devin-'.length)}`),
    ]) {
      const { total_acus, consumption_by_date: days } = await read(b, path);
      expect(total_acus).toBe(acus);
      expect(days).toEqual([
        { date: NOW, acus, acus_by_product: { devin: acus, cascade: 0, terminal: 0, review: null } },
      ]);
    }
    expect(sum([await total(b, mine), -before.user])).toBe(acus);
    expect(await total(b, robot)).toBe(before.robot);
    expect(await total(b, `${all}?time_before=${NOW}`)).toBe(before.all);
    expect(await total(b, `${all}?time_after=${NOW}`)).toBe(acus);
    expect(sum([await total(b, all), -before.all])).toBe(acus);
  });

  test('what is not there is a 404, also a session of another organization', async () => {
    const b = await bench();
    const [, other = ''] = await organizations(b);
    const [session] = await ids(b, b.path('sessions'), 'session_id');
    for (const path of [
      `${CONSUMPTION}/daily/organizations/org-x`,
      `${CONSUMPTION}/daily/users/user-x`,
      `${CONSUMPTION}/daily/service-users/service-user-x`,
      `${CONSUMPTION}/daily/sessions/devin-x`,
      '/v3/organizations/org-x/consumption/daily',
      b.path('consumption/daily/users/user-x'),
      `/v3/organizations/${other}/consumption/daily/sessions/${session}`,
    ]) {
      expect((await b.ask(path)).status, path).toBe(404);
    }
  });

  test('the figures of the examples agree with the reference', async () => {
    const b = await bench();
    const path = '/v3beta1/enterprise/consumption/daily/organizations';
    const { data } = await read(b, `${path}?start_date=2026-01-05&end_date=2026-01-11`);
    expect(data.map((one: { organization_name: string }) => one.organization_name)).toEqual([
      'Engineering Team',
      'Data Platform',
      'Security',
    ]);
    const range = `time_after=${Date.UTC(2026, 0, 5, 8) / 1000}&time_before=${Date.UTC(2026, 0, 12, 8) / 1000}`;
    for (const { organization_id: id, acus_used: acus } of data) {
      expect(await total(b, `${CONSUMPTION}/daily/organizations/${id}?${range}`)).toBe(acus);
    }
    expect((await b.ask(`${path}?start_date=05.01.2026`)).status).toBe(422);
  });

  test('two sandboxes with one seed used the same, with another seed something else', async () => {
    const path = `${CONSUMPTION}/daily`;
    const [one, same, other] = await Promise.all([bench(3), bench(3), bench(4)]);
    expect(await read(one, path)).toEqual(await read(same, path));
    expect(await total(one, path)).not.toBe(await total(other, path));
  });

  test('only who manages billing sees the consumption', async () => {
    const b = await bench();
    for (const path of [`${CONSUMPTION}/daily`, b.path('consumption/daily')]) {
      const { status, body } = await b.ask(path, { as: 'cog_sandbox_org' });
      expect([status, body.detail]).toEqual([403, expect.stringContaining('ManageBilling')]);
    }
  });
});

describe('ACU limits', () => {
  const limits = `${CONSUMPTION}/acu-limits/devin`;

  test('a limit is set, changed and taken away, and each change is in the audit log', async () => {
    const b = await bench();
    const path = `${limits}/organizations/${b.org}`;
    const own = async () =>
      (await read(b, limits)).items.find((limit: { org_id: string }) => limit.org_id === b.org)?.cycle_acu_limit;
    expect(await own()).toBeUndefined();
    for (const acus of [100, 0]) {
      expect((await b.ask(path, { method: 'PUT', json: { cycle_acu_limit: acus } })).status).toBe(200);
      expect(await own()).toBe(acus);
    }
    expect((await b.ask(path, { method: 'DELETE' })).status).toBe(200);
    expect(await own()).toBeUndefined();
    expect((await b.ask(path, { method: 'DELETE' })).status).toBe(404);
    const { items: events } = await read(b, `/v3/enterprise/audit-logs?time_after=${NOW}`);
    expect(events.map((event: { data: { change: string } }) => event.data.change)).toEqual([
      'delete_acu_limit',
      'set_acu_limit',
      'set_acu_limit',
    ]);
  });

  test('a limit below zero or for no organization is refused', async () => {
    const b = await bench();
    const json = { cycle_acu_limit: -1 };
    expect((await b.ask(`${limits}/organizations/${b.org}`, { method: 'PUT', json })).status).toBe(422);
    const missing = { method: 'PUT', json: { cycle_acu_limit: 1 } };
    expect((await b.ask(`${limits}/organizations/org-x`, missing)).status).toBe(404);
  });
});

describe('metrics', () => {
  test('sessions are those that the lists show, and organizations add up to the enterprise', async () => {
    const b = await bench();
    for (const prompt of ['Fix it', 'Write tests']) await b.create({ prompt, tags: ['sandbox:pr'], playbook_id: 'p' });
    b.clock.ms += 60_000;
    const range = `time_after=${NOW - 30 * DAY}&time_before=${NOW + DAY}`;
    const { items } = await read(b, '/v3/enterprise/sessions');
    const all = await read(b, `${METRICS}/sessions?${range}`);
    expect(all.sessions_created_count).toBe(items.length);
    expect(all.sessions_created_with_playbook_count).toBe(2);
    for (const counts of [all.sessions_created_by_origin, all.sessions_created_by_size]) {
      expect(sum(Object.values(counts))).toBe(items.length);
    }
    const acus = sum(items.map((item: { acus_consumed: number }) => item.acus_consumed));
    expect(all.avg_acus_per_session).toBeCloseTo(acus / items.length, 2);
    const { categories } = await read(b, `${METRICS}/sessions-by-category?${range}`);
    expect(categories.map(({ category }: { category: string }) => category)).toContain('bug_fixing');
    expect(sum(categories.map((one: { sessions_count: number }) => one.sessions_count))).toBe(items.length);
    expect(sum(categories.map((one: { acus: number }) => one.acus))).toBe(acus);
    const opened = items.flatMap((item: { pull_requests: unknown[] }) => item.pull_requests).length;
    expect((await read(b, `${METRICS}/prs?${range}`)).prs_created_count).toBe(opened);
    const orgIds = await organizations(b);
    const usage = await read(b, `${METRICS}/usage`);
    expect(usage).toMatchObject({ sessions_count: items.length, prs_created_count: opened });
    for (const prefix of ['/v3/enterprise/organizations', '/v3/organizations']) {
      const parts = await Promise.all(orgIds.map((id) => read(b, `${prefix}/${id}/metrics/usage`)));
      for (const key of Object.keys(usage)) expect(sum(parts.map((part) => part[key]))).toBe(usage[key]);
    }
    expect(await read(b, `${METRICS}/sessions?${range}&org_ids=${b.org}`)).toEqual(
      await read(b, `${b.path('metrics/sessions')}?${range}`),
    );
  });

  test('searches of days add up to those of a month, and organizations to the enterprise', async () => {
    const b = await bench();
    const count = async (path: string): Promise<number> => (await read(b, path)).searches_created_count;
    const all = await count(`${METRICS}/searches?${LAST_MONTH}`);
    expect(all).toBeGreaterThan(50);
    const days = Array.from({ length: 30 }, (_, i) => NOW - (i + 1) * DAY);
    const daily = days.map((at) => count(`${METRICS}/searches?time_after=${at}&time_before=${at + DAY}`));
    expect(sum(await Promise.all(daily))).toBe(all);
    const orgIds = await organizations(b);
    const byOrg = orgIds.map((id) => count(`/v3/organizations/${id}/metrics/searches?${LAST_MONTH}`));
    expect(sum(await Promise.all(byOrg))).toBe(all);
    expect(await count(`${METRICS}/searches?${LAST_MONTH}&org_ids=${orgIds[0]}&org_ids=${orgIds[1]}`)).toBe(
      sum((await Promise.all(byOrg)).slice(0, 2)),
    );
  });

  test('active users are counted by days, weeks from Monday and months of UTC', async () => {
    const b = await bench();
    const midnight = NOW - 8 * 3600;
    const range = `time_after=${midnight - 28 * DAY}&time_before=${midnight}`;
    const [dau, wau, mau, whole] = await Promise.all(
      ['dau', 'wau', 'mau', 'active-users'].map((name) => read(b, `${METRICS}/${name}?${range}`)),
    );
    const active = (one: { active_users: number }) => one.active_users;
    expect(dau).toHaveLength(28);
    expect(wau.length).toBeGreaterThanOrEqual(4);
    for (const { start_time, end_time } of wau) {
      expect(new Date(start_time * 1000).toUTCString()).toMatch(/^Mon, .* 00:00:00 GMT$/);
      expect(new Date(end_time * 1000).toUTCString()).toMatch(/^Sun, .* 23:59:59 GMT$/);
    }
    expect(mau.map((one: { start_time: number }) => new Date(one.start_time * 1000).toISOString())).toEqual([
      '2026-01-01T00:00:00.000Z',
    ]);
    expect(whole).toEqual({ start_time: midnight - 28 * DAY, end_time: midnight, active_users: active(mau[0]) });
    expect(Math.max(...dau.map(active))).toBeLessThanOrEqual(whole.active_users);
    expect(sum(dau.map(active))).toBeGreaterThanOrEqual(whole.active_users);
    expect(whole.active_users).toBe((await read(b, '/v3/enterprise/members/users')).total);
  });

  test('a user is active by enough sessions or enough searches', async () => {
    const b = await bench();
    const [, , user] = await ids(b, '/v3/enterprise/members/users', 'user_id');
    for (let i = 0; i < 2; i += 1) await b.create({ prompt: 'x', create_as_user_id: user });
    const today = `${b.path('metrics/active-users')}?time_after=${NOW}&time_before=${NOW + DAY}`;
    for (const [more, active] of [
      ['', 1],
      ['&min_sessions=2', 1],
      ['&min_sessions=3', 0],
    ] as const) {
      expect((await read(b, today + more)).active_users, more).toBe(active);
    }
    const never = `${METRICS}/active-users?${LAST_MONTH}&min_searches=1000&min_sessions=1000`;
    expect((await read(b, never)).active_users).toBe(0);
    expect((await read(b, `${METRICS}/sessions?${LAST_MONTH}&user_ids=${user}`)).sessions_created_count).toBe(0);
    const until = LAST_MONTH.replace(`time_before=${NOW}`, `time_before=${NOW + 1}`);
    expect((await read(b, `${METRICS}/sessions?${until}&user_ids=${user}`)).sessions_created_count).toBe(2);
  });

  test('every metric but usage needs both ends of its range', async () => {
    const b = await bench();
    for (const name of ['active-users', 'dau', 'wau', 'mau', 'prs', 'searches', 'sessions', 'sessions-by-category']) {
      const { status, body } = await b.ask(`${METRICS}/${name}?time_after=1`);
      expect(status, name).toBe(422);
      expect(body.errors[0].loc).toEqual(['query', 'time_before']);
      expect((await b.ask(`${METRICS}/${name}?time_before=1`)).status, name).toBe(422);
    }
    expect((await b.ask(`${METRICS}/usage`)).status).toBe(200);
    expect((await b.ask(`${METRICS}/dau?time_after=0&time_before=900000000000000`)).status).toBe(422);
    expect((await b.ask('/v3/organizations/org-x/metrics/usage')).status).toBe(404);
  });
});

describe('guardrail violations', () => {
  const violations = '/v3beta1/enterprise/guardrail-violations';
  type Violation = { created_at: number; session_id: string | null; org_id: string; guardrail_id: string };

  test('they are listed newest first, or oldest first, by organization, session and guardrail', async () => {
    const b = await bench();
    const { items }: { items: Violation[] } = await read(b, violations);
    expect(items.length).toBeGreaterThan(5);
    const times = items.map((one) => one.created_at);
    expect(times).toEqual(times.toSorted((x, y) => y - x));
    expect((await read(b, `${violations}?order=asc`)).items).toEqual(items.toReversed());
    const first = await read(b, `${violations}?first=3`);
    const rest = await read(b, `${violations}?after=${first.end_cursor}`);
    expect([...first.items, ...rest.items]).toEqual(items);
    const own = items.filter((one) => one.org_id === b.org);
    expect((await read(b, `/v3beta1/enterprise/organizations/${b.org}/guardrail-violations`)).items).toEqual(own);
    const linked = items.find((one) => one.session_id !== null);
    expect((await b.ask(`/v3/enterprise/sessions/${linked?.session_id}`)).status).toBe(200);
    expect((await read(b, `${violations}?session_id=${linked?.session_id}`)).items).toEqual([linked]);
    const alike = items.filter((one) => one.guardrail_id === linked?.guardrail_id);
    expect((await read(b, `${violations}?guardrail_id=${linked?.guardrail_id}`)).items).toEqual(alike);
  });

  test('a range needs its start and spans at most 100 days', async () => {
    const b = await bench();
    expect((await b.ask(`${violations}?time_before=${NOW}`)).body.errors[0].loc).toEqual(['query', 'time_after']);
    const hundred = NOW - 100 * DAY;
    expect((await b.ask(`${violations}?time_after=${hundred - 1}&time_before=${NOW}`)).status).toBe(422);
    const { items } = await read(b, `${violations}?time_after=${hundred}&time_before=${NOW}`);
    expect(items.length).toBeGreaterThan(0);
    expect(items.length).toBeLessThan((await read(b, violations)).total);
  });
});
