import type { Handler } from '../handler.ts';
import { attachmentHandlers } from './attachments.ts';
import { auditLogHandlers } from './audit-logs.ts';
import { gitProviderHandlers } from './git-providers.ts';
import { organizationHandlers } from './organizations.ts';
import { selfHandlers } from './self.ts';
import { sessionChangeHandlers } from './session-change.ts';
import { sessionCreateHandlers } from './session-create.ts';
import { sessionListHandlers } from './session-list.ts';

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
  ].map((handler) => [handler.endpoint.id, handler]),
);
