import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { seconds, tolerant } from '../tolerant.ts';
import { CursorQuery, optionalText, page } from './shapes.ts';

/** A limit in ACUs; null is no limit. */
const acuLimit = () => z.nullish(z.int());

/** An organization of the enterprise. Limits are in ACUs; null is no limit. */
export const Organization = lazy(() =>
  tolerant(
    {
      org_id: z.string(),
      name: z.string(),
      created_at: seconds(),
      updated_at: seconds(),
      max_cycle_acu_limit: z.nullable(z.int()),
      max_session_acu_limit: z.nullable(z.int()),
    },
    ['org_id'],
  ),
);

/** Every organization of the enterprise. https://docs.devin.ai/api-reference/v3/organizations */
export const listOrganizations = endpoint('listOrganizations', 'GET /v3/enterprise/organizations', {
  summary: 'List the organizations of the enterprise',
  permission: ['ManageOrganizations'],
  paging: 'cursor',
  query: CursorQuery,
  answer: page(Organization),
  beta: true,
});

/** One organization of the enterprise. */
export const getOrganization = endpoint('getOrganization', 'GET /v3/enterprise/organizations/{org_id}', {
  summary: 'Show one organization',
  permission: ['ManageOrganizations'],
  answer: Organization,
});

/** The body of `createOrganization`. Limits are in ACUs; a limit that is left out is up to the server. */
export const OrganizationCreateRequest = lazy(() =>
  z.strictObject({ name: z.string(), max_cycle_acu_limit: acuLimit(), max_session_acu_limit: acuLimit() }),
);

/** The body of `updateOrganization`. A field that is left out stays; a limit of null is lifted. */
export const OrganizationUpdateRequest = lazy(() =>
  z.strictObject({ name: optionalText(), max_cycle_acu_limit: acuLimit(), max_session_acu_limit: acuLimit() }),
);

/** Creates an organization, empty and without members. */
export const createOrganization = endpoint('createOrganization', 'POST /v3/enterprise/organizations', {
  summary: 'Create an organization',
  permission: ['ManageOrganizations'],
  body: OrganizationCreateRequest,
  answer: Organization,
  beta: true,
});

/** Renames an organization, or changes its ACU limits. */
export const updateOrganization = endpoint('updateOrganization', 'PATCH /v3/enterprise/organizations/{org_id}', {
  summary: 'Rename an organization or change its limits',
  permission: ['ManageOrganizations'],
  body: OrganizationUpdateRequest,
  answer: Organization,
  beta: true,
});

/** Deletes an organization with everything in it; the answer shows it for the last time. */
export const deleteOrganization = endpoint('deleteOrganization', 'DELETE /v3/enterprise/organizations/{org_id}', {
  summary: 'Delete an organization',
  permission: ['ManageOrganizations'],
  answer: Organization,
  beta: true,
});

/** Groups by name. The organizations of a group share `max_cycle_acus` in a cycle; none is no limit. */
export const OrgGroups = lazy(() =>
  tolerant(
    {
      groups: z.record(z.string(), tolerant({ max_cycle_acus: acuLimit(), org_ids: z.array(z.string()) })),
    },
    ['groups'],
  ),
);

type GroupMembers = Readonly<Record<string, { readonly org_ids: readonly string[] }>>;

const isSet = (ids: readonly string[]) => new Set(ids).size === ids.length;
const shareNone = (groups: GroupMembers) =>
  isSet(Object.values(groups).flatMap(({ org_ids }) => [...new Set(org_ids)]));

/** The body of `replaceOrgGroupLimits`. An organization is in one group at most. */
export const OrgGroupsReplaceRequest = lazy(() =>
  z.strictObject({
    groups: z
      .record(
        z.string(),
        z.strictObject({
          max_cycle_acus: acuLimit(),
          org_ids: z.array(z.string()).check(z.refine(isSet, 'An organization should be listed once')),
        }),
      )
      .check(z.refine(shareNone, 'An organization should be in one group only')),
  }),
);

/** https://docs.devin.ai/api-reference/v3/org-group-limits */
export const getOrgGroupLimits = endpoint('getOrgGroupLimits', 'GET /v3/enterprise/org-group-limits', {
  summary: 'Show the groups of organizations and their limits',
  permission: ['ManageOrganizations'],
  answer: OrgGroups,
  beta: true,
});

/** Replaces all groups: one that the body leaves out is deleted. Only where the enterprise has this feature. */
export const replaceOrgGroupLimits = endpoint('replaceOrgGroupLimits', 'PUT /v3/enterprise/org-group-limits', {
  summary: 'Replace the groups of organizations and their limits',
  permission: ['ManageOrganizations'],
  body: OrgGroupsReplaceRequest,
  answer: OrgGroups,
});
