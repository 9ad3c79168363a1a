import { expect, test } from 'vitest';
import { bench } from './support.ts';

test('without a credential, with an unknown one, or with a v2 key on v3, the answer is a 401 that says why', async () => {
  const b = await bench();
  const none = await b.ask('/v3/self', { as: null });
  expect(none.status).toBe(401);
  expect(none.headers.get('content-type')).toBe('application/problem+json');
  expect(none.body).toMatchObject({ type: 'about:blank', title: 'Unauthorized', status: 401, instance: '/v3/self' });
  expect((await b.ask('/v3/self', { as: 'cog_other' })).body.detail).toMatch(/invalid/);
  const legacy = await b.ask('/v3/self', { as: 'apk_user_sandbox' });
  expect(legacy.status).toBe(401);
  expect(legacy.body.detail).toMatch(/service user key/);
});

test('each credential learns who it is', async () => {
  const b = await bench();
  const enterprise = (await b.ask('/v3/self')).body;
  expect(enterprise).toMatchObject({ principal_type: 'service_user', org_id: null });
  const member = (await b.ask('/v3/self', { as: 'cog_sandbox_org' })).body;
  expect(member.org_id).toBe((await b.ask('/v3/enterprise/organizations')).body.items[0].org_id);
  expect(member.service_user_id).not.toBe(enterprise.service_user_id);
});

test('the service user of an organization gets a 403 that names the permission on enterprise paths and elsewhere', async () => {
  const b = await bench();
  const as = 'cog_sandbox_org';
  const enterprise = await b.ask('/v3/enterprise/organizations', { as });
  expect(enterprise.status).toBe(403);
  expect(enterprise.body.detail).toContain('ManageOrganizations');
  const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
  const elsewhere = await b.ask(`/v3/organizations/${other}/sessions`, { as });
  expect(elsewhere.status).toBe(403);
  expect(elsewhere.body.detail).toContain('ViewOrgSessions');
  expect((await b.ask('/v3/organizations/org-none/sessions', { as })).status).toBe(403);
  expect((await b.ask(b.path('sessions'), { as })).status).toBe(200);
});

test('the viewer may read what needs no Manage or Use permission; the rest gets a 403 that names the permission', async () => {
  const b = await bench();
  const as = 'cog_sandbox_viewer';
  expect((await b.ask('/v3/enterprise/audit-logs', { as })).status).toBe(200);
  expect((await b.ask(b.path('sessions'), { as })).status).toBe(200);
  const organizations = await b.ask('/v3/enterprise/organizations', { as });
  expect([organizations.status, organizations.body.detail]).toEqual([
    403,
    expect.stringContaining('ManageOrganizations'),
  ]);
  const created = await b.create({ prompt: 'x' }, { as });
  expect(created.status).toBe(403);
  expect(created.body.detail).toContain('UseDevinSessions');
});

test('creating for another user needs ImpersonateOrgSessions, which only the enterprise has', async () => {
  const b = await bench();
  const refused = await b.create({ prompt: 'x', create_as_user_id: 'user-none' }, { as: 'cog_sandbox_org' });
  expect(refused.status).toBe(403);
  expect(refused.body.detail).toContain('ImpersonateOrgSessions');
  expect((await b.create({ prompt: 'x', create_as_user_id: 'user-none' })).status).toBe(404);
  const { body } = await b.ask('/v3/enterprise/audit-logs?action=login&first=1');
  const user = body.items[0].user_id;
  expect((await b.create({ prompt: 'x', create_as_user_id: user })).body.user_id).toBe(user);
});

test('a credential is looked at before the request, and the request before what it is about', async () => {
  const b = await bench();
  const wrong = { method: 'POST', json: { prompt: 1 } };
  const path = '/v3/organizations/org-none/sessions';
  expect((await b.ask(path, { ...wrong, as: null })).status).toBe(401);
  expect((await b.ask(path, { ...wrong, as: 'cog_sandbox_viewer' })).status).toBe(403);
  expect((await b.ask(path, wrong)).status).toBe(422);
  expect((await b.ask(path, { method: 'POST', json: { prompt: 'x' } })).status).toBe(404);
});

test('a 422 lists each wrong field of the body', async () => {
  const b = await bench();
  const { status, body } = await b.create({
    tags: 'a',
    session_secrets: [{ key: '', value: 'v' }],
    devin_mode: 'slow',
  });
  expect(status).toBe(422);
  expect(body.errors).toEqual([
    { loc: ['body', 'prompt'], msg: 'Field required', type: 'missing' },
    { loc: ['body', 'tags'], msg: 'Input should be a valid array', type: 'invalid_type' },
    { loc: ['body', 'session_secrets', 0, 'key'], msg: 'Input should be at least 1 characters', type: 'too_small' },
    { loc: ['body', 'devin_mode'], msg: expect.stringContaining("'normal' or 'fast'"), type: 'invalid_value' },
  ]);
  expect(body.detail).toContain('body.prompt');
});

test('the query is read by type: numbers, booleans and repeated names, and a comma does not split', async () => {
  const b = await bench();
  const wrong = await b.ask(b.path('sessions?first=x&is_archived=perhaps&created_after=1.5'));
  expect(wrong.body.errors.map((error: { loc: string[] }) => error.loc.join('.'))).toEqual([
    'query.first',
    'query.is_archived',
    'query.created_after',
  ]);
  await b.create({ prompt: 'x', tags: ['a,b'] });
  await b.create({ prompt: 'x', tags: ['a'] });
  await b.create({ prompt: 'x', tags: ['b'] });
  expect((await b.ask(b.path('sessions?tags=a,b'))).body.total).toBe(1);
  expect((await b.ask(b.path('sessions?tags=a&tags=b'))).body.total).toBe(2);
});

test('fields and filters that the reference does not know are ignored, as the API does', async () => {
  const b = await bench();
  const { status } = await b.create({
    prompt: 'x',
    newer_field: 1,
    session_secrets: [{ key: 'A', value: 'b', note: 1 }],
  });
  expect(status).toBe(200);
  expect((await b.ask(b.path('sessions?newer=1'))).status).toBe(200);
});

test('a body that is not JSON, not said to be JSON, or missing is refused', async () => {
  const b = await bench();
  const at = { method: 'POST', headers: { 'content-type': 'application/json' } };
  expect((await b.ask(b.path('sessions'), { ...at, body: '{"prompt":' })).status).toBe(400);
  expect((await b.ask(b.path('sessions'), at)).status).toBe(422);
  expect((await b.ask(b.path('sessions'), { method: 'POST', body: '{"prompt":"x"}' })).status).toBe(422);
});

test('an unknown path is a 404 and a known one with a wrong method a 405 that lists the right ones', async () => {
  const b = await bench();
  expect((await b.ask('/v3/nothing', { as: null })).status).toBe(404);
  expect((await b.ask('/')).status).toBe(404);
  expect((await b.ask('/v3/organizations//sessions')).status).toBe(404);
  const wrong = await b.ask('/v3/self', { method: 'DELETE' });
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get('allow')).toBe('GET');
});

test('under /v3beta1 the answers also carry the fields that the documentation reads', async () => {
  const b = await bench();
  const { body } = await b.ask('/v3beta1/enterprise/organizations');
  expect(body.organizations[0]).toEqual({ id: body.items[0].org_id, name: 'Engineering Team' });
  expect((await b.ask('/v3/enterprise/organizations')).body.organizations).toBeUndefined();
  const self = (await b.ask('/v3beta1/enterprise/self')).body;
  expect(self).toMatchObject({ name: self.service_user_name, role: 'admin', org_id: null });
  const session = await b.ask(`/v3beta1/organizations/${b.org}/sessions`, { method: 'POST', json: { prompt: 'x' } });
  expect(session.body).toMatchObject({ session_id: expect.stringMatching(/^devin-/), url: expect.any(String) });
  expect((await b.ask('/v3beta1/enterprise/audit-logs?first=1')).body.items).toHaveLength(1);
});
