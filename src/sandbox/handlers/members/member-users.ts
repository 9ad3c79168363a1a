import * as members from '../../../devin/endpoints/members.ts';
import { type PageQuery, pageOf } from '../../request/page.ts';
import { invalidField } from '../../request/problem.ts';
import { assign, reassign, roleIn, type ShownAssignment, showAssignments, unassign } from '../../world/assignments.ts';
import { recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { addUser, idpRolesOf, rolesOf, userByEmail } from '../../world/membership.ts';
import { chosenRole } from '../../world/roles.ts';
import { organizationOf } from '../../world/rows.ts';
import type { User, World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { userOf } from './member-access.ts';

type Shown = { user_id: string; name: string; email: string; role_assignments: ShownAssignment[] };

function show(world: World, user: Row<User>, orgId?: string): Shown {
  return { ...user.value, role_assignments: showAssignments(world, rolesOf(world, user), orgId) };
}

/** One page of the users with a direct role in the enterprise (null) or in an organization. */
function pageOfUsers(
  list: string,
  world: World,
  query: PageQuery & { email?: string | null | undefined },
  orgId: string | null,
) {
  const { email } = query;
  const rows = world.state.users
    .all()
    .filter((user) => (email ?? user.value.email) === user.value.email && roleIn(rolesOf(world, user), orgId));
  return pageOf(list, rows, query, (user) => show(world, user, orgId ?? undefined));
}

/** Users of the enterprise. */
const enterpriseUserHandlers: readonly Handler[] = [
  on(members.listEnterpriseUsers, ({ world, query }) => pageOfUsers('listEnterpriseUsers', world, query, null)),
  on(members.inviteEnterpriseUsers, (call) => {
    const { world, body } = call;
    const role = chosenRole(world, body.enterprise_role_id, 'enterprise', 'enterprise_role_id');
    const wrong = body.emails.findIndex((email) => !/^[^\s@]+@[^\s@]+$/.test(email));
    if (wrong >= 0) {
      throw invalidField(['body', 'emails', wrong], 'Input should be a valid email address', 'invalid_format');
    }
    const invited: Shown[] = [];
    for (const email of body.emails) {
      if (userByEmail(world, email)) continue;
      const user = addUser(world, email, role);
      recordChange(call, 'add_enterprise_member', null, { user_id: user.id, email, role_id: role.role_id });
      invited.push(show(world, user));
    }
    return invited;
  }),
  on(members.getEnterpriseUser, (call) => {
    const user = userOf(call);
    return { ...show(call.world, user), idp_role_assignments: idpRolesOf(call.world, user) };
  }),
  on(members.updateEnterpriseUserRole, (call) => {
    const user = userOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'enterprise');
    reassign(rolesOf(call.world, user), null, role, 'User');
    recordChange(call, 'assign_roles', null, { user_id: user.id, role_id: role.role_id });
    return show(call.world, user);
  }),
  on(members.removeEnterpriseUser, (call) => {
    const user = userOf(call);
    const shown = show(call.world, user);
    call.world.state.users.remove(user.id);
    recordChange(call, 'delete_member', null, { user_id: user.id, email: user.value.email });
    return shown;
  }),
];

/** Users of one organization, all of whom are users of the enterprise. */
const orgUserHandlers: readonly Handler[] = [
  on(members.listOrgUsers, (call) => pageOfUsers('listOrgUsers', call.world, call.query, organizationOf(call).id)),
  on(members.assignOrgUserRole, (call) => {
    const orgId = organizationOf(call).id;
    const user = userOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'org');
    assign(rolesOf(call.world, user), orgId, role, 'User');
    recordChange(call, 'add_member', orgId, { user_id: user.id, role_id: role.role_id });
    return show(call.world, user, orgId);
  }),
  on(members.updateOrgUserRole, (call) => {
    const orgId = organizationOf(call).id;
    const user = userOf(call);
    const role = chosenRole(call.world, call.body.role_id, 'org');
    reassign(rolesOf(call.world, user), orgId, role, 'User');
    recordChange(call, 'assign_roles', orgId, { user_id: user.id, role_id: role.role_id });
    return show(call.world, user, orgId);
  }),
  on(members.removeOrgUser, (call) => {
    const orgId = organizationOf(call).id;
    const user = userOf(call);
    const shown = show(call.world, user, orgId);
    unassign(rolesOf(call.world, user), orgId, 'User');
    recordChange(call, 'delete_member', orgId, { user_id: user.id });
    return shown;
  }),
];

/** Users, their invitations and their direct roles. */
export const memberUserHandlers: readonly Handler[] = [...enterpriseUserHandlers, ...orgUserHandlers];
