import type { Operation } from '../operations/operation.ts';

/** Every operation by name. An operation's code is loaded when it is asked for, so none pays for another's start. */
const OPERATIONS = {
  'create-session': async () => (await import('../operations/sessions/create-session.ts')).createSessionOperation,
  'send-message': async () => (await import('../operations/sessions/send-message.ts')).sendMessageOperation,
  'wait-for-session': async () => (await import('../operations/sessions/wait-for-session.ts')).waitForSessionOperation,
  'collect-sessions': async () => (await import('../operations/sessions/collect-sessions.ts')).collectSessionsOperation,
  'get-session': async () => (await import('../operations/sessions/get-session.ts')).getSessionOperation,
  'list-sessions': async () => (await import('../operations/sessions/list-sessions.ts')).listSessionsOperation,
  'terminate-session': async () =>
    (await import('../operations/sessions/terminate-session.ts')).terminateSessionOperation,
  'archive-session': async () => (await import('../operations/sessions/archive-session.ts')).archiveSessionOperation,
  'list-session-insights': async () =>
    (await import('../operations/sessions/list-session-insights.ts')).listSessionInsightsOperation,
  'review-pull-request': async () =>
    (await import('../operations/reviews/review-pull-request.ts')).reviewPullRequestOperation,
  'sync-git-permissions': async () =>
    (await import('../operations/git-permissions/sync-git-permissions.ts')).syncGitPermissionsOperation,
  'export-git-permissions': async () =>
    (await import('../operations/git-permissions/export-git-permissions.ts')).exportGitPermissionsOperation,
  'export-audit-logs': async () =>
    (await import('../operations/audit-logs/export-audit-logs.ts')).exportAuditLogsOperation,
  'verify-audit-export': async () =>
    (await import('../operations/audit-logs/verify-audit-export.ts')).verifyAuditExportOperation,
  'list-organizations': async () =>
    (await import('../operations/api/list-organizations.ts')).listOrganizationsOperation,
  whoami: async () => (await import('../operations/api/whoami.ts')).whoamiOperation,
  'call-api': async () => (await import('../operations/api/call-api.ts')).callApiOperation,
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** All names, in the order of the tables. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly OperationName[];

/** Loads an operation. */
export const loadOperation = async (name: OperationName): Promise<Operation> => OPERATIONS[name]();
