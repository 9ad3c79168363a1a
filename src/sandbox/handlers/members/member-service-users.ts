import * as members from '../../../devin/endpoints/members.ts';
import { type PageQuery, pageOf } from '../../request/page.ts';
import { assign, reassign, roleIn, unassign } from '../../world/assignments.ts';
import { recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { chosenRole } from '../../world/roles.ts';
import { organizationOf } from '../../world/rows.ts';
import { isPresent, nowSeconds, type ServiceUser, serviceUsers, showServiceUser } from '../../world/service-users.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { serviceUserOf } from './member-access.ts';

const WHAT = 'Service user';

/** One page of service users: of those with a role in an organization only, if `orgId` is given. */
function pageOfServiceUsers(
  list: string,
  world: World,
  query: PageQuery & { include_inactive?: boolean | undefined },
  orgId?: string,
) {
  const wanted = ({ value }: Row<ServiceUser>) =>
    (orgId === undefined || roleIn(value, orgId)) && (query.include_inactive === true || isPresent(world, value));
  const rows = serviceUsers(world).all().filter(wanted);
  return pageOf(list, rows, query, (row) => showServiceUser(world, row, orgId));
}

/** Service users of the whole enterprise, those of organizations among them. */
const enterpriseHandlers: readonly Handler[] = [
  on(members.listEnterpriseServiceUsers, ({ world, query }) =>
    pageOfServiceUsers('listEnterpriseServiceUsers', world, query),
  ),
  on(members.getEnterpriseServiceUser, (call) => showServiceUser(call.world, serviceUserOf(call))),
  on(members.assignEnterpriseServiceUserRole, (call) => {
    const row = serviceUserOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'enterprise');
    assign(row.value, null, role, WHAT);
    recordChange(call, 'assign_service_user_role', null, { service_user_id: row.id, role_id: role.role_id });
    return showServiceUser(call.world, row);
  }),
  on(members.updateEnterpriseServiceUserRole, (call) => {
    const row = serviceUserOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'enterprise');
    reassign(row.value, null, role, WHAT);
    recordChange(call, 'assign_service_user_role', null, { service_user_id: row.id, role_id: role.role_id });
    return showServiceUser(call.world, row);
  }),
  on(members.deleteEnterpriseServiceUser, (call) => {
    const row = serviceUserOf(call);
    row.value.deletedAt = nowSeconds(call.world);
    recordChange(call, 'delete_service_user', null, { service_user_id: row.id });
    return showServiceUser(call.world, row);
  }),
];

/** Service users with a role in one organization. */
const orgHandlers: readonly Handler[] = [
  on(members.listOrgServiceUsers, (call) =>
    pageOfServiceUsers('listOrgServiceUsers', call.world, call.query, organizationOf(call).id),
  ),
  on(members.assignOrgServiceUserRole, (call) => {
    const orgId = organizationOf(call).id;
    const row = serviceUserOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'org');
    assign(row.value, orgId, role, WHAT);
    recordChange(call, 'assign_service_user_role', orgId, { service_user_id: row.id, role_id: role.role_id });
    return showServiceUser(call.world, row, orgId);
  }),
  on(members.updateOrgServiceUserRole, (call) => {
    const orgId = organizationOf(call).id;
    const row = serviceUserOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'org');
    reassign(row.value, orgId, role, WHAT);
    recordChange(call, 'assign_service_user_role', orgId, { service_user_id: row.id, role_id: role.role_id });
    return showServiceUser(call.world, row, orgId);
  }),
  on(members.removeOrgServiceUser, (call) => {
    const orgId = organizationOf(call).id;
    const row = serviceUserOf(call);
    const shown = showServiceUser(call.world, row, orgId);
    unassign(row.value, orgId, WHAT);
    recordChange(call, 'remove_service_user_role', orgId, { service_user_id: row.id });
    return shown;
  }),
];

/** Service users as members, and their roles. */
export const memberServiceUserHandlers: readonly Handler[] = [...enterpriseHandlers, ...orgHandlers];
