import { expect } from 'vitest';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import type { Pull } from '../github/server/state.ts';
import { COMMITS, pullRequest } from './events.ts';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type SeenRequest, type TestSandbox } from './sandbox.ts';

/** One finding, as the output `findings` has it. */
export interface ShownFinding {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly path: string | null;
  readonly start_line: number | null;
  readonly end_line: number | null;
  readonly title: string;
  readonly url: string;
  readonly resolved: boolean;
}

/** Devin and GitHub for the reviews of a test. */
export interface ReviewBench {
  readonly sandbox: TestSandbox;
  readonly orgId: string;
  readonly github: LocalGithub;
  readonly pull: Pull;
  /** Runs a step for the pull request 128 of acme/api. */
  step(inputs?: Readonly<Record<string, string>>, more?: Partial<StepOptions>): Promise<StepResult>;
  /** Requests for reviews so far: `GET 404`, `POST 200`. */
  requests(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const shown = ({ method, status }: SeenRequest) => `${method} ${status}`;

/** Options of a bench. */
export interface BenchOptions {
  readonly habits?: string;
  /** How fast the sandbox is; a review takes 3.6 s at 1. */
  readonly speed?: number;
}

/** Opens a sandbox, and a GitHub that has the pull request. What is requested against GitHub's documents fails the test. */
export async function openReviews({ habits = '', speed = 1_000 }: BenchOptions = {}): Promise<ReviewBench> {
  const sandbox = await openSandbox({ speed, habits });
  const orgId = await sandbox.orgId();
  const github = await openGithub({ repository: 'acme/api' });
  const pull = github.pull(128, { head: COMMITS.head });
  return {
    sandbox,
    orgId,
    github,
    pull,
    step: (inputs = {}, more = {}) =>
      runStep({
        github,
        event: pullRequest('opened', 128),
        ...more,
        with: {
          operation: 'review-pull-request',
          api_url: sandbox.url,
          devin_token: 'cog_sandbox_org',
          org_id: orgId,
          poll_interval: '1s',
          ...inputs,
        },
      }),
    requests: async () => (await sandbox.requests()).filter(({ path }) => path.includes('/pr-reviews')).map(shown),
    async close() {
      await Promise.all([sandbox.close(), github.close()]);
      expect(github.breaches()).toEqual([]);
    },
  };
}

/** The findings that a step found. */
export const findingsOf = ({ outputs }: StepResult): readonly ShownFinding[] => JSON.parse(outputs['findings'] ?? '[]');

/** Annotations at lines, as `level file:line title`. */
export const annotationsOf = ({ commands }: StepResult): readonly string[] =>
  commands
    .filter(({ properties }) => properties['file'] !== undefined)
    .map(
      ({ name, properties, message }) =>
        `${name} ${properties['file']}:${properties['line']} ${message.split('\n')[0]}`,
    );
