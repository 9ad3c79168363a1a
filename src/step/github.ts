import type { Clock } from '../contract/clock.ts';
import type { CommonInput, InputValues } from '../contract/inputs.ts';
import { VERSION } from '../contract/version.ts';
import type { Github } from '../github/client/client.ts';
import type { Env } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';

/** When a step is stopped, what its comment has left to say is said within this time. */
export const LAST_WORDS_MS = 4_000;

/** What GitHub's API is opened with. */
export interface GithubWorld {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the requests. */
  readonly signal: AbortSignal;
}

type GithubInputs = Pick<InputValues<CommonInput>, 'github_token' | 'dry_run' | 'request_timeout' | 'max_retries'>;

/** GitHub's API for a step, opened when it is first needed; undefined where the step has no token. */
export function githubOf(
  { github_token: token, dry_run: dryRun, request_timeout: requestTimeoutMs, max_retries: maxRetries }: GithubInputs,
  { env, clock, log, signal }: GithubWorld,
): () => Promise<Github | undefined> {
  if (token === undefined) return async () => undefined;
  let opened: Promise<Github> | undefined;
  const open = async () => {
    const { openGithub } = await import('../github/client/client.ts');
    return openGithub({
      token,
      apiUrl: env['GITHUB_API_URL'] || 'https://api.github.com',
      graphqlUrl: env['GITHUB_GRAPHQL_URL'] || 'https://api.github.com/graphql',
      userAgent: `devin-action/${VERSION}`,
      dryRun,
      signal,
      requestTimeoutMs,
      maxRetries,
      clock,
      env,
      onProgress: (text) => log.progress(text),
    });
  };
  return () => {
    opened ??= open();
    return opened;
  };
}
