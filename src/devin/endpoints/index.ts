import type { Endpoint } from '../endpoint.ts';
import { listAuditLogs, listOrgAuditLogs } from './audit-logs.ts';
import { listGitConnectionRepositories, listGitConnections } from './git-providers.ts';
import { getOrganization, listOrganizations } from './organizations.ts';
import { getEnterpriseSelf, getSelf } from './self.ts';
import * as sessions from './sessions.ts';

/** Every operation of the Devin API that this project knows, by operation id. */
export const catalogue = [
  getSelf,
  getEnterpriseSelf,
  listOrganizations,
  getOrganization,
  listAuditLogs,
  listOrgAuditLogs,
  listGitConnections,
  listGitConnectionRepositories,
  sessions.createSession,
  sessions.listSessions,
  sessions.getSession,
  sessions.terminateSession,
  sessions.archiveSession,
  sessions.unarchiveSession,
  sessions.listSessionMessages,
  sessions.sendSessionMessage,
  sessions.listSessionAttachments,
  sessions.uploadAttachment,
  sessions.downloadAttachment,
  sessions.getSessionTags,
  sessions.appendSessionTags,
  sessions.replaceSessionTags,
] as const satisfies readonly Endpoint[];
