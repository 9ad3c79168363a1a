import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { seconds, secondsAs, tolerant } from '../tolerant.ts';
import { ServiceUser } from './members.ts';
import { page } from './shapes.ts';

/** The longest life of a provisioned service user: 365 days, in seconds. */
export const MAX_TTL_SECONDS = 31_536_000;

/** The documentation names both for the keys of a service user. */
const API_KEY_PERMISSION = ['ManageAccountServiceUsers', 'ManageServiceUsers'];

/** A key of a service user, without its token. Times are Unix seconds; a null `expires_at` is never. */
export const ApiKey = lazy(() =>
  tolerant(
    {
      api_key_id: z.string(),
      api_key_name: z.string(),
      created_at: seconds(),
      expires_at: secondsAs(z.nullable(z.int())),
      last_used_at: secondsAs(z.nullable(z.int())),
      revoked_at: secondsAs(z.nullable(z.int())),
      is_active: z.boolean(),
    },
    ['api_key_id'],
  ),
);

/** A fresh key. Its token is shown only here. */
export const ApiKeyWithToken = lazy(() =>
  tolerant({ api_key_id: z.string(), api_key_name: z.string(), token: z.string() }, ['token']),
);

/** A service user to be: its name, its role at the level of the path, and its life in seconds. */
export const ServiceUserProvisionRequest = lazy(() =>
  z.strictObject({
    name: z.string().check(z.minLength(1), z.maxLength(256)),
    role_id: z.string().check(z.minLength(1)),
    ttl_seconds: z.int().check(z.lte(MAX_TTL_SECONDS)),
  }),
);

/** A fresh service user. Its token is shown only here. */
export const ServiceUserProvision = lazy(() => tolerant({ service_user: ServiceUser(), token: z.string() }, ['token']));

/**
 * Makes a service user with an enterprise role. The caller must hold every permission of that role itself.
 * https://docs.devin.ai/api-reference/v3/service-users/post-enterprise-service-users
 */
export const provisionEnterpriseServiceUser = endpoint(
  'provisionEnterpriseServiceUser',
  'POST /v3beta1/enterprise/service-users',
  {
    summary: 'Provision a service user of the enterprise',
    permission: ['ManageAccountServiceUsers'],
    body: ServiceUserProvisionRequest,
    answer: ServiceUserProvision,
    secrets: ['token'],
  },
);

/** Makes a service user with a role in one organization. The caller must hold every permission of that role itself. */
export const provisionOrgServiceUser = endpoint(
  'provisionOrgServiceUser',
  'POST /v3beta1/organizations/{org_id}/service-users',
  {
    summary: 'Provision a service user of an organization',
    permission: ['ManageOrgServiceUsers'],
    body: ServiceUserProvisionRequest,
    answer: ServiceUserProvision,
    secrets: ['token'],
  },
);

/**
 * Only in the documentation's examples: the same as `provisionOrgServiceUser` under another path, with `role` for the
 * role and no life. The examples read `id` and `api_key`; the sandbox adds the reference's fields.
 */
export const seedProvisionOrgServiceUser = endpoint(
  'seedProvisionOrgServiceUser',
  'POST /v3beta1/organizations/{org_id}/members/service-users',
  {
    summary: 'Provision a service user as the examples do',
    permission: ['ManageOrgServiceUsers'],
    body: lazy(() => z.strictObject({ name: z.string(), role: z.string() })),
    answer: lazy(() =>
      tolerant(
        {
          id: z.string(),
          api_key: z.string(),
          service_user: z.optional(ServiceUser()),
          token: z.optional(z.string()),
        },
        ['api_key'],
      ),
    ),
    secrets: ['api_key', 'token'],
  },
);

/** The keys of a service user, all of them unless `status` says which. One answer holds them all. */
export const listServiceUserApiKeys = endpoint(
  'listServiceUserApiKeys',
  'GET /v3beta1/enterprise/service-users/{service_user_id}/api-keys',
  {
    summary: 'List the keys of a service user',
    permission: API_KEY_PERMISSION,
    query: lazy(() => z.strictObject({ status: z.optional(z.enum(['active', 'revoked', 'expired', 'all'])) })),
    answer: page(ApiKey),
  },
);

/** A second key for a service user. `expires_at`, if given, is in the future, in Unix seconds. */
export const createServiceUserApiKey = endpoint(
  'createServiceUserApiKey',
  'POST /v3beta1/enterprise/service-users/{service_user_id}/api-keys',
  {
    summary: 'Create a key for a service user',
    permission: API_KEY_PERMISSION,
    body: lazy(() => z.strictObject({ name: z.string(), expires_at: z.nullish(z.int()) })),
    answer: ApiKeyWithToken,
    secrets: ['token'],
  },
);

/** Ends a key. One that was revoked before answers 409. */
export const revokeServiceUserApiKey = endpoint(
  'revokeServiceUserApiKey',
  'DELETE /v3beta1/enterprise/service-users/{service_user_id}/api-keys/{api_key_id}',
  { summary: 'Revoke a key', permission: API_KEY_PERMISSION, answer: ApiKey },
);

/**
 * Makes a key that takes an active one's place; an inactive one answers 400. The old key ends at once unless
 * `revoke_current` is false. Without `new_key_expires_at` (Unix seconds) the new one does not expire.
 */
export const rotateServiceUserApiKey = endpoint(
  'rotateServiceUserApiKey',
  'POST /v3beta1/enterprise/service-users/{service_user_id}/api-keys/{api_key_id}/rotate',
  {
    summary: 'Rotate a key',
    permission: API_KEY_PERMISSION,
    body: lazy(() =>
      z.strictObject({ new_key_expires_at: z.nullish(z.int()), revoke_current: z.optional(z.boolean()) }),
    ),
    answer: ApiKeyWithToken,
    secrets: ['token'],
  },
);
