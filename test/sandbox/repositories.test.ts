import { expect, test } from 'vitest';
import { type Answer, type Bench, bench } from './support.ts';

const at = (b: Bench, rest: string) => `/v3beta1/organizations/${b.org}/repositories${rest}`;
const one = (b: Bench, path: string, rest = '') => at(b, `/${encodeURIComponent(path)}/indexing${rest}`);

async function indexed(b: Bench): Promise<string[]> {
  const { body } = await b.ask(at(b, '/indexing'));
  return body.items.map((item: { repository_path: string }) => item.repository_path);
}

/** The path of a repository of the organization that is not indexed. */
async function fresh(b: Bench): Promise<string> {
  const done = new Set(await indexed(b));
  const { body } = await b.ask(at(b, ''));
  return body.items.find((item: { repo_path: string }) => !done.has(item.repo_path)).repo_path;
}

const states = ({ body }: Answer) => body.latest_indexes.map((job: { status: string }) => job.status);

test('indexing a repository takes its time: first the search index, then the wiki', async () => {
  const b = await bench();
  const path = await fresh(b);
  expect((await b.ask(one(b, path))).body).toEqual({
    indexing_enabled: false,
    latest_completed_search_index_job: null,
    latest_completed_wiki_index_job: null,
    latest_indexes: [],
  });
  const { body: begun } = await b.ask(one(b, path), { method: 'PUT', json: {} });
  expect(begun).toMatchObject({ repository_path: path, indexing_enabled: true, branches: ['main'] });
  expect(states(await b.ask(one(b, path)))).toEqual(['in_progress']);
  b.clock.ms += 90_000;
  const middle = await b.ask(one(b, path));
  expect(middle.body.latest_completed_search_index_job).toMatchObject({ branch_name: 'main' });
  expect(middle.body.latest_completed_wiki_index_job).toBeNull();
  b.clock.ms += 90_000;
  const end = await b.ask(one(b, path));
  expect(states(end)).toEqual(['completed']);
  expect(end.body.latest_completed_wiki_index_job.job_id).toBe(end.body.latest_indexes[0].job_id);
});

test('indexing the same again starts nothing new, a further branch one run', async () => {
  const b = await bench();
  const path = await fresh(b);
  const index = async (branch_names: string[]) =>
    (await b.ask(one(b, path), { method: 'PUT', json: { branch_names } })).body.indexing_status.latest_indexes;
  const [first] = await index(['main']);
  expect(await index(['main'])).toEqual([first]);
  const both = await index(['release/1']);
  expect(both.map((job: { branch_name: string }) => job.branch_name)).toEqual(['main', 'release/1']);
});

test('several repositories are indexed and removed at once, all or none', async () => {
  const b = await bench();
  const path = await fresh(b);
  const before = await indexed(b);
  const repositories = [{ repository_path: path }, { repository_path: 'acme/none' }];
  expect((await b.ask(at(b, '/indexing'), { method: 'PUT', json: { repositories } })).status).toBe(404);
  expect(await indexed(b)).toEqual(before);
  const good = { repositories: [{ repository_path: path, branch_names: ['a', 'b'] }] };
  expect((await b.ask(at(b, '/indexing'), { method: 'PUT', json: good })).body[0].branches).toEqual(['a', 'b']);
  expect(await indexed(b)).toEqual([...before, path]);
  const paths = { repository_paths: [path, ...before] };
  const { body } = await b.ask(at(b, '/indexing'), { method: 'DELETE', json: paths });
  expect(body.map((item: { indexing_enabled: boolean }) => item.indexing_enabled)).toEqual(
    paths.repository_paths.map(() => false),
  );
  expect(await indexed(b)).toEqual([]);
  const { body: log } = await b.ask('/v3/enterprise/audit-logs?first=1');
  expect(log.items[0]).toMatchObject({ org_id: b.org, data: { change: 'stop_indexing' } });
});

test('a branch leaves the index alone; the last one turns indexing off', async () => {
  const b = await bench();
  const path = await fresh(b);
  await b.ask(one(b, path), { method: 'PUT', json: { branch_names: ['main', 'release/1'] } });
  const remove = (branch: string) =>
    b.ask(one(b, path, `/branches/${encodeURIComponent(branch)}`), { method: 'DELETE' });
  expect((await remove('release/1')).body.branches).toEqual(['main']);
  expect((await remove('release/1')).status).toBe(404);
  expect((await remove('main')).body).toMatchObject({ branches: [], indexing_enabled: false });
});

test('the repositories of an organization are filtered, and show their indexing where asked', async () => {
  const b = await bench();
  const list = async (query: string) => (await b.ask(at(b, `?${query}`))).body.items;
  const all = await list('');
  expect(all.every((item: { indexing_status: unknown }) => item.indexing_status === null)).toBe(true);
  const [first, second] = all.map((item: { repo_path: string }) => item.repo_path);
  expect(await list(`only_repo_paths=${first}&only_repo_paths=${second}`)).toEqual(all.slice(0, 2));
  expect(await list(`exclude_repo_paths=${first}`)).toEqual(all.slice(1));
  expect(await list(`filter_name=${first.toUpperCase()}`)).toContainEqual(all[0]);
  const [shown] = await list('load_indexing_status=true&first=1');
  expect(shown.indexing_status).toMatchObject({ indexing_enabled: expect.any(Boolean) });
  expect((await b.ask(at(b, '?first=201'))).status).toBe(422);
  expect((await b.ask(at(b, ''), { as: 'cog_sandbox_org' })).status).toBe(200);
});
