import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';
import { CATEGORIES, ORIGINS, sessionFilters, sessionShape, withUrl } from './sessions.ts';
import { cursorQuery, open, optionalText, page } from './shapes.ts';

const NoteUsage = lazy(() => tolerant({ message: z.string(), note_id: z.string(), reason: z.string() }));

const ActionItem = lazy(() =>
  tolerant({
    action_item: z.string(),
    issue_id: optionalText(),
    type: z.optional(open(['machine_setup', 'repo_config', 'knowledge', 'prompt_improvement', 'other'])),
  }),
);

const Classification = lazy(() =>
  tolerant({
    category: z.string(),
    confidence: z.number(),
    programming_languages: z.optional(z.array(z.string())),
    tools_and_frameworks: z.optional(z.array(z.string())),
  }),
);

const Issue = lazy(() =>
  tolerant({ id: z.optional(z.string()), issue: z.string(), impact: z.string(), label: z.string() }),
);

const SuggestedPrompt = lazy(() =>
  tolerant({
    original_prompt: z.string(),
    suggested_prompt: z.string(),
    feedback_items: z.optional(
      z.array(tolerant({ summary: z.string(), details: z.string(), excerpt: z.string(), issue_id: optionalText() })),
    ),
  }),
);

const TimelineEntry = lazy(() =>
  tolerant({
    title: z.string(),
    description: z.string(),
    color: z.optional(z.string()),
    issue_id: optionalText(),
  }),
);

/** What Devin found when it looked back at a session. An `issue_id` refers to one of `issues`. */
export const SessionAnalysis = lazy(() =>
  tolerant({
    action_items: z.optional(z.array(ActionItem())),
    classification: z.nullish(Classification()),
    issues: z.optional(z.array(Issue())),
    note_usage: z.nullish(
      tolerant({
        bad_usages: z.optional(z.array(NoteUsage())),
        good_usages: z.optional(z.array(NoteUsage())),
      }),
    ),
    suggested_prompt: z.nullish(SuggestedPrompt()),
    timeline: z.optional(z.array(TimelineEntry())),
  }),
);

/** A session with figures about it. `analysis` is null until insights have been generated. */
export const SessionInsights = lazy(() =>
  tolerant(
    {
      ...sessionShape(),
      num_user_messages: z.int(),
      num_devin_messages: z.int(),
      session_size: open(['xs', 's', 'm', 'l', 'xl']),
      analysis: z.nullish(SessionAnalysis()),
    },
    ['session_id'],
    withUrl,
  ),
);

/** `status` is `started`, or `already_exists` where there are insights or they are being generated. */
export const SessionInsightsGenerated = lazy(() => tolerant({ session_id: z.string(), status: z.string() }));

/** Filters of `listSessionInsights`: those of `listSessions` but for automations and the parent session. */
export const SessionInsightsQuery = lazy(() =>
  z.strictObject({
    ...cursorQuery,
    ...sessionFilters(),
    origins: z.nullish(z.array(z.enum(ORIGINS))),
    category: z.nullish(z.enum(CATEGORIES)),
  }),
);

/** https://docs.devin.ai/api-reference/v3/sessions/list-session-insights */
export const listSessionInsights = endpoint('listSessionInsights', 'GET /v3/organizations/{org_id}/sessions/insights', {
  summary: 'List the sessions of an organization with their insights',
  permission: ['ViewOrgSessions'],
  paging: 'cursor',
  query: SessionInsightsQuery,
  answer: page(SessionInsights),
});

/** One session with its figures and, once they are generated, its insights. */
export const getSessionInsights = endpoint(
  'getSessionInsights',
  'GET /v3/organizations/{org_id}/sessions/{devin_id}/insights',
  { summary: 'Show the insights of a session', permission: ['ViewOrgSessions'], answer: SessionInsights },
);

/** Starts the generation of insights, which takes a while; `getSessionInsights` tells when they are there. */
export const generateSessionInsights = endpoint(
  'generateSessionInsights',
  'POST /v3/organizations/{org_id}/sessions/{devin_id}/insights/generate',
  {
    summary: 'Generate the insights of a session',
    permission: ['ManageOrgSessions'],
    answer: SessionInsightsGenerated,
  },
);
