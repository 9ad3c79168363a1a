import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { CursorQuery, page, seconds } from './shapes.ts';

/** An organization of the enterprise. Limits are in ACUs; null is no limit. */
export const Organization = lazy(() =>
  z.looseObject({
    org_id: z.string(),
    name: z.string(),
    created_at: seconds(),
    updated_at: seconds(),
    max_cycle_acu_limit: z.nullable(z.int()),
    max_session_acu_limit: z.nullable(z.int()),
  }),
);

/** https://docs.devin.ai/api-reference/v3/organizations */
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
