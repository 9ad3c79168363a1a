import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/devin/endpoint.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { samples } from './samples/index.ts';
import { type Bench, bench } from './support.ts';

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Few enough audit events for one page; the rest as it is by default. */
const SEED = { audit_logs: 30 };
const DAY = 86_400_000;

async function seeded(): Promise<Bench> {
  const b = await bench();
  await b.control('seed', SEED);
  return b;
}

async function organizationsOf(b: Bench): Promise<string[]> {
  const { body } = await b.ask('/v3/enterprise/organizations');
  return body.items.map(({ org_id }: { org_id: string }) => org_id);
}

/** Values for the parameters of a path besides the organization: things that are there from the start. */
async function idsOf(b: Bench): Promise<Readonly<Record<string, string>>> {
  const first = async (path: string, field: string) => String((await b.ask(path)).body.items[0][field]);
  const session = await first('/v3/enterprise/sessions', 'session_id');
  return {
    connection_id: await first('/v3/enterprise/git-providers/connections', 'git_connection_id'),
    devin_id: session,
    session_id: session,
    service_user_id: await first('/v3/enterprise/members/service-users', 'service_user_id'),
    user_id: await first('/v3/enterprise/members/users', 'user_id'),
    idp_group_name: 'engineering',
    group_name: 'engineering',
    repository_path: 'acme%2Fapi',
  };
}

/** The lists in an answer: it may be one, or have some. */
const listsIn = (body: unknown): unknown[][] =>
  [body, ...(isFields(body) ? Object.values(body) : [])].filter((value) => Array.isArray(value));

/** What tells a row of a list from the others. */
function idOf(row: unknown): unknown {
  if (!isFields(row)) return row;
  const name =
    Object.keys(row).find((key) => key.endsWith('_id') && typeof row[key] === 'string' && key !== 'org_id') ??
    Object.keys(row).find((key) => /(^|_)(id|name|date)$/.test(key));
  return name === undefined ? row : row[name];
}

/** Whether a row belongs to one of the organizations, or to none. */
function isOf(there: readonly string[], row: unknown): boolean {
  const named = isFields(row) ? Object.values(row) : [row];
  return named.every((id) => typeof id !== 'string' || !id.startsWith('org-') || there.includes(id));
}

/** The ids of the rows that belong to an organization that is there, or to none. */
const idsIn = (body: unknown, there: readonly string[]) =>
  listsIn(body).map((rows) =>
    rows
      .filter((row) => isOf(there, row))
      // What was changed is in the audit log, and belongs to nobody there.
      .filter((row) => !isFields(row) || !/^(create|delete)_org$/.test(String(row['action'])))
      .map(idOf),
  );

async function ask(b: Bench, endpoint: Endpoint, path: string) {
  const as = endpoint.version === 'v2' ? 'apk_user_sandbox' : 'cog_sandbox_enterprise';
  const plain = await b.ask(path, { as });
  if (plain.status !== 422) return plain;
  const { query } = (await samples.requests[endpoint.id]?.(b)) ?? {};
  return await b.ask(`${path}?${new URLSearchParams(query)}`, { as });
}

/** What every list of the catalogue holds, by path, for the organizations that are asked for. */
async function everyList(b: Bench, organizations: readonly string[], ids: Readonly<Record<string, string>>) {
  const found = new Map<string, unknown[][]>();
  // What is known from the field alone has no rows of its own until a request makes some.
  for (const endpoint of catalogue.filter(({ method, seen }) => method === 'GET' && seen === undefined)) {
    const ofOrganizations = endpoint.path.includes('{org_id}') ? organizations : [''];
    for (const organization of ofOrganizations) {
      const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === 'org_id' ? organization : (ids[name] ?? 'none'),
      );
      const { status, body } = await ask(b, endpoint, path);
      // What is there for one organization need not be for another: both sandboxes have to say the same.
      found.set(`${endpoint.id} ${path}`, status === 200 ? idsIn(body, organizations) : [[status]]);
    }
  }
  return found;
}

test.each([
  { title: 'the first', gone: [0] },
  { title: 'the second', gone: [1] },
  { title: 'the first two', gone: [0, 1] },
])('seed rows stay as they are when others came and $title went before anybody read them', async ({ gone }) => {
  const [untouched, touched] = [await seeded(), await seeded()];
  const all = await organizationsOf(untouched);
  expect(await organizationsOf(touched)).toEqual(all);
  const organizations = all.filter((_, i) => !gone.includes(i));
  const ids = await idsOf(untouched);

  for (const name of ['New One', 'New Two']) {
    const { status } = await touched.ask('/v3/enterprise/organizations', {
      method: 'POST',
      json: { name, max_cycle_acu_limit: 7 },
    });
    expect(status).toBe(200);
  }
  for (const i of gone) {
    expect((await touched.ask(`/v3/enterprise/organizations/${all[i]}`, { method: 'DELETE' })).status).toBe(200);
  }

  // The one is read at the start and again three days later, the other only then.
  await everyList(untouched, organizations, ids);
  for (const b of [untouched, touched]) b.clock.ms += 3 * DAY;
  const [before, after] = [
    await everyList(untouched, organizations, ids),
    await everyList(touched, organizations, ids),
  ];
  expect([...after.keys()]).toEqual([...before.keys()]);
  // A good share has rows at all, so that there is something to compare.
  expect([...before.values()].filter((lists) => lists.some((rows) => rows.length > 1)).length).toBeGreaterThan(40);
  for (const [path, lists] of after) {
    expect(lists, path).toEqual(before.get(path));
  }
});

test('what is indexed at the start goes by the first Git permissions, not by those at the first look', async () => {
  const [untouched, touched] = [await seeded(), await seeded()];
  const path = `/v3/enterprise/organizations/${touched.org}/git-providers/permissions`;
  const [, { git_connection_id, repo_path }] = (await touched.ask(path)).body.items;
  await touched.ask(path, { method: 'DELETE' });
  const paths = ['acme/docs', repo_path];
  const json = { permissions: paths.map((one) => ({ git_connection_id, repo_path: one })) };
  expect((await touched.ask(path, { method: 'POST', json })).status).toBe(200);
  const indexing = async (b: Bench, repository: string) =>
    (await b.ask(`/v3beta1/organizations/${b.org}/repositories/${encodeURIComponent(repository)}/indexing`)).body;
  expect(await indexing(touched, repo_path)).toMatchObject({ indexing_enabled: true });
  expect(await indexing(touched, repo_path)).toEqual(await indexing(untouched, repo_path));
  expect(await indexing(touched, 'acme/docs')).toMatchObject({ indexing_enabled: false });
});
