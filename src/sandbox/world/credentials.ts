import type { Habits } from '../../contract/habits.ts';
import type { Endpoint } from '../../devin/endpoint.ts';
import { Problem, unauthorized } from '../request/problem.ts';

/** The credentials that the sandbox knows. */
export type CredentialName = 'cog_sandbox_enterprise' | 'cog_sandbox_org' | 'cog_sandbox_viewer' | 'apk_user_sandbox';

/** The token of a service user that was provisioned in the sandbox. */
export type ProvisionedToken = `cog_made_up_${string}`;

/** What authenticates a caller. */
export type Credential = CredentialName | ProvisionedToken;

/** What a credential may do: all, all in one organization, only read, or what the roles of its service user say. */
type Reach = 'enterprise' | 'organization' | 'viewer' | 'legacy' | 'role';

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

/** What a role permits, and in which organization; null is the whole enterprise. */
interface Grant {
  readonly orgId: string | null;
  readonly permissions: ReadonlySet<string>;
}

/** Who calls. `orgId` is null for a credential of the whole enterprise. */
export interface Caller {
  readonly name: CredentialName | 'provisioned';
  readonly reach: Reach;
  readonly serviceUserId: string;
  readonly serviceUserName: string;
  readonly orgId: string | null;
  /** What the roles permit, where `reach` is `role`. */
  readonly grants: readonly Grant[];
}

function isKnown(text: string): text is CredentialName {
  return Object.hasOwn(KNOWN, text);
}

/** Whether a token looks like one that the sandbox gives to service users. */
export function isProvisioned(text: string): text is ProvisionedToken {
  return text.startsWith('cog_made_up_');
}

/** `apk_user_sandbox_examples` is `apk_user_sandbox` for one who reads answers as the documentation's examples do. */
const FOR_EXAMPLES = /^(Bearer +apk_user_sandbox)_examples *$/i;

/** Whether a caller wants the examples' shape of an answer where the reference has another. */
export function prefersExamples(header: string | undefined): boolean {
  return FOR_EXAMPLES.test(header ?? '');
}

/** The credential of an `Authorization` header, if the sandbox may know it, else `none` or `unknown`. */
export function credentialOf(header: string | undefined): Credential | 'none' | 'unknown' {
  if (header === undefined || header.trim() === '') return 'none';
  const token = /^Bearer +(\S+) *$/i.exec(header.replace(FOR_EXAMPLES, '$1'))?.[1];
  return token !== undefined && (isKnown(token) || isProvisioned(token)) ? token : 'unknown';
}

/** The name of the service user behind one of the sandbox's own credentials. */
export const titleOf = (name: CredentialName): string => KNOWN[name].title;

/** Who a known credential is; `ids` are the ids of its service user and of the first organization. */
export function callerOf(name: CredentialName, ids: { serviceUser: string; firstOrg: string }): Caller {
  const { reach, title } = KNOWN[name];
  return {
    name,
    reach,
    serviceUserId: ids.serviceUser,
    serviceUserName: title,
    orgId: reach === 'organization' ? ids.firstOrg : null,
    grants: [],
  };
}

const CHALLENGE = { 'www-authenticate': 'Bearer' };

type WrongKey = Pick<Habits, 'wrong_key'>;

/** The response to a credential that cannot be used: a 401 with the reason, or a 403 without one. */
function wrongKey({ wrong_key: status }: WrongKey, detail: string): Problem {
  return status === '403' ? unauthorized() : new Problem(401, detail, { headers: CHALLENGE });
}

/** The response to a credential that the sandbox does not know, or no longer. */
export function unknownCredential(habits: WrongKey): Problem {
  return wrongKey(habits, 'The credential is invalid or has expired');
}

/** Lets through the credentials that a path of `version` takes. @throws a 401 or 403, as the habits say. */
export function authenticate(
  credential: Credential | 'none' | 'unknown',
  version: Endpoint['version'],
  habits: WrongKey,
): Credential {
  if (credential === 'none') {
    throw wrongKey(habits, 'The Authorization header is missing; send "Bearer" and a service user key');
  }
  if (credential === 'unknown') throw unknownCredential(habits);
  const isLegacy = !isProvisioned(credential) && KNOWN[credential].reach === 'legacy';
  if (isLegacy !== (version === 'v2')) {
    const needs = version === 'v2' ? 'v2 needs a personal key (apk_user_...)' : 'v3 needs a service user key (cog_...)';
    throw wrongKey(habits, `The credential is of another kind: ${needs}`);
  }
  return credential;
}

/** Whether only an enterprise role can carry a permission. */
export function isOfEnterprise(permission: string): boolean {
  return ENTERPRISE_ONLY.has(permission) || /^(Manage|View)Account/.test(permission);
}

/** Whether the roles of a caller permit something; an enterprise permission implies the organizations' own. */
function isGranted({ grants }: Caller, permission: string, orgId: string | null | undefined): boolean {
  if (permission === 'ReadAccountMeta') return true;
  const implying = permission.replace(/^(\w+)Org(?=[A-Z])/, '$1Account');
  return grants.some((grant) => {
    if (grant.orgId === null) return grant.permissions.has(permission) || grant.permissions.has(implying);
    return (orgId === undefined || orgId === grant.orgId) && grant.permissions.has(permission);
  });
}

/**
 * Whether the caller has a permission: in an organization, in the whole enterprise (null), or, without `orgId`, in the
 * organizations that it reaches at all.
 */
export function holds(caller: Caller, permission: string, orgId?: string | null): boolean {
  if (caller.reach === 'role') return isGranted(caller, permission, orgId);
  if (caller.reach === 'enterprise') return true;
  if (caller.reach === 'viewer') return permission.startsWith('View') || permission === 'ReadAccountMeta';
  return caller.reach === 'organization' && !isOfEnterprise(permission);
}

/** A 403 that names the permission. */
export function lacks(caller: Caller, permission: readonly string[], why = ''): Problem {
  const needed = permission.length > 0 ? ` ${permission.join(' or ')}` : '';
  return new Problem(403, `The service user "${caller.serviceUserName}" lacks the permission${needed}${why}`);
}

function reaches({ reach, orgId, grants }: Caller, asked: string): boolean {
  if (reach === 'role' && grants.some((grant) => grant.orgId === asked)) return true;
  return orgId === null || orgId === asked;
}

/** Whether a permission is one that a credential for reading lacks. */
const isToChange = (permission: string) => /^(?:Manage|Use)/.test(permission);

/** @throws a 403 where the caller may not use the endpoint, or not for that organization. */
export function authorize(caller: Caller, endpoint: Endpoint, orgId: string | undefined, habits: WrongKey): void {
  const { permission } = endpoint;
  const isEnterprisePath = endpoint.path.split('/')[2] === 'enterprise';
  if (caller.orgId !== null && isEnterprisePath) {
    throw lacks(caller, permission, ': a service user of an organization cannot reach enterprise endpoints');
  }
  if (orgId !== undefined && !reaches(caller, orgId)) {
    throw habits.wrong_key === '403' ? unauthorized() : lacks(caller, permission, ` in the organization ${orgId}`);
  }
  if (caller.reach === 'viewer') {
    const isKept = permission.length > 0 && permission.every(isToChange);
    if (isKept || endpoint.method !== 'GET') throw lacks(caller, permission, ': it may only read');
    return;
  }
  const where = isEnterprisePath ? null : orgId;
  if (permission.length > 0 && !permission.some((name) => holds(caller, name, where))) throw lacks(caller, permission);
}
