import * as z from 'zod/mini';
import { bareId } from '../../contract/session-id.ts';
import { endpoint, lazy } from '../endpoint.ts';
import { flag, list, reader, readNumber, seconds, sessionId, textOr, tolerant } from '../tolerant.ts';
import { CursorQuery, cursorQuery, open, optionalText, page, texts } from './shapes.ts';

/** Documented statuses of a session; the list is open. */
export const SESSION_STATUSES = ['new', 'claimed', 'running', 'exit', 'error', 'suspended', 'resuming'] as const;

/** What a running session does, then the reasons for which a session is suspended. Only on get and list. */
export const STATUS_DETAILS = [
  'working',
  'waiting_for_user',
  'waiting_for_approval',
  'finished',
  'inactivity',
  'user_request',
  'usage_limit_exceeded',
  'out_of_credits',
  'out_of_quota',
  'no_quota_allocation',
  'payment_declined',
  'org_usage_limit_exceeded',
  'user_usage_limit_exceeded',
  'total_session_limit_exceeded',
  'error',
] as const;

/** How a session works. */
export const DEVIN_MODES = ['normal', 'fast', 'lite', 'ultra', 'fusion'] as const;

/** Where a session came from; the list is open. */
export const ORIGINS = [
  'webapp',
  'slack',
  'teams',
  'api',
  'linear',
  'jira',
  'automation',
  'cli',
  'desktop',
  'code_scan',
  'other',
] as const;

/** What a session is about; the list is open. */
export const CATEGORIES = [
  'bug_fixing',
  'ci_cd_and_devops',
  'code_quality_and_security',
  'code_review',
  'code_review_and_analysis',
  'data_and_automation',
  'documentation_and_content',
  'feature_development',
  'migrations_and_upgrades',
  'other',
  'production_investigation',
  'refactoring_and_optimization',
  'research_and_exploration',
  'security',
  'unit_test_generation',
] as const;

/** A session may carry at most this many tags. */
export const MAX_TAGS = 50;

/** A pull request that a session opened. Without its URL it says nothing. */
export const SessionPullRequest = lazy(() =>
  tolerant({ pr_url: z.string(), pr_state: z.nullable(z.string()) }, ['pr_url']),
);

/** A session's id, with its prefix whether the response has it or not. */
export const SessionId = lazy(() => sessionId());

/** ACUs. 0 also means "not reported", and cannot be told apart from nothing spent: both are null. */
export const acusConsumed = () => reader(z.number(), (value) => readNumber(value) || null);

/** Structured output as JSON of any kind; null where there is none. The text "null" was seen, and JSON as text. */
function readOutput(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? null;
  if (value.trim() === '') return null;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Members of a session. Times are Unix seconds. */
export const sessionShape = () => ({
  session_id: SessionId(),
  url: textOr('', z.string()),
  status: textOr('unknown', open(SESSION_STATUSES)),
  status_detail: z.nullish(open(STATUS_DETAILS)),
  title: optionalText(),
  tags: z.array(z.string()),
  org_id: z.string(),
  user_id: optionalText(),
  service_user_id: optionalText(),
  created_at: seconds(),
  updated_at: seconds(),
  acus_consumed: acusConsumed(),
  pull_requests: z.array(SessionPullRequest()),
  structured_output: reader(z.nullish(z.record(z.string(), z.unknown())), readOutput),
  is_archived: flag(z.optional(z.boolean())),
  origin: z.nullish(open(ORIGINS)),
  parent_session_id: optionalText(),
  child_session_ids: texts(),
  playbook_id: optionalText(),
  automation_id: optionalText(),
  devin_mode: z.nullish(open(DEVIN_MODES)),
  category: z.nullish(open(CATEGORIES)),
  subcategory: optionalText(),
});

/** Gives a session without a URL the one that its page has on devin.ai. */
export const withUrl = <T extends { readonly session_id: string; readonly url: string }>(session: T): T =>
  session.url === '' ? { ...session, url: `https://app.devin.ai/sessions/${bareId(session.session_id)}` } : session;

/**
 * A session, read as the API really sends it: only its id is needed, which gets its prefix. A status that is not
 * documented is kept.
 */
export const Session = lazy(() => tolerant(sessionShape(), ['session_id'], withUrl));

/** All that is known of a session that could not be read. */
export const sessionFromId = (id: string): z.output<ReturnType<typeof Session>> =>
  z.parse(Session(), { session_id: id });

const attachmentUrls = () => z.nullish(z.array(z.url().check(z.minLength(1), z.maxLength(2083))));

/** A secret that only one session gets. */
const SessionSecret = lazy(() =>
  z.strictObject({
    key: z.string().check(z.minLength(1), z.maxLength(256)),
    value: z.string().check(z.maxLength(65_536)),
    sensitive: z.optional(z.boolean()),
  }),
);

/** The body of `createSession`. Only `prompt` is required. */
export const SessionCreateRequest = lazy(() =>
  z.strictObject({
    prompt: z.string(),
    title: optionalText(),
    tags: z.nullish(z.array(z.string()).check(z.maxLength(MAX_TAGS))),
    repos: texts(),
    playbook_id: optionalText(),
    child_playbook_id: optionalText(),
    knowledge_ids: texts(),
    secret_ids: texts(),
    session_secrets: z.nullish(z.array(SessionSecret())),
    session_links: texts(),
    attachment_urls: attachmentUrls(),
    max_acu_limit: z.nullish(z.int()),
    create_as_user_id: optionalText(),
    bypass_approval: z.nullish(z.boolean()),
    devin_mode: z.nullish(z.enum(DEVIN_MODES)),
    platform: optionalText(),
    resumable: z.optional(z.boolean()),
    structured_output_schema: z.nullish(z.record(z.string(), z.unknown())),
    structured_output_required: z.nullish(z.boolean()),
  }),
);

/** Filters that every list of sessions takes. */
export const sessionFilters = () => ({
  session_ids: texts(),
  tags: texts(),
  playbook_id: optionalText(),
  schedule_id: optionalText(),
  repo_names: texts(),
  user_ids: texts(),
  service_user_ids: texts(),
  is_archived: z.nullish(z.boolean()),
  created_after: z.nullish(z.int()),
  created_before: z.nullish(z.int()),
  updated_after: z.nullish(z.int()),
  updated_before: z.nullish(z.int()),
});

/** Filters of `listSessions`; lists may be given several times. Times are Unix seconds. */
export const SessionQuery = lazy(() =>
  z.strictObject({
    ...cursorQuery,
    ...sessionFilters(),
    origins: z.nullish(z.array(z.enum(ORIGINS))),
    automation_ids: texts(),
    parent_session_id: optionalText(),
    category: z.nullish(z.enum(CATEGORIES)),
  }),
);

/** https://docs.devin.ai/api-reference/v3/sessions/create-session */
export const createSession = endpoint('createSession', 'POST /v3/organizations/{org_id}/sessions', {
  summary: 'Start a session',
  permission: ['UseDevinSessions'],
  query: lazy(() => z.strictObject({ devin_id: optionalText() })),
  body: SessionCreateRequest,
  answer: Session,
  beta: true,
});

/** https://docs.devin.ai/api-reference/v3/sessions/list-sessions */
export const listSessions = endpoint('listSessions', 'GET /v3/organizations/{org_id}/sessions', {
  summary: 'List the sessions of an organization',
  permission: ['ViewOrgSessions'],
  paging: 'cursor',
  query: SessionQuery,
  answer: page(Session),
});

/** One session, with its status detail and structured output. */
export const getSession = endpoint('getSession', 'GET /v3/organizations/{org_id}/sessions/{devin_id}', {
  summary: 'Show one session',
  permission: ['ViewOrgSessions'],
  answer: Session,
});

/** Ends a session for good; `archive` also archives it. */
export const terminateSession = endpoint('terminateSession', 'DELETE /v3/organizations/{org_id}/sessions/{devin_id}', {
  summary: 'End a session',
  permission: ['ManageOrgSessions'],
  query: lazy(() => z.strictObject({ archive: z.optional(z.boolean()) })),
  answer: Session,
});

/** Archives a session, and puts it to sleep if it runs. */
export const archiveSession = endpoint(
  'archiveSession',
  'POST /v3/organizations/{org_id}/sessions/{devin_id}/archive',
  { summary: 'Archive a session', permission: ['ManageOrgSessions'], answer: Session, repeatable: true },
);

/** Brings an archived session back; its child sessions stay archived. */
export const unarchiveSession = endpoint(
  'unarchiveSession',
  'POST /v3/organizations/{org_id}/sessions/{devin_id}/unarchive',
  { summary: 'Unarchive a session', permission: ['ManageOrgSessions'], answer: Session, repeatable: true },
);

/** A message of a session; `created_at` in Unix seconds. */
export const SessionMessage = lazy(() =>
  tolerant(
    {
      event_id: z.string(),
      source: textOr('', open(['devin', 'user'])),
      message: z.string(),
      created_at: seconds(),
    },
    ['message'],
  ),
);

/** The messages of a session, oldest first. */
export const listSessionMessages = endpoint(
  'listSessionMessages',
  'GET /v3/organizations/{org_id}/sessions/{devin_id}/messages',
  {
    summary: 'List the messages of a session',
    permission: ['ViewOrgSessions'],
    paging: 'cursor',
    query: CursorQuery,
    answer: page(SessionMessage),
  },
);

/** The body of a message to a session. */
export const SessionMessageCreateRequest = lazy(() =>
  z.strictObject({
    message: z.string(),
    message_as_user_id: optionalText(),
    attachment_urls: attachmentUrls(),
  }),
);

/** Sends a message; a suspended session resumes by it. */
export const sendSessionMessage = endpoint(
  'sendSessionMessage',
  'POST /v3/organizations/{org_id}/sessions/{devin_id}/messages',
  {
    summary: 'Send a message to a session',
    permission: ['ManageOrgSessions'],
    body: SessionMessageCreateRequest,
    answer: Session,
  },
);

/** A file that came up in a session. */
export const SessionAttachment = lazy(() =>
  tolerant(
    {
      attachment_id: z.string(),
      name: z.string(),
      url: z.string(),
      source: open(['devin', 'user']),
      content_type: optionalText(),
    },
    [],
  ),
);

/** The files of a session; one answer holds them all. */
export const listSessionAttachments = endpoint(
  'listSessionAttachments',
  'GET /v3/organizations/{org_id}/sessions/{devin_id}/attachments',
  {
    summary: 'List the attachments of a session',
    permission: ['ViewOrgSessions'],
    answer: lazy(() => list(SessionAttachment())),
  },
);

/** Uploads one file as `multipart/form-data`; the answer's `url` goes into `attachment_urls`. */
export const uploadAttachment = endpoint('uploadAttachment', 'POST /v3/organizations/{org_id}/attachments', {
  summary: 'Upload an attachment',
  permission: ['UseDevinSessions'],
  multipart: true,
  body: lazy(() => z.strictObject({ file: z.unknown() })),
  answer: lazy(() => tolerant({ attachment_id: z.string(), name: z.string(), url: z.string() }, ['url'])),
  beta: true,
});

/** Redirects to a short-lived address of the file. */
export const downloadAttachment = endpoint(
  'downloadAttachment',
  'GET /v3/organizations/{org_id}/attachments/{uuid}/{name}',
  { summary: 'Download an attachment', permission: [], redirects: true, answer: lazy(() => z.unknown()) },
);

/** The tags of a session. */
export const SessionTags = lazy(() => tolerant({ tags: z.array(z.string()) }));
/** Tags to set or to add, at most 50. */
export const SessionTagsUpdateRequest = lazy(() =>
  z.strictObject({ tags: z.array(z.string()).check(z.maxLength(MAX_TAGS)) }),
);

/** The tags of a session. */
export const getSessionTags = endpoint('getSessionTags', 'GET /v3/organizations/{org_id}/sessions/{devin_id}/tags', {
  summary: 'Show the tags of a session',
  permission: ['ViewOrgSessions'],
  answer: SessionTags,
});

/** Adds tags; those already there stay once. */
export const appendSessionTags = endpoint(
  'appendSessionTags',
  'POST /v3/organizations/{org_id}/sessions/{devin_id}/tags',
  {
    summary: 'Add tags to a session',
    permission: ['ManageOrgSessions'],
    body: SessionTagsUpdateRequest,
    answer: SessionTags,
  },
);

/** Replaces all tags of a session. */
export const replaceSessionTags = endpoint(
  'replaceSessionTags',
  'PUT /v3/organizations/{org_id}/sessions/{devin_id}/tags',
  {
    summary: 'Replace the tags of a session',
    permission: ['ManageOrgSessions'],
    body: SessionTagsUpdateRequest,
    answer: SessionTags,
  },
);
