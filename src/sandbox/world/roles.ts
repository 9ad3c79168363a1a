import { catalogue } from '../../devin/endpoints/index.ts';
import { invalidField } from '../request/problem.ts';
import { isOfEnterprise } from './credentials.ts';
import { existing } from './handler.ts';
import { shelf } from './shelf.ts';
import type { World } from './state.ts';
import { Table } from './table.ts';

/** Where a role holds: in the whole enterprise or in one organization. */
export type RoleType = 'enterprise' | 'org';

/** A role as the API shows it. */
export type Role = { readonly role_id: string; readonly role_name: string; readonly role_type: RoleType };

interface KnownRole extends Role {
  readonly permissions: ReadonlySet<string>;
}

/** Every permission that some endpoint asks for, or that a handler demands. */
function allPermissions(): readonly string[] {
  return [...new Set([...catalogue.flatMap((endpoint) => endpoint.permission), 'ImpersonateOrgSessions'])];
}

const SESSIONS = ['UseDevinSessions', 'ViewOrgSessions', 'ManageOrgSessions', 'ViewOrgSearches'];

/** The roles that every enterprise has keep their documented ids; the others are made up. */
const ROLES: ReadonlyArray<{
  readonly id?: string;
  readonly name: string;
  readonly type: RoleType;
  readonly may: readonly string[] | ((permission: string) => boolean);
}> = [
  { id: 'account_admin', name: 'Admin', type: 'enterprise', may: () => true },
  { id: 'account_member', name: 'Member', type: 'enterprise', may: [] },
  {
    name: 'Auditor',
    type: 'enterprise',
    may: ['ManageEnterpriseSettings', 'ViewAccountMetrics', 'ViewAccountSessions', 'ViewAccountConsumption'],
  },
  { name: 'Access Manager', type: 'enterprise', may: ['ManageAccountMembership', 'ManageAccountServiceUsers'] },
  { name: 'Viewer', type: 'enterprise', may: (permission) => permission.startsWith('View') },
  { id: 'org_admin', name: 'Admin', type: 'org', may: (permission) => !isOfEnterprise(permission) },
  { id: 'org_member', name: 'Member', type: 'org', may: SESSIONS },
  { name: 'Developer', type: 'org', may: [...SESSIONS, 'ManageOrgKnowledge', 'ManageOrgPlaybooks'] },
  { name: 'Delegate', type: 'org', may: [...SESSIONS, 'ImpersonateOrgSessions'] },
];

/** The roles of the enterprise, of both types. */
export const roles = shelf(({ seeded }) => {
  const table = new Table<KnownRole>();
  const all = allPermissions();
  ROLES.forEach(({ id, name, type, may }, i) => {
    const role_id = id ?? `role-${seeded.hex('role', i)}`;
    const permissions = new Set(typeof may === 'function' ? all.filter(may) : may);
    table.add(role_id, null, { role_id, role_name: name, role_type: type, permissions });
  });
  return table;
});

/** A role without what it permits, as the API shows it. */
export function showRole({ role_id, role_name, role_type }: Role): Role {
  return { role_id, role_name, role_type };
}

/** The seeded role with this name. */
export function roleNamed(world: World, type: RoleType, name: string): Role {
  const named = roles(world)
    .all()
    .find(({ value }) => value.role_type === type && value.role_name.toLowerCase() === name.toLowerCase());
  return existing(named, 'Role').value;
}

/** What a role permits. */
export function permissionsOf(world: World, role: Role): ReadonlySet<string> {
  return existing(roles(world).get(role.role_id), 'Role').value.permissions;
}

/** The role that the body's `field` names. @throws a 404 if there is none, a 422 if it is one of the other level. */
export function chosenRole(world: World, id: string, type: RoleType, field = 'role_id'): Role {
  const role = existing(roles(world).get(id), 'Role').value;
  if (role.role_type === type) return role;
  const wanted = type === 'org' ? 'an organization' : 'an enterprise';
  const msg = `Input should be ${wanted} role, and "${role.role_name}" has the role_type '${role.role_type}'`;
  throw invalidField(['body', field], msg, 'wrong_role_type');
}
