import type * as z from 'zod/mini';
import {
  type GitPermission,
  type GitPermissionCreateRequest,
  PERMISSION_PATHS,
} from '../../../devin/endpoints/git-providers.ts';
import type { OrganizationRow } from '../../world/rows.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { type Row, Table } from '../../world/table.ts';

/** A permission as the API shows it. */
export type Permission = z.input<ReturnType<typeof GitPermission>>;

/** A permission as a request asks for it. */
export type NewPermission = z.output<ReturnType<typeof GitPermissionCreateRequest>>;

/** What a permission is about, such as `repo_path acme/api`. */
export function subjectOf(permission: Permission | NewPermission): string {
  const field = PERMISSION_PATHS.find((name) => permission[name]);
  return field === undefined ? '' : `${field} ${permission[field]}`;
}

function keyOf(permission: Permission | NewPermission): string {
  return `${permission.git_connection_id} ${subjectOf(permission)}`;
}

/** The Git permissions of one organization, which are found by their subject as fast as by their id. */
export class PermissionSet {
  readonly table = new Table<Permission>();
  readonly #byKey = new Map<string, Row<Permission>>();
  readonly #orgId: string;
  readonly #idOf: (n: number) => string;

  /** `idOf` makes the id of the nth permission. */
  constructor(orgId: string, idOf: (n: number) => string) {
    this.#orgId = orgId;
    this.#idOf = idOf;
  }

  /** The permission about the same thing, whether or not it is read-only. */
  same(permission: NewPermission): Row<Permission> | undefined {
    return this.#byKey.get(keyOf(permission));
  }

  /** Adds a permission; `createdAt` in Unix seconds. */
  add(wanted: NewPermission, createdAt: number): Permission {
    const git_permission_id = this.#idOf(this.table.next);
    const row = this.table.add(git_permission_id, this.#orgId, {
      git_permission_id,
      git_connection_id: wanted.git_connection_id,
      repo_path: wanted.repo_path ?? null,
      group_prefix: wanted.group_prefix ?? null,
      prefix_path: wanted.prefix_path ?? null,
      read_only: wanted.read_only ?? false,
      created_at: createdAt,
    });
    this.#byKey.set(keyOf(row.value), row);
    return row.value;
  }

  /** Takes one away. */
  remove(row: Row<Permission>): void {
    this.table.remove(row.id);
    this.#byKey.delete(keyOf(row.value));
  }

  /** Takes all away, and gives them. */
  clear(): Permission[] {
    const rows = this.table.all();
    for (const row of rows) this.remove(row);
    return rows.map((row) => row.value);
  }
}

/** The jth permission that organization `i` starts with: three repositories, a group and a prefix, and so on. */
function seededPermission({ state }: World, i: number, j: number): NewPermission | undefined {
  const [github, gitlab] = state.connections.all();
  const repositories = state.repositories.all();
  if (!github || !gitlab) return undefined;
  const round = Math.floor(j / 5);
  const read_only = j % 4 === 1;
  if (j % 5 === 3) {
    const group_prefix = round === 0 ? 'acme-lab' : `acme-lab/group-${round}`;
    return { git_connection_id: gitlab.id, group_prefix, read_only };
  }
  if (j % 5 === 4) {
    const prefix_path = round === 0 ? 'acme/svc-' : `acme/team-${round}-`;
    return { git_connection_id: github.id, prefix_path, read_only };
  }
  const nth = round * 3 + (j % 5);
  const known = nth < repositories.length ? repositories[(nth + 5 * i) % repositories.length]?.value : undefined;
  const git_connection_id = known?.git_connection_id ?? github.id;
  return { git_connection_id, repo_path: known?.repo_path ?? `acme/module-${nth}`, read_only };
}

/** The permissions that the nth organization, counted from 0, starts with. */
export function seededPermissions(world: World, n: number): NewPermission[] {
  const { organizations, permissions_per_org: count } = world.state.counts;
  return Array.from({ length: n < organizations ? count : 0 }, (_, j) => seededPermission(world, n, j)).filter(
    (permission) => permission !== undefined,
  );
}

const sets = shelf(() => new Map<string, PermissionSet>());

/** The Git permissions of an organization; filled when they are first asked for. */
export function permissionsOf(world: World, organization: OrganizationRow): PermissionSet {
  const known = sets(world).get(organization.id);
  if (known) return known;
  const label = `git-permission/${organization.id}`;
  const set = new PermissionSet(organization.id, (n) => `git-permission-${world.seeded.hex(label, n)}`);
  sets(world).set(organization.id, set);
  for (const [j, wanted] of seededPermissions(world, organization.n - 1).entries()) {
    set.add(wanted, organization.value.created_at + j * 60);
  }
  return set;
}
