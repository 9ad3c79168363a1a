import { expect, test } from 'vitest';
import { type Bench, bench as benchOf, START } from './support.ts';

/** A sandbox that takes as long as the field does. */
const bench = () => benchOf(1, 'documents,pace:1');

/** Creates a session that leads the life of `tag`. */
async function born(b: Bench, tag?: string, more: Record<string, unknown> = {}): Promise<string> {
  const { body, status } = await b.create({
    prompt: 'Fix the login',
    ...(tag && { tags: [`sandbox:${tag}`] }),
    ...more,
  });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.session_id;
}

test('a new session answers with its id and URL, and says nothing yet of detail and output', async () => {
  const b = await bench();
  const { body } = await b.create({
    prompt: 'Fix the login',
    title: 'Login',
    tags: ['a', 'a', 'b'],
    devin_mode: 'fast',
  });
  expect(body).toMatchObject({
    session_id: expect.stringMatching(/^devin-[0-9a-f]{32}$/),
    status: 'new',
    status_detail: null,
    structured_output: null,
    title: 'Login',
    tags: ['a', 'b'],
    org_id: b.org,
    created_at: START / 1000,
    acus_consumed: 0,
    pull_requests: [],
    is_archived: false,
    origin: 'api',
    parent_session_id: null,
    child_session_ids: null,
    devin_mode: 'fast',
  });
  expect(body.url).toBe(`https://app.devin.ai/sessions/${body.session_id.replace('devin-', '')}`);
});

test('a session is claimed, works, speaks and finishes when sessions of the field do', async () => {
  const b = await bench();
  const id = await born(b);
  expect(await b.later(1, id)).toMatchObject({ status: 'new' });
  expect(await b.later(1, id)).toMatchObject({ status: 'claimed', status_detail: null });
  expect(await b.later(15, id)).toMatchObject({ status: 'running', status_detail: 'working' });
  expect(await b.says(id)).toHaveLength(1);
  const midway = await b.later(18, id);
  expect(await b.says(id)).toHaveLength(3);
  expect(midway.acus_consumed).toBeGreaterThan(0.5);
  expect(midway.acus_consumed).toBeLessThan(2);
  expect(await b.later(27, id)).toMatchObject({ status_detail: 'working' });
  const done = await b.later(1, id);
  expect(done).toMatchObject({
    status: 'running',
    status_detail: 'finished',
    acus_consumed: 2.4,
    updated_at: START / 1000 + 63,
  });
  expect(await b.later(1000, id)).toEqual(done);
});

test('a session is found with and without its prefix, and not in another organization', async () => {
  const b = await bench();
  const id = await born(b);
  expect((await b.ask(b.path(`sessions/${id.replace('devin-', '')}`))).body.session_id).toBe(id);
  const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
  expect((await b.ask(`/v3/organizations/${other}/sessions/${id}`)).status).toBe(404);
  expect((await b.ask(b.path('sessions/devin-none'))).status).toBe(404);
});

test('Devin greets, tells of its progress and of the end, without echoing the whole prompt, with stable event ids', async () => {
  const b = await bench();
  const prompt = `Fix the login\n${'long '.repeat(100)}`;
  const id = await born(b, undefined, { prompt, repos: ['acme/docs'] });
  expect(await b.says(id)).toEqual([`user: ${prompt}`]);
  await b.later(30, id);
  const early = (await b.ask(b.path(`sessions/${id}/messages`))).body.items;
  await b.later(60, id);
  const { items } = (await b.ask(b.path(`sessions/${id}/messages`))).body;
  expect(items.slice(0, early.length)).toEqual(early);
  const devin = items.filter((item: { source: string }) => item.source === 'devin');
  expect(devin).toHaveLength(3);
  expect(devin[0].message).toBe('I understood the task as "Fix the login" and start in acme/docs.');
  expect(devin[2].message).toMatch(/^Done/);
  const times = items.map((item: { created_at: number }) => item.created_at);
  expect(times).toEqual([...times].sort((x, y) => x - y));
  expect(new Set(items.map((item: { event_id: string }) => item.event_id)).size).toBe(items.length);
});

test('a waiting session asks, works again when it is answered, and finishes', async () => {
  const b = await bench();
  const id = await born(b, 'waiting');
  expect(await b.later(45, id)).toMatchObject({ status: 'running', status_detail: 'waiting_for_user' });
  expect(await b.later(1000, id)).toMatchObject({ status_detail: 'waiting_for_user' });
  expect((await b.says(id)).at(-1)).toMatch(/devin: .*\?/);
  const sent = await b.ask(b.path(`sessions/${id}/messages`), { method: 'POST', json: { message: 'The first' } });
  expect(sent.body).toMatchObject({ status: 'running', status_detail: 'working' });
  expect(await b.later(40, id)).toMatchObject({ status_detail: 'finished' });
  expect((await b.says(id)).slice(-3)).toEqual([
    'user: The first',
    'devin: Thank you, I go on with that.',
    'devin: Done. I finished the work after your message.',
  ]);
});

test.each([
  ['approval', 'running', 'waiting_for_approval'],
  ['error', 'error', null],
  ['out-of-credits', 'suspended', 'out_of_credits'],
  ['slow', 'running', 'working'],
  ['exit', 'exit', null],
  ['suspended-inactivity', 'suspended', 'inactivity'],
  ['suspended-org_usage_limit_exceeded', 'suspended', 'org_usage_limit_exceeded'],
  ['suspended-payment-declined', 'suspended', 'payment_declined'],
])('sandbox:%s ends as %s/%s', async (tag, status, detail) => {
  const b = await bench();
  const id = await born(b, tag);
  expect(await b.later(20, id)).toMatchObject({ status: 'running', status_detail: 'working' });
  expect(await b.later(60, id)).toMatchObject({ status, status_detail: detail });
});

test('the end comes when sandbox:finish-after says', async () => {
  const b = await bench();
  const id = await born(b, 'finish-after=60');
  expect(await b.later(59, id)).toMatchObject({ status_detail: 'working' });
  expect(await b.later(1, id)).toMatchObject({ status_detail: 'finished' });
  const quick = await born(b, 'finish-after=0');
  expect(await b.later(0, quick)).toMatchObject({ status_detail: 'finished' });
});

test('sandbox:lag shows the session and its messages as they were before a message, for so long', async () => {
  const b = await bench();
  const id = await born(b, 'lag=1.5');
  const before = await b.later(70, id);
  expect(before).toMatchObject({ status_detail: 'finished' });
  const said = await b.says(id);
  b.clock.ms += 1_000;
  const sent = await b.ask(b.path(`sessions/${id}/messages`), { method: 'POST', json: { message: 'And this' } });
  expect(sent.body).toEqual(before);
  expect(await b.later(1, id)).toEqual(before);
  expect(await b.says(id)).toEqual(said);
  expect(await b.later(0.5, id)).toMatchObject({ status_detail: 'working' });
  expect(await b.says(id)).toContain('user: And this');
  expect(await b.later(40, id)).toMatchObject({ status_detail: 'finished' });
});

test('a sandbox: tag that names no life is refused with a list of those that do', async () => {
  const b = await bench();
  const { status, body } = await b.create({ prompt: 'x', tags: ['sandbox:suspended-boredom'] });
  expect(status).toBe(422);
  expect(body.detail).toContain('sandbox:waiting');
});

test('sandbox:pr opens a pull request on the first repository and leaves a file', async () => {
  const b = await bench();
  const id = await born(b, 'pr', { repos: ['https://github.com/acme/docs'] });
  expect((await b.later(50, id)).pull_requests).toEqual([]);
  const opened = await b.later(5, id);
  const pr = { pr_url: expect.stringMatching(/^https:\/\/github\.com\/acme\/docs\/pull\/\d+$/), pr_state: 'open' };
  expect(opened).toMatchObject({ status_detail: 'working', pull_requests: [pr] });
  expect((await b.ask(b.path(`sessions/${id}/attachments`))).body).toEqual([]);
  await b.later(10, id);
  const [file] = (await b.ask(b.path(`sessions/${id}/attachments`))).body;
  expect(file).toMatchObject({ name: 'changes.patch', source: 'devin' });
  const [uuid] = new URL(file.url).pathname.split('/').slice(2);
  const { headers } = await b.ask(b.path(`attachments/${uuid}/changes.patch`));
  expect(await (await fetch(headers.get('location') ?? '')).text()).toContain('README.md');
  expect(
    (await b.later(0, await born(b, 'pr', { tags: ['sandbox:pr', 'sandbox:finish-after=0'] }))).pull_requests[0].pr_url,
  ).toMatch(/acme\/api\/pull/);
});

const SCHEMA = {
  type: 'object',
  required: ['score', 'verdict'],
  properties: { score: { type: 'integer', minimum: 3, maximum: 5 }, verdict: { enum: ['good', 'bad'] } },
};

test('a finished session has structured output that fits the given schema, and one that does not when asked', async () => {
  const b = await bench();
  const id = await born(b, undefined, { structured_output_schema: SCHEMA });
  expect((await b.later(60, id)).structured_output).toBeNull();
  expect((await b.later(3, id)).structured_output).toEqual({ score: 3, verdict: 'good' });
  const bad = await b.later(63, await born(b, 'bad-structured', { structured_output_schema: SCHEMA }));
  expect(bad.structured_output).toEqual({ verdict: 'good' });
  expect((await b.later(63, await born(b, 'structured'))).structured_output).toEqual(expect.any(Object));
  expect((await b.later(63, await born(b))).structured_output).toBeNull();
});

test('a schema over 64 KB or with a reference to elsewhere is refused', async () => {
  const b = await bench();
  const large = { prompt: 'x', structured_output_schema: { description: 'd'.repeat(64 * 1024) } };
  const refused = await b.create(large);
  expect(refused.status).toBe(422);
  expect(refused.body.errors[0].loc).toEqual(['body', 'structured_output_schema']);
  const outside = { prompt: 'x', structured_output_schema: { properties: { a: { $ref: 'https://example.com/x' } } } };
  expect((await b.create(outside)).status).toBe(422);
});

test('an unknown platform is a 400 that lists the known ones', async () => {
  const b = await bench();
  const { status, body } = await b.create({ prompt: 'x', platform: 'amiga' });
  expect(status).toBe(400);
  expect(body.detail).toMatch(/linux, windows, inherit/);
  expect((await b.create({ prompt: 'x', platform: 'windows' })).status).toBe(200);
});

test('an ended session stays ended, and a message to it is a 409', async () => {
  const b = await bench();
  const id = await born(b, 'slow');
  await b.later(1, id);
  const ended = await b.ask(b.path(`sessions/${id}`), { method: 'DELETE' });
  expect(ended.body).toMatchObject({ status: 'exit', is_archived: false });
  expect((await b.ask(b.path(`sessions/${id}`), { method: 'DELETE' })).status).toBe(200);
  expect(await b.later(100, id)).toMatchObject({ status: 'exit' });
  const late = await b.ask(b.path(`sessions/${id}/messages`), { method: 'POST', json: { message: 'hello' } });
  expect(late.status).toBe(409);
  expect(late.body.detail).toMatch(/ended/);
  const gone = await b.ask(b.path(`sessions/${await born(b)}?archive=true`), { method: 'DELETE' });
  expect(gone.body).toMatchObject({ status: 'exit', is_archived: true });
});

test('archiving puts a running session to sleep; back from the archive, a message resumes it', async () => {
  const b = await bench();
  const id = await born(b, 'slow');
  await b.later(1, id);
  const asleep = { status: 'suspended', status_detail: 'user_request' };
  const archived = await b.ask(b.path(`sessions/${id}/archive`), { method: 'POST' });
  expect(archived.body).toMatchObject({ ...asleep, is_archived: true });
  const message = { method: 'POST', json: { message: 'go on' } };
  expect((await b.ask(b.path(`sessions/${id}/messages`), message)).status).toBe(409);
  const back = await b.ask(b.path(`sessions/${id}/unarchive`), { method: 'POST' });
  expect(back.body).toMatchObject({ ...asleep, is_archived: false });
  expect((await b.ask(b.path(`sessions/${id}/messages`), message)).body).toMatchObject({ status: 'resuming' });
  expect(await b.later(5, id)).toMatchObject({ status: 'running', status_detail: 'working' });
  expect(await b.later(35, id)).toMatchObject({ status_detail: 'finished' });
});

test('archiving a finished session puts it to sleep too; one that ended stays ended', async () => {
  const b = await bench();
  const finished = await born(b);
  const ended = await born(b, 'exit');
  await b.later(70, ended);
  const archive = async (id: string) => (await b.ask(b.path(`sessions/${id}/archive`), { method: 'POST' })).body;
  expect(await archive(finished)).toMatchObject({ status: 'suspended', status_detail: 'user_request' });
  expect(await archive(ended)).toMatchObject({ status: 'exit', is_archived: true });
});

test('a message to a session at work is noted without changing its course', async () => {
  const b = await bench();
  const id = await born(b);
  await b.later(20, id);
  await b.ask(b.path(`sessions/${id}/messages`), { method: 'POST', json: { message: 'also this' } });
  expect(await b.later(42, id)).toMatchObject({ status_detail: 'working' });
  expect(await b.later(1, id)).toMatchObject({ status_detail: 'finished' });
  expect(await b.says(id)).toContain('devin: Noted, I take that into account.');
});

test('tags are added once, replaced as a whole, and at most fifty', async () => {
  const b = await bench();
  const id = await born(b, undefined, { tags: ['a'] });
  const path = b.path(`sessions/${id}/tags`);
  expect((await b.ask(path)).body).toEqual({ tags: ['a'] });
  expect((await b.ask(path, { method: 'POST', json: { tags: ['b', 'a', 'b'] } })).body).toEqual({ tags: ['a', 'b'] });
  const many = Array.from({ length: 49 }, (_, i) => `t${i}`);
  expect((await b.ask(path, { method: 'POST', json: { tags: many } })).status).toBe(422);
  expect((await b.ask(path, { method: 'PUT', json: { tags: [...many, 'x', 'y'] } })).status).toBe(422);
  b.clock.ms += 60_000;
  expect((await b.ask(path, { method: 'PUT', json: { tags: many } })).body.tags).toHaveLength(49);
  expect(await b.later(0, id)).toMatchObject({ tags: many, updated_at: START / 1000 + 60 });
});

test('every change is in the audit log, with who made it', async () => {
  const b = await bench();
  const as = 'cog_sandbox_org';
  const me = (await b.ask('/v3/self', { as })).body;
  const { session_id: id } = (await b.create({ prompt: 'x' }, { as })).body;
  await b.ask(b.path(`sessions/${id}/messages`), { as, method: 'POST', json: { message: 'm' } });
  await b.ask(b.path(`sessions/${id}/tags`), { as, method: 'POST', json: { tags: ['t'] } });
  await b.ask(b.path(`sessions/${id}/archive`), { as, method: 'POST' });
  await b.ask(b.path(`sessions/${id}`), { as, method: 'DELETE' });
  const { items } = (await b.ask(`/v3/enterprise/audit-logs?order=asc&time_after=${START / 1000}`)).body;
  expect(items.map((item: { action: string }) => item.action)).toEqual([
    'create_session',
    'send_message',
    'update_org_settings',
    'sleep_session',
    'terminate_session',
  ]);
  for (const item of items) {
    expect(item).toMatchObject({
      org_id: b.org,
      service_user_id: me.service_user_id,
      service_user_name: me.service_user_name,
      data: { session_id: id },
    });
  }
});
