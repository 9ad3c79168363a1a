import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import { place } from '../client/repository.ts';

/** What a token needs to start workflows by a `repository_dispatch`. */
export const CONTENTS_WRITE = { contents: 'write' } as const;

/**
 * Sends a `repository_dispatch`. GitHub accepts 10 members and 64 KB.
 * https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
 */
export async function sendDispatch(
  github: Github,
  repository: string,
  type: string,
  payload: Readonly<Record<string, unknown>>,
): Promise<void> {
  await github.rest(
    {
      route: 'POST /repos/{owner}/{repo}/dispatches',
      parameters: { ...place(repository), event_type: type, client_payload: payload },
      summary: 'Send the event',
      permissions: CONTENTS_WRITE,
      // Whoever receives it knows the session by its ID.
      repeatable: true,
    },
    z.unknown(),
  );
}
