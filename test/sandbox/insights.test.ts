import { expect, test } from 'vitest';
import { bench } from './support.ts';

test('insights are generated on demand, and are there some seconds later', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'Fix the login', title: 'Login', tags: ['sandbox:waiting'] }))
    .body;
  const path = b.path(`sessions/${id}/insights`);
  const { body: before } = await b.ask(path);
  expect(before).toMatchObject({ session_id: id, title: 'Login', num_user_messages: 1, analysis: null });
  const generate = { method: 'POST' };
  expect((await b.ask(`${path}/generate`, generate)).body).toEqual({ session_id: id, status: 'started' });
  b.clock.ms += 3000;
  expect((await b.ask(`${path}/generate`, generate)).body.status).toBe('already_exists');
  expect((await b.ask(path)).body.analysis).toBeNull();
  b.clock.ms += 3000;
  const { body: after } = await b.ask(path);
  expect(after.num_devin_messages).toBeGreaterThan(1);
  expect(['xs', 's', 'm', 'l', 'xl']).toContain(after.session_size);
  expect(after.analysis.classification).toMatchObject({ category: 'bug_fixing', confidence: expect.any(Number) });
  expect(after.analysis.suggested_prompt.original_prompt).toBe('Fix the login');
  expect(after.analysis.timeline).toHaveLength(after.num_user_messages + after.num_devin_messages);
  const [issue] = after.analysis.issues;
  expect(after.analysis.action_items[0].issue_id).toBe(issue.id);
  expect((await b.ask(`${path}/generate`, generate)).body.status).toBe('already_exists');
  const { items } = (await b.ask(`/v3/enterprise/audit-logs?first=5`)).body;
  const changes = items.map((event: { data: { change?: string } }) => event.data.change);
  expect(changes.filter((change?: string) => change === 'generate_session_insights')).toHaveLength(1);
});

test('the enterprise generates and reads the same insights', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'x' })).body;
  const path = `/v3/enterprise/sessions/${id}/insights`;
  expect((await b.ask(`${path}/generate`, { method: 'POST' })).body.status).toBe('started');
  b.clock.ms += 10_000;
  const { body } = await b.ask(path);
  expect(body.analysis).not.toBeNull();
  expect((await b.ask(b.path(`sessions/${id}/insights`))).body).toEqual(body);
  expect((await b.ask(`${path}?org_id=${b.org}`)).status).toBe(200);
  expect((await b.ask(`${path}?org_id=org-x`)).status).toBe(404);
});

test('the list has every session of the organization, with the filters of sessions', async () => {
  const b = await bench();
  await b.create({ prompt: 'Fix it', tags: ['mine'] });
  b.clock.ms += 10_000;
  const { body: list } = await b.ask(b.path('sessions/insights'));
  const { body: sessions } = await b.ask(b.path('sessions'));
  const ids = ({ items }: { items: Array<{ session_id: string }> }) => items.map((item) => item.session_id);
  expect(ids(list)).toEqual(ids(sessions));
  expect(list.items.some((item: { analysis: unknown }) => item.analysis !== null)).toBe(true);
  expect(list.items[0].analysis).toBeNull();
  for (const filter of ['tags=mine', 'category=bug_fixing', 'origins=webapp', 'is_archived=true', 'first=1']) {
    const { body: found } = await b.ask(`${b.path('sessions/insights')}?${filter}`);
    expect(ids(found), filter).toEqual(ids((await b.ask(`${b.path('sessions')}?${filter}`)).body));
  }
  expect((await b.ask(`${b.path('sessions/insights')}?category=x`)).status).toBe(422);
});

test('to generate takes more than to read, and both take a session', async () => {
  const b = await bench();
  const { session_id: id } = (await b.create({ prompt: 'x' })).body;
  const viewer = { as: 'cog_sandbox_viewer' };
  expect((await b.ask(b.path(`sessions/${id}/insights`), viewer)).status).toBe(200);
  expect((await b.ask(b.path(`sessions/${id}/insights/generate`), { method: 'POST', ...viewer })).status).toBe(403);
  expect((await b.ask(b.path('sessions/devin-x/insights'))).status).toBe(404);
  expect((await b.ask('/v3/enterprise/sessions/devin-x/insights/generate', { method: 'POST' })).status).toBe(404);
});
