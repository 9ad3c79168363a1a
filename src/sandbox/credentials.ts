import type { Endpoint } from '../devin/endpoint.ts';
import { Problem } from './problem.ts';

/** The credentials that the sandbox knows. */
export type CredentialName = 'cog_sandbox_enterprise' | 'cog_sandbox_org' | 'cog_sandbox_viewer' | 'apk_user_sandbox';

/** What a credential may do: all, all in one organization, or only read. */
type Reach = 'enterprise' | 'organization' | 'viewer' | 'legacy';

interface Known {
  readonly reach: Reach;
  readonly title: string;
}

const KNOWN: Readonly<Record<CredentialName, Known>> = {
  cog_sandbox_enterprise: { reach: 'enterprise', title: 'Sandbox Enterprise' },
  cog_sandbox_org: { reach: 'organization', title: 'Sandbox Organization' },
  cog_sandbox_viewer: { reach: 'viewer', title: 'Sandbox Viewer' },
  apk_user_sandbox: { reach: 'legacy', title: 'Sandbox User' },
};

/** The names of the credentials, in the order that gives their service users their ids. */
export const CREDENTIALS: readonly CredentialName[] = [
  'cog_sandbox_enterprise',
  'cog_sandbox_org',
  'cog_sandbox_viewer',
  'apk_user_sandbox',
];

/** Permissions that only an enterprise role carries, after the table of the v3 overview. */
const ENTERPRISE_ONLY = new Set([
  'ManageEnterpriseSettings',
  'ManageOrganizations',
  'ManageGitIntegrations',
  'ManageBilling',
  'ViewEnterpriseInfraDetails',
  // An organization permission by the table, but one that the sandbox keeps from its organization service user.
  'ImpersonateOrgSessions',
]);

/** Who calls. `orgId` is null for a credential of the whole enterprise. */
export interface Caller {
  readonly name: CredentialName;
  readonly reach: Reach;
  readonly serviceUserId: string;
  readonly serviceUserName: string;
  readonly orgId: string | null;
}

function isKnown(text: string): text is CredentialName {
  return Object.hasOwn(KNOWN, text);
}

/** The credential of an `Authorization` header: its name if the sandbox knows it, else `none` or `unknown`. */
export function credentialOf(header: string | undefined): CredentialName | 'none' | 'unknown' {
  if (header === undefined || header.trim() === '') return 'none';
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  return token !== undefined && isKnown(token) ? token : 'unknown';
}

/** Who a known credential is; `ids` are the ids of its service user and of the first organization. */
export function callerOf(name: CredentialName, ids: { serviceUser: string; firstOrg: string }): Caller {
  const { reach, title } = KNOWN[name];
  return {
    name,
    reach,
    serviceUserId: ids.serviceUser,
    serviceUserName: title,
    orgId: reach === 'organization' ? ids.firstOrg : null,
  };
}

/** Lets through the credentials that a path of `version` takes. @throws a 401 that says what is wrong. */
export function authenticate(
  credential: CredentialName | 'none' | 'unknown',
  version: Endpoint['version'],
): CredentialName {
  const headers = { 'www-authenticate': 'Bearer' };
  if (credential === 'none') {
    throw new Problem(401, 'The Authorization header is missing; send "Bearer" and a service user key', { headers });
  }
  if (credential === 'unknown') throw new Problem(401, 'The credential is invalid or has expired', { headers });
  if ((KNOWN[credential].reach === 'legacy') !== (version === 'v2')) {
    const needs = version === 'v2' ? 'v2 needs a personal key (apk_user_...)' : 'v3 needs a service user key (cog_...)';
    throw new Problem(401, `The credential is of another kind: ${needs}`, { headers });
  }
  return credential;
}

/** Whether the caller has a permission, in the organizations that it reaches at all. */
export function holds(caller: Caller, permission: string): boolean {
  if (caller.reach === 'enterprise') return true;
  if (caller.reach === 'viewer') return permission.startsWith('View') || permission === 'ReadAccountMeta';
  return (
    caller.reach === 'organization' && !ENTERPRISE_ONLY.has(permission) && !/^(Manage|View)Account/.test(permission)
  );
}

/** A 403 that names the permission. */
export function lacks(caller: Caller, permission: readonly string[], why = ''): Problem {
  const needed = permission.length > 0 ? ` ${permission.join(' or ')}` : '';
  return new Problem(403, `The service user "${caller.serviceUserName}" lacks the permission${needed}${why}`);
}

/** @throws a 403 where the caller may not use the endpoint, or not for that organization. */
export function authorize(caller: Caller, endpoint: Endpoint, orgId: string | undefined): void {
  const { permission } = endpoint;
  if (caller.orgId !== null && endpoint.path.split('/')[2] === 'enterprise') {
    throw lacks(caller, permission, ': a service user of an organization cannot reach enterprise endpoints');
  }
  if (caller.orgId !== null && orgId !== undefined && orgId !== caller.orgId) {
    throw lacks(caller, permission, ` in the organization ${orgId}`);
  }
  if (caller.reach === 'viewer') {
    if (endpoint.method !== 'GET') throw lacks(caller, permission, ': it may only read');
    return;
  }
  if (permission.length > 0 && !permission.some((name) => holds(caller, name))) throw lacks(caller, permission);
}
