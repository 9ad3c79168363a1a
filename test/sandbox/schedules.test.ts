import { beforeEach, describe, expect, test } from 'vitest';
import { type Bench, bench, START } from './support.ts';

let b: Bench;
const NIGHTLY = { name: 'Triage', prompt: 'Triage new issues.', frequency: '0 6 * * 1-5' };
const ONCE = { name: 'Once', prompt: 'x', schedule_type: 'one_time', scheduled_at: '2026-03-01T09:00:00+01:00' };
const create = (json: unknown) => b.ask(b.path('schedules'), { method: 'POST', json });
const change = (id: string, json: unknown) => b.ask(b.path(`schedules/${id}`), { method: 'PATCH', json });

beforeEach(async () => {
  b = await bench();
});

describe('a list of schedules', () => {
  test('is read by limit and offset, in the envelope of a cursor-paged list', async () => {
    for (let i = 0; i < 3; i += 1) await create({ ...NIGHTLY, name: `Number ${i}` });
    const names = async (query: string) => {
      const { body } = await b.ask(b.path(`schedules?${query}`));
      return { ...body, items: body.items.map(({ name }: { name: string }) => name) };
    };
    const end = { end_cursor: null, total: 5 };
    expect(await names('limit=2&offset=2')).toEqual({ items: ['Number 0', 'Number 1'], has_next_page: true, ...end });
    expect(await names('limit=2&offset=4')).toEqual({ items: ['Number 2'], has_next_page: false, ...end });
    expect(await names('offset=5')).toEqual({ items: [], has_next_page: false, ...end });
    expect((await names('')).items).toHaveLength(5);
  });

  test('takes a limit from 1 to 200', async () => {
    for (const query of ['limit=0', 'limit=201', 'offset=-1']) {
      expect((await b.ask(b.path(`schedules?${query}`))).status, query).toBe(422);
    }
  });

  test('holds the schedules of its organization only', async () => {
    const { items } = (await b.ask('/v3/enterprise/organizations')).body;
    const other = (await b.ask(`/v3/organizations/${items[1].org_id}/schedules`)).body;
    expect(other.items).toMatchObject([{ name: 'Weekly data quality report', org_id: items[1].org_id }]);
    const id = other.items[0].scheduled_session_id;
    expect((await b.ask(b.path(`schedules/${id}`))).status).toBe(404);
  });
});

describe('a schedule that is created', () => {
  test('is enabled, has the documented defaults, and can be found', async () => {
    const { body } = await create(NIGHTLY);
    expect(body).toMatchObject({
      ...NIGHTLY,
      org_id: b.org,
      enabled: true,
      schedule_type: 'recurring',
      interval_count: 1,
      agent: 'devin',
      notify_on: 'failure',
      bypass_approval: false,
      playbook: null,
      scheduled_at: null,
      last_executed_at: null,
      consecutive_failures: 0,
      created_at: new Date(START).toISOString(),
    });
    expect(body.scheduled_session_id).toMatch(/^sched-/);
    expect((await b.ask(b.path(`schedules/${body.scheduled_session_id}`))).body).toEqual(body);
  });

  test('may run once, at a time in the future', async () => {
    expect((await create(ONCE)).body).toMatchObject({ scheduled_at: ONCE.scheduled_at, frequency: null });
  });

  test.each([
    ['a recurring one without a cron expression', { name: 'x', prompt: 'x' }, 'frequency'],
    ['a cron expression with four fields', { ...NIGHTLY, frequency: '0 6 * *' }, 'frequency'],
    ['a minute of 60', { ...NIGHTLY, frequency: '60 6 * * *' }, 'frequency'],
    ['a range that runs backwards', { ...NIGHTLY, frequency: '0 9-6 * * *' }, 'frequency'],
    ['a one_time one without a time', { ...ONCE, scheduled_at: null }, 'scheduled_at'],
    ['a time in the past', { ...ONCE, scheduled_at: '2026-01-01T00:00:00Z' }, 'scheduled_at'],
    ['a time without a zone', { ...ONCE, scheduled_at: '2026-03-01T00:00:00' }, 'scheduled_at'],
    ['a recurring one for an existing session', { ...NIGHTLY, target_devin_id: 'devin-x' }, 'target_devin_id'],
    ['an interval of 0', { ...NIGHTLY, interval_count: 0 }, 'interval_count'],
  ])('is refused: %s', async (_, json, field) => {
    const answer = await create(json);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ loc: ['body', field] }]);
  });

  test.each(['*/15 * * * *', '0 0 1,15 * *', '5/10 8-18/2 * jan-jun MON', '0 6 * * 7'])(
    'takes the cron expression %s',
    async (frequency) => {
      expect((await create({ ...NIGHTLY, frequency })).status).toBe(200);
    },
  );

  test('refuses a playbook, a session and a user that are not there, and lists the platforms', async () => {
    expect((await create({ ...NIGHTLY, playbook_id: 'playbook-x' })).status).toBe(404);
    expect((await create({ ...ONCE, target_devin_id: 'devin-x' })).status).toBe(404);
    expect((await create({ ...NIGHTLY, create_as_user_id: 'user-x' })).status).toBe(404);
    const answer = await create({ ...NIGHTLY, platform: 'amiga' });
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain('linux, windows');
    expect((await create({ ...NIGHTLY, platform: 'Windows' })).status).toBe(200);
  });

  test('runs in the name of a user only for who may impersonate', async () => {
    const json = { ...NIGHTLY, create_as_user_id: 'user-x' };
    const answer = await b.ask(b.path('schedules'), { method: 'POST', json, as: 'cog_sandbox_org' });
    expect(answer.status).toBe(403);
    expect(answer.body.detail).toContain('ImpersonateOrgSessions');
  });

  test('may write to an existing session', async () => {
    const { session_id: target_devin_id } = (await b.create({ prompt: 'x' })).body;
    expect((await create({ ...ONCE, target_devin_id })).body).toMatchObject({ target_devin_id });
  });

  test('may follow a playbook, which the answer names', async () => {
    const { items } = (await b.ask('/v3/enterprise/playbooks')).body;
    const { playbook_id, title } = items[0];
    expect((await create({ ...NIGHTLY, playbook_id })).body.playbook).toEqual({ playbook_id, title });
  });
});

describe('a change of a schedule', () => {
  test('leaves what it does not name, and says who made it', async () => {
    const { body } = await create({ ...NIGHTLY, tags: ['a'], platform: 'linux' });
    b.clock.ms += 60_000;
    const changed = (await change(body.scheduled_session_id, { enabled: false, name: 'Other' })).body;
    const { updated_at: _at, last_edited_by: by, ...rest } = changed;
    expect({ ...body, enabled: false, name: 'Other' }).toMatchObject(rest);
    expect(changed.updated_at).toBe(new Date(START + 60_000).toISOString());
    expect(by).toMatch(/^service-user-/);
  });

  test('clears by null what a schedule can do without', async () => {
    const { body } = await create({ ...NIGHTLY, tags: ['a'], platform: 'linux', slack_channel_id: 'C1' });
    const json = { tags: null, platform: null, slack_channel_id: null, name: null };
    const changed = (await change(body.scheduled_session_id, json)).body;
    expect(changed).toMatchObject({ tags: null, platform: null, slack_channel_id: null, name: 'Triage' });
  });

  test('may turn it into one that runs once, if a time is given', async () => {
    const { scheduled_session_id: id } = (await create(NIGHTLY)).body;
    const refused = await change(id, { schedule_type: 'one_time' });
    expect(refused.body.errors).toMatchObject([{ loc: ['body', 'scheduled_at'] }]);
    const { scheduled_at, schedule_type } = ONCE;
    expect((await change(id, { schedule_type, scheduled_at })).body).toMatchObject({ scheduled_at, frequency: null });
    expect((await change(id, { frequency: '0 6 * * *' })).body).toMatchObject({ frequency: null });
    expect((await change(id, { schedule_type: 'recurring' })).status).toBe(422);
  });

  test('cannot take the cron expression from a recurring one', async () => {
    const { scheduled_session_id: id } = (await create(NIGHTLY)).body;
    expect((await change(id, { frequency: null })).body.errors).toMatchObject([{ loc: ['body', 'frequency'] }]);
    expect((await b.ask(b.path(`schedules/${id}`))).body.frequency).toBe(NIGHTLY.frequency);
  });
});

test('a deleted schedule is gone', async () => {
  const { scheduled_session_id: id } = (await create(NIGHTLY)).body;
  expect((await b.ask(b.path(`schedules/${id}`), { method: 'DELETE' })).body.scheduled_session_id).toBe(id);
  expect((await b.ask(b.path(`schedules/${id}`))).status).toBe(404);
  expect((await change(id, { enabled: true })).status).toBe(404);
  expect((await b.ask(b.path('schedules'))).body.total).toBe(2);
});
