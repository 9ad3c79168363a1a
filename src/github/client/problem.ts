import { ActionError, type ErrorCode } from '../../contract/errors.ts';
import { isRecord } from '../../contract/json.ts';
import type { HttpResponse } from '../../http/body.ts';
import { codeOf as codeOfStatus, isUnclear, RequestFailure } from '../../http/failure.ts';
import { shortened } from '../../report/shorten.ts';

/** What a workflow's `permissions:` grants, e.g. `{issues: 'write'}`. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

/** What an error is about. */
export interface RequestFacts {
  /** What the request was to do, e.g. `Write the comment`. */
  readonly summary: string;
  readonly method: string;
  /** Path without its query. */
  readonly path: string;
  /** Whether it changes something. */
  readonly changes: boolean;
  /** What the token needs for it. */
  readonly permissions: Permissions;
}

/** Why one try failed. */
export interface Failure {
  /** The HTTP status, or what a GraphQL error stands for; 0 where no whole answer came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** One sentence, as GitHub or the connection gives it. */
  readonly said: string;
  /** Nothing can have been carried out: the request never left. */
  readonly unsent?: boolean;
  /** A response came, and was larger than what is read. */
  readonly tooLarge?: boolean;
  readonly cause?: unknown;
}

/** A redirect that was not followed, since the request changes something; undefined for any other response. */
export function redirectFailure(status: number, headers: Readonly<Record<string, unknown>>): Failure | undefined {
  if (!isRedirect(status)) return undefined;
  return { status, headers, said: oneLine(`it redirects to ${String(headers['location'] ?? 'no address')}`) };
}

/** An answer that is no success, on its way to whoever decides about the next try. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.said);
    this.failure = failure;
  }
}

const MAX_SAID = 500;
const oneLine = (text: string) => shortened(text.replace(/\s+/g, ' ').trim(), MAX_SAID);

/** What the body of an error says, field by field where it does. */
function bodyText(data: unknown): string {
  if (!isRecord(data)) return typeof data === 'string' && !/^\s*</.test(data) ? data : '';
  const entries = Array.isArray(data['errors']) ? data['errors'] : [];
  const fields = entries.map((entry) => (isRecord(entry) ? (entry['message'] ?? entry['code']) : entry));
  return [data['message'], ...fields].filter((part) => typeof part === 'string').join('; ');
}

function parsed(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const STATUSES: Readonly<Record<string, number>> = {
  NOT_FOUND: 404,
  FORBIDDEN: 403,
  INSUFFICIENT_SCOPES: 403,
  RATE_LIMITED: 429,
};

/** The status that the type of a GraphQL error stands for. */
export const statusOfType = (type: string | undefined): number => STATUSES[type ?? ''] ?? 422;

/** What a response outside of 2xx says, or one whose GraphQL errors report a limit; undefined for any other. */
export function refusalOf({ status, headers, body }: HttpResponse): Failure | undefined {
  if (status >= 400) return { status, headers, said: oneLine(bodyText(parsed(body))) };
  if (status !== 200 || !body.includes('"RATE_LIMITED"')) return undefined;
  const json = parsed(body);
  const errors = isRecord(json) && Array.isArray(json['errors']) ? json['errors'] : [];
  const limited = errors.find((entry) => isRecord(entry) && entry['type'] === 'RATE_LIMITED');
  return limited === undefined ? undefined : { status: 429, headers, said: oneLine(bodyText(json)) };
}

/** What a thrown value says about a request; undefined if it is no failure of a request. */
export function failureOf(thrown: unknown): Failure | undefined {
  if (thrown instanceof Refusal) return thrown.failure;
  if (!(thrown instanceof Error)) return undefined;
  // octokit's error: with a response if there was one, otherwise around what the fetch threw.
  if ('response' in thrown && isRecord(thrown.response)) {
    const { status, headers, data } = thrown.response;
    return { status: Number(status), headers: isRecord(headers) ? headers : {}, said: oneLine(bodyText(data)) };
  }
  const lost = thrown.cause ?? thrown;
  if (!(lost instanceof RequestFailure)) return undefined;
  const { kind, message, left, cause } = lost;
  const tooLarge = kind === 'too_large';
  return { status: 0, headers: {}, said: oneLine(message), unsent: !left, tooLarge, cause: cause ?? lost };
}

// The codes' own titles and advice speak of Devin.
const TITLES: Partial<Record<ErrorCode, string>> = {
  credential_invalid: 'GitHub rejected the token',
  permission_denied: 'GitHub denied access',
  not_found: 'Not found on GitHub',
  conflict: 'Conflict with the current state on GitHub',
  rate_limited: 'GitHub rate limit exceeded',
  api_unavailable: 'GitHub could not be reached',
  api_rejected: 'GitHub rejected the request',
  api_contract: 'Unexpected response from GitHub',
};

const FIXES: Partial<Record<ErrorCode, string>> = {
  credential_invalid:
    'Check `github_token`: `${{ github.token }}` is valid while its job runs, any other token until it expires or is revoked.',
  permission_denied: 'Read the message from GitHub. A `github_token` with more permissions may be needed.',
  not_found: 'Check the number and the repository, and that `github_token` can see them.',
  conflict: 'Check the current state on GitHub, then run the step again.',
  rate_limited: 'Run fewer jobs at once with the same token, or run the step again later.',
  api_unavailable: 'Run the step again. Check https://www.githubstatus.com/ for an outage.',
  api_rejected: 'Read the message from GitHub.',
  api_contract:
    'Check `GITHUB_API_URL` and any proxy. If they are correct, report this with the version of this action.',
};

/** The names that `permissions:` of a workflow takes. https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#permissions */
const GRANTS = new Set(
  'actions attestations checks contents deployments discussions issues packages pages pull-requests security-events statuses'.split(
    ' ',
  ),
);

/**
 * What `x-accepted-github-permissions` asks for: sets that each suffice, separated by semicolons. The one that a
 * workflow can grant, the needed one before the others; undefined where there is none.
 */
function acceptedPermissions(header: unknown, needed: Permissions): Permissions | undefined {
  if (typeof header !== 'string') return undefined;
  const sets = header.split(';').map((set) => {
    const pairs = set.split(',').map((pair) => pair.trim().split('='));
    const named = pairs.map(([name = '', level = '']) => [name.replaceAll('_', '-'), level] as const);
    return named.filter(([name]) => name !== 'metadata' && name !== '');
  });
  const usable = sets.flatMap((set) => {
    const known = set.every(([name, level]) => GRANTS.has(name) && (level === 'read' || level === 'write'));
    if (!known || set.length === 0) return [];
    return [Object.fromEntries(set.map(([name, level]) => [name, level === 'write' ? 'write' : 'read'] as const))];
  });
  return usable.find((set) => Object.keys(set).every((name) => name in needed)) ?? usable[0];
}

/** Permissions as YAML in one line, to paste into a job: `permissions: { issues: write }`. */
export function permissionsYaml(permissions: Permissions): string {
  const pairs = Object.entries(permissions).map(([name, level]) => `${name}: ${level}`);
  return `permissions: { ${pairs.join(', ')} }`;
}

const lacksPermission = (said: string) => /not accessible by|must have admin rights|insufficient scopes/i.test(said);

const isRedirect = (status: number) => status >= 300 && status <= 399;

/** What a redirect that is not followed means: only a change is not, since GitHub would make something else of it. */
function moved({ headers }: Failure): { title: string; fix: string } {
  const target = URL.parse(String(headers['location'] ?? ''));
  const address = target === null ? '' : `${target.origin}${target.pathname}`;
  const [, name] = /\/repos\/([^/]+\/[^/]+)/.exec(address) ?? [];
  const now = name === undefined ? '' : ` It is \`${name}\` now.`;
  return {
    title: 'The repository or the issue has moved',
    fix: `The repository was renamed, or the issue was transferred.${now} Start a new run, which has the new name, and correct \`issue_number\` and \`GITHUB_API_URL\` if you set them.`,
  };
}

function adviceFor(code: ErrorCode, failure: Failure, facts: RequestFacts): { title?: string; fix?: string } {
  if (isRedirect(failure.status)) return moved(failure);
  if (code === 'permission_denied' && lacksPermission(failure.said)) {
    const accepted = acceptedPermissions(failure.headers['x-accepted-github-permissions'], facts.permissions);
    const enough = Object.entries(accepted ?? {}).map(([name, level]) => [name, facts.permissions[name] ?? level]);
    const yaml = permissionsYaml(accepted === undefined ? facts.permissions : Object.fromEntries(enough));
    return {
      title: 'The GitHub token is missing a permission',
      fix: `Add it to the permissions of the job: \`${yaml}\`. In a run for a pull request from a fork, the token is read-only, whatever the workflow grants.`,
    };
  }
  const [title, fix] = [TITLES[code], FIXES[code]];
  return { ...(title === undefined ? {} : { title }), ...(fix === undefined ? {} : { fix }) };
}

/** Whether GitHub asks to slow down: by 429, or by 403 with a limit in its headers or its words. */
export function isLimited({ status, headers, said }: Failure): boolean {
  if (status === 429) return true;
  if (status !== 403 || lacksPermission(said)) return false;
  return (
    headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0' || /rate limit|abuse/i.test(said)
  );
}

function codeOf(failure: Failure): ErrorCode {
  if (failure.status === 0) return failure.tooLarge === true ? 'api_contract' : 'api_unavailable';
  return isLimited(failure) ? 'rate_limited' : codeOfStatus(failure.status);
}

/** The error that users see for a failed request. */
export function githubError(failure: Failure, facts: RequestFacts): ActionError {
  const code = codeOf(failure);
  const open = failure.status === 0 ? failure.unsent !== true : isUnclear(failure.status);
  const ambiguous = facts.changes && open;
  const what =
    failure.status === 0
      ? `${facts.method} ${facts.path}: ${failure.said}`
      : `HTTP ${failure.status} for ${facts.method} ${facts.path}${failure.said === '' ? '' : `: ${failure.said}`}`;
  const tail = ambiguous ? ' The request may have been carried out anyway.' : '';
  return new ActionError(code, `GitHub: ${facts.summary}: ${what.replace(/\.$/, '')}.${tail}`, {
    ...adviceFor(code, failure, facts),
    ...(failure.status === 0 ? {} : { status: failure.status }),
    ambiguous,
    cause: failure.cause,
  });
}

/** The error for an answer that lacks what it should have. */
export function contractError(facts: RequestFacts, list: readonly string[]): ActionError {
  const about = `GitHub: ${facts.summary}: the response to ${facts.method} ${facts.path} is not what the API documents.`;
  const [title, fix] = [TITLES.api_contract ?? '', FIXES.api_contract ?? ''];
  return new ActionError('api_contract', about, { title, fix, list, ambiguous: facts.changes });
}
