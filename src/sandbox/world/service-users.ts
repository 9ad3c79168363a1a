import { assign, assignmentsOf, type Holder, type ShownAssignment, showAssignments } from './assignments.ts';
import { type Caller, CREDENTIALS, type ProvisionedToken, titleOf } from './credentials.ts';
import { permissionsOf, roleNamed } from './roles.ts';
import { organizationId, serviceUserId } from './seed.ts';
import { shelf } from './shelf.ts';
import type { World } from './state.ts';
import { type Row, Table } from './table.ts';

/** A service user; times in Unix seconds. A row's `orgId` is the organization it was made for. */
export interface ServiceUser extends Holder {
  readonly name: string;
  readonly expiresAt: number | null;
  deletedAt: number | null;
}

/** A key of a service user; times in Unix seconds. */
export interface ApiKey {
  readonly serviceUserId: string;
  readonly name: string;
  readonly token: ProvisionedToken;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

interface Book {
  readonly users: Table<ServiceUser>;
  readonly keys: Table<ApiKey>;
  readonly byToken: Map<string, Row<ApiKey>>;
}

const DAY = 86_400;

/** The present in Unix seconds. */
export const nowSeconds = (world: World): number => Math.floor(world.now / 1000);

/** Adds a service user; `orgId` is null for one of the enterprise. */
function add(world: World, book: Book, orgId: string | null, name: string, expiresAt: number | null): Row<ServiceUser> {
  const id = `service-user-${world.seeded.hex('service-user', book.users.next - 1)}`;
  return book.users.add(id, orgId, { name, expiresAt, deletedAt: null, assignments: [] });
}

function addKey(world: World, book: Book, key: Omit<ApiKey, 'token' | 'lastUsedAt' | 'revokedAt'>): Row<ApiKey> {
  const { next } = book.keys;
  const token = `cog_made_up_${world.seeded.hex('api-key-token', next)}` as const;
  const id = `api-key-${world.seeded.hex('api-key', next)}`;
  const row = book.keys.add(id, null, { ...key, token, lastUsedAt: null, revokedAt: null });
  book.byToken.set(token, row);
  return row;
}

/** The service users of the sandbox's own credentials, which work whatever becomes of those, and a few others. */
const book = shelf((world): Book => {
  const made: Book = { users: new Table(), keys: new Table(), byToken: new Map() };
  const now = nowSeconds(world);
  const organizations = world.state.counts.organizations;
  const seed = (name: string, org: number | null, role: string, expiresAt: number | null) => {
    const orgId = org === null ? null : organizationId(world.seeded, org);
    const row = add(world, made, orgId, name, expiresAt);
    assign(row.value, orgId, roleNamed(world, org === null ? 'enterprise' : 'org', role), 'Service user');
    return row;
  };
  for (const credential of CREDENTIALS) {
    const role = credential === 'cog_sandbox_viewer' ? 'Viewer' : 'Admin';
    const { id } = seed(titleOf(credential), credential === 'cog_sandbox_org' ? 0 : null, role, null);
    if (id !== serviceUserId(world.seeded, credential)) throw new Error(`The id of ${credential} moved`);
  }
  const others = [
    seed('Nightly Bot', Math.min(1, organizations - 1), 'Developer', now + 90 * DAY),
    seed('Old Exporter', null, 'Auditor', now - 5 * DAY),
  ];
  for (const { id, value } of others) {
    const { name, expiresAt } = value;
    addKey(world, made, { serviceUserId: id, name, createdAt: now - 100 * DAY, expiresAt });
  }
  return made;
});

/** Every service user, removed ones too. */
export const serviceUsers = (world: World): Table<ServiceUser> => book(world).users;

/** Every key of every service user. */
export const apiKeys = (world: World): Table<ApiKey> => book(world).keys;

/** Adds a service user that has no role yet. */
export function addServiceUser(
  world: World,
  orgId: string | null,
  name: string,
  expiresAt: number | null,
): Row<ServiceUser> {
  return add(world, book(world), orgId, name, expiresAt);
}

/** Adds a key, whose token works from now on. */
export function addApiKey(world: World, serviceUser: string, name: string, expiresAt: number | null): Row<ApiKey> {
  return addKey(world, book(world), { serviceUserId: serviceUser, name, createdAt: nowSeconds(world), expiresAt });
}

const isPast = (world: World, seconds: number | null) => seconds !== null && seconds <= nowSeconds(world);

/** Whether a key was not revoked and has not expired. */
export function isActive(world: World, key: ApiKey): boolean {
  return key.revokedAt === null && !isPast(world, key.expiresAt);
}

/** Whether a service user is neither removed nor expired. */
export function isPresent(world: World, user: ServiceUser): boolean {
  return user.deletedAt === null && !isPast(world, user.expiresAt);
}

/** A service user as the API shows it. */
export type ShownServiceUser = {
  service_user_id: string;
  name: string;
  expires_at: number | null;
  deleted_at: number | null;
  role_assignments: ShownAssignment[];
};

/** A service user with its roles, or with those in one organization only. */
export function showServiceUser(world: World, row: Row<ServiceUser>, orgId?: string): ShownServiceUser {
  const { name, expiresAt, deletedAt } = row.value;
  return {
    service_user_id: row.id,
    name,
    expires_at: expiresAt,
    deleted_at: deletedAt,
    role_assignments: showAssignments(world, row.value, orgId),
  };
}

/** Whether the sandbox has issued this token, even if it is no longer valid. */
export const wasProvisioned = (world: World, token: string): boolean => book(world).byToken.has(token);

/** Who calls with a token that the sandbox has given; undefined where it is no longer good. */
export function provisionedCaller(world: World, token: ProvisionedToken): Caller | undefined {
  const key = book(world).byToken.get(token)?.value;
  const user = key && serviceUsers(world).get(key.serviceUserId);
  if (!key || !user || !isActive(world, key) || !isPresent(world, user.value)) return undefined;
  key.lastUsedAt = nowSeconds(world);
  const assignments = assignmentsOf(world, user.value);
  const isOfEnterprise = user.orgId === null || assignments.some(({ orgId }) => orgId === null);
  return {
    name: 'provisioned',
    reach: 'role',
    serviceUserId: user.id,
    serviceUserName: user.value.name,
    orgId: isOfEnterprise ? null : user.orgId,
    grants: assignments.map(({ orgId, role }) => ({ orgId, permissions: permissionsOf(world, role) })),
  };
}
