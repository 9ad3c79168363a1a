import * as z from 'zod/mini';
import { ActionError } from '../../contract/errors.ts';
import type { Github } from './client.ts';
import { place } from './repository.ts';

/** Whether a person may write, or why not, in one clause. */
export type WritePermission = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

const Collaborator = z.object({ permission: z.string(), role_name: z.optional(z.nullable(z.string())) });

/** `maintain` comes folded into `write`, `triage` into `read`, and a custom role into what it is based on. */
const WRITES = new Set(['admin', 'maintain', 'write']);
/** What GitHub's logins are made of; anything else could lead the request to another path. */
const LOGIN = /^[a-z\d](?:[a-z\d_-]{0,98})(?:\[bot\])?$/i;

/**
 * Whether a person may write to a repository, by GitHub's present answer. Throws an `ActionError` where GitHub does not
 * say, so that a gate stays closed. https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
 */
export async function writePermission(github: Github, repository: string, login: string): Promise<WritePermission> {
  if (!LOGIN.test(login)) return { allowed: false, reason: 'the event does not name a GitHub user' };
  try {
    const { permission, role_name: role } = await github.rest(
      {
        route: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
        parameters: { ...place(repository), username: login },
        summary: `Read the permission of ${login} in ${repository}`,
        permissions: { contents: 'read' },
      },
      Collaborator,
    );
    if (WRITES.has(permission)) return { allowed: true };
    const has = permission === 'none' ? 'no role' : `only the role ${role || permission}`;
    return { allowed: false, reason: `${login} has ${has} in ${repository}, not write access` };
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.status !== 404) throw thrown;
    return { allowed: false, reason: `${login} is not a collaborator of ${repository}` };
  }
}
