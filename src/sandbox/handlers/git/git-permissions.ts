import {
  clearGitPermissions,
  createGitPermissions,
  deleteGitPermission,
  listGitPermissions,
  replaceGitPermissions,
  updateGitPermission,
} from '../../../devin/endpoints/git-providers.ts';
import { pageOf } from '../../request/page.ts';
import { notFound, Problem } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { type OrganizationRow, organizationOf, rowOf } from '../../world/rows.ts';
import type { World } from '../../world/state.ts';
import {
  type NewPermission,
  type Permission,
  type PermissionSet,
  permissionsOf,
  subjectOf,
} from './git-permissions-set.ts';

type PermissionCall = Change & { param(name: 'org_id'): string };

function setOf(call: PermissionCall): { readonly organization: OrganizationRow; readonly set: PermissionSet } {
  const organization = organizationOf(call);
  return { organization, set: permissionsOf(call.world, organization) };
}

/** Refuses a connection that is not there, and a permission that is there already, by the request itself or before. */
function checkNew(world: World, wanted: readonly NewPermission[], existing?: PermissionSet): void {
  const seen = new Set<string>();
  wanted.forEach((permission, i) => {
    const { git_connection_id: connection } = permission;
    if (!world.state.connections.get(connection)) throw notFound(`Git connection ${connection}`);
    const subject = subjectOf(permission);
    const there = existing?.same(permission);
    if (there) throw new Problem(409, `permissions.${i}: ${subject} has the permission ${there.id} already`);
    const key = `${connection} ${subject}`;
    if (seen.has(key)) throw new Problem(409, `permissions.${i}: ${subject} is in the request twice`);
    seen.add(key);
  });
}

function recordEach(
  call: Change,
  orgId: string,
  action: 'create' | 'delete',
  permissions: readonly Permission[],
): void {
  for (const permission of permissions) {
    const { git_permission_id, git_connection_id, read_only } = permission;
    const data = { git_permission_id, git_connection_id, subject: subjectOf(permission), read_only };
    recordChange(call, `${action}_git_permission`, orgId, data);
  }
}

/**
 * Which repositories an organization reaches. All that a request asks for happens, or none of it. A second permission
 * about the same thing is a conflict, even if only one of the two is read-only.
 */
export const gitPermissionHandlers: readonly Handler[] = [
  on(listGitPermissions, (call) => {
    const { organization, set } = setOf(call);
    const list = `${listGitPermissions.id}/${organization.n}`;
    return pageOf(list, set.table.all(), call.query, (row) => row.value);
  }),
  on(createGitPermissions, (call) => {
    const { world, body } = call;
    const { organization, set } = setOf(call);
    checkNew(world, body.permissions, set);
    const made = body.permissions.map((wanted) => set.add(wanted, Math.floor(world.now / 1000)));
    recordEach(call, organization.id, 'create', made);
    return made;
  }),
  on(replaceGitPermissions, (call) => {
    const { world, body } = call;
    const { organization, set } = setOf(call);
    checkNew(world, body.permissions);
    recordEach(call, organization.id, 'delete', set.clear());
    const made = body.permissions.map((wanted) => set.add(wanted, Math.floor(world.now / 1000)));
    recordEach(call, organization.id, 'create', made);
    return made;
  }),
  on(clearGitPermissions, (call) => {
    const { organization, set } = setOf(call);
    const removed = set.clear();
    recordEach(call, organization.id, 'delete', removed);
    return removed;
  }),
  on(updateGitPermission, (call) => {
    const { organization, set } = setOf(call);
    const row = rowOf(set.table, call.param('git_permission_id'), organization.id, 'Git permission');
    const read_only = call.body.read_only ?? row.value.read_only;
    if (read_only !== row.value.read_only) {
      row.value = { ...row.value, read_only };
      recordChange(call, 'update_git_permission', organization.id, { git_permission_id: row.id, read_only });
    }
    return row.value;
  }),
  on(deleteGitPermission, (call) => {
    const { organization, set } = setOf(call);
    const row = rowOf(set.table, call.param('git_permission_id'), organization.id, 'Git permission');
    set.remove(row);
    recordEach(call, organization.id, 'delete', [row.value]);
    return row.value;
  }),
];
