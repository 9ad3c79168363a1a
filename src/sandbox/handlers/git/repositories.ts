import * as repositories from '../../../devin/endpoints/repositories.ts';
import { pageOf } from '../../request/page.ts';
import { invalidField } from '../../request/problem.ts';
import type { Change } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import {
  type Indexing,
  indexings,
  repositoriesOf,
  repositoryOf,
  showIndexing,
  startIndexing,
  statusOf,
  stopIndexing,
} from './repository-indexing.ts';

/** The reference gives this list no bounds; the sandbox keeps to those of the other lists. */
const MAX_FIRST = 200;

interface IndexingCall extends Change {
  param(name: 'org_id' | 'repository_path'): string;
}

/** The organization and the repository that a path names. @throws a 404 */
function namedRepository(call: IndexingCall): { readonly orgId: string; readonly path: string } {
  const orgId = organizationOf(call).id;
  return { orgId, path: repositoryOf(call.world, orgId, call.param('repository_path')).repo_path };
}

const lower = (paths: readonly string[] | null | undefined) => paths && new Set(paths.map((one) => one.toLowerCase()));

/** The repositories of organizations, and what is indexed of them. */
export const repositoryHandlers: readonly Handler[] = [
  on(repositories.listOrgRepositories, (call) => {
    const { world, query } = call;
    const orgId = organizationOf(call).id;
    const { first } = query;
    if (first !== undefined && (first < 1 || first > MAX_FIRST)) {
      throw invalidField(['query', 'first'], `Input should be from 1 to ${MAX_FIRST}`, 'out_of_range');
    }
    const [only, except] = [lower(query.only_repo_paths), lower(query.exclude_repo_paths)];
    const part = (query.filter_name ?? '').toLowerCase();
    const rows = repositoriesOf(world, orgId).filter(({ value: { repo_path } }) => {
      const path = repo_path.toLowerCase();
      return path.includes(part) && (only?.has(path) ?? true) && !except?.has(path);
    });
    return pageOf(repositories.listOrgRepositories.id, rows, query, ({ value }) => ({
      ...value,
      indexing_status: query.load_indexing_status ? statusOf(world, orgId, value.repo_path) : null,
    }));
  }),
  on(repositories.listIndexedRepositories, (call) => {
    const { id } = organizationOf(call);
    const rows = indexings(call.world)
      .all()
      .filter((row) => row.orgId === id);
    return pageOf(repositories.listIndexedRepositories.id, rows, call.query, ({ value }: { value: Indexing }) =>
      showIndexing(call.world, id, value.path),
    );
  }),
  on(repositories.bulkIndexRepositories, (call) => {
    const { id } = organizationOf(call);
    // All of them are looked up before one is changed, so that a wrong path leaves everything as it was.
    const found = call.body.repositories.map((one) => ({
      path: repositoryOf(call.world, id, one.repository_path).repo_path,
      branches: one.branch_names,
    }));
    return found.map(({ path, branches }) => startIndexing(call, id, path, branches));
  }),
  on(repositories.bulkRemoveRepositoryIndexing, (call) => {
    const { id } = organizationOf(call);
    const paths = call.body.repository_paths.map((path) => repositoryOf(call.world, id, path).repo_path);
    return paths.map((path) => stopIndexing(call, id, path));
  }),
  on(repositories.getRepositoryIndexing, (call) => {
    const { orgId, path } = namedRepository(call);
    return statusOf(call.world, orgId, path);
  }),
  on(repositories.indexRepository, (call) => {
    const { orgId, path } = namedRepository(call);
    return startIndexing(call, orgId, path, call.body.branch_names);
  }),
  on(repositories.removeRepositoryIndexing, (call) => {
    const { orgId, path } = namedRepository(call);
    return stopIndexing(call, orgId, path);
  }),
  on(repositories.removeBranchIndexing, (call) => {
    const { orgId, path } = namedRepository(call);
    return stopIndexing(call, orgId, path, call.param('branch_name'));
  }),
];
