import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, seconds, secondsAs, tolerant } from '../tolerant.ts';
import { CursorQuery, cursorQuery, open, optionalText, page } from './shapes.ts';

/** A connection to a Git host. */
export const GitConnection = lazy(() =>
  tolerant(
    {
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
    },
    ['git_connection_id'],
  ),
);

/** Members of a repository that a Git connection reaches. `repo_path` is `owner/name`. */
export const repositoryShape = () => ({
  provider_repository_id: z.string(),
  git_connection_id: z.string(),
  git_connection_host: z.string(),
  repo_name: z.string(),
  repo_path: z.string(),
  repo_description: z.nullable(z.string()),
  repo_language: z.nullable(z.string()),
  last_updated_at: secondsAs(z.nullable(z.int())),
});

/** A repository that a Git connection reaches. */
export const GitRepository = lazy(() => tolerant(repositoryShape(), ['repo_path']));

/** The connections to Git hosts that permissions refer to. https://docs.devin.ai/api-reference/v3/git-connections */
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

/** The fields of which a permission has exactly one. */
export const PERMISSION_PATHS = ['repo_path', 'group_prefix', 'prefix_path'] as const;

/** A request may create, or replace by, at most this many permissions. */
export const MAX_PERMISSIONS = 200;

/**
 * Lets an organization reach repositories of a Git connection: the one at `repo_path` (`owner/name`), all below
 * `group_prefix` (a group or owner), or all whose path begins with `prefix_path`.
 */
export const GitPermission = lazy(() =>
  tolerant(
    {
      git_permission_id: z.string(),
      git_connection_id: z.string(),
      repo_path: optionalText(),
      group_prefix: optionalText(),
      prefix_path: optionalText(),
      read_only: z.optional(z.boolean()),
      created_at: secondsAs(z.nullish(z.int())),
    },
    ['git_permission_id', 'git_connection_id'],
  ),
);

/** A permission to create. Exactly one of the three fields that name repositories; `read_only` is false by default. */
export const GitPermissionCreateRequest = lazy(() =>
  z
    .strictObject({
      git_connection_id: z.string(),
      repo_path: optionalText(),
      group_prefix: z.nullish(z.string().check(z.refine((text) => !text.endsWith('/'), 'Should not end with a slash'))),
      prefix_path: optionalText(),
      read_only: z.optional(z.boolean()),
    })
    .check(
      z.refine(
        (permission) => PERMISSION_PATHS.filter((name) => permission[name]).length === 1,
        'Exactly one of repo_path, group_prefix and prefix_path should be given',
      ),
    ),
);

/** The permissions to create, or to replace all others by. */
export const GitPermissionsRequest = lazy(() =>
  z.strictObject({ permissions: z.array(GitPermissionCreateRequest()).check(z.maxLength(MAX_PERMISSIONS)) }),
);

/** The body of `updateGitPermission`; everything else about a permission is fixed. */
export const GitPermissionUpdateRequest = lazy(() => z.strictObject({ read_only: z.nullish(z.boolean()) }));

const GitPermissions = lazy(() => list(GitPermission()));

/** The Git permissions of an organization. https://docs.devin.ai/api-reference/v3/git-permissions */
export const listGitPermissions = endpoint(
  'listGitPermissions',
  'GET /v3/enterprise/organizations/{org_id}/git-providers/permissions',
  {
    summary: 'List the Git permissions of an organization',
    permission: ['ManageGitIntegrations'],
    paging: 'cursor',
    query: CursorQuery,
    answer: page(GitPermission),
    beta: true,
  },
);

/** Adds up to 200 permissions to those that are there. */
export const createGitPermissions = endpoint(
  'createGitPermissions',
  'POST /v3/enterprise/organizations/{org_id}/git-providers/permissions',
  {
    summary: 'Add Git permissions to an organization',
    permission: ['ManageGitIntegrations'],
    body: GitPermissionsRequest,
    answer: GitPermissions,
    beta: true,
  },
);

/** Replaces every permission of the organization, so that at most 200 are left. */
export const replaceGitPermissions = endpoint(
  'replaceGitPermissions',
  'PUT /v3/enterprise/organizations/{org_id}/git-providers/permissions',
  {
    summary: 'Replace the Git permissions of an organization',
    permission: ['ManageGitIntegrations'],
    body: GitPermissionsRequest,
    answer: GitPermissions,
  },
);

/** Removes every permission of the organization. Whether the answer shows the removed ones is not documented. */
export const clearGitPermissions = endpoint(
  'clearGitPermissions',
  'DELETE /v3/enterprise/organizations/{org_id}/git-providers/permissions',
  {
    summary: 'Remove all Git permissions of an organization',
    permission: ['ManageGitIntegrations'],
    answer: GitPermissions,
  },
);

/** Makes a permission read-only, or lets it write again. */
export const updateGitPermission = endpoint(
  'updateGitPermission',
  'PATCH /v3/enterprise/organizations/{org_id}/git-providers/permissions/{git_permission_id}',
  {
    summary: 'Change whether a Git permission is read-only',
    permission: ['ManageGitIntegrations'],
    body: GitPermissionUpdateRequest,
    answer: GitPermission,
  },
);

/** Removes one permission; the answer shows it for the last time. */
export const deleteGitPermission = endpoint(
  'deleteGitPermission',
  'DELETE /v3/enterprise/organizations/{org_id}/git-providers/permissions/{git_permission_id}',
  {
    summary: 'Remove one Git permission of an organization',
    permission: ['ManageGitIntegrations'],
    answer: GitPermission,
    beta: true,
  },
);
