import { expect, test } from 'vitest';
import { type Answer, type Bench, bench } from './support.ts';

const users = '/v3/enterprise/members/users';
const groups = '/v3/enterprise/members/idp-groups';

type Shown = { user_id: string; email: string; idp_role_assignments: unknown[] };

const send = (b: Bench, method: string, path: string, json?: unknown): Promise<Answer> =>
  b.ask(path, json === undefined ? { method } : { method, json });

const inOrg = (b: Bench, rest: string) => `/v3/enterprise/organizations/${b.org}/members/${rest}`;

/** The last user, who has a role in the last organization only. */
async function newcomer(b: Bench): Promise<string> {
  return (await b.ask(`${users}?email=user-12@example.com`)).body.items[0].user_id;
}

async function lastAction(b: Bench): Promise<Record<string, unknown>> {
  return (await b.ask('/v3/enterprise/audit-logs?first=1')).body.items[0];
}

async function listed(b: Bench, path: string): Promise<Shown[]> {
  return (await b.ask(path)).body.items;
}

test('roles are listed for both levels, with the documented ids for the usual ones', async () => {
  const b = await bench();
  const { body } = await b.ask('/v3/enterprise/roles');
  expect(body.items[0]).toEqual({ role_id: 'account_admin', role_name: 'Admin', role_type: 'enterprise' });
  const ids = body.items.map((role: { role_id: string }) => role.role_id);
  expect(ids).toEqual(expect.arrayContaining(['account_member', 'org_admin', 'org_member']));
  expect(new Set(ids).size).toBe(ids.length);
  expect((await b.ask('/v3/enterprise/roles?first=2')).body).toMatchObject({ has_next_page: true, total: 9 });
});

test('an invitation makes members with a direct role, and skips addresses that are known', async () => {
  const b = await bench();
  const json = {
    emails: ['new@example.com', 'USER-1@example.com', 'new@example.com'],
    enterprise_role_id: 'account_member',
  };
  const { status, body } = await send(b, 'POST', users, json);
  expect(status).toBe(200);
  expect(body).toHaveLength(1);
  expect(body[0]).toMatchObject({
    email: 'new@example.com',
    role_assignments: [{ org_id: null, role: { role_id: 'account_member', role_type: 'enterprise' } }],
  });
  expect((await listed(b, `${users}?email=new@example.com`)).map((user) => user.user_id)).toEqual([body[0].user_id]);
  expect((await b.ask(`${users}/${body[0].user_id}`)).body.idp_role_assignments).toEqual([]);
  expect((await b.ask(users)).body.total).toBe(13);
  expect(await lastAction(b)).toMatchObject({ action: 'add_enterprise_member', data: { email: 'new@example.com' } });
});

test('an invitation of more than 100, of no address, or with an organization role is a 422 that says where', async () => {
  const b = await bench();
  const invite = async (emails: string[], enterprise_role_id = 'account_member') =>
    (await send(b, 'POST', users, { emails, enterprise_role_id })).body;
  const many = Array.from({ length: 101 }, (_, i) => `new-${i}@example.com`);
  expect((await invite(many)).errors[0]).toMatchObject({
    loc: ['body', 'emails'],
    msg: expect.stringContaining('100'),
  });
  expect((await invite(['a@example.com', 'b'])).errors[0].loc).toEqual(['body', 'emails', 1]);
  const wrong = await invite(['a@example.com'], 'org_member');
  expect(wrong).toMatchObject({
    status: 422,
    errors: [{ loc: ['body', 'enterprise_role_id'], type: 'wrong_role_type' }],
  });
  expect((await invite(['a@example.com'], 'no-role')).status).toBe(404);
  expect((await b.ask(users)).body.total).toBe(12);
});

test('an enterprise role is replaced, and a removed user is gone from every list', async () => {
  const b = await bench();
  const [first] = await listed(b, inOrg(b, 'users'));
  const path = `${users}/${first?.user_id}`;
  const changed = await send(b, 'PATCH', path, { role_id: 'account_admin' });
  expect(changed.body.role_assignments).toMatchObject([{ role: { role_name: 'Admin' } }, { org_id: b.org }]);
  expect((await send(b, 'PATCH', path, { role_id: 'org_admin' })).body.errors[0].loc).toEqual(['body', 'role_id']);
  expect((await send(b, 'DELETE', path)).body.user_id).toBe(first?.user_id);
  expect(await lastAction(b)).toMatchObject({ action: 'delete_member', org_id: null });
  expect((await b.ask(path)).status).toBe(404);
  expect((await send(b, 'DELETE', path)).status).toBe(404);
  expect(await listed(b, inOrg(b, 'users'))).not.toContainEqual(expect.objectContaining({ user_id: first?.user_id }));
});

test('a user joins an organization once, changes role there, and leaves it without leaving the enterprise', async () => {
  const b = await bench();
  const id = await newcomer(b);
  const path = inOrg(b, `users/${id}`);
  expect((await send(b, 'PATCH', path, { role_id: 'org_admin' })).status).toBe(404);
  expect((await send(b, 'POST', path, { role_id: 'account_member' })).status).toBe(422);
  const joined = await send(b, 'POST', path, { role_id: 'org_member' });
  expect(joined.body.role_assignments).toEqual([
    { org_id: b.org, role: { role_id: 'org_member', role_name: 'Member', role_type: 'org' } },
  ]);
  expect(await lastAction(b)).toMatchObject({ action: 'add_member', org_id: b.org, data: { user_id: id } });
  expect((await send(b, 'POST', path, { role_id: 'org_admin' })).status).toBe(409);
  expect((await send(b, 'PATCH', path, { role_id: 'org_admin' })).status).toBe(200);
  expect((await b.ask(`${users}/${id}`)).body.role_assignments).toHaveLength(3);
  expect((await send(b, 'DELETE', path)).status).toBe(200);
  expect((await send(b, 'DELETE', path)).status).toBe(404);
  expect((await b.ask(`${users}/${id}`)).body.role_assignments).toHaveLength(2);
});

test('members of an unknown organization, and unknown members, are a 404', async () => {
  const b = await bench();
  const nowhere = '/v3/enterprise/organizations/org-none/members';
  const id = await newcomer(b);
  expect((await b.ask(`${nowhere}/users`)).status).toBe(404);
  expect((await b.ask(`${nowhere}/idp-users`)).status).toBe(404);
  expect((await send(b, 'POST', `${nowhere}/users/${id}`, { role_id: 'org_member' })).status).toBe(404);
  expect((await send(b, 'POST', inOrg(b, 'users/user-none'), { role_id: 'org_member' })).status).toBe(404);
  expect((await b.ask(inOrg(b, 'users'), { as: 'cog_sandbox_org' })).status).toBe(403);
});

test('a group gets roles once it is registered, and registering it again changes nothing', async () => {
  const b = await bench();
  const registered = '/v3/enterprise/idp-groups';
  expect((await send(b, 'POST', `${groups}/platform`, { role_id: 'account_member' })).status).toBe(404);
  const json = { idp_group_names: ['platform', 'engineering', 'platform'] };
  expect((await send(b, 'POST', registered, json)).body).toEqual([{ idp_group_name: 'platform' }]);
  expect((await send(b, 'POST', registered, json)).body).toEqual([]);
  expect((await b.ask(registered)).body.total).toBe(5);
  expect((await b.ask(`${groups}/platform`)).status).toBe(404);
  expect((await send(b, 'POST', `${groups}/platform`, { role_id: 'account_member' })).status).toBe(200);
  expect(await lastAction(b)).toMatchObject({ action: 'add_group_membership', org_id: null });
  expect((await send(b, 'POST', `${groups}/platform`, { role_id: 'account_admin' })).status).toBe(409);
  expect((await b.ask(`${groups}/platform`)).body.role_assignments[0].role.role_name).toBe('Member');
  expect((await send(b, 'DELETE', `${registered}/platform`)).body).toEqual({ idp_group_name: 'platform' });
  expect((await b.ask(`${groups}/platform`)).status).toBe(404);
  const none = await send(b, 'POST', registered, { idp_group_names: [] });
  expect(none.body.errors[0].loc).toEqual(['body', 'idp_group_names']);
});

test('a group has its roles per level: changed and removed in one organization, the others stay', async () => {
  const b = await bench();
  const path = inOrg(b, 'idp-groups/security');
  expect((await b.ask(path)).status).toBe(404);
  expect((await send(b, 'PATCH', path, { role_id: 'org_admin' })).status).toBe(404);
  expect((await send(b, 'POST', path, { role_id: 'account_member' })).status).toBe(422);
  expect((await send(b, 'POST', path, { role_id: 'org_member' })).body.role_assignments).toHaveLength(1);
  expect((await send(b, 'PATCH', path, { role_id: 'org_admin' })).status).toBe(200);
  expect((await b.ask(`${groups}/security`)).body.role_assignments).toHaveLength(3);
  expect((await send(b, 'DELETE', path)).status).toBe(200);
  expect((await b.ask(path)).status).toBe(404);
  expect((await b.ask(`${groups}/security`)).body.role_assignments).toHaveLength(2);
  expect((await send(b, 'DELETE', `${groups}/security`)).status).toBe(200);
  expect(await listed(b, groups)).toEqual([]);
});

test('the users of groups follow the roles of the groups, and show the same roles on their own page', async () => {
  const b = await bench();
  const behind = await listed(b, inOrg(b, 'idp-users'));
  expect(behind.length).toBeGreaterThan(0);
  for (const user of behind) {
    expect(user.idp_role_assignments).toMatchObject([{ idp_group_name: 'engineering', org_id: b.org }]);
    const alone = (await b.ask(`${users}/${user.user_id}`)).body;
    expect(alone.idp_role_assignments).toEqual(expect.arrayContaining(user.idp_role_assignments));
  }
  expect(await listed(b, inOrg(b, `idp-users?email=${behind[0]?.email}`))).toEqual(behind.slice(0, 1));
  await send(b, 'DELETE', inOrg(b, 'idp-groups/engineering'));
  expect(await listed(b, inOrg(b, 'idp-users'))).toEqual([]);
  expect((await listed(b, '/v3/enterprise/members/idp-users')).length).toBeGreaterThan(0);
  await send(b, 'DELETE', '/v3/enterprise/idp-groups/security');
  expect(await listed(b, '/v3/enterprise/members/idp-users')).toEqual([]);
});

test('a reset brings the members back as they were', async () => {
  const b = await bench();
  const before = (await b.ask(users)).body;
  await send(b, 'DELETE', `${users}/${await newcomer(b)}`);
  await send(b, 'DELETE', inOrg(b, `users/${before.items[0].user_id}`));
  expect((await b.ask(users)).body).not.toEqual(before);
  await b.control('reset');
  expect((await b.ask(users)).body).toEqual(before);
});
