import * as z from 'zod/mini';
import { ActionError } from '../../contract/errors.ts';
import type { Github } from '../client/client.ts';
import { permissionsYaml } from '../client/problem.ts';
import { place } from '../client/repository.ts';

/** What a token needs to read a pull request and its reviews. */
export const READ = { 'pull-requests': 'read' } as const;

/** A pull request as it is now. */
export interface PullRequest {
  /** Hash of its head commit. */
  readonly head: string;
  readonly isDraft: boolean;
  /** It was closed, or merged. */
  readonly isClosed: boolean;
}

const Answer = z.object({
  state: z.string(),
  draft: z.nullish(z.boolean()),
  head: z.object({ sha: z.string() }),
});

/**
 * Reads a pull request. https://docs.github.com/rest/pulls/pulls#get-a-pull-request
 *
 * @throws `not_found` for a number that is none of a pull request, or that the token cannot see
 */
export async function readPullRequest(github: Github, repository: string, number: number): Promise<PullRequest> {
  try {
    const { state, draft, head } = await github.rest(
      {
        route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}',
        parameters: { ...place(repository), pull_number: number },
        summary: 'Read the pull request',
        permissions: READ,
      },
      Answer,
    );
    return { head: head.sha, isDraft: draft ?? false, isClosed: state !== 'open' };
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.status !== 404) throw thrown;
    throw new ActionError('not_found', `GitHub: #${number} is not a pull request of ${repository}.`, {
      title: 'The pull request does not exist',
      fix: `Check the number. If it is correct, \`github_token\` cannot see it: add \`${permissionsYaml(READ)}\` to the job.`,
      status: 404,
      cause: thrown,
    });
  }
}
