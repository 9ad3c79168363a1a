import { expect, test } from 'vitest';
import { type Bench, bench, START } from './support.ts';

async function everything(b: Bench, path: string, first: number): Promise<Array<Record<string, unknown>>> {
  const items: Array<Record<string, unknown>> = [];
  let after = '';
  for (let pages = 0; pages < 1000; pages += 1) {
    const { body, status } = await b.ask(`${path}${path.includes('?') ? '&' : '?'}first=${first}${after}`);
    expect(status).toBe(200);
    items.push(...body.items);
    expect(body.has_next_page).toBe(body.end_cursor !== null);
    if (!body.has_next_page) return items;
    expect(body.items).toHaveLength(first);
    after = `&after=${body.end_cursor}`;
  }
  throw new Error('The list has no end');
}

test('every list is read to its end by its cursors, nothing twice and nothing left out', async () => {
  const b = await bench();
  await b.control('seed', { sessions: 33, organizations: 11, audit_logs: 95 });
  const connection = (await b.ask('/v3/enterprise/git-providers/connections')).body.items[0].git_connection_id;
  const lists = [
    ['/v3/enterprise/organizations', 'org_id'],
    ['/v3/enterprise/git-providers/connections', 'git_connection_id'],
    [`/v3/enterprise/git-providers/connections/${connection}/repositories`, 'repo_path'],
    ['/v3/enterprise/audit-logs', 'audit_log_id'],
    ['/v3/enterprise/audit-logs?order=asc', 'audit_log_id'],
    [`/v3/enterprise/organizations/${b.org}/audit-logs`, 'audit_log_id'],
    [b.path('sessions'), 'session_id'],
  ] as const;
  for (const [path, key] of lists) {
    const items = await everything(b, path, path.endsWith('connections') ? 1 : 5);
    const { body } = await b.ask(path);
    expect(items).toEqual(body.items);
    expect(new Set(items.map((item) => item[key])).size, path).toBe(body.total);
  }
});

test('a cursor goes on where it was while new sessions come in', async () => {
  const b = await bench();
  for (let i = 0; i < 3; i += 1) await b.create({ prompt: 'x', title: `old ${i}`, tags: ['t'] });
  const { body: first } = await b.ask(b.path('sessions?tags=t&first=2'));
  await b.create({ prompt: 'x', title: 'new', tags: ['t'] });
  const { body: second } = await b.ask(b.path(`sessions?tags=t&first=2&after=${first.end_cursor}`));
  expect([...first.items, ...second.items].map((item) => item.title)).toEqual(['old 2', 'old 1', 'old 0']);
});

test('a cursor that is none, or one of another list, is a 422', async () => {
  const b = await bench();
  const { end_cursor: cursor } = (await b.ask('/v3/enterprise/organizations?first=1')).body;
  for (const after of ['nonsense', '', `${cursor}x`, Buffer.from('a:b').toString('base64url')]) {
    expect((await b.ask(`/v3/enterprise/organizations?after=${after}`)).status).toBe(422);
  }
  expect((await b.ask(`/v3/enterprise/audit-logs?after=${cursor}`)).status).toBe(422);
});

test('first keeps to its bounds, which are narrower for repositories', async () => {
  const b = await bench();
  for (const first of [0, 201, -1])
    expect((await b.ask(`/v3/enterprise/organizations?first=${first}`)).status).toBe(422);
  const connection = (await b.ask('/v3/enterprise/git-providers/connections')).body.items[0].git_connection_id;
  const path = `/v3/enterprise/git-providers/connections/${connection}/repositories`;
  expect((await b.ask(`${path}?first=101`)).status).toBe(422);
  expect((await b.ask(`${path}?first=100`)).status).toBe(200);
});

test('repositories are found by a part of their name, and an unknown connection is a 404', async () => {
  const b = await bench();
  const { items } = (await b.ask('/v3/enterprise/git-providers/connections')).body;
  expect(items.map((item: { name: string }) => item.name)).toEqual(['acme-github-app', 'acme-gitlab']);
  const base = '/v3/enterprise/git-providers/connections';
  const { body } = await b.ask(`${base}/${items[0].git_connection_id}/repositories?filter_name=WEB-`);
  expect(body.items.map((item: { repo_path: string }) => item.repo_path)).toEqual([
    'acme/web-app',
    'acme/web-admin',
    'acme/web-legacy',
  ]);
  expect((await b.ask(`${base}/none/repositories`)).status).toBe(404);
});

test('an organization is shown by its id', async () => {
  const b = await bench();
  expect((await b.ask(`/v3/enterprise/organizations/${b.org}`)).body.name).toBe('Engineering Team');
  expect((await b.ask('/v3/enterprise/organizations/org-none')).status).toBe(404);
});

test('sessions come newest first and are filtered by everything that the reference lists', async () => {
  const b = await bench();
  const made: string[] = [];
  const bodies = [
    { prompt: 'a', repos: ['acme/api'], tags: ['x'], playbook_id: 'playbook-1' },
    { prompt: 'b', repos: ['https://github.com/acme/docs.git'], tags: ['x', 'y'] },
    { prompt: 'c', tags: ['z'] },
  ];
  for (const json of bodies) {
    b.clock.ms += 100_000;
    made.push(
      (await b.create(json, { as: json.prompt === 'c' ? 'cog_sandbox_org' : 'cog_sandbox_enterprise' })).body
        .session_id,
    );
  }
  await b.ask(b.path(`sessions/${made[0]}/archive`), { method: 'POST' });
  const [a, s, c] = made;
  const at = START / 1000;
  const found = async (query: string) => {
    const { body } = await b.ask(b.path(`sessions?${query}`));
    return body.items.map((item: { session_id: string }) => item.session_id).filter((id: string) => made.includes(id));
  };
  const me = (await b.ask('/v3/self', { as: 'cog_sandbox_org' })).body.service_user_id;
  expect(await found('')).toEqual([c, s, a]);
  expect(await found('tags=x')).toEqual([s, a]);
  expect(await found('tags=y&tags=z')).toEqual([c, s]);
  expect(await found(`session_ids=${a}&session_ids=${c?.replace('devin-', '')}`)).toEqual([c, a]);
  expect(await found('playbook_id=playbook-1')).toEqual([a]);
  expect(await found('repo_names=acme/docs')).toEqual([s]);
  expect(await found('is_archived=true')).toEqual([a]);
  expect(await found('is_archived=false')).toEqual([c, s]);
  expect(await found(`created_after=${at + 200}&created_before=${at + 200}`)).toEqual([s]);
  expect(await found(`updated_after=${at + 300}`)).toEqual([c, a]);
  expect(await found(`updated_before=${at + 299}`)).toEqual([s]);
  expect(await found(`service_user_ids=${me}`)).toEqual([c]);
  expect(await found('origins=api')).toEqual([c, s, a]);
  expect(await found('origins=slack&origins=webapp')).toEqual([]);
  for (const query of ['user_ids=u', 'schedule_id=s', 'automation_ids=a', 'parent_session_id=p', 'category=other']) {
    expect(await found(query)).toEqual([]);
  }
});

test('audit events come newest first or oldest first, in an inclusive range of time', async () => {
  const b = await bench();
  const all = (await b.ask('/v3/enterprise/audit-logs?first=200&order=asc')).body;
  expect(all.total).toBe(300);
  const times: number[] = all.items.map((item: { created_at: number }) => item.created_at);
  expect(times).toEqual([...times].sort((x, y) => x - y));
  expect(times[0]).toBeGreaterThanOrEqual(START / 1000 - 7 * 86_400);
  const newest = (await b.ask('/v3/enterprise/audit-logs?first=1')).body.items[0];
  expect(newest.created_at).toBeLessThanOrEqual(START / 1000);
  const [since, until] = [times[10], times[20]];
  const range = (await b.ask(`/v3/enterprise/audit-logs?order=asc&time_after=${since}&time_before=${until}`)).body;
  expect(range.items).toEqual(all.items.slice(10, 21));
  expect(range.total).toBe(11);
});

test('audit events are filtered by action and organization', async () => {
  const b = await bench();
  const logins = (await b.ask('/v3/enterprise/audit-logs?action=login&first=200')).body;
  expect(logins.total).toBe(logins.items.length);
  expect(new Set(logins.items.map((item: { action: string }) => item.action))).toEqual(new Set(['login']));
  const ours = (await b.ask(`/v3/enterprise/organizations/${b.org}/audit-logs?first=200`)).body;
  expect(new Set(ours.items.map((item: { org_id: string }) => item.org_id))).toEqual(new Set([b.org]));
  expect((await b.ask('/v3/enterprise/organizations/org-none/audit-logs')).status).toBe(404);
});

test('a range of audit events needs its start and is at most 100 days', async () => {
  const b = await bench();
  const open = await b.ask('/v3/enterprise/audit-logs?time_before=100');
  expect(open.status).toBe(422);
  expect(open.body.errors[0].loc).toEqual(['query', 'time_after']);
  const day = 86_400;
  expect((await b.ask(`/v3/enterprise/audit-logs?time_after=0&time_before=${100 * day}`)).status).toBe(200);
  expect((await b.ask(`/v3/enterprise/audit-logs?time_after=0&time_before=${100 * day + 1}`)).status).toBe(422);
});
