import type { ErrorCode } from '../contract/errors.ts';
import type { RequestFacts } from './request-facts.ts';

/** What a person reads about an error beside its message; a member that is absent is the code's own. */
export interface Advice {
  readonly title?: string;
  readonly fix?: string;
}

/** What a response outside of 2xx says beside its status. */
export interface Said {
  readonly detail: string | undefined;
  /** It is a web page. */
  readonly isHtml: boolean;
  readonly retryAfter: string | undefined;
  /** Where the response redirects to. */
  readonly location?: string | undefined;
}

/** Host of a dedicated deployment, whose API is below `/api`; undefined for any other address. */
function enterpriseHost(apiUrl: string | undefined): { readonly host: string; readonly hasApi: boolean } | undefined {
  const url = URL.parse(apiUrl ?? '');
  if (url === null || !url.hostname.endsWith('.devinenterprise.com')) return undefined;
  return { host: url.host, hasApi: /^\/api(?:\/|$)/.test(url.pathname) };
}

/** What to do about a web page in place of JSON, if the address explains it. */
export function missingApi(apiUrl: string | undefined): Advice {
  const enterprise = enterpriseHost(apiUrl);
  if (enterprise === undefined || enterprise.hasApi) return {};
  return {
    title: 'The API address is missing /api',
    fix: `Set \`api_url\` to \`https://${enterprise.host}/api\`: without \`/api\`, this host serves the web app.`,
  };
}

const MIGRATE =
  'Legacy keys (apk_user_…) are being retired: create a service user (Settings → Service users), give it a role, and pass its key (cog_…).';

/** Whether a response says nothing but that it is a refusal, as it also does for a wrong key or organization. */
const saysNothing = (detail: string | undefined) =>
  detail === undefined || /^(?:http 403:? ?)?(?:unauthorized|forbidden|access denied)[.!]?$/i.test(detail);

const isOfEnterprise = ({ path }: RequestFacts) => path.includes('/enterprise/');

const ENTERPRISE_USER =
  'The key of one organization cannot use enterprise endpoints such as this: use the key of a service user that was created for the enterprise.';

function neededRole(facts: RequestFacts): string {
  const level = isOfEnterprise(facts) ? ' at enterprise level' : '';
  return `${facts.permission.join(' or ')}${level}`;
}

/** Whether an API runs on this machine: the sandbox, embedded or as a server. */
const isOnLoopback = (apiUrl: string) => /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(new URL(apiUrl).hostname);

function addressCheck(apiUrl: string): string {
  const { fix } = missingApi(apiUrl);
  if (fix !== undefined) return `(3) The address: ${fix}`;
  if (enterpriseHost(apiUrl) !== undefined) return `(3) The address: \`api_url\` is \`${apiUrl}\`.`;
  const sandbox = isOnLoopback(apiUrl)
    ? ' If this is the sandbox, leave `devin_token` empty: it accepts no real key, only credentials of its own, such as `cog_sandbox_org`.'
    : '';
  return `(3) The address: \`api_url\` is \`${apiUrl}\`; a dedicated deployment has its own, \`https://<company>.devinenterprise.com/api\`.${sandbox}`;
}

/** For a refusal without a reason, what is wrong most often comes first. */
function unexplained(facts: RequestFacts, apiUrl: string): Advice {
  const permission =
    facts.permission.length === 0
      ? '(4) The permission: the role of the credential may not allow this request.'
      : `(4) The permission: the role of the credential needs ${neededRole(facts)} (Settings → Service users → Role).`;
  const checks = [
    'Check in this order. (1) The key: it is complete, active, and from this deployment.',
    `(2) The organization: ${isOfEnterprise(facts) ? ENTERPRISE_USER : '`org_id` is the one that the key belongs to.'}`,
    addressCheck(apiUrl),
    permission,
    ...(facts.version === 'v2' ? [MIGRATE] : []),
  ];
  return { title: 'Devin API rejected the credential for this request', fix: checks.join(' ') };
}

/** A redirect is not followed: it would send the credential to another address, or repeat a change. */
function moved({ apiUrl, path }: RequestFacts, location: string): Advice {
  const target = URL.parse(location, apiUrl);
  if (apiUrl === undefined || target === null) return {};
  const [address] = `${target.origin}${target.pathname}`.split(/[\r\n]/, 1);
  const prefix = new URL(apiUrl).pathname.replace(/\/$/, '');
  const rest = path.startsWith(prefix) ? path.slice(prefix.length) : path;
  const base = address?.endsWith(rest) ? address.slice(0, -rest.length) : undefined;
  const isApi = base !== undefined && base !== apiUrl.replace(/\/$/, '');
  return {
    title: 'The API address redirects',
    fix: isApi
      ? `The API has moved: set \`api_url\` to \`${base}\`.`
      : `\`api_url\` is \`${apiUrl}\`, which redirects to ${address}. Set it to the address of the API; a proxy or a login page may be in between.`,
  };
}

/** What helps against a response outside of 2xx. */
export function adviceFor(
  code: ErrorCode,
  facts: RequestFacts,
  { detail, isHtml, retryAfter, location }: Said,
): Advice {
  const { apiUrl } = facts;
  if (location !== undefined) return moved(facts, location);
  const address = isHtml ? missingApi(apiUrl) : {};
  if (address.fix !== undefined) return address;
  if (code === 'permission_denied' && apiUrl !== undefined && (saysNothing(detail) || facts.version === 'v2')) {
    return unexplained(facts, apiUrl);
  }
  if (code === 'permission_denied' && facts.permission.length > 0) {
    return {
      title: `Permission ${facts.permission.join(' or ')} is missing`,
      fix: [
        `Add ${neededRole(facts)} to the role of the credential: Settings → Service users → Role.`,
        ...(isOfEnterprise(facts) ? [ENTERPRISE_USER] : []),
      ].join(' '),
    };
  }
  if (code === 'credential_invalid' && facts.version === 'v2') return { fix: MIGRATE };
  if (code === 'rate_limited' && retryAfter !== undefined) {
    return {
      fix: `The API asked the client to wait (Retry-After: ${retryAfter}). Raise \`timeout\`, or run fewer steps at once.`,
    };
  }
  return {};
}
