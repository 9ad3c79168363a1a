import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list } from '../tolerant.ts';
import { SessionInsights, SessionInsightsGenerated } from './session-insights.ts';
import {
  Session,
  SessionAttachment,
  SessionMessage,
  SessionMessageCreateRequest,
  SessionTags,
  SessionTagsUpdateRequest,
  sessionFilters,
} from './sessions.ts';
import { cursorQuery, optionalText, page, texts } from './shapes.ts';

/** Origins by which sessions of the enterprise can be filtered. */
export const ENTERPRISE_ORIGINS = [
  'webapp',
  'slack',
  'teams',
  'api',
  'linear',
  'jira',
  'automation',
  'cli',
  'desktop',
  'other',
] as const;

/** Categories by which sessions of the enterprise can be filtered. */
export const ENTERPRISE_CATEGORIES = [
  'bug_fixing',
  'ci_cd_and_devops',
  'code_quality_and_security',
  'code_review_and_analysis',
  'data_and_automation',
  'documentation_and_content',
  'feature_development',
  'migrations_and_upgrades',
  'other',
  'refactoring_and_optimization',
  'research_and_exploration',
  'unit_test_generation',
] as const;

/**
 * Filters of `listEnterpriseSessions`; lists may be given several times, times are Unix seconds. Origins and categories
 * are fewer than for one organization, because the page about them is older.
 */
export const EnterpriseSessionQuery = lazy(() =>
  z.strictObject({
    ...cursorQuery,
    ...sessionFilters(),
    org_ids: texts(),
    origins: z.nullish(z.array(z.enum(ENTERPRISE_ORIGINS))),
    category: z.nullish(z.enum(ENTERPRISE_CATEGORIES)),
    include_deleted_orgs: z.optional(z.boolean()),
  }),
);

/** A session's id says enough; `org_id` narrows it to one organization. */
const OrgQuery = lazy(() => z.strictObject({ org_id: optionalText() }));

const VIEW = ['ViewAccountSessions'];
const MANAGE = ['ManageAccountSessions'];

/** https://docs.devin.ai/api-reference/v3/sessions/enterprise-list-sessions */
export const listEnterpriseSessions = endpoint('listEnterpriseSessions', 'GET /v3/enterprise/sessions', {
  summary: 'List the sessions of all organizations',
  permission: VIEW,
  paging: 'cursor',
  query: EnterpriseSessionQuery,
  answer: page(Session),
});

/** One session of any organization. */
export const getEnterpriseSession = endpoint('getEnterpriseSession', 'GET /v3/enterprise/sessions/{devin_id}', {
  summary: 'Show one session of any organization',
  permission: VIEW,
  query: OrgQuery,
  answer: Session,
});

/** The files of a session; one answer holds them all. */
export const listEnterpriseSessionAttachments = endpoint(
  'listEnterpriseSessionAttachments',
  'GET /v3/enterprise/sessions/{devin_id}/attachments',
  {
    summary: 'List the attachments of a session of any organization',
    permission: VIEW,
    query: OrgQuery,
    answer: lazy(() => list(SessionAttachment())),
  },
);

/** The messages of a session, oldest first. */
export const listEnterpriseSessionMessages = endpoint(
  'listEnterpriseSessionMessages',
  'GET /v3/enterprise/sessions/{devin_id}/messages',
  {
    summary: 'List the messages of a session of any organization',
    permission: VIEW,
    paging: 'cursor',
    query: lazy(() => z.strictObject({ ...cursorQuery, org_id: optionalText() })),
    answer: page(SessionMessage),
  },
);

/** Sends a message; a suspended session resumes by it. */
export const sendEnterpriseSessionMessage = endpoint(
  'sendEnterpriseSessionMessage',
  'POST /v3/enterprise/sessions/{devin_id}/messages',
  {
    summary: 'Send a message to a session of any organization',
    permission: MANAGE,
    query: OrgQuery,
    body: SessionMessageCreateRequest,
    answer: Session,
  },
);

/** The tags of a session. */
export const getEnterpriseSessionTags = endpoint(
  'getEnterpriseSessionTags',
  'GET /v3/enterprise/sessions/{devin_id}/tags',
  {
    summary: 'Show the tags of a session of any organization',
    permission: VIEW,
    query: OrgQuery,
    answer: SessionTags,
  },
);

/** Replaces all tags of a session. */
export const replaceEnterpriseSessionTags = endpoint(
  'replaceEnterpriseSessionTags',
  'PUT /v3/enterprise/sessions/{devin_id}/tags',
  {
    summary: 'Replace the tags of a session of any organization',
    permission: MANAGE,
    query: OrgQuery,
    body: SessionTagsUpdateRequest,
    answer: SessionTags,
  },
);

/** Adds tags; those already there stay once. Its path is inferred from those of its neighbours. */
export const appendEnterpriseSessionTags = endpoint(
  'appendEnterpriseSessionTags',
  'POST /v3/enterprise/sessions/{devin_id}/tags',
  {
    summary: 'Add tags to a session of any organization',
    permission: MANAGE,
    query: OrgQuery,
    body: SessionTagsUpdateRequest,
    answer: SessionTags,
  },
);

/** One session with its figures and, once they are generated, its insights. */
export const getEnterpriseSessionInsights = endpoint(
  'getEnterpriseSessionInsights',
  'GET /v3/enterprise/sessions/{devin_id}/insights',
  {
    summary: 'Show the insights of a session of any organization',
    permission: VIEW,
    query: OrgQuery,
    answer: SessionInsights,
  },
);

/** Starts the generation of insights; see `generateSessionInsights`. */
export const generateEnterpriseSessionInsights = endpoint(
  'generateEnterpriseSessionInsights',
  'POST /v3/enterprise/sessions/{devin_id}/insights/generate',
  {
    summary: 'Generate the insights of a session of any organization',
    permission: MANAGE,
    query: OrgQuery,
    answer: SessionInsightsGenerated,
  },
);
