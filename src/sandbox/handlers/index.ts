import type { Handler } from '../handler.ts';
import { attachmentHandlers } from './attachments.ts';
import { auditLogHandlers } from './audit-logs.ts';
import { automationHandlers } from './automations.ts';
import { codeScanHandlers } from './code-scans.ts';
import { consumptionHandlers } from './consumption.ts';
import { enterpriseSessionHandlers } from './enterprise-sessions.ts';
import { gitPermissionHandlers } from './git-permissions.ts';
import { gitProviderHandlers } from './git-providers.ts';
import { guardrailHandlers } from './guardrails.ts';
import { idpGroupHandlers } from './idp-groups.ts';
import { infrastructureHandlers } from './infrastructure.ts';
import { insightHandlers } from './insights.ts';
import { ipAccessListHandlers } from './ip-access-list.ts';
import { knowledgeHandlers } from './knowledge.ts';
import { memberHandlers } from './members.ts';
import { metricHandlers } from './metrics.ts';
import { organizationTagHandlers } from './organization-tags.ts';
import { organizationHandlers } from './organizations.ts';
import { playbookHandlers } from './playbooks.ts';
import { prReviewHandlers } from './pr-reviews.ts';
import { repositoryHandlers } from './repositories.ts';
import { scheduleHandlers } from './schedules.ts';
import { secretHandlers } from './secrets.ts';
import { selfHandlers } from './self.ts';
import { serviceUserHandlers } from './service-users.ts';
import { sessionChangeHandlers } from './session-change.ts';
import { sessionCreateHandlers } from './session-create.ts';
import { sessionListHandlers } from './session-list.ts';
import { userAcuLimitHandlers } from './user-acu-limits.ts';
import { v2EnterpriseHandlers } from './v2-enterprise.ts';
import { v2GitHandlers } from './v2-git.ts';
import { v2MemberHandlers } from './v2-members.ts';
import { v2OrganizationHandlers } from './v2-organizations.ts';
import { v2PlaybookHandlers } from './v2-playbooks.ts';
import { v2SessionHandlers } from './v2-sessions.ts';

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
