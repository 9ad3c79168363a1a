import * as sessions from '../../../devin/endpoints/enterprise-sessions.ts';
import { pageOf } from '../../request/page.ts';
import { show } from '../../views/session-view.ts';
import { type Handler, loosely, on } from '../../world/handler.ts';
import { attachmentsOf } from './attachments.ts';
import { anySession } from './session-access.ts';
import { addTags, sendMessage, setTags, shownTags } from './session-change.ts';
import { messagePage, sessionsWhere } from './session-list.ts';

/** The sessions of all organizations: the same as those of each. */
export const enterpriseSessionHandlers: readonly Handler[] = [
  loosely(sessions.listEnterpriseSessions, ({ world, query }) => {
    const { organizations } = world.state;
    const orgIds = query.org_ids && new Set(query.org_ids);
    const rows = sessionsWhere(world, query).filter(({ orgId }) => {
      if (orgId === null || (orgIds && !orgIds.has(orgId))) return false;
      return query.include_deleted_orgs === true || organizations.get(orgId) !== undefined;
    });
    return pageOf(sessions.listEnterpriseSessions.id, rows, query, (row) => show(world, row), 'desc');
  }),
  loosely(sessions.getEnterpriseSession, (call) => show(call.world, anySession(call))),
  on(sessions.listEnterpriseSessionAttachments, (call) => attachmentsOf(call.world, anySession(call))),
  loosely(sessions.listEnterpriseSessionMessages, (call) =>
    messagePage(call.world, sessions.listEnterpriseSessionMessages.id, anySession(call), call.query),
  ),
  loosely(sessions.sendEnterpriseSessionMessage, (call) => sendMessage(anySession(call), call, call.body)),
  on(sessions.getEnterpriseSessionTags, (call) => shownTags(call, anySession(call))),
  on(sessions.replaceEnterpriseSessionTags, (call) => setTags(anySession(call), call, call.body.tags)),
  on(sessions.appendEnterpriseSessionTags, (call) => addTags(anySession(call), call, call.body.tags)),
];
