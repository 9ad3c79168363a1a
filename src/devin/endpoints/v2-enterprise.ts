import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';
import { optionalText, texts } from './shapes.ts';
import { instantRange, V2Success } from './v2-shapes.ts';

/** https://docs.devin.ai/api-reference/v2/api-keys; every API key of the enterprise stops working. */
export const v2RevokeAllApiKeys = endpoint('v2RevokeAllApiKeys', 'DELETE /v2/enterprise/api-keys', {
  summary: 'Revoke all API keys (v2)',
  permission: [],
  answer: V2Success,
});

/** One API key stops working. */
export const v2RevokeApiKey = endpoint('v2RevokeApiKey', 'DELETE /v2/enterprise/api-keys/{api_key_id}', {
  summary: 'Revoke one API key (v2)',
  permission: [],
  answer: V2Success,
});

/** Audit events; of an event's fields only the id is documented. There is no envelope: `before` and `after` page. */
export const v2ListAuditLogs = endpoint('v2ListAuditLogs', 'GET /v2/enterprise/audit-logs', {
  summary: 'List the audit events (v2)',
  permission: [],
  query: lazy(() => z.strictObject({ before: optionalText(), after: optionalText(), limit: z.optional(z.int()) })),
  answer: lazy(() =>
    tolerant({ audit_logs: list(tolerant({ audit_log_id: z.string() }, ['audit_log_id'])) }, ['audit_logs']),
  ),
});

/** A billing cycle; ISO date-times. */
export const V2BillingCycle = lazy(() => tolerant({ start: z.string(), end: z.string() }));

/** All billing cycles from the first to the current one, in a bare array. */
export const v2ListConsumptionCycles = endpoint('v2ListConsumptionCycles', 'GET /v2/enterprise/consumption/cycles', {
  summary: 'List the billing cycles (v2)',
  permission: [],
  answer: lazy(() => list(V2BillingCycle())),
});

/**
 * ACUs by day, organization and user. A billing day begins at 08:00 UTC (midnight PST); a date without a time means
 * midnight UTC. With `org_ids`, only the ACUs of Devin sessions count.
 */
export const v2GetDailyConsumption = endpoint('v2GetDailyConsumption', 'GET /v2/enterprise/consumption/daily', {
  summary: 'Show the daily consumption (v2)',
  permission: [],
  query: lazy(() => z.strictObject({ ...instantRange(), org_ids: texts() })),
  answer: lazy(() =>
    tolerant({
      total_acus: z.number(),
      consumption_by_date: z.record(z.string(), z.number()),
      consumption_by_org_id: z.record(z.string(), z.number()),
      consumption_by_user: z.optional(z.record(z.string(), z.number())),
    }),
  ),
});

/** The machines of an enterprise that hosts Devin in its own VPC. */
export const v2ListHypervisorsHealth = endpoint('v2ListHypervisorsHealth', 'GET /v2/enterprise/hypervisors/health', {
  summary: 'Show the health of the hypervisors (v2)',
  permission: [],
  answer: lazy(() =>
    list(
      tolerant({ hypervisor_id: z.string(), status: z.string(), seconds_since_report: z.nullish(z.int()) }, [
        'hypervisor_id',
      ]),
    ),
  ),
});

const MetricsQuery = lazy(() => z.strictObject({ ...instantRange(), org_ids: texts(), user_ids: texts() }));

/** How many sessions were created. */
export const v2GetSessionsMetrics = endpoint('v2GetSessionsMetrics', 'GET /v2/enterprise/metrics/sessions', {
  summary: 'Count the sessions (v2)',
  permission: [],
  query: MetricsQuery,
  answer: lazy(() => tolerant({ sessions_count: z.int() })),
});

/** Counts of sessions, searches and pull requests. */
export const v2GetUsageMetrics = endpoint('v2GetUsageMetrics', 'GET /v2/enterprise/metrics/usage', {
  summary: 'Count sessions, searches and pull requests (v2)',
  permission: [],
  query: MetricsQuery,
  answer: lazy(() =>
    tolerant({
      sessions_count: z.int(),
      searches_count: z.int(),
      prs_opened: z.int(),
      prs_closed: z.int(),
      prs_merged: z.int(),
    }),
  ),
});
