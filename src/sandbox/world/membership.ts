import { assign, type Holder, type ShownAssignment, showAssignments } from './assignments.ts';
import { existing } from './handler.ts';
import { type Role, roleNamed } from './roles.ts';
import { organizationId } from './seed.ts';
import { shelf } from './shelf.ts';
import type { User, World } from './state.ts';
import { type Row, Table } from './table.ts';

/** The groups that are registered at the start, the last of them without roles. */
const GROUPS = ['engineering', 'data-platform', 'security', 'contractors'];

/** The roles of each user, worked out when they are first asked for. */
const holders = shelf(() => new Map<string, Holder>());

function seededHolder(world: World, index: number): Holder {
  const { organizations, users } = world.state.counts;
  const isAdmin = index === 0;
  const holder: Holder = { assignments: [] };
  assign(holder, null, roleNamed(world, 'enterprise', isAdmin ? 'Admin' : 'Member'), 'User');
  if (index >= users || organizations === 0) return holder;
  const role = roleNamed(world, 'org', index < organizations ? 'Admin' : 'Member');
  assign(holder, organizationId(world.seeded, index % organizations), role, 'User');
  return holder;
}

/** The direct roles of a user. One who came without any is a member of the enterprise. */
export function rolesOf(world: World, user: Row<User>): Holder {
  const known = holders(world);
  let holder = known.get(user.id);
  if (!holder) {
    holder = seededHolder(world, user.n - 1);
    known.set(user.id, holder);
  }
  return holder;
}

/** The user with this address, whatever its case. */
export function userByEmail(world: World, email: string): Row<User> | undefined {
  const wanted = email.toLowerCase();
  return world.state.users.all().find(({ value }) => value.email.toLowerCase() === wanted);
}

/** Adds a user with an enterprise role and no organization. */
export function addUser(world: World, email: string, role: Role): Row<User> {
  const { users } = world.state;
  const user_id = `user-${world.seeded.hex('user', users.next - 1)}`;
  const user = users.add(user_id, null, { user_id, name: email.split('@')[0] ?? email, email });
  holders(world).set(user_id, { assignments: [{ orgId: null, role }] });
  return user;
}

/** A registered group with the roles that its members get. */
export interface Group extends Holder {
  readonly name: string;
}

/** The registered groups, by name. */
export const groups = shelf((world) => {
  const table = new Table<Group>();
  for (const name of GROUPS) table.add(name, null, { name, assignments: [] });
  const give = (name: string, org: number | null, role: string) => {
    const count = world.state.counts.organizations;
    if (org !== null && org >= count) return;
    const orgId = org === null ? null : organizationId(world.seeded, org);
    assign(
      existing(table.get(name), 'Group').value,
      orgId,
      roleNamed(world, org === null ? 'enterprise' : 'org', role),
      name,
    );
  };
  give('engineering', 0, 'Member');
  give('data-platform', 1, 'Developer');
  give('security', null, 'Auditor');
  give('security', 2, 'Admin');
  return table;
});

/**
 * Whether the identity provider has a user in a group. That is not the API's to say, so it is made up: about a third
 * of the seeded users are in any group, also in one that is registered later, and no invited user is.
 */
function isInGroup(world: World, user: Row<User>, group: string): boolean {
  return user.n <= world.state.counts.users && world.seeded.below(3, `group:${group}`, user.n) === 0;
}

/** A role that a user has by a group, as the API shows it. */
export type IdpAssignment = ShownAssignment & { idp_group_name: string };

/** The roles that a user has by their groups; in one organization only, if `orgId` is given. */
export function idpRolesOf(world: World, user: Row<User>, orgId?: string): IdpAssignment[] {
  return groups(world)
    .all()
    .filter(({ value }) => value.assignments.length > 0 && isInGroup(world, user, value.name))
    .flatMap(({ value }) =>
      showAssignments(world, value, orgId).map((one) => ({ idp_group_name: value.name, ...one })),
    );
}
