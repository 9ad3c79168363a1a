import { expect, test } from 'vitest';
import { type Answer, type Bench, bench, START } from './support.ts';

const BARE = /^[0-9a-f]{32}$/;
const PREFIXED = /^devin-[0-9a-f]{32}$/;
const REPORT = {
  structured_output_schema: {
    type: 'object',
    properties: { outcome: { enum: ['done', 'question', 'blocked'] }, summary: { type: 'string' } },
    required: ['outcome', 'summary'],
  },
  structured_output_required: true,
};
const SCHEMA = {
  type: 'object',
  required: ['verdict', 'note'],
  properties: { verdict: { enum: ['good', 'bad'] }, note: { type: 'string' } },
};

/** A sandbox of documented habits, at the pace of the field, with one that differs. */
const like = (...habits: string[]) => bench(1, ['documents', 'pace:1', ...habits].join(','));

/** Creates a session; gives its ID as a path needs it. */
async function born(b: Bench, json: Record<string, unknown> = {}): Promise<string> {
  const { body, status } = await b.create({ prompt: 'Fix the login', ...json });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.session_id.replace(/^(devin-)?/, 'devin-');
}

const reported = (tags: string[] = []) => ({ ...REPORT, tags: ['devin-action:report', ...tags] });
const say = (b: Bench, id: string, message: string) =>
  b.ask(b.path(`sessions/${id}/messages`), { method: 'POST', json: { message } });
const ids = ({ body }: Answer): string[] => body.items.map((item: { session_id: string }) => item.session_id);

test.each([
  ['bare', BARE],
  ['prefixed', PREFIXED],
])('ids:%s shows in every response that has a session', async (value, form) => {
  const b = await like(`ids:${value}`);
  const id = await born(b);
  const insights = await b.ask(b.path(`sessions/${id}/insights/generate`), { method: 'POST' });
  const single = [await b.ask(b.path(`sessions/${id}`)), await say(b, id, 'x'), insights];
  const seen = [...single.map(({ body }) => body.session_id), ...ids(await b.ask(b.path('sessions')))];
  for (const one of [...seen, ...ids(await b.ask(b.path('sessions/insights')))]) expect(one).toMatch(form);
  expect((await b.ask(b.path(`sessions/${id}`))).body.url).toBe(`https://app.devin.ai/sessions/${id.slice(6)}`);
  expect(ids(await b.ask(b.path(`sessions?session_ids=${id.slice(6)}`)))).toHaveLength(1);
});

test('paths:prefixed rejects a bare ID with a 403 that says nothing, whether the session exists or not', async () => {
  const b = await like('paths:prefixed');
  const id = await born(b);
  const bare = await b.ask(b.path(`sessions/${id.slice(6)}`));
  expect([bare.status, bare.body]).toEqual([403, { detail: 'Unauthorized' }]);
  expect((await b.ask(b.path(`sessions/${'0'.repeat(32)}`))).status).toBe(403);
  expect((await b.ask(`/v3/enterprise/sessions/${id.slice(6)}`)).status).toBe(403);
  expect((await b.ask(b.path(`sessions/${id}`))).status).toBe(200);
  const any = await like('paths:any');
  expect((await any.ask(any.path(`sessions/${(await born(any)).slice(6)}`))).status).toBe(200);
});

test.each([
  ['waiting', 'waiting_for_user'],
  ['finished', 'finished'],
])('turn_end:%s ends a task as %s, and a question as waiting_for_user', async (value, detail) => {
  const b = await like(`turn_end:${value}`);
  const [done, asks] = [await born(b), await born(b, { tags: ['sandbox:waiting'] })];
  expect(await b.later(63, done)).toMatchObject({ status: 'running', status_detail: detail });
  expect(await b.later(0, asks)).toMatchObject({ status: 'running', status_detail: 'waiting_for_user' });
});

test('sleep_ms puts a session that waits to sleep, with its output and pull request, until a message wakes it', async () => {
  const b = await like('sleep_ms:5000');
  const id = await born(b, { tags: ['sandbox:pr', 'sandbox:structured'] });
  const slow = await born(b, { tags: ['sandbox:slow'] });
  const approval = await born(b, { tags: ['sandbox:approval'] });
  const awake = await b.later(67, id);
  expect(awake).toMatchObject({ status: 'running', status_detail: 'finished' });
  const asleep = await b.later(1, id);
  const { pull_requests, structured_output } = awake;
  expect(asleep).toMatchObject({ status: 'suspended', status_detail: 'inactivity', pull_requests, structured_output });
  expect(pull_requests).toHaveLength(1);
  expect(await b.later(0, slow)).toMatchObject({ status_detail: 'working' });
  expect(await b.later(0, approval)).toMatchObject({ status_detail: 'waiting_for_approval' });
  expect((await say(b, id, 'go on')).body).toMatchObject({ status: 'resuming', structured_output });
  expect(await b.later(5, id)).toMatchObject({ status: 'running', status_detail: 'working' });
  expect(await b.later(35, id)).toMatchObject({ status_detail: 'finished' });
  expect(await b.later(5, id)).toMatchObject({ status: 'suspended', status_detail: 'inactivity' });
  const never = await like();
  expect(await never.later(1_000_000, await born(never))).toMatchObject({ status_detail: 'finished' });
});

test('delete_ms lets a deleted session run on for so long, whatever happens in between', async () => {
  const b = await like('delete_ms:12000');
  const path = (id: string) => b.path(`sessions/${id}`);
  const [slow, done] = [await born(b, { tags: ['sandbox:slow'] }), await born(b)];
  await b.later(60, slow);
  for (const id of [slow, done]) {
    const { status, body } = await b.ask(path(id), { method: 'DELETE' });
    expect([status, body.status, body.status_detail]).toEqual([200, 'running', 'working']);
  }
  expect(await b.later(5, done)).toMatchObject({ status: 'running', status_detail: 'finished' });
  expect((await b.ask(path(done), { method: 'DELETE' })).status).toBe(200);
  await say(b, done, 'wait');
  await b.ask(`${path(slow)}/archive`, { method: 'POST' });
  for (const id of [slow, done]) expect((await b.later(3, id)).status).not.toBe('exit');
  for (const id of [slow, done]) expect(await b.later(1, id)).toMatchObject({ status: 'exit', status_detail: null });
  expect(await b.later(100, done)).toMatchObject({ status: 'exit' });
  const archived = await b.ask(`${path(await born(b))}?archive=true`, { method: 'DELETE' });
  expect(archived.body).toMatchObject({ is_archived: true, status: 'new' });
  expect(ids(await b.ask(b.path('sessions')))).toContain(archived.body.session_id);
});

test('late_messages_ms holds back the last message of a turn, and keeps the numbers of messages', async () => {
  const b = await like('late_messages_ms:2000');
  const id = await born(b, { tags: ['sandbox:waiting'] });
  const events = async () =>
    (await b.ask(b.path(`sessions/${id}/messages`))).body.items.map((item: { event_id: string }) => item.event_id);
  await b.later(45, id);
  const before = await events();
  expect((await b.says(id)).join()).not.toContain('?');
  await b.later(2, id);
  expect((await b.says(id)).at(-1)).toContain('?');
  expect((await events()).slice(0, -1)).toEqual(before);
});

test('late_output_ms and late_pull_requests_ms hold both back after the end of the turn', async () => {
  const b = await like('late_output_ms:2000', 'late_pull_requests_ms:1500');
  const id = await born(b, { tags: ['sandbox:pr', 'sandbox:structured'] });
  expect(await b.later(64, id)).toMatchObject({
    status_detail: 'finished',
    structured_output: null,
    pull_requests: [],
  });
  expect((await b.later(0.5, id)).pull_requests).toHaveLength(1);
  expect((await b.later(0.4, id)).structured_output).toBeNull();
  expect((await b.later(0.1, id)).structured_output).toEqual(expect.any(Object));
});

test('late_tags_ms and late_lists_ms let tags and lists lag behind', async () => {
  const b = await like('late_tags_ms:3000', 'late_lists_ms:2000');
  const id = await born(b, { tags: ['mine'] });
  expect((await b.later(1, id)).tags).toEqual([]);
  const listed = async (query = '') => ids(await b.ask(b.path(`sessions${query}`)));
  expect(await listed()).not.toContain(id);
  await b.later(1, id);
  expect(await listed()).toContain(id);
  expect(await listed('?tags=mine')).toEqual([]);
  expect((await b.later(1, id)).tags).toEqual(['mine']);
  expect(await listed('?tags=mine')).toEqual([id]);
  await b.ask(b.path(`sessions/${id}/tags`), { method: 'PUT', json: { tags: ['other'] } });
  expect((await b.later(2, id)).tags).toEqual(['mine']);
  await b.ask(b.path(`sessions/${id}/tags`), { method: 'POST', json: { tags: ['third'] } });
  expect((await b.later(3, id)).tags).toEqual(['other', 'third']);
});

test('partial_output shows an incomplete output while Devin works, which is rewritten at the end', async () => {
  const b = await like('partial_output:true');
  const own = await born(b, { structured_output_schema: SCHEMA });
  const report = await born(b, reported());
  expect((await b.later(20, own)).structured_output).toBeNull();
  expect((await b.later(20, own)).structured_output).toEqual({ note: 'text' });
  expect((await b.later(0, report)).structured_output).toEqual({ summary: expect.any(String) });
  expect((await b.later(23, own)).structured_output).toEqual({ verdict: 'good', note: 'text' });
  expect((await b.later(0, report)).structured_output).toEqual({
    outcome: 'done',
    summary: expect.stringMatching(/^Done/),
  });
  const none = await born(b);
  expect((await b.later(40, none)).structured_output).toBeNull();
});

test('after a message, the old output stays until the end of the next turn and is then rewritten', async () => {
  const b = await like('partial_output:true');
  const id = await born(b, { structured_output_schema: SCHEMA });
  const first = (await b.later(63, id)).structured_output;
  await say(b, id, 'once more');
  expect((await b.later(39, id)).structured_output).toEqual(first);
  const second = (await b.later(1, id)).structured_output;
  expect(second).toEqual({ verdict: 'good', note: expect.any(String) });
  expect(second).not.toEqual(first);
});

test('frozen_updated_at does not change while Devin works, and does at the end', async () => {
  const b = await like('frozen_updated_at:true');
  const id = await born(b);
  const { updated_at: began } = await b.later(20, id);
  expect((await b.later(20, id)).updated_at).toBe(began);
  expect((await b.later(23, id)).updated_at).toBe(START / 1000 + 63);
  const moving = await like();
  const other = await born(moving);
  const { updated_at: early } = await moving.later(20, other);
  expect((await moving.later(20, other)).updated_at).toBeGreaterThan(early);
});

test('zero_acus shows 0 for sessions only; figures of usage stay', async () => {
  const b = await like('zero_acus:true');
  const id = await born(b);
  expect((await b.later(63, id)).acus_consumed).toBe(0);
  const { body } = await b.ask(`/v3/enterprise/consumption/daily/sessions/${id}`);
  expect(body.total_acus).toBe(2.4);
});

test.each([
  ['403', 403, { detail: 'Unauthorized' }],
  ['401', 401, expect.objectContaining({ title: 'Unauthorized' })],
])('wrong_key:%s is the response to a key that is unknown, missing or of another kind', async (value, status, body) => {
  const b = await like(`wrong_key:${value}`);
  for (const as of ['cog_other', null, 'apk_user_sandbox', 'cog_made_up_x']) {
    const refused = await b.ask('/v3/self', { as });
    expect([refused.status, refused.body], String(as)).toEqual([status, body]);
  }
});

test('with wrong_key:403 a wrong organization gets the same, and a missing permission is still named', async () => {
  const b = await like('wrong_key:403');
  const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
  const elsewhere = await b.ask(`/v3/organizations/${other}/sessions`, { as: 'cog_sandbox_org' });
  expect([elsewhere.status, elsewhere.body]).toEqual([403, { detail: 'Unauthorized' }]);
  const lacking = await b.create({ prompt: 'x' }, { as: 'cog_sandbox_viewer' });
  expect([lacking.status, lacking.body.detail]).toEqual([403, expect.stringContaining('UseDevinSessions')]);
});

test('tags_filter:ignored lists sessions whatever tags the request names', async () => {
  const b = await like('tags_filter:ignored');
  const id = await born(b);
  expect(ids(await b.ask(b.path('sessions?tags=none')))).toContain(id);
});

test('tags:refused rejects tags of the action, tags:dropped leaves them out, and other tags stay', async () => {
  const [refused, dropped] = [await like('tags:refused'), await like('tags:dropped')];
  const json = { prompt: 'x', tags: ['mine', 'devin-action:abc'] };
  const { status, body } = await refused.create(json);
  expect([status, body.errors[0].loc]).toEqual([422, ['body', 'tags']]);
  expect((await refused.create({ prompt: 'x', tags: ['mine'] })).body.tags).toEqual(['mine']);
  const id = (await dropped.create(json)).body.session_id;
  const path = dropped.path(`sessions/${id}/tags`);
  expect((await dropped.ask(path)).body).toEqual({ tags: ['mine'] });
  expect((await dropped.ask(path, { method: 'PUT', json: { tags: ['devin-action:x', 'y'] } })).body.tags).toEqual([
    'y',
  ]);
});

test('odd_fields shows every odd value over a number of sessions, and never hides what a session has come to', async () => {
  const b = await like('odd_fields:true');
  for (let i = 0; i < 60; i += 1) {
    await b.create({
      prompt: 'x',
      tags: [...(i % 2 ? ['t'] : []), 'sandbox:pr', 'sandbox:structured'].slice(i % 3 ? 0 : 9),
    });
  }
  const seen = new Map<string, Set<string>>();
  const note = (session: Record<string, unknown>) => {
    for (const name of [
      'acus_consumed',
      'updated_at',
      'created_at',
      'url',
      'org_id',
      'tags',
      'status',
      'structured_output',
    ])
      seen.set(name, (seen.get(name) ?? new Set()).add(Object.hasOwn(session, name) ? kind(session[name]) : 'absent'));
  };
  const kind = (value: unknown) =>
    value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  const page = async () => (await b.ask(b.path('sessions?first=200'))).body.items;
  const early = await page();
  early.forEach(note);
  b.clock.ms += 63_000;
  const late = await page();
  late.forEach(note);
  const found = Object.fromEntries([...seen].map(([name, kinds]) => [name, [...kinds].sort()]));
  expect(found).toMatchObject({
    acus_consumed: ['absent', 'null', 'string'],
    updated_at: ['null', 'number', 'string'],
    created_at: ['string'],
    url: ['absent', 'null', 'string'],
    org_id: ['absent', 'null', 'string'],
    tags: ['array', 'null'],
    status: ['null', 'string'],
    structured_output: ['array', 'null', 'object', 'string'],
  });
  for (const session of late) {
    expect(session.session_id).toMatch(PREFIXED);
    expect(session.status).toEqual(expect.any(String));
  }
});

test('refused_fields are rejected with a 400 that names the field, on create only', async () => {
  const b = await like('refused_fields:resumable+platform');
  const { status, body } = await b.create({ prompt: 'x', platform: 'linux' });
  expect([status, body.detail]).toEqual([400, expect.stringContaining('"platform"')]);
  expect((await b.create({ prompt: 'x', devin_mode: 'fast' })).status).toBe(200);
});

test.each([
  [[], 'done'],
  [['sandbox:waiting'], 'question'],
  [['sandbox:blocked'], 'blocked'],
])('report:given fills the completion report in for %j: %s, and after a message: done', async (tags, outcome) => {
  const b = await like('turn_end:waiting');
  const id = await born(b, reported(tags));
  const end = await b.later(63, id);
  expect(end).toMatchObject({ status: 'running', status_detail: 'waiting_for_user' });
  expect(end.structured_output).toEqual({ outcome, summary: expect.any(String) });
  expect((await b.says(id)).at(-1)).toBe(`devin: ${end.structured_output.summary}`);
  await say(b, id, 'go on');
  const next = (await b.later(40, id)).structured_output;
  expect(next).toEqual({ outcome: 'done', summary: expect.any(String) });
  expect(next).not.toEqual(end.structured_output);
});

test('report:refused rejects the schema of the report only, report:ignored leaves it empty', async () => {
  const [refused, ignored] = [await like('report:refused'), await like('report:ignored')];
  const { status, body } = await refused.create({ prompt: 'x', ...reported() });
  expect([status, body.detail]).toEqual([422, expect.stringContaining('structured_output_schema')]);
  const own = { structured_output_schema: SCHEMA };
  expect((await refused.later(63, await born(refused, own))).structured_output).toEqual(expect.any(Object));
  expect((await ignored.later(63, await born(ignored, reported()))).structured_output).toBeNull();
  expect((await ignored.later(63, await born(ignored, own))).structured_output).toEqual(expect.any(Object));
});

test('a question or a blocked session has no output of an own schema', async () => {
  const b = await like();
  for (const tag of ['sandbox:waiting', 'sandbox:blocked']) {
    const id = await born(b, { structured_output_schema: SCHEMA, tags: [tag] });
    expect(await b.later(63, id)).toMatchObject({ status_detail: 'waiting_for_user', structured_output: null });
  }
});

test('pages:sparse has no total, and a cursor on the last page that leads to an empty one; not for messages', async () => {
  const b = await like('pages:sparse');
  const id = await born(b);
  const { body } = await b.ask(b.path('sessions'));
  expect(body).toMatchObject({ has_next_page: false, total: null, end_cursor: expect.any(String) });
  expect((await b.ask(b.path(`sessions?after=${body.end_cursor}`))).body).toMatchObject({
    items: [],
    end_cursor: null,
  });
  expect((await b.ask(b.path(`sessions/${id}/messages`))).body).toMatchObject({ total: null, end_cursor: null });
  const first = (await b.ask(b.path('sessions?first=1'))).body;
  expect(first).toMatchObject({ has_next_page: true, end_cursor: expect.any(String) });
});

test('attachment_ids:own gives a file an ID that is not the UUID in its path', async () => {
  const b = await like('attachment_ids:own');
  const data = new FormData();
  data.append('file', new Blob(['x']), 'x.txt');
  const { body } = await b.ask(b.path('attachments'), { method: 'POST', body: data });
  const uuid = new URL(body.url).pathname.split('/')[2] ?? '';
  expect(body.attachment_id).not.toBe(uuid);
  expect((await b.ask(b.path(`attachments/${uuid}/x.txt`))).status).toBe(307);
  expect((await b.ask(b.path(`attachments/${body.attachment_id}/x.txt`))).status).toBe(404);
});

test('a tag gives one session a habit of its own, and one that does not exist is refused', async () => {
  const b = await like('ids:prefixed');
  const { body } = await b.create({ prompt: 'x', tags: ['sandbox:habit:ids=bare', 'sandbox:habit:pace=0.1'] });
  expect(body.session_id).toMatch(BARE);
  expect(await b.later(6.3, `devin-${body.session_id}`)).toMatchObject({ status_detail: 'finished' });
  expect((await b.create({ prompt: 'x' })).body.session_id).toMatch(PREFIXED);
  const wrong = await b.create({ prompt: 'x', tags: ['sandbox:habit:id=bare'] });
  expect([wrong.status, wrong.body.detail]).toEqual([422, expect.stringContaining('(ids, ')]);
});

test('POST /sandbox/habits changes habits while it runs, and a reset restores those of the start', async () => {
  const b = await bench(1, 'documents');
  expect((await b.ask('/sandbox/habits')).body).toMatchObject({ preset: 'documents', ids: 'prefixed' });
  expect((await b.control('habits', { ids: 'bare' })).body).toMatchObject({ preset: 'documents', ids: 'bare' });
  expect((await b.control('habits', { refused_fields: ['platform'] })).body).toMatchObject({ ids: 'bare' });
  expect((await b.control('habits', { preset: 'field' })).body).toMatchObject({ preset: 'field', wrong_key: '403' });
  expect((await b.create({ prompt: 'x' })).body.session_id).toMatch(BARE);
  const wrong = await b.control('habits', { turn_edn: 'waiting' });
  expect([wrong.status, wrong.body.detail]).toEqual([422, expect.stringContaining('(turn_end, ')]);
  await b.control('reset');
  expect((await b.ask('/sandbox/habits')).body).toMatchObject({ preset: 'documents', ids: 'prefixed' });
});

test('the preset field behaves as the field notes say', async () => {
  const b = await bench(1, 'field');
  const created = (await b.create({ prompt: 'x', ...reported(['sandbox:pr']) })).body;
  expect(created).toMatchObject({
    session_id: expect.stringMatching(BARE),
    url: `https://app.devin.ai/sessions/${created.session_id}`,
    status: 'new',
    status_detail: null,
    structured_output: null,
    child_session_ids: null,
    user_id: 'bot_apk',
    service_user_id: expect.stringMatching(/^service-user-/),
  });
  const id = `devin-${created.session_id}`;
  const done = await b.later(1.26, id);
  expect(done).toMatchObject({ status: 'running', status_detail: 'waiting_for_user', child_session_ids: [] });
  expect(done.pull_requests.map(Object.keys)).toEqual([['pr_url', 'pr_state']]);
  const { items } = (await b.ask(b.path(`sessions/${id}/messages`))).body;
  expect(items[0]).toMatchObject({ username: expect.any(String), user_id: 'bot_apk', origin: 'api' });
  expect(await b.later(36, id)).toMatchObject({ status: 'suspended', status_detail: 'inactivity' });
});

test('control calls need their header or a credential of the sandbox', async () => {
  const b = await like();
  const call = async (headers: Record<string, string>) =>
    (await fetch(`${b.sandbox.url}/sandbox/state`, { headers })).status;
  expect(await call({})).toBe(403);
  expect(await call({ authorization: 'Bearer cog_other' })).toBe(403);
  expect(await call({ authorization: 'Bearer cog_sandbox_org' })).toBe(200);
  expect(await call({ 'x-sandbox-control': '1' })).toBe(200);
  expect((await fetch(`${b.sandbox.url}/sandbox/reset`, { method: 'POST' })).status).toBe(403);
});

test('a review of a pull request goes from pending to completed, and only one of a commit is pending', async () => {
  const b = await bench(1, 'field,pace:1');
  const json = { pr_url: 'https://github.com/acme/api/pull/7' };
  const ask = (more = {}) => b.ask(b.path('pr-reviews'), { method: 'POST', json: { ...json, ...more } });
  const first = await ask();
  expect([first.status, first.body]).toEqual([
    200,
    { ...json, pr_number: 7, status: 'pending', commit_sha: expect.stringMatching(/^[0-9a-f]{40}$/) },
  ]);
  expect((await ask()).status).toBe(409);
  const show = async (seconds: number, place = b.path('pr-reviews')) => {
    b.clock.ms += seconds * 1000;
    return (await b.ask(`${place}?${new URLSearchParams({ ...json, commit_sha: first.body.commit_sha })}`)).body.status;
  };
  expect([await show(19), await show(1), await show(160)]).toEqual(['pending', 'running', 'completed']);
  expect(await show(0, '/v3/enterprise/pr-reviews')).toBe('completed');
  expect((await ask()).status).toBe(200);
  expect((await ask({ pr_url: 'https://github.com/acme/api' })).status).toBe(422);
  expect((await b.ask(b.path('pr-reviews?pr_url=x'))).status).toBe(404);
});

test('a review ends as the habit at the time of its request says, and its commit is the one that was named', async () => {
  const b = await bench(1, 'field,pace:1,review_end:errored,late_reviews_ms:5000');
  const pr_url = 'https://github.com/acme/api/pull/8';
  const commit_sha = 'a'.repeat(40);
  const show = async () => {
    const { status, body } = await b.ask(b.path(`pr-reviews?${new URLSearchParams({ pr_url, commit_sha })}`));
    return status === 200 ? body.status : status;
  };
  const ask = async () => (await b.ask(b.path('pr-reviews'), { method: 'POST', json: { pr_url } })).body;
  expect(await show()).toBe(404);
  expect(await ask()).toMatchObject({ commit_sha, status: 'pending' });
  // It exists, but is not shown yet.
  expect([await show(), (await ask()).status]).toEqual([404, 409]);
  b.clock.ms += 5_000;
  expect(await show()).toBe('pending');
  b.clock.ms += 180_000;
  expect(await show()).toBe('errored');
  await b.ask('/sandbox/habits', { method: 'POST', json: { review_end: 'pending', late_reviews_ms: 0 } });
  expect(await show()).toBe('errored');
  await ask();
  b.clock.ms += 86_400_000;
  expect(await show()).toBe('pending');
});

test('a code scan has findings once it is done, and a remediation starts a session', async () => {
  const b = await bench(1, 'field');
  const post = (path: string, json: unknown = {}) => b.ask(b.path(path), { method: 'POST', json });
  const { scan_id: scan } = (await post('code-scans', { repo_name: 'acme/api' })).body;
  const findings = async () => (await b.ask(b.path(`code-scans/findings?scan_id=${scan}`))).body.items;
  expect(await findings()).toEqual([]);
  b.clock.ms += 3_000;
  const [{ finding_id: finding, severity }] = await findings();
  expect([severity, (await findings()).length]).toEqual(['high', 3]);
  const { session_id: id } = (await post(`code-scans/${scan}/findings/${finding}/remediate`)).body;
  expect((await b.ask(b.path(`sessions/devin-${id}`))).body.origin).toBe('code_scan');
  expect((await post(`code-scans/${scan}/findings/none/remediate`)).status).toBe(404);
});
