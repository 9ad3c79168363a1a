import * as endpoints from '../../../devin/endpoints/idp-groups.ts';
import { type PageQuery, pageOf } from '../../request/page.ts';
import { invalidField } from '../../request/problem.ts';
import { assign, reassign, roleIn, type ShownAssignment, showAssignments, unassign } from '../../world/assignments.ts';
import { recordChange } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { type Group, groups, idpRolesOf } from '../../world/membership.ts';
import { chosenRole } from '../../world/roles.ts';
import { organizationOf } from '../../world/rows.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';

const WHAT = 'IdP group';

interface GroupCall {
  readonly world: World;
  param(name: 'idp_group_name'): string;
}

/** The registered group that a path names. @throws a 404 */
function groupOf({ world, param }: GroupCall): Row<Group> {
  return existing(groups(world).get(param('idp_group_name')), WHAT);
}

/** The same, but only if it has a role in the enterprise (null) or in the organization. @throws a 404 */
function groupWithRole(call: GroupCall, orgId: string | null): Row<Group> {
  const group = groupOf(call);
  return existing(roleIn(group.value, orgId) ? group : undefined, WHAT);
}

function show(
  world: World,
  { value }: Row<Group>,
  orgId: string | null,
): { idp_group_name: string; role_assignments: ShownAssignment[] } {
  return { idp_group_name: value.name, role_assignments: showAssignments(world, value, orgId ?? undefined) };
}

/** One page of the groups that give a role in the enterprise (null) or in an organization. */
function pageOfGroups(list: string, world: World, query: PageQuery, orgId: string | null) {
  const rows = groups(world)
    .all()
    .filter(({ value }) => roleIn(value, orgId));
  return pageOf(list, rows, query, (group) => show(world, group, orgId));
}

/** One page of the users whose groups give them a role in the enterprise (null) or in an organization. */
function pageOfUsers(
  list: string,
  world: World,
  query: PageQuery & { email?: string | null | undefined },
  orgId: string | null,
) {
  const { email } = query;
  const rows = world.state.users
    .all()
    .filter(({ value }) => (email ?? value.email) === value.email)
    .map((user) => ({ n: user.n, user: user.value, by: idpRolesOf(world, user, orgId ?? undefined) }))
    .filter(({ by }) => by.some((one) => one.org_id === orgId));
  return pageOf(list, rows, query, ({ user, by }) => ({ ...user, idp_role_assignments: by }));
}

/** Which groups the enterprise knows at all. */
const registrationHandlers: readonly Handler[] = [
  on(endpoints.listRegisteredIdpGroups, ({ world, query }) =>
    pageOf('listRegisteredIdpGroups', groups(world).all(), query, ({ id }) => ({ idp_group_name: id })),
  ),
  on(endpoints.registerIdpGroups, (call) => {
    const { idp_group_names: names } = call.body;
    const blank = names.findIndex((name) => name.trim() === '');
    if (blank >= 0) throw invalidField(['body', 'idp_group_names', blank], 'Input should not be empty', 'too_small');
    const table = groups(call.world);
    const fresh = [...new Set(names)].filter((name) => !table.get(name));
    for (const name of fresh) table.add(name, null, { name, assignments: [] });
    if (fresh.length > 0) {
      recordChange(call, 'update_enterprise_settings', null, { change: 'register_idp_groups', idp_group_names: fresh });
    }
    return fresh.map((idp_group_name) => ({ idp_group_name }));
  }),
  on(endpoints.deleteRegisteredIdpGroup, (call) => {
    const { id } = groupOf(call);
    groups(call.world).remove(id);
    recordChange(call, 'update_enterprise_settings', null, { change: 'delete_idp_group', idp_group_name: id });
    return { idp_group_name: id };
  }),
];

/** Roles of the enterprise that groups give. */
const enterpriseHandlers: readonly Handler[] = [
  on(endpoints.listEnterpriseIdpGroups, ({ world, query }) =>
    pageOfGroups('listEnterpriseIdpGroups', world, query, null),
  ),
  on(endpoints.getEnterpriseIdpGroup, (call) => show(call.world, groupWithRole(call, null), null)),
  on(endpoints.assignEnterpriseIdpGroupRole, (call) => {
    const group = groupOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'enterprise');
    assign(group.value, null, role, WHAT);
    recordChange(call, 'add_group_membership', null, { idp_group_name: group.id, role_id: role.role_id });
    return show(call.world, group, null);
  }),
  on(endpoints.updateEnterpriseIdpGroupRole, (call) => {
    const group = groupOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'enterprise');
    reassign(group.value, null, role, WHAT);
    recordChange(call, 'update_group_membership', null, { idp_group_name: group.id, role_id: role.role_id });
    return show(call.world, group, null);
  }),
  on(endpoints.removeEnterpriseIdpGroup, (call) => {
    const group = groupWithRole(call, null);
    const shown = show(call.world, group, null);
    unassign(group.value, null, WHAT);
    recordChange(call, 'delete_group_membership', null, { idp_group_name: group.id });
    return shown;
  }),
  on(endpoints.listEnterpriseIdpUsers, ({ world, query }) => pageOfUsers('listEnterpriseIdpUsers', world, query, null)),
];

/** Roles in one organization that groups give. */
const orgHandlers: readonly Handler[] = [
  on(endpoints.listOrgIdpGroups, (call) =>
    pageOfGroups('listOrgIdpGroups', call.world, call.query, organizationOf(call).id),
  ),
  on(endpoints.getOrgIdpGroup, (call) => {
    const orgId = organizationOf(call).id;
    return show(call.world, groupWithRole(call, orgId), orgId);
  }),
  on(endpoints.assignOrgIdpGroupRole, (call) => {
    const orgId = organizationOf(call).id;
    const group = groupOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'org');
    assign(group.value, orgId, role, WHAT);
    recordChange(call, 'add_group_membership', orgId, { idp_group_name: group.id, role_id: role.role_id });
    return show(call.world, group, orgId);
  }),
  on(endpoints.updateOrgIdpGroupRole, (call) => {
    const orgId = organizationOf(call).id;
    const group = groupOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'org');
    reassign(group.value, orgId, role, WHAT);
    recordChange(call, 'update_group_membership', orgId, { idp_group_name: group.id, role_id: role.role_id });
    return show(call.world, group, orgId);
  }),
  on(endpoints.removeOrgIdpGroup, (call) => {
    const orgId = organizationOf(call).id;
    const group = groupWithRole(call, orgId);
    const shown = show(call.world, group, orgId);
    unassign(group.value, orgId, WHAT);
    recordChange(call, 'delete_group_membership', orgId, { idp_group_name: group.id });
    return shown;
  }),
  on(endpoints.listOrgIdpUsers, (call) =>
    pageOfUsers('listOrgIdpUsers', call.world, call.query, organizationOf(call).id),
  ),
];

/** Groups of the identity provider: their registration, their roles and the users behind them. */
export const idpGroupHandlers: readonly Handler[] = [...registrationHandlers, ...enterpriseHandlers, ...orgHandlers];
