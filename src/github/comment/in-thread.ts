import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import type { Permissions } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import { COMMENT_MARKER } from '../event/marker.ts';
import { commentBody } from './body.ts';
import { issueComments } from './issue.ts';
import type { OwnComment } from './thread.ts';

const QUERY = `query ($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) {
    issueOrPullRequest(number: $number) {
      ... on Issue { title comments(last: 100) { nodes { databaseId viewerDidAuthor body url } } }
      ... on PullRequest { title headRefOid comments(last: 100) { nodes { databaseId viewerDidAuthor body url } } }
    }
  }
}`;

const Comment = z.object({
  databaseId: z.nullish(z.number()),
  viewerDidAuthor: z.boolean(),
  body: z.string(),
  url: z.string(),
});
const Answer = z.object({
  repository: z.nullish(
    z.object({
      issueOrPullRequest: z.nullish(
        z.object({
          headRefOid: z.optional(z.string()),
          comments: z.object({ nodes: z.nullish(z.array(z.nullable(Comment))) }),
        }),
      ),
    }),
  ),
});

/** An issue or pull request as one request shows it. */
export interface SeenThread {
  /** The head commit of a pull request. */
  readonly head: string | undefined;
  /** Writes the comment with this mark: edits ours if it is among the newest 100, or writes a new one. */
  write(mark: string, markdown: string): Promise<void>;
}

/** Reads the newest comments of an issue or pull request, and the head of a pull request, by one request. */
export async function seeThread(
  github: Github,
  repository: string,
  number: number,
  permissions: Permissions,
): Promise<SeenThread> {
  const answer = await github.graphql(
    { query: QUERY, variables: { ...place(repository), number }, summary: 'Read the comments', permissions },
    Answer,
  );
  const thread = answer.repository?.issueOrPullRequest ?? undefined;
  const nodes = thread?.comments.nodes ?? [];
  const head = thread?.headRefOid;
  const comments = issueComments(github, repository, { kind: head === undefined ? 'issue' : 'pull_request', number });
  return {
    head,
    async write(mark, markdown) {
      const marker = `${COMMENT_MARKER}${mark} -->`;
      const own = nodes.find((node) => node?.viewerDidAuthor === true && node.body.startsWith(marker));
      const body = commentBody(marker, markdown);
      const id = own?.databaseId ?? undefined;
      if (own?.body === body) return;
      if (own === undefined || own === null || id === undefined) await comments.create(body);
      else await comments.edit({ id: String(id), url: own.url, body: own.body } satisfies OwnComment, body);
    },
  };
}
