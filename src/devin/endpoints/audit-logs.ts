import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { seconds, tolerant } from '../tolerant.ts';
import { AUDIT_LOG_ACTIONS } from './audit-log-actions.ts';
import { cursorQuery, open, optionalRange, optionalText, page } from './shapes.ts';

/** One audit event. `action` is open: new ones appear over time. `created_at` is in seconds. */
export const AuditLog = lazy(() =>
  tolerant(
    {
      audit_log_id: z.string(),
      action: open(AUDIT_LOG_ACTIONS),
      created_at: seconds(),
      data: z.record(z.string(), z.unknown()),
      org_id: z.nullable(z.string()),
      user_id: z.nullable(z.string()),
      user_email: z.nullable(z.string()),
      service_user_id: z.nullable(z.string()),
      service_user_name: z.nullable(z.string()),
    },
    ['audit_log_id'],
  ),
);

/** `time_before` needs `time_after`; the range is at most 100 days; the newest come first unless `order` is `asc`. */
export const AuditLogQuery = lazy(() =>
  z.strictObject({
    ...cursorQuery,
    order: z.optional(z.enum(['asc', 'desc'])),
    action: z.nullish(open(AUDIT_LOG_ACTIONS)),
    ...optionalRange,
  }),
);

/** https://docs.devin.ai/api-reference/v3/audit-logs */
export const listAuditLogs = endpoint('listAuditLogs', 'GET /v3/enterprise/audit-logs', {
  summary: 'List the audit events of the enterprise',
  permission: ['ManageEnterpriseSettings', 'ViewAccountAuditLogs'],
  paging: 'cursor',
  query: AuditLogQuery,
  answer: page(AuditLog),
  beta: true,
});

/** The audit events of one organization; needs the enterprise permission anyway. */
export const listOrgAuditLogs = endpoint('listOrgAuditLogs', 'GET /v3/enterprise/organizations/{org_id}/audit-logs', {
  summary: 'List the audit events of one organization',
  permission: ['ManageEnterpriseSettings', 'ViewAccountAuditLogs'],
  paging: 'cursor',
  query: AuditLogQuery,
  answer: page(AuditLog),
  beta: true,
});

/**
 * A message to a session that a guardrail found fault with. `confidence_score` is from 0 to 1, `action_taken` says what
 * the guardrail did about it, `created_at` is in Unix seconds.
 */
export const GuardrailViolation = lazy(() =>
  tolerant({
    violation_id: z.int(),
    guardrail_id: z.string(),
    guardrail_name: z.string(),
    action_taken: z.string(),
    confidence_score: z.number(),
    reasoning: z.string(),
    user_message: z.string(),
    event_id: z.string(),
    session_id: z.nullable(z.string()),
    org_id: z.string(),
    created_at: seconds(),
  }),
);

/** Of time and order as `AuditLogQuery`. */
export const GuardrailViolationQuery = lazy(() =>
  z.strictObject({
    ...cursorQuery,
    ...optionalRange,
    order: z.optional(z.enum(['asc', 'desc'])),
    session_id: optionalText(),
    guardrail_id: optionalText(),
  }),
);

/** https://docs.devin.ai/api-reference/v3/guardrail-violations */
export const listGuardrailViolations = endpoint(
  'listGuardrailViolations',
  'GET /v3beta1/enterprise/guardrail-violations',
  {
    summary: 'List the guardrail violations of the enterprise',
    permission: ['ManageEnterpriseSettings'],
    paging: 'cursor',
    query: GuardrailViolationQuery,
    answer: page(GuardrailViolation),
  },
);

/** The violations in one organization; needs the enterprise permission anyway. */
export const listOrgGuardrailViolations = endpoint(
  'listOrgGuardrailViolations',
  'GET /v3beta1/enterprise/organizations/{org_id}/guardrail-violations',
  {
    summary: 'List the guardrail violations of one organization',
    permission: ['ManageEnterpriseSettings'],
    paging: 'cursor',
    query: GuardrailViolationQuery,
    answer: page(GuardrailViolation),
  },
);
