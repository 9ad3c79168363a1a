import type { Handler } from '../world/handler.ts';
import { gitPermissionHandlers } from './git/git-permissions.ts';
import { gitProviderHandlers } from './git/git-providers.ts';
import { prReviewHandlers } from './git/pr-reviews.ts';
import { repositoryHandlers } from './git/repositories.ts';
import { knowledgeHandlers } from './knowledge/knowledge.ts';
import { playbookHandlers } from './knowledge/playbooks.ts';
import { secretHandlers } from './knowledge/secrets.ts';
import { idpGroupHandlers } from './members/idp-groups.ts';
import { memberHandlers } from './members/members.ts';
import { organizationTagHandlers } from './members/organization-tags.ts';
import { organizationHandlers } from './members/organizations.ts';
import { selfHandlers } from './members/self.ts';
import { serviceUserHandlers } from './members/service-users.ts';
import { automationHandlers } from './schedules/automations.ts';
import { scheduleHandlers } from './schedules/schedules.ts';
import { attachmentHandlers } from './sessions/attachments.ts';
import { codeScanHandlers } from './sessions/code-scans.ts';
import { enterpriseSessionHandlers } from './sessions/enterprise-sessions.ts';
import { insightHandlers } from './sessions/insights.ts';
import { sessionChangeHandlers } from './sessions/session-change.ts';
import { sessionCreateHandlers } from './sessions/session-create.ts';
import { sessionListHandlers } from './sessions/session-list.ts';
import { auditLogHandlers } from './settings/audit-logs.ts';
import { guardrailHandlers } from './settings/guardrails.ts';
import { infrastructureHandlers } from './settings/infrastructure.ts';
import { ipAccessListHandlers } from './settings/ip-access-list.ts';
import { consumptionHandlers } from './usage/consumption.ts';
import { metricHandlers } from './usage/metrics.ts';
import { userAcuLimitHandlers } from './usage/user-acu-limits.ts';
import { v2EnterpriseHandlers } from './v2/enterprise.ts';
import { v2GitHandlers } from './v2/git.ts';
import { v2MemberHandlers } from './v2/members.ts';
import { v2OrganizationHandlers } from './v2/organizations.ts';
import { v2PlaybookHandlers } from './v2/playbooks.ts';
import { v2SessionHandlers } from './v2/sessions.ts';

/** What each endpoint of the catalogue does, by operation id. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  [
    ...selfHandlers,
    ...organizationHandlers,
    ...auditLogHandlers,
    ...gitProviderHandlers,
    ...sessionCreateHandlers,
    ...sessionListHandlers,
    ...sessionChangeHandlers,
    ...attachmentHandlers,
    ...organizationTagHandlers,
    ...memberHandlers,
    ...idpGroupHandlers,
    ...serviceUserHandlers,
    ...secretHandlers,
    ...ipAccessListHandlers,
    ...gitPermissionHandlers,
    ...repositoryHandlers,
    ...enterpriseSessionHandlers,
    ...insightHandlers,
    ...scheduleHandlers,
    ...playbookHandlers,
    ...knowledgeHandlers,
    ...consumptionHandlers,
    ...metricHandlers,
    ...guardrailHandlers,
    ...infrastructureHandlers,
    ...prReviewHandlers,
    ...automationHandlers,
    ...codeScanHandlers,
    ...userAcuLimitHandlers,
    ...v2OrganizationHandlers,
    ...v2MemberHandlers,
    ...v2GitHandlers,
    ...v2SessionHandlers,
    ...v2PlaybookHandlers,
    ...v2EnterpriseHandlers,
  ].map((handler) => [handler.endpoint.id, handler]),
);
