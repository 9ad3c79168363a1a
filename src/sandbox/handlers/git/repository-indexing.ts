import type * as z from 'zod/mini';
import type { RepoIndexingStatus, RepoIndexJob, RepositoryIndexing } from '../../../devin/endpoints/repositories.ts';
import { notFound } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { beginningOf, DAY, seededOrganization } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { State, World } from '../../world/state.ts';
import { type Row, Table } from '../../world/table.ts';
import { type NewPermission, permissionsOf, seededPermissions } from './git-permissions-set.ts';

type Repository = Row<ReturnType<State['repositories']['all']>[number]['value']>;
type Job = z.input<ReturnType<typeof RepoIndexJob>>;
type Status = z.input<ReturnType<typeof RepoIndexingStatus>>;
type View = z.input<ReturnType<typeof RepositoryIndexing>>;

/** One indexing run of a branch, begun at `started` (milliseconds). */
interface Run {
  readonly id: string;
  readonly branch: string;
  readonly commit: string;
  readonly started: number;
}

/** A repository of an organization whose indexing is on, with the run of each of its branches. */
export interface Indexing {
  readonly path: string;
  readonly runs: readonly Run[];
}

const MINUTE = 60_000;
/** When a run has made the search index, and when the wiki, which ends it; milliseconds after its start. */
const SEARCH_AFTER = MINUTE;
const WIKI_AFTER = 2 * MINUTE;
const DEFAULT_BRANCH = 'main';
/** The documented list has no action for indexing; this one comes nearest. */
const SETTINGS = 'update_org_settings';
/** How many repositories the first organization has indexed at the start. */
const SEEDED = 2;

const key = (orgId: string, path: string) => `${orgId} ${path.toLowerCase()}`;

function runOf(world: World, n: number, branch: string, started: number): Run {
  const { seeded } = world;
  const commit = `${seeded.hex('index-commit', n)}${seeded.hex('index-commit-tail', n).slice(0, 8)}`;
  return { id: `index-job-${seeded.hex('index-job', n)}`, branch, commit, started };
}

const shelfOfRuns = shelf((world) => {
  const table = new Table<Indexing>();
  const orgId = seededOrganization(world, 0)?.org_id ?? '';
  let runs = 0;
  for (const { value } of covered(world, seededPermissions(world, 0)).slice(0, SEEDED)) {
    runs += 1;
    const run = runOf(world, runs, DEFAULT_BRANCH, (beginningOf(world.state) + (200 - runs) * DAY) * 1000);
    table.add(key(orgId, value.repo_path), orgId, { path: value.repo_path, runs: [run] });
  }
  return { table, runs };
});

/** What is indexed, of all organizations together. */
export const indexings = (world: World): Table<Indexing> => shelfOfRuns(world).table;

/** Every beginning of a path, each with the id of the connection. */
function beginnings(connection: string, path: string): string[] {
  return Array.from(path, (_, i) => `${connection} ${path.slice(0, i + 1)}`);
}

/** The repositories that Git permissions cover. */
function covered(world: World, permissions: readonly NewPermission[]): readonly Repository[] {
  const exact = new Set<string>();
  const prefixes = new Set<string>();
  for (const { git_connection_id: connection, repo_path, group_prefix, prefix_path } of permissions) {
    if (repo_path) exact.add(`${connection} ${repo_path.toLowerCase()}`);
    if (group_prefix) prefixes.add(`${connection} ${group_prefix.toLowerCase()}/`);
    if (prefix_path) prefixes.add(`${connection} ${prefix_path.toLowerCase()}`);
  }
  return world.state.repositories.all().filter(({ value }) => {
    const path = value.repo_path.toLowerCase();
    if (exact.has(`${value.git_connection_id} ${path}`)) return true;
    return prefixes.size > 0 && beginnings(value.git_connection_id, path).some((one) => prefixes.has(one));
  });
}

/** The repositories that an organization may use: those that its Git permissions cover. */
export function repositoriesOf(world: World, orgId: string): readonly Repository[] {
  const organization = world.state.organizations.get(orgId);
  if (!organization) return [];
  const { table } = permissionsOf(world, organization);
  return covered(
    world,
    table.all().map(({ value }) => value),
  );
}

/** A repository that an organization may use, by its path in any case. @throws a 404 */
export function repositoryOf(world: World, orgId: string, path: string): Repository['value'] {
  const found = repositoriesOf(world, orgId).find(({ value }) => value.repo_path.toLowerCase() === path.toLowerCase());
  if (!found) throw notFound(`Repository ${path}`);
  return found.value;
}

function showRun({ now }: World, run: Run): Job {
  return {
    job_id: run.id,
    branch_name: run.branch,
    commit: run.commit,
    created_at: Math.floor(run.started / 1000),
    status: now - run.started >= WIKI_AFTER ? 'completed' : 'in_progress',
  };
}

/** How far indexing of a repository is now; all null and empty where it is off. */
export function statusOf(world: World, orgId: string, path: string): Status {
  const runs = indexings(world).get(key(orgId, path))?.value.runs ?? [];
  const done = (after: number) => runs.filter(({ started }) => world.now - started >= after);
  const latest = (from: readonly Run[]) => {
    const run = from.reduce<Run | undefined>((a, b) => (a && a.started > b.started ? a : b), undefined);
    return run ? { ...showRun(world, run), status: 'completed' } : null;
  };
  return {
    indexing_enabled: indexings(world).get(key(orgId, path)) !== undefined,
    latest_completed_search_index_job: latest(done(SEARCH_AFTER)),
    latest_completed_wiki_index_job: latest(done(WIKI_AFTER)),
    latest_indexes: runs.map((run) => showRun(world, run)),
  };
}

/** What is indexed of a repository now. */
export function showIndexing(world: World, orgId: string, path: string): View {
  const status = statusOf(world, orgId, path);
  return {
    repository_path: path,
    indexing_enabled: status.indexing_enabled,
    branches: (indexings(world).get(key(orgId, path))?.value.runs ?? []).map(({ branch }) => branch),
    indexing_status: status,
  };
}

/** Turns on indexing of branches, the default branch unless some are given. A branch that has a run gets no other. */
export function startIndexing(change: Change, orgId: string, path: string, branches: readonly string[] = []): View {
  const { world } = change;
  const shelved = shelfOfRuns(world);
  const row = shelved.table.get(key(orgId, path)) ?? shelved.table.add(key(orgId, path), orgId, { path, runs: [] });
  const wanted = new Set(branches.length > 0 ? branches : [DEFAULT_BRANCH]);
  const missing = [...wanted].filter((branch) => !row.value.runs.some((run) => run.branch === branch));
  const started = missing.map((branch) => {
    shelved.runs += 1;
    return runOf(world, shelved.runs, branch, world.now);
  });
  row.value = { path, runs: [...row.value.runs, ...started] };
  if (missing.length > 0) {
    recordChange(change, SETTINGS, orgId, { change: 'index_repository', repository_path: path, branches: missing });
  }
  return showIndexing(world, orgId, path);
}

/** Turns off indexing of a branch, or of the whole repository. @throws a 404 for a branch that is not indexed. */
export function stopIndexing(change: Change, orgId: string, path: string, branch?: string): View {
  const { world } = change;
  const row = indexings(world).get(key(orgId, path));
  const left = (row?.value.runs ?? []).filter((run) => branch !== undefined && run.branch !== branch);
  if (branch !== undefined && left.length === (row?.value.runs.length ?? 0)) throw notFound(`Indexed branch ${branch}`);
  if (!row) return showIndexing(world, orgId, path);
  if (left.length === 0) indexings(world).remove(row.id);
  else row.value = { path, runs: left };
  const what = { repository_path: path, ...(branch !== undefined && { branch }) };
  recordChange(change, SETTINGS, orgId, { change: 'stop_indexing', ...what });
  return showIndexing(world, orgId, path);
}
