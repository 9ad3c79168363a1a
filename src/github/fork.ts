const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const memberOf = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce((inner, name) => (isRecord(inner) ? inner[name] : undefined), value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether GitHub keeps the secrets from a run: one for a pull request of a fork, or of Dependabot. `event` is the
 * event's payload as JSON. https://docs.github.com/actions/reference/security/secure-use
 */
export function getsNoSecrets(env: Readonly<Record<string, string | undefined>>, event: string): boolean {
  const { GITHUB_EVENT_NAME: name = '', GITHUB_REPOSITORY: repository, GITHUB_ACTOR: actor } = env;
  if (!/^pull_request(_review(_comment)?)?$/.test(name)) return false;
  const head = memberOf(parsed(event), 'pull_request', 'head', 'repo', 'full_name');
  return actor === 'dependabot[bot]' || (typeof head === 'string' && head !== repository);
}
