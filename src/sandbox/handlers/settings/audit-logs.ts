import { listAuditLogs, listOrgAuditLogs } from '../../../devin/endpoints/audit-logs.ts';
import { invalidField } from '../../request/problem.ts';
import type { AuditQuery } from '../../world/audit-log.ts';
import { existing, type Handler, on } from '../../world/handler.ts';

const MAX_DAYS = 100;

/** Both ends of a range of time, in Unix seconds. */
type Range = Pick<AuditQuery, 'time_after' | 'time_before'>;

/** @throws a 422 for a range without a start, or of more than 100 days. */
export function checkRange({ time_after: since, time_before: until }: Range): void {
  if (typeof until !== 'number') return;
  if (typeof since !== 'number') {
    throw invalidField(['query', 'time_after'], 'time_before needs time_after', 'missing');
  }
  if (until - since > MAX_DAYS * 86_400) {
    throw invalidField(['query', 'time_before'], `The range should be at most ${MAX_DAYS} days`, 'too_big');
  }
}

/** The audit events of the enterprise, and of one organization. */
export const auditLogHandlers: readonly Handler[] = [
  on(listAuditLogs, ({ world, query }) => {
    checkRange(query);
    return world.state.audit.page(listAuditLogs.id, query, null);
  }),
  on(listOrgAuditLogs, ({ world, query, param }) => {
    checkRange(query);
    const organization = existing(world.state.organizations.get(param('org_id')), 'Organization');
    return world.state.audit.page(listOrgAuditLogs.id, query, organization.id);
  }),
];
