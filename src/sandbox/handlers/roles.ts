import { listRoles } from '../../devin/endpoints/members.ts';
import { type Handler, on } from '../handler.ts';
import { pageOf } from '../page.ts';
import { roles, showRole } from '../roles.ts';

/** The roles of the enterprise. */
export const roleHandlers: readonly Handler[] = [
  on(listRoles, ({ world, query }) => pageOf('listRoles', roles(world).all(), query, ({ value }) => showRole(value))),
];
