import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { seconds, secondsAs, tolerant } from '../tolerant.ts';
import { CursorQuery, open, optionalText, page } from './shapes.ts';

/** What a secret is: a cookie, a plain value, or the seed of one-time passwords. */
export const SECRET_TYPES = ['cookie', 'key-value', 'totp'] as const;

/** A secret of an organization, without its value: no answer ever holds that. */
export const Secret = lazy(() =>
  tolerant(
    {
      secret_id: z.string(),
      key: z.nullable(z.string()),
      note: z.nullable(z.string()),
      secret_type: open(SECRET_TYPES),
      access_type: open(['org', 'personal']),
      is_sensitive: z.boolean(),
      created_at: seconds(),
      created_by: z.string(),
      updated_at: secondsAs(z.nullish(z.int())),
      updated_by: optionalText(),
    },
    ['secret_id'],
  ),
);

/**
 * The body of `createSecret`. Sessions see a secret as the environment variable `key`. `is_sensitive`, true by default,
 * hides the value in the web app.
 */
export const SecretCreateRequest = lazy(() =>
  z.strictObject({
    type: z.enum(SECRET_TYPES),
    key: z.string(),
    value: z.string(),
    note: optionalText(),
    is_sensitive: z.optional(z.boolean()),
  }),
);

/** The secrets of an organization. https://docs.devin.ai/api-reference/v3/secrets */
export const listSecrets = endpoint('listSecrets', 'GET /v3/organizations/{org_id}/secrets', {
  summary: 'List the secrets of an organization',
  permission: ['ManageOrgSecrets'],
  paging: 'cursor',
  query: CursorQuery,
  answer: page(Secret),
});

/** Creates a secret. There is no way to change one: delete it and create it anew. */
export const createSecret = endpoint('createSecret', 'POST /v3/organizations/{org_id}/secrets', {
  summary: 'Create a secret in an organization',
  permission: ['ManageOrgSecrets'],
  body: SecretCreateRequest,
  answer: Secret,
});

/** Deletes a secret; the answer shows it for the last time, without its value. */
export const deleteSecret = endpoint('deleteSecret', 'DELETE /v3/organizations/{org_id}/secrets/{secret_id}', {
  summary: 'Delete a secret of an organization',
  permission: ['ManageOrgSecrets'],
  answer: Secret,
});
