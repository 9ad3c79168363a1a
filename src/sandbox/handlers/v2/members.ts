import * as idpGroups from '../../../devin/endpoints/idp-groups.ts';
import * as v3 from '../../../devin/endpoints/members.ts';
import * as v2 from '../../../devin/endpoints/v2-members.ts';
import { offsetPageOf } from '../../request/page.ts';
import { notFound, Problem } from '../../request/problem.ts';
import { searchesWhere } from '../../views/activity.ts';
import { assignmentsOf, roleIn } from '../../world/assignments.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { type Group, groups, rolesOf } from '../../world/membership.ts';
import { chosenRole } from '../../world/roles.ts';
import { type OrganizationRow, organizationOf } from '../../world/rows.ts';
import { beginningOf, DAY } from '../../world/seed.ts';
import { nowSeconds } from '../../world/service-users.ts';
import { shelf } from '../../world/shelf.ts';
import type { User, World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { idpGroupHandlers } from '../members/idp-groups.ts';
import { memberUserHandlers } from '../members/member-users.ts';
import { iso, SUCCESS, viaV3 } from './view.ts';

const HOUR = 3600;
/** The role of one who was invited through v2, which asks for none. */
const INVITED_ROLE = 'account_member';

/** When users came, in Unix seconds. v3 keeps no such time, so for those after the start it is when v2 first saw them. */
const arrivals = shelf((world) => ({
  beginning: beginningOf(world.state) + 20 * DAY,
  seen: new Map<string, number>(),
}));

function createdAt(world: World, user: Row<User>): number {
  const { beginning, seen } = arrivals(world);
  if (user.n <= world.state.counts.users) return beginning + user.n * HOUR;
  const at = seen.get(user.id) ?? nowSeconds(world);
  seen.set(user.id, at);
  return at;
}

/** How many sessions and searches each user has begun. */
function activityOf(world: World): (userId: string) => { sessions: number; searches: number } {
  const count = (ids: readonly (string | null)[]) => {
    const counts = new Map<string | null, number>();
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  };
  const sessions = count(world.state.sessions.all().map(({ value }) => value.userId));
  const searches = count(searchesWhere(world, {}).map(({ userId }) => userId));
  return (id) => ({ sessions: sessions.get(id) ?? 0, searches: searches.get(id) ?? 0 });
}

/** The users with a role in the enterprise. */
function membersOf(world: World): Row<User>[] {
  return world.state.users.all().filter((user) => roleIn(rolesOf(world, user), null));
}

function show(world: World, user: Row<User>, activity: ReturnType<typeof activityOf>) {
  const { sessions, searches } = activity(user.id);
  const isSeeded = user.n <= world.state.counts.users;
  return {
    ...user.value,
    enterprise_role: roleIn(rolesOf(world, user), null)?.role_id ?? '',
    created_at: iso(createdAt(world, user)),
    last_login: isSeeded ? iso(nowSeconds(world) - user.n * HOUR) : null,
    login_count: isSeeded ? 3 * user.n : 0,
    saml_id: null,
    sessions_created_count: sessions,
    searches_created_count: searches,
  };
}

function showInOrganization(world: World, user: Row<User>, organization: OrganizationRow) {
  const holder = rolesOf(world, user);
  const role = roleIn(holder, organization.id);
  return {
    ...user.value,
    org_id: organization.id,
    org_name: organization.value.name,
    org_role: role?.role_id ?? '',
    org_role_name: role?.role_name ?? null,
    enterprise_role: roleIn(holder, null)?.role_id ?? null,
  };
}

/** The users to change, in their order. @throws a 404 that names one who has no role there (null: the enterprise) */
function chosenUsers(world: World, ids: readonly string[], orgId: string | null): string[] {
  for (const id of ids) {
    const user = world.state.users.get(id);
    if (!user || !roleIn(rolesOf(world, user), orgId)) throw notFound(`User ${id}`);
  }
  return [...new Set(ids)];
}

const userHandlers: readonly Handler[] = [
  on(v2.v2ListMembers, ({ world, query }) => {
    const { email } = query;
    const rows = membersOf(world).filter(
      ({ value }) => (email ?? value.email).toLowerCase() === value.email.toLowerCase(),
    );
    const activity = activityOf(world);
    return offsetPageOf(rows, query, (user) => show(world, user, activity));
  }),
  on(v2.v2GetMember, ({ world, param }) => {
    const user = existing(world.state.users.get(param('user_id')), 'User');
    return show(world, existing(roleIn(rolesOf(world, user), null) ? user : undefined, 'User'), activityOf(world));
  }),
  on(v2.v2InviteMembers, (call) => {
    const { emails } = call.body;
    if (emails.length === 0) throw new Problem(400, 'Give at least one email address to invite');
    const body = { emails, enterprise_role_id: INVITED_ROLE };
    const invited = viaV3(memberUserHandlers, v3.inviteEnterpriseUsers, call, { body });
    for (const { user_id: id } of invited) createdAt(call.world, existing(call.world.state.users.get(id), 'User'));
    return {
      invited_count: invited.length,
      invitee_user_id_to_email: Object.fromEntries(invited.map(({ user_id, email }) => [user_id, email ?? ''])),
      ...SUCCESS,
    };
  }),
  on(v2.v2UpdateMemberRoles, (call) => {
    const { role_id } = call.body;
    chosenRole(call.world, role_id, 'enterprise');
    for (const user_id of chosenUsers(call.world, call.body.user_ids, null)) {
      viaV3(memberUserHandlers, v3.updateEnterpriseUserRole, call, { params: { user_id }, body: { role_id } });
    }
    return SUCCESS;
  }),
  on(v2.v2ListOrgMembers, (call) => {
    const { world, query } = call;
    const organization = organizationOf(call);
    const rows = world.state.users.all().filter((user) => roleIn(rolesOf(world, user), organization.id));
    return offsetPageOf(rows, query, (user) => showInOrganization(world, user, organization));
  }),
  on(v2.v2UpdateOrgMemberRoles, (call) => {
    const org_id = organizationOf(call).id;
    const { role_id } = call.body;
    chosenRole(call.world, role_id, 'org');
    for (const user_id of chosenUsers(call.world, call.body.user_ids, org_id)) {
      viaV3(memberUserHandlers, v3.updateOrgUserRole, call, { params: { org_id, user_id }, body: { role_id } });
    }
    return SUCCESS;
  }),
];

function showGroup(world: World, { value }: Row<Group>) {
  const inOrganizations = assignmentsOf(world, value).flatMap(({ orgId, role }) =>
    orgId === null ? [] : [[orgId, role.role_id] as const],
  );
  return {
    group_name: value.name,
    org_count: inOrganizations.length,
    role_by_org_id: Object.fromEntries(inOrganizations),
  };
}

const groupHandlers: readonly Handler[] = [
  on(v2.v2ListGroups, ({ world, query }) =>
    offsetPageOf(groups(world).all(), query, (group) => showGroup(world, group)),
  ),
  on(v2.v2GetGroup, ({ world, param }) => showGroup(world, existing(groups(world).get(param('group_name')), 'Group'))),
  on(v2.v2ListOrgGroups, (call) => {
    const org_id = organizationOf(call).id;
    const rows = groups(call.world)
      .all()
      .flatMap(({ value }) => {
        const role = roleIn(value, org_id);
        return role ? [{ group_name: value.name, org_id, role: role.role_id }] : [];
      });
    return offsetPageOf(rows, call.query, (row) => row);
  }),
  on(v2.v2AddOrgGroup, (call) => {
    const { group_name, role: role_id } = call.body;
    const org_id = organizationOf(call).id;
    const ask = { params: { org_id, idp_group_name: group_name }, body: { role_id } };
    viaV3(idpGroupHandlers, idpGroups.assignOrgIdpGroupRole, call, ask, { role_id: 'role' });
    return { group_name, org_id, role: role_id };
  }),
];

/** The members and groups of the enterprise and of its organizations as v2 shows them. */
export const v2MemberHandlers: readonly Handler[] = [...userHandlers, ...groupHandlers];
