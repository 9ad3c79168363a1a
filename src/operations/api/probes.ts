import type { AnyCall } from '../../devin/client.ts';
import type { Endpoint } from '../../devin/endpoint.ts';
import { listAuditLogs } from '../../devin/endpoints/audit-logs.ts';
import { listConsumptionCycles } from '../../devin/endpoints/consumption.ts';
import { listGitConnections } from '../../devin/endpoints/git-providers.ts';
import { getQueueStatus } from '../../devin/endpoints/infrastructure.ts';
import { getIpAccessList } from '../../devin/endpoints/ip-access-list.ts';
import { listRoles } from '../../devin/endpoints/members.ts';
import { listOrganizations } from '../../devin/endpoints/organizations.ts';
import { listSecrets } from '../../devin/endpoints/secrets.ts';
import { listSessions } from '../../devin/endpoints/sessions.ts';
import { v2ListOrganizations } from '../../devin/endpoints/v2-organizations.ts';

/** A cheap read that shows whether the credential has a permission, or one of those that its endpoint accepts. */
export interface Probe {
  readonly permission: string;
  readonly endpoint: Endpoint;
  readonly call: (orgId: string) => AnyCall;
  /** Whether it reads one organization, which must be known for it. */
  readonly inOrganization: boolean;
}

const one = { first: 1 };
const enterprise = (permission: string, endpoint: Endpoint, query: AnyCall['query'] = one): Probe => ({
  permission,
  endpoint,
  call: () => ({ params: {}, query: query ?? {} }),
  inOrganization: false,
});
const organization = (permission: string, endpoint: Endpoint): Probe => ({
  permission,
  endpoint,
  call: (orgId) => ({ params: { org_id: orgId }, query: one }),
  inOrganization: true,
});

/** Probes of v3. A permission that only changes need, such as UseDevinSessions, has none: a probe changes nothing. */
export const PROBES: readonly Probe[] = [
  organization('ViewOrgSessions', listSessions),
  organization('ManageOrgSecrets', listSecrets),
  enterprise('ManageOrganizations', listOrganizations),
  enterprise('ManageEnterpriseSettings', getIpAccessList, {}),
  enterprise('ViewAccountAuditLogs', listAuditLogs),
  enterprise('ManageGitIntegrations', listGitConnections),
  enterprise('ManageAccountMembership', listRoles),
  enterprise('ManageBilling', listConsumptionCycles),
  enterprise('ViewAccountMetrics', getQueueStatus, {}),
];

/** The one thing that v2 asks for: an administrator of the enterprise. */
export const V2_PROBES: readonly Probe[] = [enterprise('Enterprise administrator', v2ListOrganizations, { limit: 1 })];
