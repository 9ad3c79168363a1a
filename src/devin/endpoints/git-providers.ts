import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { CursorQuery, cursorQuery, open, optionalText, page, seconds } from './shapes.ts';

/** A connection to a Git host. */
export const GitConnection = lazy(() =>
  z.looseObject({
    git_connection_id: z.string(),
    git_provider_type: open([
      'github_token',
      'github_individual_token',
      'github_app',
      'gitlab_token',
      'gitlab_oauth',
      'azure_devops_oauth',
      'bitbucket_oauth',
      'bitbucket_token',
    ]),
    name: z.nullable(z.string()),
    host: z.string(),
    created_at: seconds(),
  }),
);

/** A repository that a Git connection reaches. `repo_path` is `owner/name`. */
export const GitRepository = lazy(() =>
  z.looseObject({
    provider_repository_id: z.string(),
    git_connection_id: z.string(),
    git_connection_host: z.string(),
    repo_name: z.string(),
    repo_path: z.string(),
    repo_description: z.nullable(z.string()),
    repo_language: z.nullable(z.string()),
    last_updated_at: z.nullable(z.int()),
  }),
);

/** https://docs.devin.ai/api-reference/v3/git-permissions */
export const listGitConnections = endpoint('listGitConnections', 'GET /v3/enterprise/git-providers/connections', {
  summary: 'List the Git connections of the enterprise',
  permission: ['ManageGitIntegrations'],
  paging: 'cursor',
  query: CursorQuery,
  answer: page(GitConnection),
});

/** The repositories behind one Git connection; a page holds at most 100. */
export const listGitConnectionRepositories = endpoint(
  'listGitConnectionRepositories',
  'GET /v3/enterprise/git-providers/connections/{connection_id}/repositories',
  {
    summary: 'List the repositories of a Git connection',
    permission: ['ManageGitIntegrations'],
    paging: 'cursor',
    query: lazy(() =>
      z.strictObject({
        ...cursorQuery,
        first: z.optional(z.int().check(z.gte(1), z.lte(100))),
        filter_name: optionalText(),
      }),
    ),
    answer: page(GitRepository),
  },
);
