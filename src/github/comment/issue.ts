import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import type { Permissions } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import type { Comments, CommentThread, OwnComment } from './thread.ts';

const IssueComment = z.object({
  id: z.int(),
  node_id: z.string(),
  html_url: z.string(),
  body: z.optional(z.nullable(z.string())),
});
const Authorship = z.object({
  nodes: z.array(z.nullable(z.object({ id: z.optional(z.string()), viewerDidAuthor: z.optional(z.boolean()) }))),
});

const AUTHORSHIP = `query ($ids: [ID!]!) {
  nodes(ids: $ids) { ... on IssueComment { id viewerDidAuthor } }
}`;

/**
 * The comments of an issue or a pull request. https://docs.github.com/rest/issues/comments
 * REST names the author of a comment, but not who an app's token is; GraphQL says if they are the same.
 */
export function issueComments(github: Github, repository: string, { kind, number }: CommentThread): Comments {
  const where = place(repository);
  // Who lacks the permission to read is told at once what it takes to write.
  const permissions: Permissions = kind === 'pull_request' ? { 'pull-requests': 'write' } : { issues: 'write' };
  const ofIssue = { ...where, issue_number: number };
  const own = (comment: z.output<typeof IssueComment>): OwnComment => ({
    id: String(comment.id),
    url: comment.html_url,
    body: comment.body ?? '',
  });

  async function ours(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { nodes } = await github.graphql(
      {
        query: AUTHORSHIP,
        variables: { ids },
        summary: 'See who wrote a comment',
        permissions,
        partial: true,
      },
      Authorship,
    );
    return new Set(nodes.flatMap((node) => (node?.viewerDidAuthor === true && node.id !== undefined ? [node.id] : [])));
  }

  return {
    async find(matches) {
      const pages = github.pages(
        {
          route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
          parameters: ofIssue,
          summary: 'Read the comments',
          permissions,
        },
        z.array(IssueComment),
      );
      for await (const page of pages) {
        const candidates = page.filter(({ body }) => matches(body ?? ''));
        if (candidates.length === 0) continue;
        const written = await ours(candidates.map(({ node_id: id }) => id));
        const found = candidates.find(({ node_id: id }) => written.has(id));
        if (found !== undefined) return own(found);
      }
      return undefined;
    },
    async create(body) {
      const comment = await github.rest(
        {
          route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
          parameters: { ...ofIssue, body },
          summary: 'Write the comment',
          permissions,
        },
        IssueComment,
      );
      return { ...own(comment), body };
    },
    async edit({ id }, body) {
      await github.rest(
        {
          route: 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
          parameters: { ...where, comment_id: Number(id), body },
          summary: 'Update the comment',
          permissions,
          repeatable: true,
        },
        IssueComment,
      );
    },
  };
}
