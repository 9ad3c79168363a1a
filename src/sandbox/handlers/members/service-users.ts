import * as endpoints from '../../../devin/endpoints/service-users.ts';
import { invalidField } from '../../request/problem.ts';
import { assign } from '../../world/assignments.ts';
import { recordChange } from '../../world/changes.ts';
import { type Caller, holds, lacks } from '../../world/credentials.ts';
import { type Handler, on } from '../../world/handler.ts';
import { chosenRole, permissionsOf, type Role, roles } from '../../world/roles.ts';
import { organizationOf } from '../../world/rows.ts';
import {
  addApiKey,
  addServiceUser,
  nowSeconds,
  type ShownServiceUser,
  showServiceUser,
} from '../../world/service-users.ts';
import type { World } from '../../world/state.ts';
import { serviceUserKeyHandlers } from './service-user-keys.ts';

/** What is to be made; `orgId` is null for a service user of the enterprise, `ttl` null for one that never expires. */
interface Plan {
  readonly name: string;
  readonly orgId: string | null;
  readonly role: Role;
  readonly ttl: number | null;
}

/** @throws a 403 that names what the role permits and the caller may not do itself */
function refuseEscalation(world: World, caller: Caller, { role, orgId }: Plan): void {
  const missing = [...permissionsOf(world, role)].filter((permission) => !holds(caller, permission, orgId));
  const [first] = missing;
  if (first === undefined) return;
  const more = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
  throw lacks(caller, [first], `${more}, so it cannot give the role "${role.role_name}"`);
}

function provision(
  call: { readonly world: World; readonly caller: Caller },
  plan: Plan,
): { service_user: ShownServiceUser; token: string } {
  const { world, caller } = call;
  const { name, orgId, role, ttl } = plan;
  if (ttl !== null && ttl < 1) throw invalidField(['body', 'ttl_seconds'], 'Input should be at least 1', 'too_small');
  refuseEscalation(world, caller, plan);
  const expires = ttl === null ? null : nowSeconds(world) + ttl;
  const user = addServiceUser(world, orgId, name, expires);
  assign(user.value, orgId, role, 'Service user');
  const key = addApiKey(world, user.id, name, expires);
  recordChange(call, 'create_service_user', orgId, { service_user_id: user.id, name, role_id: role.role_id });
  return { service_user: showServiceUser(world, user), token: key.value.token };
}

/** The organization role that an example names by its id or its name. @throws a 422 */
function roleOfExample(world: World, text: string): Role {
  const wanted = text.toLowerCase();
  const found = roles(world)
    .all()
    .find(({ id, value }) => value.role_type === 'org' && [id, value.role_name.toLowerCase()].includes(wanted));
  if (found) return found.value;
  throw invalidField(['body', 'role'], 'Input should be the id or the name of an organization role', 'unknown_role');
}

/** Provisions service users, whose tokens then work, and manages their keys. */
export const serviceUserHandlers: readonly Handler[] = [
  on(endpoints.provisionEnterpriseServiceUser, (call) => {
    const { name, role_id, ttl_seconds: ttl } = call.body;
    return provision(call, { name, orgId: null, role: chosenRole(call.world, role_id, 'enterprise'), ttl });
  }),
  on(endpoints.provisionOrgServiceUser, (call) => {
    const orgId = organizationOf(call).id;
    const { name, role_id, ttl_seconds: ttl } = call.body;
    return provision(call, { name, orgId, role: chosenRole(call.world, role_id, 'org'), ttl });
  }),
  on(endpoints.seedProvisionOrgServiceUser, (call) => {
    const orgId = organizationOf(call).id;
    const role = roleOfExample(call.world, call.body.role);
    const made = provision(call, { name: call.body.name, orgId, role, ttl: null });
    return { ...made, id: made.service_user.service_user_id, api_key: made.token };
  }),
  ...serviceUserKeyHandlers,
];
