import { expect, test } from 'vitest';
import { type Bench, bench } from './support.ts';

const SESSIONS = '/v3/enterprise/sessions';

async function organizations(b: Bench): Promise<string[]> {
  const { items } = (await b.ask('/v3/enterprise/organizations')).body;
  return items.map((item: { org_id: string }) => item.org_id);
}

test('the enterprise sees the sessions of all organizations, newest first, or of some', async () => {
  const b = await bench();
  const [first = '', second = '', third = ''] = await organizations(b);
  await b.ask(`/v3/organizations/${second}/sessions`, { method: 'POST', json: { prompt: 'x', title: 'newest' } });
  const { items, total } = (await b.ask(SESSIONS)).body;
  expect(items[0]).toMatchObject({ title: 'newest', org_id: second });
  const counts: number[] = [];
  for (const org of [first, second, third]) {
    const { body: own } = await b.ask(`/v3/organizations/${org}/sessions`);
    expect((await b.ask(`${SESSIONS}?org_ids=${org}`)).body.items).toEqual(own.items);
    counts.push(own.total);
  }
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
  const two = (await b.ask(`${SESSIONS}?org_ids=${first}&org_ids=${third}`)).body;
  expect(two.total).toBe(total - (counts[1] ?? 0));
  const page = (await b.ask(`${SESSIONS}?first=4`)).body;
  const rest = (await b.ask(`${SESSIONS}?after=${page.end_cursor}`)).body;
  expect([...page.items, ...rest.items]).toEqual(items);
  expect((await b.ask(`${SESSIONS}?tags=nightly&origins=api`)).body.total).toBeLessThan(total);
});

test('a session, its messages, tags and attachments are the same through the enterprise', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'x', tags: ['a', 'sandbox:pr'] })).body;
  b.clock.ms += 10_000;
  for (const rest of ['', '/messages', '/tags', '/attachments', '/insights']) {
    const { status, body } = await b.ask(`${SESSIONS}/${id}${rest}`);
    expect(status, rest).toBe(200);
    expect(body).toEqual((await b.ask(b.path(`sessions/${id}${rest}`))).body);
  }
  expect((await b.ask(`${SESSIONS}/${id}/attachments`)).body).toHaveLength(1);
  expect((await b.ask(`${SESSIONS}/${id.slice('devin-'.length)}`)).body.session_id).toBe(id);
});

test('messages and tags of the enterprise change the session of its organization', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'x', tags: ['a', 'sandbox:waiting'] })).body;
  expect((await b.later(10, id)).status_detail).toBe('waiting_for_user');
  const sent = await b.ask(`${SESSIONS}/${id}/messages`, { method: 'POST', json: { message: 'The first' } });
  expect(sent.body.status_detail).toBe('working');
  expect(await b.says(id)).toContain('user: The first');
  await b.ask(`${SESSIONS}/${id}/tags`, { method: 'POST', json: { tags: ['a', 'b'] } });
  expect((await b.ask(b.path(`sessions/${id}/tags`))).body.tags).toEqual(['a', 'sandbox:waiting', 'b']);
  await b.ask(`${SESSIONS}/${id}/tags`, { method: 'PUT', json: { tags: ['c'] } });
  expect((await b.ask(b.path(`sessions/${id}/tags`))).body.tags).toEqual(['c']);
  const { items } = (await b.ask(`/v3/enterprise/organizations/${b.org}/audit-logs?first=3`)).body;
  expect(items.map((event: { action: string }) => event.action)).toEqual([
    'update_org_settings',
    'update_org_settings',
    'send_message',
  ]);
  const many = Array.from({ length: 50 }, (_, i) => `t${i}`);
  expect((await b.ask(`${SESSIONS}/${id}/tags`, { method: 'POST', json: { tags: many } })).status).toBe(422);
});

test('a session is found by its id alone, but not in another organization', async () => {
  const b = await bench();
  const [, other = ''] = await organizations(b);
  const { session_id: id } = (await b.create({ prompt: 'x' })).body;
  for (const rest of ['', '/messages', '/tags', '/attachments', '/insights']) {
    expect((await b.ask(`${SESSIONS}/${id}${rest}?org_id=${b.org}`)).status, rest).toBe(200);
    expect((await b.ask(`${SESSIONS}/${id}${rest}?org_id=${other}`)).status, rest).toBe(404);
    expect((await b.ask(`${SESSIONS}/devin-x${rest}`)).status, rest).toBe(404);
  }
});

test('the sessions of a deleted organization are shown on demand only', async () => {
  const b = await bench();
  const [, second = ''] = await organizations(b);
  const ids = async (query: string) =>
    (await b.ask(SESSIONS + query)).body.items.map((item: { session_id: string }) => item.session_id);
  const all = await ids('');
  const gone = await ids(`?org_ids=${second}`);
  expect(gone.length).toBeGreaterThan(0);
  expect((await b.ask(`/v3/enterprise/organizations/${second}`, { method: 'DELETE' })).status).toBe(200);
  expect(await ids('')).toEqual(all.filter((id: string) => !gone.includes(id)));
  expect(await ids('?include_deleted_orgs=true')).toEqual(all);
});

test('a service user of an organization does not reach the sessions of the enterprise, a viewer only reads them', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'x' })).body;
  const json = { message: 'x' };
  expect((await b.ask(SESSIONS, { as: 'cog_sandbox_org' })).status).toBe(403);
  expect((await b.ask(SESSIONS, { as: 'cog_sandbox_viewer' })).status).toBe(200);
  const message = { method: 'POST', json, as: 'cog_sandbox_viewer' };
  expect((await b.ask(`${SESSIONS}/${id}/messages`, message)).status).toBe(403);
});
