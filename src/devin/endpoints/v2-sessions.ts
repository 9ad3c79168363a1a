import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { offsetPage, offsetQuery, optionalText, texts } from './shapes.ts';
import { optionalInstant } from './v2-shapes.ts';

/** A pull request that a session opened. */
export const V2PullRequest = lazy(() => z.looseObject({ url: z.string(), state: optionalText() }));

/** A session as v2 shows it; times are ISO date-times. */
export const V2Session = lazy(() =>
  z.looseObject({
    session_id: z.string(),
    url: z.string(),
    status: z.string(),
    org_id: z.string(),
    acus_consumed: z.number(),
    pull_requests: z.array(V2PullRequest()),
    tags: z.array(z.string()),
    created_at: z.string(),
    updated_at: z.string(),
    title: optionalText(),
    user_id: optionalText(),
  }),
);

const V2SuggestedPrompt = lazy(() =>
  z.looseObject({
    original_prompt: z.optional(z.string()),
    suggested_prompt: z.optional(z.string()),
    feedback_items: z.optional(
      z.array(
        z.looseObject({
          summary: z.optional(z.string()),
          details: z.optional(z.string()),
          excerpt: z.optional(z.string()),
          issue_id: optionalText(),
        }),
      ),
    ),
  }),
);

/** A session with the prompt that began it and, once there is one, its analysis. */
export const V2SessionInsights = lazy(() =>
  z.extend(V2Session(), {
    initial_user_message: z.string(),
    session_analysis: z.nullable(
      z.looseObject({
        suggested_prompt: z.nullish(V2SuggestedPrompt()),
        action_items: z.optional(z.array(z.unknown())),
        issues: z.optional(z.array(z.unknown())),
        timeline: z.optional(z.array(z.unknown())),
      }),
    ),
  }),
);

/** https://docs.devin.ai/api-reference/v2/sessions; ranges include their ends. */
export const v2ListSessions = endpoint('v2ListSessions', 'GET /v2/enterprise/sessions', {
  summary: 'List the sessions of the enterprise (v2)',
  permission: [],
  paging: 'offset',
  query: lazy(() =>
    z.strictObject({
      ...offsetQuery,
      created_date_from: optionalInstant(),
      created_date_to: optionalInstant(),
      updated_date_from: optionalInstant(),
      updated_date_to: optionalInstant(),
      org_ids: texts(),
      user_ids: texts(),
      session_ids: texts(),
    }),
  ),
  answer: offsetPage(V2Session),
});

/** The same sessions with their insights. */
export const v2ListSessionInsights = endpoint('v2ListSessionInsights', 'GET /v2/enterprise/sessions/insights', {
  summary: 'List the sessions of the enterprise with insights (v2)',
  permission: [],
  paging: 'offset',
  query: lazy(() =>
    z.strictObject({ ...offsetQuery, updated_date_from: optionalInstant(), updated_date_to: optionalInstant() }),
  ),
  answer: offsetPage(V2SessionInsights),
});
