import { expect, test } from 'vitest';
import { type Answer, type Bench, bench, START } from './support.ts';

const list = '/v3/enterprise/members/service-users';
const NOW = START / 1000;

async function roleId(b: Bench, name: string): Promise<string> {
  const { body } = await b.ask('/v3/enterprise/roles');
  return body.items.find((role: { role_name: string }) => role.role_name === name).role_id;
}

const provision = (b: Bench, role_id: string, more: object = {}, as = 'cog_sandbox_enterprise'): Promise<Answer> =>
  b.ask('/v3beta1/enterprise/service-users', {
    method: 'POST',
    as,
    json: { name: 'CI', role_id, ttl_seconds: 3600, ...more },
  });

const provisionInOrg = (b: Bench, role_id: string, as = 'cog_sandbox_enterprise'): Promise<Answer> =>
  b.ask(`/v3beta1/organizations/${b.org}/service-users`, {
    method: 'POST',
    as,
    json: { name: 'CI', role_id, ttl_seconds: 3600 },
  });

const keysOf = (id: string) => `/v3beta1/enterprise/service-users/${id}/api-keys`;

async function statusAs(b: Bench, as: string, path = '/v3/self'): Promise<number> {
  return (await b.ask(path, { as })).status;
}

test('the service users of the sandbox are listed, the expired one only on request', async () => {
  const b = await bench();
  const { body } = await b.ask(list);
  const names = body.items.map((item: { name: string }) => item.name);
  expect(names).toEqual([
    ...['Sandbox Enterprise', 'Sandbox Organization', 'Sandbox Viewer', 'Sandbox User'],
    'Nightly Bot',
  ]);
  expect((await b.ask(`${list}?include_inactive=true`)).body.total).toBe(6);
  const self = (await b.ask('/v3/self', { as: 'cog_sandbox_org' })).body;
  expect((await b.ask(`${list}/${self.service_user_id}`)).body).toMatchObject({
    name: self.service_user_name,
    role_assignments: [{ org_id: b.org, role: { role_id: 'org_admin' } }],
  });
});

test('a provisioned token works with what its role permits, and with nothing else', async () => {
  const b = await bench();
  const { status, body } = await provision(b, await roleId(b, 'Auditor'));
  expect(status).toBe(200);
  expect(body.token).toMatch(/^cog_made_up_/);
  expect(body.service_user).toMatchObject({ name: 'CI', expires_at: NOW + 3600, deleted_at: null });
  expect((await b.ask('/v3/self', { as: body.token })).body).toMatchObject({
    service_user_id: body.service_user.service_user_id,
    org_id: null,
  });
  expect(await statusAs(b, body.token, '/v3/enterprise/audit-logs')).toBe(200);
  // ViewAccountSessions implies ViewOrgSessions in every organization.
  expect(await statusAs(b, body.token, b.path('sessions'))).toBe(200);
  const refused = await b.create({ prompt: 'x' }, { as: body.token });
  expect(refused.status).toBe(403);
  expect(refused.body.detail).toContain('"CI" lacks the permission UseDevinSessions');
  expect(await statusAs(b, body.token, list)).toBe(403);
  expect(JSON.stringify((await b.ask(`${list}?include_inactive=true`)).body)).not.toContain('cog_made_up');
});

test('a token of an organization works there only, and its sessions carry its service user', async () => {
  const b = await bench();
  const { token, service_user } = (await provisionInOrg(b, 'org_member')).body;
  const session = await b.create({ prompt: 'x' }, { as: token });
  expect(session.body.service_user_id).toBe(service_user.service_user_id);
  expect(await statusAs(b, token, '/v3/enterprise/organizations')).toBe(403);
  const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
  expect(await statusAs(b, token, `/v3/organizations/${other}/sessions`)).toBe(403);
  const member = `/v3/enterprise/organizations/${other}/members/service-users/${service_user.service_user_id}`;
  expect((await b.ask(member, { method: 'POST', json: { role_id: 'org_member' } })).status).toBe(200);
  expect(await statusAs(b, token, `/v3/organizations/${other}/sessions`)).toBe(200);
  expect((await b.ask(member, { method: 'POST', json: { role_id: 'org_admin' } })).status).toBe(409);
  expect((await b.ask(member, { method: 'DELETE' })).status).toBe(200);
  expect(await statusAs(b, token, `/v3/organizations/${other}/sessions`)).toBe(403);
});

test('the requests of a provisioned token are journalled as provisioned, and the token itself nowhere', async () => {
  const b = await bench();
  const { token } = (await provisionInOrg(b, 'org_member')).body;
  await b.ask('/sandbox/requests', { method: 'DELETE' });
  await b.ask('/v3/self', { as: token });
  await b.ask('/v3/self', { as: 'cog_made_up_nobody' });
  const { body, text } = await b.ask('/sandbox/requests');
  expect(body.items.map((item: { credential: string; status: number }) => [item.credential, item.status])).toEqual([
    ['provisioned', 200],
    ['unknown', 401],
  ]);
  expect(text).not.toContain('cog_made_up');
});

test('nobody provisions more than they may do themselves', async () => {
  const b = await bench();
  const { token } = (await provision(b, await roleId(b, 'Access Manager'))).body;
  const refused = await provision(b, 'account_admin', {}, token);
  expect(refused.status).toBe(403);
  expect(refused.body.detail).toContain('cannot give the role "Admin"');
  expect((await provision(b, await roleId(b, 'Auditor'), {}, token)).status).toBe(403);
  expect((await provision(b, await roleId(b, 'Access Manager'), {}, token)).status).toBe(200);
  expect((await provisionInOrg(b, 'org_admin', 'cog_sandbox_org')).status).toBe(200);
  const delegate = await provisionInOrg(b, await roleId(b, 'Delegate'), 'cog_sandbox_org');
  expect(delegate.body.detail).toContain('ImpersonateOrgSessions');
  expect((await provisionInOrg(b, 'org_member', 'cog_sandbox_viewer')).status).toBe(403);
  const member = (await provisionInOrg(b, 'org_member')).body.token;
  expect((await provisionInOrg(b, 'org_member', member)).status).toBe(403);
});

test('a role of the other level, a life of over a year and an unknown role are refused', async () => {
  const b = await bench();
  const wrong = await provision(b, 'org_member');
  expect(wrong.body).toMatchObject({ status: 422, errors: [{ loc: ['body', 'role_id'], type: 'wrong_role_type' }] });
  expect((await provisionInOrg(b, 'account_admin')).status).toBe(422);
  const long = await provision(b, 'account_member', { ttl_seconds: 31_536_001 });
  expect(long.body.errors[0]).toMatchObject({ loc: ['body', 'ttl_seconds'], msg: expect.stringContaining('31536000') });
  expect((await provision(b, 'account_member', { ttl_seconds: 31_536_000 })).status).toBe(200);
  expect((await provision(b, 'account_member', { ttl_seconds: 0 })).status).toBe(422);
  expect((await provision(b, 'no-role')).status).toBe(404);
});

test('a service user ends when its life ends or when it is deleted, and its token with it', async () => {
  const b = await bench();
  const short = (await provision(b, 'account_member', { ttl_seconds: 60 })).body;
  const other = (await provision(b, 'account_member')).body;
  b.clock.ms += 61_000;
  expect(await statusAs(b, short.token)).toBe(401);
  expect(await statusAs(b, other.token)).toBe(200);
  const path = `${list}/${other.service_user.service_user_id}`;
  expect((await b.ask(path, { method: 'DELETE' })).body.deleted_at).toBe(NOW + 61);
  expect(await statusAs(b, other.token)).toBe(401);
  expect((await b.ask(path)).status).toBe(404);
  expect((await b.ask(list)).body.total).toBe(5);
  expect((await b.ask(`${list}?include_inactive=true`)).body.total).toBe(8);
  const { body } = await b.ask('/v3/enterprise/audit-logs?first=1');
  expect(body.items[0]).toMatchObject({ action: 'delete_service_user' });
});

test('a changed role changes at once what the token may do', async () => {
  const b = await bench();
  const { token, service_user } = (await provision(b, 'account_member')).body;
  const path = `${list}/${service_user.service_user_id}`;
  expect(await statusAs(b, token, list)).toBe(403);
  expect((await b.ask(path, { method: 'POST', json: { role_id: 'account_admin' } })).status).toBe(409);
  expect((await b.ask(path, { method: 'PATCH', json: { role_id: 'org_admin' } })).status).toBe(422);
  expect((await b.ask(path, { method: 'PATCH', json: { role_id: 'account_admin' } })).status).toBe(200);
  expect(await statusAs(b, token, list)).toBe(200);
});

test('a key shows its token once; revoked it is refused, and revoked again it is a 409', async () => {
  const b = await bench();
  const { service_user } = (await provision(b, 'account_member')).body;
  const keys = keysOf(service_user.service_user_id);
  const made = (await b.ask(keys, { method: 'POST', json: { name: 'second', expires_at: NOW + 100 } })).body;
  expect(await statusAs(b, made.token)).toBe(200);
  const { body, text } = await b.ask(keys);
  expect(text).not.toContain('cog_made_up');
  expect(body).toMatchObject({ total: 2, has_next_page: false });
  expect(body.items[1]).toEqual({
    api_key_id: made.api_key_id,
    api_key_name: 'second',
    created_at: NOW,
    expires_at: NOW + 100,
    last_used_at: NOW,
    revoked_at: null,
    is_active: true,
  });
  const revoked = await b.ask(`${keys}/${made.api_key_id}`, { method: 'DELETE' });
  expect(revoked.body).toMatchObject({ is_active: false, revoked_at: NOW });
  expect(await statusAs(b, made.token)).toBe(401);
  expect((await b.ask(`${keys}/${made.api_key_id}`, { method: 'DELETE' })).status).toBe(409);
  expect((await b.ask(`${keys}/api-key-none`, { method: 'DELETE' })).status).toBe(404);
  expect((await b.ask(`${keys}?status=revoked`)).body.total).toBe(1);
  expect((await b.ask(`${keys}?status=active`)).body.total).toBe(1);
  expect((await b.ask(`${keys}?status=gone`)).status).toBe(422);
});

test('rotation ends the old key, or leaves both for a while, and refuses an inactive one', async () => {
  const b = await bench();
  const { service_user, token } = (await provision(b, 'account_member')).body;
  const keys = keysOf(service_user.service_user_id);
  const [first] = (await b.ask(keys)).body.items;
  const rotate = (id: string, json: object) => b.ask(`${keys}/${id}/rotate`, { method: 'POST', json });
  const second = (await rotate(first.api_key_id, { revoke_current: false })).body;
  expect(second.api_key_name).toBe(first.api_key_name);
  expect([await statusAs(b, token), await statusAs(b, second.token)]).toEqual([200, 200]);
  const third = (await rotate(second.api_key_id, { new_key_expires_at: NOW + 10 })).body;
  expect([await statusAs(b, second.token), await statusAs(b, third.token)]).toEqual([401, 200]);
  expect((await rotate(second.api_key_id, {})).status).toBe(400);
  expect((await rotate(third.api_key_id, { new_key_expires_at: NOW })).body.errors[0].loc).toEqual([
    'body',
    'new_key_expires_at',
  ]);
  b.clock.ms += 10_000;
  expect(await statusAs(b, third.token)).toBe(401);
  expect((await b.ask(`${keys}?status=expired`)).body.items[0].api_key_id).toBe(third.api_key_id);
});

test('the example of the documentation runs as it stands: name and role in, id and api_key out', async () => {
  const b = await bench();
  const path = `/v3beta1/organizations/${b.org}/members/service-users`;
  const { status, body } = await b.ask(path, { method: 'POST', json: { name: 'CI/CD Bot', role: 'developer' } });
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: body.service_user.service_user_id, api_key: body.token });
  expect(body.service_user).toMatchObject({
    name: 'CI/CD Bot',
    role_assignments: [{ role: { role_name: 'Developer' } }],
  });
  expect((await b.create({ prompt: 'x' }, { as: body.api_key })).status).toBe(200);
  const wrong = await b.ask(path, { method: 'POST', json: { name: 'x', role: 'nobody' } });
  expect(wrong.body.errors[0].loc).toEqual(['body', 'role']);
});
