import { type Endpoint, endpointsOf } from '../endpoint.ts';
import * as auditLogs from './audit-logs.ts';
import * as automations from './automations.ts';
import * as codeScans from './code-scans.ts';
import * as consumption from './consumption.ts';
import * as enterpriseSessions from './enterprise-sessions.ts';
import * as gitProviders from './git-providers.ts';
import * as idpGroups from './idp-groups.ts';
import * as infrastructure from './infrastructure.ts';
import * as ipAccessList from './ip-access-list.ts';
import * as knowledge from './knowledge.ts';
import * as members from './members.ts';
import * as metrics from './metrics.ts';
import * as organizationTags from './organization-tags.ts';
import * as organizations from './organizations.ts';
import * as playbooks from './playbooks.ts';
import * as prReviews from './pr-reviews.ts';
import * as repositories from './repositories.ts';
import * as schedules from './schedules.ts';
import * as secrets from './secrets.ts';
import * as self from './self.ts';
import * as serviceUsers from './service-users.ts';
import * as sessionInsights from './session-insights.ts';
import * as sessions from './sessions.ts';
import * as userAcuLimits from './user-acu-limits.ts';
import * as v2Enterprise from './v2-enterprise.ts';
import * as v2Git from './v2-git.ts';
import * as v2Members from './v2-members.ts';
import * as v2Organizations from './v2-organizations.ts';
import * as v2Playbooks from './v2-playbooks.ts';
import * as v2Sessions from './v2-sessions.ts';

/** Every operation of the Devin API that this project knows. */
export const catalogue: readonly Endpoint[] = [
  self,
  organizations,
  organizationTags,
  members,
  idpGroups,
  serviceUsers,
  secrets,
  ipAccessList,
  gitProviders,
  repositories,
  sessions,
  enterpriseSessions,
  sessionInsights,
  schedules,
  playbooks,
  knowledge,
  auditLogs,
  consumption,
  metrics,
  infrastructure,
  prReviews,
  automations,
  codeScans,
  userAcuLimits,
  v2Organizations,
  v2Members,
  v2Git,
  v2Sessions,
  v2Playbooks,
  v2Enterprise,
].flatMap((resource) => endpointsOf({ ...resource }));
