import { expect, onTestFinished } from 'vitest';
import type { Clock } from '../../../src/contract/clock.ts';
import { ActionError } from '../../../src/contract/errors.ts';
import { type Github, type GithubOptions, openGithub as openClient } from '../../../src/github/client/client.ts';
import { type LocalGithub, type Options, openGithub } from './index.ts';

/** 2026-01-31T08:00:00Z in milliseconds. */
export const START = Date.UTC(2026, 0, 31, 8);

/** A clock whose sleeps are over at once, and add up. */
class InstantClock implements Clock {
  ms = START;
  readonly slept: number[] = [];

  now(): number {
    return this.ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.ms += ms;
  }

  deadline(ms: number): AbortSignal {
    return AbortSignal.timeout(ms);
  }

  random(): number {
    return 0;
  }
}

/** A local GitHub, a client of it, and what a test looks at. */
export interface Opened {
  readonly server: LocalGithub;
  readonly github: Github;
  readonly clock: InstantClock;
  readonly progress: string[];
  /** Another client of the same server. */
  client(options: Partial<GithubOptions>): Github;
}

/** Opens a local GitHub until the test is over, which fails if anything went against GitHub's own documents. */
export async function openBoth(options: Partial<GithubOptions> & Options = {}): Promise<Opened> {
  const server = await openGithub(options);
  onTestFinished(async () => {
    await server.close();
    expect(server.breaches()).toEqual([]);
  });
  const clock = new InstantClock();
  const progress: string[] = [];
  const client = (more: Partial<GithubOptions>) =>
    openClient({
      token: server.token,
      apiUrl: server.url,
      graphqlUrl: server.graphqlUrl,
      userAgent: 'devin-action/test',
      dryRun: false,
      signal: new AbortController().signal,
      requestTimeoutMs: 5_000,
      clock,
      env: {},
      onProgress: (text) => progress.push(text),
      ...more,
    });
  return { server, github: client(options), clock, progress, client };
}

/** The `ActionError` that a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<ActionError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ActionError) return thrown;
  throw new Error(`no ActionError but ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
}
