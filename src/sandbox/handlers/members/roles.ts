import { listRoles } from '../../../devin/endpoints/members.ts';
import { pageOf } from '../../request/page.ts';
import { type Handler, on } from '../../world/handler.ts';
import { roles, showRole } from '../../world/roles.ts';

/** The roles of the enterprise. */
export const roleHandlers: readonly Handler[] = [
  on(listRoles, ({ world, query }) => pageOf('listRoles', roles(world).all(), query, ({ value }) => showRole(value))),
];
