import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { seconds, tolerant } from '../tolerant.ts';
import { CursorQuery, open, page } from './shapes.ts';

const OF_ENTERPRISE = { permission: ['ManageAccountPlaybooks'] };
/** The overview's table names the first, the pages of the endpoints the second. */
const OF_ORGANIZATION = { permission: ['ManageOrgPlaybooks', 'ManageAccountPlaybooks'] };

/** `!` and one or more letters, digits, underscores or hyphens. */
export const MACRO = /^![A-Za-z0-9_-]+$/;

/**
 * A playbook to create, or what takes the place of one. Typing its `macro` (such as `!release`) calls it up. Sessions
 * that use it give structured output by the schema: JSON Schema Draft 7, at most 64 KB, without references outwards.
 */
export const PlaybookCreateRequest = lazy(() =>
  z.strictObject({
    title: z.string(),
    body: z.string(),
    macro: z.nullish(
      z.string().check(z.regex(MACRO, 'A macro is "!" followed by letters, digits, underscores or hyphens')),
    ),
    structured_output_schema: z.nullish(z.record(z.string(), z.unknown())),
  }),
);

/** A playbook. `org_id` is null for one of the enterprise; times are Unix seconds. */
export const Playbook = lazy(() =>
  tolerant(
    {
      playbook_id: z.string(),
      title: z.string(),
      body: z.string(),
      macro: z.nullable(z.string()),
      structured_output_schema: z.nullish(z.record(z.string(), z.unknown())),
      access_type: open(['enterprise', 'org']),
      org_id: z.nullable(z.string()),
      created_by: z.string(),
      updated_by: z.string(),
      created_at: seconds(),
      updated_at: seconds(),
    },
    ['playbook_id'],
  ),
);

/** https://docs.devin.ai/api-reference/v3/playbooks; those of the organizations are in the list, too. */
export const listEnterprisePlaybooks = endpoint('listEnterprisePlaybooks', 'GET /v3/enterprise/playbooks', {
  summary: 'List all playbooks',
  ...OF_ENTERPRISE,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(Playbook),
  beta: true,
});

/** Adds a playbook that every organization shares. */
export const createEnterprisePlaybook = endpoint('createEnterprisePlaybook', 'POST /v3/enterprise/playbooks', {
  summary: 'Create a playbook of the enterprise',
  ...OF_ENTERPRISE,
  body: PlaybookCreateRequest,
  answer: Playbook,
});

/** One playbook, by an id such as `playbook-abc123def456`. */
export const getEnterprisePlaybook = endpoint('getEnterprisePlaybook', 'GET /v3/enterprise/playbooks/{playbook_id}', {
  summary: 'Show any playbook',
  ...OF_ENTERPRISE,
  answer: Playbook,
});

/** Replaces the whole playbook: a macro or schema that the body leaves out is gone. */
export const updateEnterprisePlaybook = endpoint(
  'updateEnterprisePlaybook',
  'PUT /v3/enterprise/playbooks/{playbook_id}',
  { summary: 'Replace any playbook', ...OF_ENTERPRISE, body: PlaybookCreateRequest, answer: Playbook, beta: true },
);

/** Answers with the playbook as it was. */
export const deleteEnterprisePlaybook = endpoint(
  'deleteEnterprisePlaybook',
  'DELETE /v3/enterprise/playbooks/{playbook_id}',
  { summary: 'Delete any playbook', ...OF_ENTERPRISE, answer: Playbook, beta: true },
);

/** The playbooks of one organization, without those of the enterprise. */
export const listOrgPlaybooks = endpoint('listOrgPlaybooks', 'GET /v3/organizations/{org_id}/playbooks', {
  summary: 'List the playbooks of an organization',
  ...OF_ORGANIZATION,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(Playbook),
});

/** Adds a playbook to one organization. */
export const createOrgPlaybook = endpoint('createOrgPlaybook', 'POST /v3/organizations/{org_id}/playbooks', {
  summary: 'Create a playbook in an organization',
  ...OF_ORGANIZATION,
  body: PlaybookCreateRequest,
  answer: Playbook,
  beta: true,
});

/** One playbook of an organization. */
export const getOrgPlaybook = endpoint('getOrgPlaybook', 'GET /v3/organizations/{org_id}/playbooks/{playbook_id}', {
  summary: 'Show a playbook of an organization',
  ...OF_ORGANIZATION,
  answer: Playbook,
});

/** Replaces the whole playbook: a macro or schema that the body leaves out is gone. */
export const updateOrgPlaybook = endpoint(
  'updateOrgPlaybook',
  'PUT /v3/organizations/{org_id}/playbooks/{playbook_id}',
  {
    summary: 'Replace a playbook of an organization',
    ...OF_ORGANIZATION,
    body: PlaybookCreateRequest,
    answer: Playbook,
    beta: true,
  },
);

/** Answers with the playbook as it was. */
export const deleteOrgPlaybook = endpoint(
  'deleteOrgPlaybook',
  'DELETE /v3/organizations/{org_id}/playbooks/{playbook_id}',
  { summary: 'Delete a playbook of an organization', ...OF_ORGANIZATION, answer: Playbook, beta: true },
);
