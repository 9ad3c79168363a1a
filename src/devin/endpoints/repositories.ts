import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, seconds, tolerant } from '../tolerant.ts';
import { repositoryShape } from './git-providers.ts';
import { CursorQuery, open, optionalText, page, texts } from './shapes.ts';

/** One run that makes a branch searchable; `created_at` in Unix seconds. */
export const RepoIndexJob = lazy(() =>
  tolerant({
    job_id: z.string(),
    branch_name: z.nullable(z.string()),
    commit: z.string(),
    created_at: seconds(),
    status: open(['in_progress', 'completed', 'failed']),
  }),
);

/** How far indexing has come: the latest run of each branch, and the latest that gave a search index and a wiki. */
export const RepoIndexingStatus = lazy(() =>
  tolerant({
    indexing_enabled: z.boolean(),
    latest_completed_search_index_job: z.nullable(RepoIndexJob()),
    latest_completed_wiki_index_job: z.nullable(RepoIndexJob()),
    latest_indexes: z.array(RepoIndexJob()),
  }),
);

/** A repository that an organization may use; `indexing_status` is null unless the query loads it. */
export const OrgRepository = lazy(() =>
  tolerant({ ...repositoryShape(), indexing_status: z.nullable(RepoIndexingStatus()) }, ['repo_path']),
);

/** What is indexed of one repository. */
export const RepositoryIndexing = lazy(() =>
  tolerant(
    {
      repository_path: z.string(),
      indexing_enabled: z.boolean(),
      branches: z.array(z.string()),
      indexing_status: z.nullish(RepoIndexingStatus()),
    },
    ['repository_path'],
  ),
);

/** The branches to index; without any, the default branch. */
const branchNames = () => z.optional(z.array(z.string()));

/** https://docs.devin.ai/api-reference/v3/repositories; the reference gives no bounds for `first`. */
export const listOrgRepositories = endpoint('listOrgRepositories', 'GET /v3beta1/organizations/{org_id}/repositories', {
  summary: 'List the repositories that an organization may use',
  permission: [],
  paging: 'cursor',
  query: lazy(() =>
    z.strictObject({
      after: optionalText(),
      first: z.optional(z.int()),
      filter_name: optionalText(),
      only_repo_paths: texts(),
      exclude_repo_paths: texts(),
      load_indexing_status: z.optional(z.boolean()),
    }),
  ),
  answer: page(OrgRepository),
});

/** The repositories whose indexing is on. */
export const listIndexedRepositories = endpoint(
  'listIndexedRepositories',
  'GET /v3beta1/organizations/{org_id}/repositories/indexing',
  {
    summary: 'List the indexed repositories of an organization',
    permission: ['Read'],
    paging: 'cursor',
    query: CursorQuery,
    answer: page(RepositoryIndexing),
  },
);

/** Turns on indexing for several repositories; a branch that is indexed already gets no second run. */
export const bulkIndexRepositories = endpoint(
  'bulkIndexRepositories',
  'PUT /v3beta1/organizations/{org_id}/repositories/indexing',
  {
    summary: 'Index several repositories',
    permission: ['IndexOrgRepositories'],
    body: lazy(() =>
      z.strictObject({
        repositories: z.array(z.strictObject({ repository_path: z.string(), branch_names: branchNames() })),
      }),
    ),
    answer: lazy(() => list(RepositoryIndexing())),
  },
);

/** Turns off indexing for several repositories. A DELETE with a JSON body. */
export const bulkRemoveRepositoryIndexing = endpoint(
  'bulkRemoveRepositoryIndexing',
  'DELETE /v3beta1/organizations/{org_id}/repositories/indexing',
  {
    summary: 'Stop indexing several repositories',
    permission: [],
    body: lazy(() => z.strictObject({ repository_paths: z.array(z.string()) })),
    answer: lazy(() => list(RepositoryIndexing())),
  },
);

/** How far indexing of one repository has come. `repository_path` is `owner/name`, encoded as one segment. */
export const getRepositoryIndexing = endpoint(
  'getRepositoryIndexing',
  'GET /v3beta1/organizations/{org_id}/repositories/{repository_path}/indexing',
  { summary: 'Show the indexing status of a repository', permission: [], answer: RepoIndexingStatus },
);

/** Turns on indexing for one repository; a branch that is indexed already gets no second run. */
export const indexRepository = endpoint(
  'indexRepository',
  'PUT /v3beta1/organizations/{org_id}/repositories/{repository_path}/indexing',
  {
    summary: 'Index a repository',
    permission: ['IndexOrgRepositories'],
    body: lazy(() => z.strictObject({ branch_names: branchNames() })),
    answer: RepositoryIndexing,
  },
);

/** Turns off indexing for one repository, all its branches included. */
export const removeRepositoryIndexing = endpoint(
  'removeRepositoryIndexing',
  'DELETE /v3beta1/organizations/{org_id}/repositories/{repository_path}/indexing',
  { summary: 'Stop indexing a repository', permission: [], answer: RepositoryIndexing },
);

/** Turns off indexing for one branch. */
export const removeBranchIndexing = endpoint(
  'removeBranchIndexing',
  'DELETE /v3beta1/organizations/{org_id}/repositories/{repository_path}/indexing/branches/{branch_name}',
  { summary: 'Stop indexing a branch', permission: [], answer: RepositoryIndexing },
);
