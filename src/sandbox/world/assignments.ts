import { notFound, Problem } from '../request/problem.ts';
import { type Role, showRole } from './roles.ts';
import type { World } from './state.ts';

/** A role of a member; `orgId` is null for the whole enterprise. */
export interface Assignment {
  readonly orgId: string | null;
  readonly role: Role;
}

/** A member with roles: at most one of the enterprise, and one in each organization. */
export interface Holder {
  assignments: readonly Assignment[];
}

/** An assignment as the API shows it. */
export type ShownAssignment = { org_id: string | null; role: Role };

/** The assignments of a holder in organizations that still exist; of one organization only, if `orgId` is given. */
export function assignmentsOf(world: World, holder: Holder, orgId?: string): readonly Assignment[] {
  return holder.assignments.filter((one) =>
    orgId === undefined
      ? one.orgId === null || world.state.organizations.get(one.orgId) !== undefined
      : one.orgId === orgId,
  );
}

/** The same, as the API shows it. */
export function showAssignments(world: World, holder: Holder, orgId?: string): ShownAssignment[] {
  return assignmentsOf(world, holder, orgId).map((one) => ({ org_id: one.orgId, role: showRole(one.role) }));
}

/** The role that a holder has in the enterprise (null) or in an organization. */
export function roleIn(holder: Holder, orgId: string | null): Role | undefined {
  return holder.assignments.find((one) => one.orgId === orgId)?.role;
}

const whereText = (orgId: string | null) => (orgId === null ? 'in the enterprise' : `in the organization ${orgId}`);

/** Gives a first role. @throws a 409 if there is one already. */
export function assign(holder: Holder, orgId: string | null, role: Role, what: string): void {
  const present = roleIn(holder, orgId);
  if (present) throw new Problem(409, `${what} already has the role "${present.role_name}" ${whereText(orgId)}`);
  const added = { orgId, role };
  holder.assignments = orgId === null ? [added, ...holder.assignments] : [...holder.assignments, added];
}

/** Replaces a role. @throws a 404 if there is none to replace. */
export function reassign(holder: Holder, orgId: string | null, role: Role, what: string): void {
  if (!roleIn(holder, orgId)) throw notFound(`${what} ${whereText(orgId)}`);
  holder.assignments = holder.assignments.map((one) => (one.orgId === orgId ? { orgId, role } : one));
}

/** Takes a role away. @throws a 404 if there is none. */
export function unassign(holder: Holder, orgId: string | null, what: string): void {
  if (!roleIn(holder, orgId)) throw notFound(`${what} ${whereText(orgId)}`);
  holder.assignments = holder.assignments.filter((one) => one.orgId !== orgId);
}
