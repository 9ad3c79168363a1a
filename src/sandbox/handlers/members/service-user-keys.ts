import * as endpoints from '../../../devin/endpoints/service-users.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { recordChange } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { type ApiKey, addApiKey, apiKeys, isActive, nowSeconds } from '../../world/service-users.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { serviceUserOf } from './member-access.ts';

type Status = 'active' | 'revoked' | 'expired';

function statusOf(world: World, key: ApiKey): Status {
  if (isActive(world, key)) return 'active';
  return key.revokedAt === null ? 'expired' : 'revoked';
}

function show(world: World, { id, value }: Row<ApiKey>) {
  return {
    api_key_id: id,
    api_key_name: value.name,
    created_at: value.createdAt,
    expires_at: value.expiresAt,
    last_used_at: value.lastUsedAt,
    revoked_at: value.revokedAt,
    is_active: isActive(world, value),
  };
}

const withToken = ({ id, value }: Row<ApiKey>) => ({ api_key_id: id, api_key_name: value.name, token: value.token });

interface KeyCall {
  readonly world: World;
  param(name: 'service_user_id' | 'api_key_id'): string;
}

/** The key that a path names. @throws a 404, also for the key of another service user */
function keyOf(call: KeyCall): Row<ApiKey> {
  const owner = serviceUserOf(call);
  const key = apiKeys(call.world).get(call.param('api_key_id'));
  return existing(key?.value.serviceUserId === owner.id ? key : undefined, 'API key');
}

/** The moment at which a new key ends. @throws a 422 if it is past */
function futureOrNever(world: World, seconds: number | null | undefined, field: string): number | null {
  if (seconds === undefined || seconds === null) return null;
  if (seconds > nowSeconds(world)) return seconds;
  throw invalidField(['body', field], 'Input should be a time in the future', 'not_in_future');
}

/** The keys of a service user. A token is in the answer that makes it, and in no other. */
export const serviceUserKeyHandlers: readonly Handler[] = [
  on(endpoints.listServiceUserApiKeys, (call) => {
    const { world } = call;
    const owner = serviceUserOf(call);
    const status = call.query.status ?? 'all';
    const items = apiKeys(world)
      .all()
      .filter(({ value }) => value.serviceUserId === owner.id)
      .filter(({ value }) => status === 'all' || statusOf(world, value) === status)
      .map((row) => show(world, row));
    return { items, end_cursor: null, has_next_page: false, total: items.length };
  }),
  on(endpoints.createServiceUserApiKey, (call) => {
    const owner = serviceUserOf(call);
    const expires = futureOrNever(call.world, call.body.expires_at, 'expires_at');
    const key = addApiKey(call.world, owner.id, call.body.name, expires);
    recordChange(call, 'create_service_user_api_key', null, { service_user_id: owner.id, api_key_id: key.id });
    return withToken(key);
  }),
  on(endpoints.revokeServiceUserApiKey, (call) => {
    const key = keyOf(call);
    if (key.value.revokedAt !== null) throw new Problem(409, 'The API key is already revoked');
    key.value.revokedAt = nowSeconds(call.world);
    const data = { service_user_id: key.value.serviceUserId, api_key_id: key.id };
    recordChange(call, 'revoke_service_user_api_key', null, data);
    return show(call.world, key);
  }),
  on(endpoints.rotateServiceUserApiKey, (call) => {
    const { world, body } = call;
    const old = keyOf(call);
    if (!isActive(world, old.value)) throw new Problem(400, 'Only an active API key can be rotated');
    const expires = futureOrNever(world, body.new_key_expires_at, 'new_key_expires_at');
    const key = addApiKey(world, old.value.serviceUserId, old.value.name, expires);
    if (body.revoke_current !== false) old.value.revokedAt = nowSeconds(world);
    const data = { service_user_id: old.value.serviceUserId, api_key_id: old.id, new_api_key_id: key.id };
    recordChange(call, 'rotate_service_user_api_key', null, data);
    return withToken(key);
  }),
];
