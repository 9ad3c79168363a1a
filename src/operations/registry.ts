import type { Operation } from './operation.ts';

/** Every operation by name. An operation's code is loaded when it is asked for, so none pays for another's start. */
export const OPERATIONS = {
  'create-session': async () => (await import('./sessions/create.ts')).createSessionOperation,
  'send-message': async () => (await import('./sessions/send.ts')).sendMessageOperation,
  'wait-for-session': async () => (await import('./sessions/wait-for.ts')).waitForSessionOperation,
  'get-session': async () => (await import('./sessions/get.ts')).getSessionOperation,
  'list-sessions': async () => (await import('./sessions/list.ts')).listSessionsOperation,
  'terminate-session': async () => (await import('./sessions/end-operations.ts')).terminateSessionOperation,
  'archive-session': async () => (await import('./sessions/end-operations.ts')).archiveSessionOperation,
  'list-session-insights': async () => (await import('./sessions/insights.ts')).listSessionInsightsOperation,
  'sync-git-permissions': async () => (await import('./git-permissions/sync.ts')).syncGitPermissionsOperation,
  'export-git-permissions': async () => (await import('./git-permissions/export.ts')).exportGitPermissionsOperation,
  'export-audit-logs': async () => (await import('./audit-logs/export.ts')).exportAuditLogsOperation,
  'verify-audit-export': async () => (await import('./audit-logs/verify.ts')).verifyAuditExportOperation,
  'list-organizations': async () => (await import('./api/list-organizations.ts')).listOrganizationsOperation,
  whoami: async () => (await import('./api/whoami.ts')).whoamiOperation,
  'call-api': async () => (await import('./api/call.ts')).callApiOperation,
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** All names, in the order of the tables. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly OperationName[];

/** Loads an operation. */
export const loadOperation = async (name: OperationName): Promise<Operation> => OPERATIONS[name]();
