import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { cursorQuery, page, seconds } from './shapes.ts';

/** One audit event. `action` is open: new ones appear over time. `created_at` is in seconds. */
export const AuditLog = lazy(() =>
  z.looseObject({
    audit_log_id: z.string(),
    action: z.string(),
    created_at: seconds(),
    data: z.record(z.string(), z.unknown()),
    org_id: z.nullable(z.string()),
    user_id: z.nullable(z.string()),
    user_email: z.nullable(z.string()),
    service_user_id: z.nullable(z.string()),
    service_user_name: z.nullable(z.string()),
  }),
);

/** `time_before` needs `time_after`; the range is at most 100 days; the newest come first unless `order` is `asc`. */
export const AuditLogQuery = lazy(() =>
  z.strictObject({
    ...cursorQuery,
    order: z.optional(z.enum(['asc', 'desc'])),
    action: z.nullish(z.string()),
    time_after: z.nullish(z.int()),
    time_before: z.nullish(z.int()),
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

/** The audit events of one organization; needs the enterprise permission all the same. */
export const listOrgAuditLogs = endpoint('listOrgAuditLogs', 'GET /v3/enterprise/organizations/{org_id}/audit-logs', {
  summary: 'List the audit events of one organization',
  permission: ['ManageEnterpriseSettings', 'ViewAccountAuditLogs'],
  paging: 'cursor',
  query: AuditLogQuery,
  answer: page(AuditLog),
  beta: true,
});
