import { expect, test } from 'vitest';
import { type Answer, bench } from './support.ts';
import { as, lastEvent, send, v2 } from './v2-support.ts';

test('v2 takes personal keys only, v3 none of them', async () => {
  const b = await bench();
  expect((await v2(b, 'organizations')).status).toBe(200);
  for (const wrong of ['cog_sandbox_enterprise', 'apk_user_other', null]) {
    const { status, body, headers } = await v2(b, 'organizations', { as: wrong });
    expect([status, Object.keys(body), headers.get('content-type')]).toEqual([401, ['detail'], 'application/json']);
  }
  expect((await b.ask(`/beta/v2/enterprise/repositories/${b.org}`)).status).toBe(401);
  expect((await b.ask('/v3/enterprise/organizations', { as })).status).toBe(401);
});

test('errors of v2 are a detail: a sentence, or the list of wrong fields', async () => {
  const b = await bench();
  expect((await v2(b, 'organizations/org-none')).body).toEqual({ detail: 'Organization not found' });
  const { status, body } = await send(b, 'POST', 'playbooks', { title: '' });
  expect(status).toBe(422);
  expect(body.detail.map(({ loc }: { loc: string[] }) => loc.join('.'))).toEqual(['body.title', 'body.body']);
  expect(body.detail[0]).toEqual({ loc: expect.any(Array), msg: expect.any(String), type: expect.any(String) });
  const blank = await send(b, 'PATCH', `organizations/${b.org}`, { display_name: ' ' });
  expect(blank.body.detail[0].loc).toEqual(['body', 'display_name']);
  expect((await v2(b, 'nothing')).body).toEqual({ detail: 'There is no such path' });
});

test('lists of v2 are read to their end by skip and limit', async () => {
  const b = await bench();
  await b.control('seed', { organizations: 5, users: 7, sessions: 5 });
  for (const path of ['organizations', 'members', 'groups', 'sessions', 'sessions/insights']) {
    const { body: all } = await v2(b, path);
    expect(all).toMatchObject({ skip: 0, limit: 100, has_more: false, next_cursor: null, total: all.items.length });
    const items: unknown[] = [];
    let skip: number | null = 0;
    while (skip !== null) {
      const { body }: Answer = await v2(b, `${path}?skip=${skip}&limit=2`);
      items.push(...body.items);
      expect(body.has_more).toBe(body.next_cursor !== null);
      skip = body.next_cursor;
    }
    expect(items, path).toEqual(all.items);
  }
  for (const query of ['limit=0', 'limit=201', 'skip=-1', 'skip=x']) {
    expect((await v2(b, `members?${query}`)).status).toBe(422);
  }
});

test('v2 and v3 show the same organizations, and a change through one shows in the other', async () => {
  const b = await bench();
  const { body: made } = await send(b, 'POST', 'organizations', { display_name: 'Research', acu_limit: 50 });
  expect(made).toMatchObject({ org_name: 'Research', max_cycle_acu_limit: 50, org_admin_count: 1, org_user_count: 1 });
  expect(await lastEvent(b)).toMatchObject({ action: 'add_member', user_email: 'user-1@example.com' });
  const path = `/v3/enterprise/organizations/${made.org_id}`;
  expect((await b.ask(path)).body).toMatchObject({ name: 'Research', max_cycle_acu_limit: 50 });
  await send(b, 'PATCH', `organizations/${made.org_id}`, { display_name: 'Lab', max_acu_limit: null });
  expect((await b.ask(path)).body).toMatchObject({ name: 'Lab', max_cycle_acu_limit: null });
  await b.ask(path, { method: 'PATCH', json: { max_session_acu_limit: 7 } });
  const { body: shown } = await v2(b, `organizations/${made.org_id}`);
  expect(shown).toMatchObject({ org_name: 'Lab', max_session_acu_limit: 7 });
  expect(shown.created_at).toBe('2026-01-31T08:00:00.000Z');
  expect((await v2(b, `organizations/${made.org_id}`, { method: 'DELETE' })).body).toEqual({ status: 'success' });
  expect((await v2(b, `organizations/${made.org_id}`)).status).toBe(404);
  expect((await b.ask(path)).status).toBe(404);
  const { body: primary } = await v2(b, `organizations/${b.org}`, { method: 'DELETE' });
  expect(primary).toEqual({ detail: 'The primary organization cannot be deleted' });
  const quiet = { display_name: 'Quiet', add_creator_as_member: false };
  expect((await send(b, 'POST', 'organizations', quiet)).body.org_user_count).toBe(0);
});

test('members are invited and get roles that v3 shows, too', async () => {
  const b = await bench();
  const { body } = await send(b, 'POST', 'members/invite', { emails: ['a@example.com', 'user-1@example.com'] });
  expect(body).toMatchObject({ invited_count: 1, status: 'success', invited: ['a@example.com'] });
  const [id = ''] = Object.keys(body.invitee_user_id_to_email);
  const { body: found } = await v2(b, 'members?email=A@example.com');
  expect(found.items).toEqual([expect.objectContaining({ user_id: id, enterprise_role: 'account_member' })]);
  expect(found.members).toEqual(found.items);
  expect((await send(b, 'POST', 'members/invite', { emails: [] })).status).toBe(400);
  expect((await send(b, 'POST', 'members/invite', { emails: ['nobody'] })).status).toBe(422);

  const admin = { role_id: 'account_admin', user_ids: [id] };
  expect((await send(b, 'PATCH', 'members/roles', admin)).body).toEqual({ status: 'success' });
  const { body: v3 } = await b.ask(`/v3/enterprise/members/users/${id}`);
  expect(v3.role_assignments[0].role.role_id).toBe('account_admin');
  const half = { role_id: 'account_member', user_ids: [id, 'user-none'] };
  expect((await send(b, 'PATCH', 'members/roles', half)).status).toBe(404);
  expect((await v2(b, `members/${id}`)).body.enterprise_role).toBe('account_admin');
  expect((await send(b, 'PATCH', 'members/roles', { ...admin, role_id: 'org_admin' })).status).toBe(422);
});

test('members and groups of an organization change by v2', async () => {
  const b = await bench();
  const members = `organizations/${b.org}/members`;
  const { user_id: id } = (await v2(b, members)).body.items[0];
  await send(b, 'PATCH', `${members}/roles`, { role_id: 'org_member', user_ids: [id] });
  const { body: list } = await v2(b, members);
  expect(list.items[0]).toMatchObject({ user_id: id, org_role: 'org_member', org_role_name: 'Member', org_id: b.org });
  const groups = `organizations/${b.org}/groups`;
  const added = { group_name: 'contractors', role: 'org_member' };
  expect((await send(b, 'POST', groups, added)).body).toEqual({ ...added, org_id: b.org });
  expect((await send(b, 'POST', groups, added)).status).toBe(409);
  expect((await send(b, 'POST', groups, { ...added, group_name: 'none' })).status).toBe(404);
  expect((await v2(b, groups)).body.items).toContainEqual({ ...added, org_id: b.org });
  const { body: group } = await v2(b, 'groups/contractors');
  expect(group).toEqual({ group_name: 'contractors', org_count: 1, role_by_org_id: { [b.org]: 'org_member' } });
});

test('Git permissions of v2 are those of v3, by segments, URL or prefix', async () => {
  const b = await bench();
  const git = `organizations/${b.org}/git`;
  const { connection_id, host, type } = (await v2(b, `${git}/connections`)).body.items[0];
  expect([host, type]).toEqual(['github.com', 'github_app']);
  const wanted = [
    { connection_id, repo_path: ['acme', 'mono'] },
    { connection_id, repo_url: 'https://github.com/acme/other.git' },
    { connection_id, group_prefix_url: 'https://github.com/partner/' },
    { connection_id, prefix_path: 'acme/tool-' },
  ];
  const { body } = await send(b, 'POST', `${git}/permissions`, wanted);
  const names = body.permission_ids.map((id: string) => body.permission_names[id]);
  expect(names).toEqual(['acme/mono', 'acme/other', 'partner', 'acme/tool-']);
  const path = `/v3/enterprise/organizations/${b.org}/git-providers/permissions`;
  const v3 = (await b.ask(path)).body.items.map((item: { git_permission_id: string }) => item.git_permission_id);
  expect(v3).toEqual(expect.arrayContaining(body.permission_ids));
  await v2(b, `${git}/permissions/${body.permission_ids[0]}`, { method: 'DELETE' });
  const { body: left } = await v2(b, `${git}/permissions`);
  expect(left.total).toBe(v3.length - 1);
  const both = [{ connection_id, repo_path: ['a', 'b'], prefix_path: 'a' }];
  expect((await send(b, 'POST', `${git}/permissions`, both)).status).toBe(422);
  const elsewhere = [{ connection_id, repo_url: 'https://gitlab.com/a/b' }];
  expect((await send(b, 'POST', `${git}/permissions`, elsewhere)).body.detail[0].loc).toEqual(['body', 0, 'repo_url']);
});

test('repositories indexed by beta/v2 show in v3beta1', async () => {
  const b = await bench();
  const status = async () => (await b.ask(`/beta/v2/enterprise/repositories/${b.org}`, { as })).body;
  const fresh = (await status()).find((one: { indexing_enabled: boolean }) => !one.indexing_enabled).name;
  const bulk = (repo_names: string[]) => {
    const json = { org_id: b.org, repo_names };
    return b.ask('/beta/v2/enterprise/repositories/bulk-index', { as, method: 'POST', json });
  };
  expect((await bulk([fresh])).body).toEqual({ status: 'success' });
  const path = `/v3beta1/organizations/${b.org}/repositories/${encodeURIComponent(fresh)}/indexing`;
  expect((await b.ask(path)).body.indexing_enabled).toBe(true);
  const shown = (await status()).find((one: { name: string }) => one.name === fresh);
  expect(shown).toMatchObject({ indexing_enabled: true, latest_index: { status: 'in_progress' } });
  expect((await bulk([])).status).toBe(422);
  expect((await bulk(Array.from({ length: 101 }, () => fresh))).status).toBe(422);
});

test('sessions of v2 are those of v3, with ISO times and their ranges', async () => {
  const b = await bench();
  const { body: made } = await b.create({ prompt: 'Count the files', tags: ['sandbox:pr'] });
  await b.later(60, made.session_id);
  const { body } = await v2(b, `sessions?session_ids=${made.session_id}`);
  expect(body.items[0]).toMatchObject({
    session_id: made.session_id,
    org_id: b.org,
    created_at: '2026-01-31T08:00:00.000Z',
    pull_requests: [{ url: expect.stringContaining('/pull/'), state: 'open' }],
  });
  const total = async (query: string) => (await v2(b, `sessions?${query}`)).body.total;
  expect(await total('created_date_from=2026-01-31T08:00:00Z')).toBe(1);
  expect(await total(`created_date_to=2026-01-31&org_ids=${b.org}`)).toBeGreaterThan(0);
  expect(await total('user_ids=user-none')).toBe(0);
  expect((await v2(b, 'sessions?updated_date_from=yesterday')).status).toBe(422);
  const path = b.path(`sessions/${made.session_id}/insights`);
  const insights = async () => (await v2(b, 'sessions/insights?limit=1')).body.items[0];
  expect(await insights()).toMatchObject({ initial_user_message: 'Count the files', session_analysis: null });
  await b.ask(`${path}/generate`, { method: 'POST' });
  b.clock.ms += 60_000;
  expect((await insights()).session_analysis).toMatchObject({ issues: expect.any(Array), timeline: expect.any(Array) });
});

test('playbooks of v2 are those of the enterprise', async () => {
  const b = await bench();
  const sent = { title: 'Release', body: 'Tag.', macro: '!release' };
  const { body: made } = await send(b, 'POST', 'playbooks', sent);
  expect((await b.ask(`/v3/enterprise/playbooks/${made.playbook_id}`)).body).toMatchObject({ ...sent, org_id: null });
  await send(b, 'PUT', `playbooks/${made.playbook_id}`, { title: 'Ship', body: 'Tag.' });
  const { body } = await v2(b, 'playbooks');
  expect(body.at(-1)).toMatchObject({ playbook_id: made.playbook_id, title: 'Ship', macro: null });
  expect(body.map(({ title }: { title: string }) => title)).not.toContain('Fix a failing build');
  expect((await send(b, 'POST', 'playbooks', { ...sent, macro: 'release' })).body.detail[0].loc).toEqual([
    'body',
    'macro',
  ]);
});
