import { ActionError, type ErrorCode } from '../contract/errors.ts';
import { UNSENT } from '../contract/unsent.ts';

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
  readonly cause?: unknown;
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
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim().slice(0, MAX_SAID);

/** What the body of an error says, field by field where it does. */
function bodyText(data: unknown): string {
  if (!isRecord(data)) return typeof data === 'string' && !/^\s*</.test(data) ? data : '';
  const entries = Array.isArray(data['errors']) ? data['errors'] : [];
  const fields = entries.map((entry) => (isRecord(entry) ? (entry['message'] ?? entry['code']) : entry));
  return [data['message'], ...fields].filter((part) => typeof part === 'string').join('; ');
}

function connectionFailure(error: Error): Failure {
  // fetch says "fetch failed"; what failed is one or two causes further down.
  const chain: Error[] = [error];
  for (let at: unknown = error.cause; at instanceof Error && chain.length < 5; at = at.cause) chain.push(at);
  const codes = chain.flatMap((each) => ('code' in each && typeof each.code === 'string' ? [each.code] : []));
  const code = codes.at(-1);
  const said = chain.at(-1)?.message || code || error.message;
  return {
    status: 0,
    headers: {},
    said: oneLine(said),
    unsent: code !== undefined && UNSENT.has(code),
    cause: chain.at(-1),
  };
}

/** What a thrown value says about a try; undefined where it is no failure of a request. */
export function failureOf(thrown: unknown): Failure | undefined {
  if (thrown instanceof Refusal) return thrown.failure;
  if (!(thrown instanceof Error)) return undefined;
  // octokit's error: with a response if there was one, else around what the connection threw.
  if ('response' in thrown && isRecord(thrown.response)) {
    const { status, headers, data } = thrown.response;
    return { status: Number(status), headers: isRecord(headers) ? headers : {}, said: oneLine(bodyText(data)) };
  }
  return connectionFailure(thrown);
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  0: 'api_unavailable',
  401: 'credential_invalid',
  403: 'permission_denied',
  404: 'not_found',
  409: 'conflict',
  410: 'not_found',
  429: 'rate_limited',
};

// The codes' own titles and advice speak of Devin.
const TITLES: Partial<Record<ErrorCode, string>> = {
  credential_invalid: 'GitHub refused the token',
  permission_denied: 'GitHub did not allow this',
  not_found: 'GitHub does not know this',
  conflict: 'GitHub has it in a state that does not allow this',
  rate_limited: 'GitHub asks to slow down',
  api_unavailable: 'GitHub could not be reached',
  api_rejected: 'GitHub rejected the request',
  api_contract: 'GitHub answered something else than it promises',
};

const FIXES: Partial<Record<ErrorCode, string>> = {
  credential_invalid:
    'Check `github_token`: `${{ github.token }}` is valid while its job runs, any other token until it expires or is revoked.',
  permission_denied: 'See what GitHub says; another `github_token` may be allowed to do it.',
  not_found: 'Check the number and the repository, and that `github_token` can see them.',
  conflict: 'Look at the present state on GitHub, then run the step again.',
  rate_limited: 'Run fewer jobs at once with the same token, or run the step again later.',
  api_unavailable: 'Run the step again; https://www.githubstatus.com/ says if GitHub has trouble.',
  api_rejected: 'See what GitHub says about the request.',
  api_contract:
    'Check `GITHUB_API_URL` and proxies in between; if they are right, report it with the version of this action.',
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

function adviceFor(code: ErrorCode, failure: Failure, facts: RequestFacts): { title?: string; fix?: string } {
  if (code === 'permission_denied' && lacksPermission(failure.said)) {
    const accepted = acceptedPermissions(failure.headers['x-accepted-github-permissions'], facts.permissions);
    const enough = Object.entries(accepted ?? {}).map(([name, level]) => [name, facts.permissions[name] ?? level]);
    const yaml = permissionsYaml(accepted === undefined ? facts.permissions : Object.fromEntries(enough));
    return {
      title: 'The GitHub token lacks a permission',
      fix: `Grant it in the job, beside the permissions that the job has: \`${yaml}\`. In a run for a pull request from a fork the token only reads, whatever the workflow grants.`,
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
  if (isLimited(failure)) return 'rate_limited';
  return CODES[failure.status] ?? (failure.status >= 500 ? 'api_unavailable' : 'api_rejected');
}

/** The error that users see for a failed request. */
export function githubError(failure: Failure, facts: RequestFacts): ActionError {
  const code = codeOf(failure);
  const open = failure.status === 0 ? failure.unsent !== true : failure.status >= 500;
  const ambiguous = facts.changes && open;
  const what =
    failure.status === 0
      ? `${facts.method} ${facts.path} failed on its way (${failure.said})`
      : `HTTP ${failure.status} for ${facts.method} ${facts.path}${failure.said === '' ? '' : `: ${failure.said}`}`;
  const tail = ambiguous ? ' The request may have been carried out all the same.' : '';
  return new ActionError(code, `GitHub: ${facts.summary}: ${what.replace(/\.$/, '')}.${tail}`, {
    ...adviceFor(code, failure, facts),
    ...(failure.status === 0 ? {} : { status: failure.status }),
    ambiguous,
    cause: failure.cause,
  });
}

/** The error for an answer that lacks what it should have. */
export function contractError(facts: RequestFacts, list: readonly string[]): ActionError {
  const about = `GitHub: ${facts.summary}: the answer to ${facts.method} ${facts.path} is not what the API promises.`;
  const [title, fix] = [TITLES.api_contract ?? '', FIXES.api_contract ?? ''];
  return new ActionError('api_contract', about, { title, fix, list, ambiguous: facts.changes });
}
