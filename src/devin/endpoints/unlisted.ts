import * as z from 'zod/mini';
import { type Endpoint, endpoint, type Method } from '../endpoint.ts';
import { Nothing } from './shapes.ts';

/**
 * Parts of the API that exist but whose shapes are not documented anywhere we know: below these paths any request is
 * passed on as it is, and its answer handed back as raw JSON. Paths marked as inferred follow the pattern of the others.
 */
const UNLISTED: ReadonlyArray<{
  readonly prefix: string;
  readonly about: string;
  readonly permission: readonly string[];
}> = [
  { prefix: '/v3/enterprise/searches', about: 'searches of the enterprise', permission: ['ViewAccountSearches'] },
  { prefix: '/v3/organizations/{org_id}/searches', about: 'searches', permission: ['ViewOrgSearches'] },
  {
    prefix: '/v3/enterprise/sessions/insights',
    about: 'insights of all sessions',
    permission: ['ViewAccountSessions'],
  },
  { prefix: '/v3/organizations/{org_id}/pr-reviews', about: 'other calls of reviews', permission: [] },
  { prefix: '/v3/organizations/{org_id}/code-scans', about: 'other calls of code scans', permission: [] },
  { prefix: '/v3/organizations/{org_id}/snapshots', about: 'snapshot setup (inferred path)', permission: [] },
  { prefix: '/v3/organizations/{org_id}/automations', about: 'other calls of automations', permission: [] },
  { prefix: '/v3/pats', about: 'personal access tokens (inferred path)', permission: [] },
  {
    prefix: '/v3/enterprise/consumption/acu-limits/devin/users',
    about: 'ACU limits of users (inferred path)',
    permission: ['ManageBilling'],
  },
  {
    prefix: '/v3beta1/organizations/{org_id}/members',
    about: 'members of an organization, by its own permission',
    permission: [],
  },
  { prefix: '/v2/enterprise', about: 'legacy endpoints without a documented shape', permission: [] },
];

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** An endpoint for a request below one of the unlisted paths; undefined for any other path. */
export function unlistedEndpoint(method: Method, path: string): Endpoint | undefined {
  const found = UNLISTED.find(({ prefix }) => {
    const pattern = prefix.replace(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}(/.*)?$`).test(path);
  });
  if (found === undefined || !METHODS.includes(method)) return undefined;
  return endpoint(`${method} ${path}`, `${method} /${path.slice(1)}`, {
    summary: `Call ${found.about}`,
    permission: found.permission,
    query: () => z.record(z.string(), z.unknown()),
    ...(method === 'GET' ? {} : { body: () => z.unknown() }),
    answer: Nothing,
  });
}
