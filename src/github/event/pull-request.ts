import * as z from 'zod/mini';
import { ActionError } from '../../contract/errors.ts';
import { failed } from '../../contract/fallible.ts';
import type { Part } from '../../report/untrusted.ts';
import type { Github, RestCall } from '../client/client.ts';
import { permissionsYaml } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import { type ChangedFiles, MAX_FILES } from './changed-files.ts';
import type { Unread } from './failures.ts';
import { READ_PULLS } from './named.ts';
import { integer, string } from './payload.ts';

/** More comments of a review than that are counted, not shown. */
const MAX_INLINE = 50;

const Files = z.array(z.object({ filename: z.string() }));
const Rows = z.array(z.record(z.string(), z.unknown()));

/** Why a part of a pull request could not be read; anything but a refusal is thrown again. */
export function unreadOf(thrown: unknown, what: string): Unread {
  if (!(thrown instanceof ActionError) || (thrown.status !== 403 && thrown.status !== 404)) throw thrown;
  return {
    finding: `${what} could not be read: HTTP ${thrown.status} from GitHub.`,
    advice: `Adding \`${permissionsYaml(READ_PULLS)}\` to the job may help.`,
  };
}

/**
 * The files that a pull request changes now, the first 300 at most.
 * https://docs.github.com/rest/pulls/pulls#list-pull-requests-files
 */
export async function pullRequestFiles(github: Github, repository: string, number: number): Promise<ChangedFiles> {
  const call: RestCall = {
    route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}/files',
    parameters: { ...place(repository), pull_number: number },
    summary: 'Read the changed files',
    permissions: READ_PULLS,
  };
  const files: string[] = [];
  try {
    for await (const page of github.pages(call, Files)) {
      files.push(...page.map(({ filename }) => filename));
      if (files.length >= MAX_FILES) return { ok: true, files: files.slice(0, MAX_FILES), more: true };
    }
    return { ok: true, files, more: false };
  } catch (thrown) {
    return failed(unreadOf(thrown, 'The changed files'));
  }
}

/**
 * The comments of a review on lines, each as a part. https://docs.github.com/rest/pulls/reviews#list-comments-for-a-pull-request-review
 */
export async function inlineComments(
  github: Github,
  repository: string,
  number: number,
  review: number,
): Promise<{ readonly parts: readonly Part[]; readonly more: boolean; readonly problems: readonly Unread[] }> {
  try {
    const rows = await github.rest(
      {
        route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments',
        parameters: { ...place(repository), pull_number: number, review_id: review, per_page: 100 },
        summary: 'Read the comments of the review',
        permissions: READ_PULLS,
      },
      Rows,
    );
    const parts = rows.slice(0, MAX_INLINE).flatMap((row, at): Part[] => {
      const line = integer(row['line']) ?? integer(row['original_line']);
      const where = `${string(row['path'])}${line === undefined ? '' : `:${line}`}`;
      const text = string(row['body']);
      const label = `comment ${at + 1} of the review`;
      return [
        { label: `${label}: place`, text: where },
        { label: `${label}: diff around it`, text: string(row['diff_hunk']), verbatim: true },
        { label, text },
      ];
    });
    return { parts, more: rows.length > MAX_INLINE, problems: [] };
  } catch (thrown) {
    return { parts: [], more: false, problems: [unreadOf(thrown, 'The comments of the review')] };
  }
}
