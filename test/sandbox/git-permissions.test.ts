import { beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type Bench, bench } from './support.ts';

let b: Bench;
let github: string;
const path = (rest = '') => `/v3/enterprise/organizations/${b.org}/git-providers/permissions${rest}`;
const post = (permissions: unknown[]) => b.ask(path(), { method: 'POST', json: { permissions } });
const put = (permissions: unknown[]) => b.ask(path(), { method: 'PUT', json: { permissions } });
const repo = (name: string, more = {}) => ({ git_connection_id: github, repo_path: `acme/${name}`, ...more });

/** Every permission, page by page. */
async function all(first = 200): Promise<Answer['body'][]> {
  const items: Answer['body'][] = [];
  for (let after = ''; ; ) {
    const { body } = await b.ask(path(`?first=${first}${after && `&after=${after}`}`));
    items.push(...body.items);
    if (!body.has_next_page) return items;
    after = body.end_cursor;
  }
}

async function actions(): Promise<string[]> {
  const { body } = await b.ask(`/v3/enterprise/organizations/${b.org}/audit-logs?first=10`);
  return body.items.map((item: { action: string }) => item.action);
}

beforeEach(async () => {
  b = await bench();
  github = (await b.ask('/v3/enterprise/git-providers/connections')).body.items[0].git_connection_id;
});

describe('the permissions of an organization at the start', () => {
  test('are as many as the seed says, of all three kinds, and some are read-only', async () => {
    const items = await all();
    expect(items).toHaveLength(5);
    const kinds = items.map((item) => [item.repo_path, item.group_prefix, item.prefix_path].map((x) => x !== null));
    for (const kind of kinds) expect(kind.filter(Boolean)).toHaveLength(1);
    for (const i of [0, 1, 2]) expect(kinds.some((kind) => kind[i])).toBe(true);
    expect(new Set(items.map((item) => item.read_only))).toEqual(new Set([true, false]));
  });

  test('are others in each organization, and none in a new one', async () => {
    const { items } = (await b.ask('/v3/enterprise/organizations')).body;
    const json = { name: 'New' };
    const made = (await b.ask('/v3/enterprise/organizations', { method: 'POST', json })).body;
    const ids = new Set<string>();
    for (const { org_id } of items) {
      const page = (await b.ask(`/v3/enterprise/organizations/${org_id}/git-providers/permissions`)).body;
      for (const item of page.items) ids.add(item.git_permission_id);
    }
    expect(ids.size).toBe(15);
    const empty = await b.ask(`/v3/enterprise/organizations/${made.org_id}/git-providers/permissions`);
    expect(empty.body).toMatchObject({ items: [], has_next_page: false, total: 0 });
  });
});

describe('adding permissions', () => {
  test('puts them behind the others, in the order of the request', async () => {
    const made = await post([repo('one'), repo('two', { read_only: true })]);
    expect(made.status).toBe(200);
    expect(made.body).toEqual([
      expect.objectContaining({ repo_path: 'acme/one', read_only: false, group_prefix: null, prefix_path: null }),
      expect.objectContaining({ repo_path: 'acme/two', read_only: true, created_at: b.clock.ms / 1000 }),
    ]);
    expect((await all()).slice(5)).toEqual(made.body);
    expect((await actions()).slice(0, 2)).toEqual(['create_git_permission', 'create_git_permission']);
  });

  test('refuses one that is there already, names it, and then adds none of the request', async () => {
    const [there] = (await post([repo('one')])).body;
    const answer = await post([repo('new'), repo('one', { read_only: true })]);
    expect(answer.status).toBe(409);
    expect(answer.body.detail).toBe(
      `permissions.1: repo_path acme/one has the permission ${there.git_permission_id} already`,
    );
    expect(await all()).toHaveLength(6);
    expect((await post([repo('twice'), repo('twice')])).status).toBe(409);
    expect(await all()).toHaveLength(6);
  });

  test('takes the same path as another kind, and of another connection', async () => {
    const gitlab = (await b.ask('/v3/enterprise/git-providers/connections')).body.items[1].git_connection_id;
    const path = 'acme/one';
    const kinds = [{ repo_path: path }, { group_prefix: path }, { prefix_path: path }];
    const both = [github, gitlab].flatMap((git_connection_id) => kinds.map((kind) => ({ git_connection_id, ...kind })));
    expect((await post(both)).body).toHaveLength(6);
  });

  test('refuses an unknown connection, and an unknown organization', async () => {
    const answer = await post([repo('one'), { git_connection_id: 'git-connection-x', repo_path: 'a/b' }]);
    expect(answer.status).toBe(404);
    expect(answer.body.detail).toBe('Git connection git-connection-x not found');
    const elsewhere = await b.ask('/v3/enterprise/organizations/org-x/git-providers/permissions');
    expect(elsewhere.status).toBe(404);
    expect(await all()).toHaveLength(5);
  });

  test.each([
    ['none of the three fields', {}, ['body', 'permissions', 0]],
    ['two of the three fields', { repo_path: 'a/b', prefix_path: 'a/' }, ['body', 'permissions', 0]],
    ['an empty field', { group_prefix: '' }, ['body', 'permissions', 0]],
    ['a group with a slash at its end', { group_prefix: 'acme/' }, ['body', 'permissions', 0, 'group_prefix']],
  ])('refuses %s', async (_, fields, loc) => {
    const answer = await post([{ git_connection_id: github, ...fields }]);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ loc }]);
  });

  test('takes 200 at once and refuses 201', async () => {
    const many = Array.from({ length: 201 }, (_, i) => repo(`many-${i}`));
    const refused = await post(many);
    expect(refused.status).toBe(422);
    expect(refused.body.errors[0]).toMatchObject({ loc: ['body', 'permissions'], type: 'too_big' });
    expect((await post(many.slice(1))).body).toHaveLength(200);
  });
});

describe('replacing permissions', () => {
  test('leaves exactly those of the request', async () => {
    const made = await put([repo('a'), repo('b')]);
    expect(await all()).toEqual(made.body);
    expect((await actions()).slice(0, 7).sort()).toEqual([
      ...Array(2).fill('create_git_permission'),
      ...Array(5).fill('delete_git_permission'),
    ]);
    expect((await put([])).body).toEqual([]);
    expect(await all()).toEqual([]);
  });

  test('changes nothing where one of them is wrong', async () => {
    const before = await all();
    expect((await put([repo('a'), { git_connection_id: 'x', repo_path: 'a/b' }])).status).toBe(404);
    expect((await put([repo('a'), repo('a')])).status).toBe(409);
    expect((await put([repo('a'), { git_connection_id: github }])).status).toBe(422);
    expect(await all()).toEqual(before);
  });

  test('may name permissions that are there', async () => {
    const [first] = await all();
    const { git_connection_id, repo_path } = first;
    expect((await put([{ git_connection_id, repo_path }])).body).toHaveLength(1);
  });
});

describe('one permission', () => {
  test('can be made read-only and back, and nothing else', async () => {
    const [made] = (await post([repo('one')])).body;
    const one = path(`/${made.git_permission_id}`);
    const readOnly = await b.ask(one, { method: 'PATCH', json: { read_only: true, repo_path: 'a/b' } });
    expect(readOnly.body).toEqual({ ...made, read_only: true });
    expect((await actions())[0]).toBe('update_git_permission');
    expect((await b.ask(one, { method: 'PATCH', json: { read_only: null } })).body.read_only).toBe(true);
    expect((await b.ask(one, { method: 'PATCH', json: { read_only: false } })).body).toEqual(made);
  });

  test('is gone once it is deleted, and can be made again', async () => {
    const [made] = (await post([repo('one')])).body;
    const one = path(`/${made.git_permission_id}`);
    expect((await b.ask(one, { method: 'DELETE' })).body).toEqual(made);
    expect((await b.ask(one, { method: 'DELETE' })).status).toBe(404);
    expect((await b.ask(one, { method: 'PATCH', json: { read_only: true } })).status).toBe(404);
    const [again] = (await post([repo('one')])).body;
    expect(again.git_permission_id).not.toBe(made.git_permission_id);
  });

  test('is out of reach by the path of another organization', async () => {
    const [{ git_permission_id: id }] = await all();
    const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
    const wrong = `/v3/enterprise/organizations/${other}/git-providers/permissions/${id}`;
    expect((await b.ask(wrong, { method: 'DELETE' })).status).toBe(404);
    expect(await all()).toHaveLength(5);
  });
});

test('all can be removed at once, and the answer shows them', async () => {
  const before = await all();
  expect((await b.ask(path(), { method: 'DELETE' })).body).toEqual(before);
  expect(await all()).toEqual([]);
});

test('a service user of an organization cannot see them', async () => {
  expect((await b.ask(path(), { as: 'cog_sandbox_org' })).status).toBe(403);
});

test('a cursor goes on where its page ended, although rows before it are gone', async () => {
  const page = (await b.ask(path('?first=2'))).body;
  for (const { git_permission_id: id } of page.items) await b.ask(path(`/${id}`), { method: 'DELETE' });
  const next = (await b.ask(path(`?first=10&after=${page.end_cursor}`))).body;
  expect(next.items).toHaveLength(3);
  expect(next).toMatchObject({ has_next_page: false, end_cursor: null, total: 3 });
});

test('ten thousand permissions are listed, added to and removed without a wait', async () => {
  await b.control('seed', { permissions_per_org: 10_000 });
  const began = performance.now();
  const items = await all();
  expect(items).toHaveLength(10_000);
  expect(new Set(items.map((item) => JSON.stringify([item.repo_path, item.group_prefix, item.prefix_path]))).size).toBe(
    10_000,
  );
  const listed = performance.now();
  const many = Array.from({ length: 200 }, (_, i) => repo(`many-${i}`));
  expect((await post(many)).status).toBe(200);
  const added = performance.now();
  expect((await b.ask(path(), { method: 'DELETE' })).body).toHaveLength(10_200);
  expect(listed - began).toBeLessThan(20_000);
  expect(added - listed).toBeLessThan(20_000);
});
