import * as v3 from '../../../devin/endpoints/organizations.ts';
import * as v2 from '../../../devin/endpoints/v2-organizations.ts';
import { offsetPageOf } from '../../request/page.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { assign } from '../../world/assignments.ts';
import { recordChange, userBehind } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { rolesOf } from '../../world/membership.ts';
import { roleNamed } from '../../world/roles.ts';
import { type OrganizationRow, organizationOf } from '../../world/rows.ts';
import type { World } from '../../world/state.ts';
import { addOrganization, organizationHandlers } from '../members/organizations.ts';
import { iso, SUCCESS, viaV3 } from './view.ts';

interface Count {
  admins: number;
  members: number;
}

/** How many users have a role in each organization, by its id. */
function countsOf(world: World): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const user of world.state.users.all()) {
    for (const { orgId, role } of rolesOf(world, user).assignments) {
      if (orgId === null) continue;
      const count = counts.get(orgId) ?? { admins: 0, members: 0 };
      count.members += 1;
      if (role.role_id === 'org_admin') count.admins += 1;
      counts.set(orgId, count);
    }
  }
  return counts;
}

function show({ value }: OrganizationRow, counts: ReadonlyMap<string, Count>) {
  const count = counts.get(value.org_id);
  return {
    org_id: value.org_id,
    org_name: value.name,
    created_at: iso(value.created_at),
    max_cycle_acu_limit: value.max_cycle_acu_limit,
    max_session_acu_limit: value.max_session_acu_limit,
    org_admin_count: count?.admins ?? 0,
    org_member_count: count?.members ?? 0,
    org_user_count: count?.members ?? 0,
  };
}

const NAMES = { name: 'display_name' };

/** The organizations as v2 shows them. */
export const v2OrganizationHandlers: readonly Handler[] = [
  on(v2.v2ListOrganizations, ({ world, query }) => {
    const counts = countsOf(world);
    return offsetPageOf(world.state.organizations.all(), query, (row) => show(row, counts));
  }),
  on(v2.v2GetOrganization, (call) => show(organizationOf(call), countsOf(call.world))),
  on(v2.v2CreateOrganization, (call) => {
    const { world, body } = call;
    const { display_name: name, acu_limit: limit = null } = body;
    if (name.trim() === '') throw invalidField(['body', 'display_name'], 'Input should not be blank', 'too_small');
    // Unlike v3, v2 takes a name twice: its own example creates one that the sandbox has from the start.
    const row = addOrganization(call, { name, max_cycle_acu_limit: limit });
    const creator = userBehind(call);
    if (creator && body.add_creator_as_member !== false) {
      assign(rolesOf(world, creator), row.id, roleNamed(world, 'org', 'Admin'), 'User');
      recordChange(call, 'add_member', row.id, { user_id: creator.id });
    }
    return show(row, countsOf(world));
  }),
  on(v2.v2UpdateOrganization, (call) => {
    const { id } = organizationOf(call);
    const { display_name: name, max_acu_limit: limit } = call.body;
    const body = {
      ...(typeof name === 'string' && { name }),
      ...(limit !== undefined && { max_cycle_acu_limit: limit }),
    };
    viaV3(organizationHandlers, v3.updateOrganization, call, { params: { org_id: id }, body }, NAMES);
    return SUCCESS;
  }),
  on(v2.v2DeleteOrganization, (call) => {
    const { id, n } = organizationOf(call);
    if (n === 1) throw new Problem(400, 'The primary organization cannot be deleted');
    viaV3(organizationHandlers, v3.deleteOrganization, call, { params: { org_id: id } });
    return SUCCESS;
  }),
  on(v2.v2GetOrgGroupLimits, (call) => ({ ...viaV3(organizationHandlers, v3.getOrgGroupLimits, call, {}) })),
];
