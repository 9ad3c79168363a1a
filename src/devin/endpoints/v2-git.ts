import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';
import { OffsetQuery, offsetPage, optionalText, texts } from './shapes.ts';
import { V2Success } from './v2-shapes.ts';

/** A connection to a Git host; `created_at` is an ISO date-time. */
export const V2GitConnection = lazy(() =>
  tolerant(
    {
      connection_id: z.string(),
      host: z.string(),
      name: z.string(),
      type: z.string(),
      created_at: z.string(),
    },
    ['connection_id', 'host'],
  ),
);

/**
 * A permission to add. What it covers is a repository (`repo_path`, in segments such as `["acme", "api"]`, or
 * `repo_url`), a group with all below it (`group_prefix` or `group_prefix_url`), or all paths that begin with
 * `prefix_path`: one of the five.
 */
export const V2GitPermissionRequest = lazy(() =>
  z
    .strictObject({
      connection_id: z.string(),
      repo_path: texts(),
      repo_url: optionalText(),
      group_prefix: texts(),
      group_prefix_url: optionalText(),
      prefix_path: optionalText(),
    })
    .check(
      z.refine(
        ({ connection_id: _, ...what }) => Object.values(what).filter((one) => (one ?? null) !== null).length === 1,
        'Give exactly one of repo_path, repo_url, group_prefix, group_prefix_url and prefix_path',
      ),
    ),
);

/** What an organization may reach on a Git host; one of the three paths is set. */
export const V2GitPermission = lazy(() =>
  tolerant(
    {
      permission_id: z.string(),
      host: z.string(),
      repo_path: optionalText(),
      group_prefix: optionalText(),
      prefix_path: optionalText(),
    },
    ['permission_id', 'host'],
  ),
);

/** One run that makes a repository searchable. */
export const V2IndexJob = lazy(() =>
  tolerant({
    job_id: z.optional(z.string()),
    commit: z.optional(z.string()),
    created_at: z.optional(z.string()),
    status: z.optional(z.string()),
  }),
);

/** https://docs.devin.ai/api-reference/v2/git */
export const v2ListOrgGitConnections = endpoint(
  'v2ListOrgGitConnections',
  'GET /v2/enterprise/organizations/{org_id}/git/connections',
  {
    summary: 'List the Git connections of an organization (v2)',
    permission: [],
    paging: 'offset',
    query: OffsetQuery,
    answer: offsetPage(V2GitConnection),
  },
);

/** The Git permissions of one organization. */
export const v2ListOrgGitPermissions = endpoint(
  'v2ListOrgGitPermissions',
  'GET /v2/enterprise/organizations/{org_id}/git/permissions',
  {
    summary: 'List the Git permissions of an organization (v2)',
    permission: [],
    paging: 'offset',
    query: OffsetQuery,
    answer: offsetPage(V2GitPermission),
  },
);

/** Adds permissions; the body is a bare array, and the ids come back in its order. */
export const v2AddOrgGitPermissions = endpoint(
  'v2AddOrgGitPermissions',
  'POST /v2/enterprise/organizations/{org_id}/git/permissions',
  {
    summary: 'Add Git permissions to an organization (v2)',
    permission: [],
    body: lazy(() => z.array(V2GitPermissionRequest())),
    answer: lazy(() =>
      tolerant({
        permission_ids: z.array(z.string()),
        permission_names: z.record(z.string(), z.string()),
        status: z.optional(z.string()),
      }),
    ),
  },
);

/** Takes one permission away. */
export const v2DeleteOrgGitPermission = endpoint(
  'v2DeleteOrgGitPermission',
  'DELETE /v2/enterprise/organizations/{org_id}/git/permissions/{permission_id}',
  { summary: 'Delete a Git permission of an organization (v2)', permission: [], answer: V2Success },
);

/** Turns on indexing for 1 to 100 repositories of an organization. */
export const v2BulkIndexRepositories = endpoint(
  'v2BulkIndexRepositories',
  'POST /beta/v2/enterprise/repositories/bulk-index',
  {
    summary: 'Index several repositories (v2)',
    permission: [],
    body: lazy(() =>
      z.strictObject({ org_id: z.string(), repo_names: z.array(z.string()).check(z.minLength(1), z.maxLength(100)) }),
    ),
    answer: V2Success,
  },
);

/** How far indexing of an organization's repositories is, in a bare array. */
export const v2GetRepositoryStatus = endpoint(
  'v2GetRepositoryStatus',
  'GET /beta/v2/enterprise/repositories/{org_id}',
  {
    summary: 'Show the indexing status of repositories (v2)',
    permission: [],
    answer: lazy(() =>
      list(
        tolerant(
          {
            name: z.string(),
            indexing_enabled: z.boolean(),
            latest_index: z.nullish(V2IndexJob()),
            latest_completed_search_index_job: z.nullish(V2IndexJob()),
            latest_completed_wiki_index_job: z.nullish(V2IndexJob()),
          },
          ['name'],
        ),
      ),
    ),
  },
);

/**
 * Only in the documentation's examples: one permission for one repository, on the enterprise's connection to
 * `provider`. The examples read nothing certain from the answer. A client should use `v2AddOrgGitPermissions`.
 */
export const v2SeedAddOrgPermission = endpoint(
  'v2SeedAddOrgPermission',
  'POST /v2/enterprise/organizations/{org_id}/permissions',
  {
    summary: 'Add a permission as the examples do (only in examples, v2)',
    permission: [],
    body: lazy(() =>
      z.strictObject({
        provider: z.string().check(z.minLength(1)),
        repository: z.string().check(z.minLength(1)),
        permission: z.enum(['read', 'write']),
      }),
    ),
    answer: lazy(() =>
      tolerant({
        permission_id: z.string(),
        provider: z.string(),
        repository: z.string(),
        permission: z.string(),
        status: z.optional(z.string()),
      }),
    ),
  },
);
