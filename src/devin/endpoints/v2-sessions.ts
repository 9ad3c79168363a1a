import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { secondsAs, textOr, tolerant } from '../tolerant.ts';
import { acusConsumed, SessionId, withUrl } from './sessions.ts';
import { offsetPage, offsetQuery, optionalText, texts } from './shapes.ts';
import { optionalInstant } from './v2-shapes.ts';

/** A pull request that a session opened. */
export const V2PullRequest = lazy(() => tolerant({ url: z.string(), state: optionalText() }, ['url']));

const sessionShape = () => ({
  session_id: SessionId(),
  url: textOr('', z.string()),
  status: textOr('unknown', z.string()),
  org_id: z.string(),
  acus_consumed: acusConsumed(),
  pull_requests: z.array(V2PullRequest()),
  tags: z.array(z.string()),
  created_at: secondsAs(z.string()),
  updated_at: secondsAs(z.string()),
  title: optionalText(),
  user_id: optionalText(),
});

/** A session as v2 shows it. Its times are documented as ISO date-times; what is read of them is Unix seconds. */
export const V2Session = lazy(() => tolerant(sessionShape(), ['session_id'], withUrl));

const V2SuggestedPrompt = lazy(() =>
  tolerant({
    original_prompt: z.optional(z.string()),
    suggested_prompt: z.optional(z.string()),
    feedback_items: z.optional(
      z.array(
        tolerant({
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
  tolerant(
    {
      ...sessionShape(),
      initial_user_message: z.string(),
      session_analysis: z.nullable(
        tolerant({
          suggested_prompt: z.nullish(V2SuggestedPrompt()),
          action_items: z.optional(z.array(z.unknown())),
          issues: z.optional(z.array(z.unknown())),
          timeline: z.optional(z.array(z.unknown())),
        }),
      ),
    },
    ['session_id'],
    withUrl,
  ),
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
