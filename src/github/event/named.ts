import * as z from 'zod/mini';
import { ActionError } from '../../contract/errors.ts';
import type { ThreadReference } from '../../contract/thread-reference.ts';
import type { Github } from '../client/client.ts';
import { permissionsYaml } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import { isObject, type Json, object, string } from './payload.ts';
import type { Discovery } from './shape.ts';
import { changes, comment, issue, joined, pullRequest } from './thread.ts';

/** Any object: what is not of the right form counts as missing, as in the payload of an event. */
const Row = z.record(z.string(), z.unknown());

/** What a token needs to read pull requests. */
export const READ_PULLS = { 'pull-requests': 'read' } as const;
const READ_ISSUES = { issues: 'read' } as const;

/** Reads a pull request as GitHub has it. https://docs.github.com/rest/pulls/pulls#get-a-pull-request */
export const pullRequestRow = (github: Github, repository: string, number: number): Promise<Json> =>
  github.rest(
    {
      route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}',
      parameters: { ...place(repository), pull_number: number },
      summary: 'Read the pull request',
      permissions: READ_PULLS,
    },
    Row,
  );

/** The error for an issue, pull request, or comment that does not exist, or that the token cannot see. */
export const missingThread = (what: string, repository: string, cause?: unknown) =>
  new ActionError('not_found', `GitHub: ${what} does not exist in ${repository}.`, {
    title: 'The issue or pull request does not exist',
    fix: `Check \`issue_number\`. If it is correct, \`github_token\` cannot see it: add \`${permissionsYaml({ ...READ_ISSUES, ...READ_PULLS })}\` to the job.`,
    status: 404,
    ...(cause === undefined ? {} : { cause }),
  });

/** The issue of a number, as which GitHub shows a pull request as well. Redirects lead to where it was moved. */
async function issueRow(github: Github, repository: string, number: number): Promise<Json> {
  const row = await github
    .rest(
      {
        route: 'GET /repos/{owner}/{repo}/issues/{issue_number}',
        parameters: { ...place(repository), issue_number: number },
        summary: 'Read the issue or pull request',
        permissions: READ_ISSUES,
      },
      Row,
    )
    .catch((thrown: unknown) => {
      if (thrown instanceof ActionError && (thrown.status === 404 || thrown.status === 410)) {
        throw missingThread(`#${number}`, repository, thrown);
      }
      throw thrown;
    });
  const home = string(row['repository_url']).toLowerCase();
  const isMoved = home !== '' && !home.endsWith(`/${repository.toLowerCase()}`);
  if (isMoved || row['number'] !== number) throw missingThread(`#${number}`, repository);
  return row;
}

async function commentRow(github: Github, repository: string, number: number, id: number): Promise<Json> {
  const row = await github
    .rest(
      {
        route: 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
        parameters: { ...place(repository), comment_id: id },
        summary: 'Read the comment',
        permissions: READ_ISSUES,
      },
      Row,
    )
    .catch((thrown: unknown) => {
      const isGone = thrown instanceof ActionError && thrown.status === 404;
      throw isGone ? missingThread(`the comment ${id}`, repository, thrown) : thrown;
    });
  if (!string(row['issue_url']).endsWith(`/issues/${number}`))
    throw missingThread(`the comment ${id} on #${number}`, repository);
  return row;
}

/**
 * Reads the issue or pull request that `issue_number` names, and the comment, by the same readers as the payload of an
 * event. The text of the issue is background; only that of a comment can be a request.
 *
 * @throws `not_found` for what does not exist, is in another repository, or cannot be seen
 */
export async function readNamed(
  github: Github,
  repository: string,
  page: string,
  { number, comment: id }: ThreadReference,
): Promise<Discovery> {
  const row = await issueRow(github, repository, number);
  const isPull = isObject(row['pull_request']);
  const pull = isPull ? await pullRequestRow(github, repository, number) : {};
  const payload = { repository: { full_name: repository } };
  if (id !== undefined) {
    const written = await commentRow(github, repository, number, id);
    const found = comment({ ...payload, issue: row, comment: written }, page);
    return isPull ? joined(found, changes({ ...payload, pull_request: pull })) : found;
  }
  const { text: _background, ...found } = isPull
    ? pullRequest({ ...payload, pull_request: pull }, page)
    : issue({ ...payload, issue: row }, page);
  return found;
}

/** What a pull request changes, for an event that names it without its branches. */
export async function readChanges(github: Github, repository: string, number: number): Promise<Discovery> {
  const pull = await pullRequestRow(github, repository, number);
  return changes({ repository: object({ full_name: repository }), pull_request: pull });
}
