import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';
import { OffsetQuery, offsetPage, optionalText } from './shapes.ts';
import { V2Success } from './v2-shapes.ts';

const limits = () => ({ max_cycle_acu_limit: z.nullish(z.int()), max_session_acu_limit: z.nullish(z.int()) });
const counts = () => ({
  org_admin_count: z.optional(z.int()),
  org_member_count: z.optional(z.int()),
  org_user_count: z.optional(z.int()),
});

/** An organization in a v2 list. Limits are in ACUs; null is no limit. */
export const V2OrganizationListItem = lazy(() =>
  tolerant(
    {
      org_id: z.string(),
      org_name: z.string(),
      ...limits(),
      ...counts(),
      created_at: optionalText(),
    },
    ['org_id'],
  ),
);

/** An organization as v2 shows a single one; `created_at` is an ISO date-time. */
export const V2Organization = lazy(() =>
  tolerant(
    {
      org_id: z.string(),
      org_name: z.string(),
      created_at: z.nullable(z.string()),
      ...limits(),
      ...counts(),
    },
    ['org_id'],
  ),
);

/** https://docs.devin.ai/api-reference/v2/organizations */
export const v2ListOrganizations = endpoint('v2ListOrganizations', 'GET /v2/enterprise/organizations', {
  summary: 'List the organizations (v2)',
  permission: [],
  paging: 'offset',
  query: OffsetQuery,
  answer: offsetPage(V2OrganizationListItem),
});

/** One organization. */
export const v2GetOrganization = endpoint('v2GetOrganization', 'GET /v2/enterprise/organizations/{org_id}', {
  summary: 'Show one organization (v2)',
  permission: [],
  answer: V2Organization,
});

/** Creates an organization; `acu_limit` is its limit per billing cycle, and the caller joins unless told otherwise. */
export const v2CreateOrganization = endpoint('v2CreateOrganization', 'POST /v2/enterprise/organizations', {
  summary: 'Create an organization (v2)',
  permission: [],
  body: lazy(() =>
    z.strictObject({
      display_name: z.string(),
      acu_limit: z.nullish(z.int()),
      add_creator_as_member: z.optional(z.boolean()),
    }),
  ),
  answer: V2Organization,
});

/** Changes name, limit per billing cycle or both; a `max_acu_limit` of null removes the limit. */
export const v2UpdateOrganization = endpoint('v2UpdateOrganization', 'PATCH /v2/enterprise/organizations/{org_id}', {
  summary: 'Update an organization (v2)',
  permission: [],
  body: lazy(() => z.strictObject({ display_name: optionalText(), max_acu_limit: z.nullish(z.int()) })),
  answer: V2Success,
});

/** For good. The primary organization cannot be deleted. */
export const v2DeleteOrganization = endpoint('v2DeleteOrganization', 'DELETE /v2/enterprise/organizations/{org_id}', {
  summary: 'Delete an organization (v2)',
  permission: [],
  answer: V2Success,
});

/** The ACU limits that groups of organizations share, by group name. */
export const v2GetOrgGroupLimits = endpoint('v2GetOrgGroupLimits', 'GET /v2/enterprise/org-group-limits', {
  summary: 'Show the limits of organization groups (v2)',
  permission: [],
  answer: lazy(() => tolerant({ groups: z.record(z.string(), z.unknown()) })),
});
