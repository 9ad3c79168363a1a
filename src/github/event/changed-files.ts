import * as z from 'zod/mini';
import { ActionError } from '../../contract/errors.ts';
import { type Fallible, failed } from '../../contract/fallible.ts';
import type { Github } from '../client/client.ts';
import { permissionsYaml } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import type { Unread } from './failures.ts';

/** Paths that differ, of which there may be `more`, or why they could not be read. */
export type ChangedFiles = Fallible<{ readonly files: readonly string[]; readonly more: boolean }, Unread>;

/** GitHub names no more in one comparison. */
export const MAX_FILES = 300;
const COMMIT = /^[\da-f]{40,64}$/i;
const READ = { contents: 'read' } as const;
const Comparison = z.object({ files: z.optional(z.array(z.object({ filename: z.string() }))) });

/**
 * The files that differ between two commits, given by their hashes, so that a branch which moves on meanwhile changes
 * nothing. https://docs.github.com/rest/commits/commits#compare-two-commits
 */
export async function changedFiles(
  github: Github,
  repository: string,
  base: string,
  head: string,
): Promise<ChangedFiles> {
  if (!COMMIT.test(base) || !COMMIT.test(head))
    return failed({ finding: 'The event does not name two commits to compare.', advice: '' });
  try {
    const { files = [] } = await github.rest(
      {
        route: 'GET /repos/{owner}/{repo}/compare/{basehead}',
        // The files come with the first page of commits, however small that is.
        parameters: { ...place(repository), basehead: `${base}...${head}`, per_page: 1, page: 1 },
        summary: 'Compare two commits',
        permissions: READ,
      },
      Comparison,
    );
    const names = files.slice(0, MAX_FILES).map(({ filename }) => filename);
    return { ok: true, files: names, more: files.length >= MAX_FILES };
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || (thrown.status !== 403 && thrown.status !== 404)) throw thrown;
    const advice = `\`${permissionsYaml(READ)}\` in the job may help.`;
    return failed({ finding: `The changed files could not be read: GitHub returned HTTP ${thrown.status}.`, advice });
  }
}
