import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import { place } from '../client/repository.ts';
import type { Comments, CommentThread, OwnComment } from './thread.ts';

const DiscussionComment = z.object({ id: z.string(), url: z.string(), body: z.string() });
const Found = z.object({
  repository: z.object({
    discussion: z.object({
      id: z.string(),
      comments: z.object({
        nodes: z.array(z.nullable(z.extend(DiscussionComment, { viewerDidAuthor: z.boolean() }))),
        pageInfo: z.object({ hasPreviousPage: z.boolean(), startCursor: z.nullable(z.string()) }),
      }),
    }),
  }),
});
const Added = z.object({ addDiscussionComment: z.object({ comment: DiscussionComment }) });
const Updated = z.object({ updateDiscussionComment: z.object({ comment: z.object({ id: z.string() }) }) });

const FIND = `query ($owner: String!, $repo: String!, $number: Int!, $before: String) {
  repository(owner: $owner, name: $repo) {
    discussion(number: $number) {
      id
      comments(last: 100, before: $before) {
        nodes { id url body viewerDidAuthor }
        pageInfo { hasPreviousPage startCursor }
      }
    }
  }
}`;
const ADD = `mutation ($discussionId: ID!, $body: String!) {
  addDiscussionComment(input: { discussionId: $discussionId, body: $body }) { comment { id url body } }
}`;
const UPDATE = `mutation ($commentId: ID!, $body: String!) {
  updateDiscussionComment(input: { commentId: $commentId, body: $body }) { comment { id } }
}`;

/** Who lacks the permission to read is told at once what it takes to write. */
const PERMISSIONS = { discussions: 'write' } as const;

/** The comments of a discussion, which only GraphQL knows. https://docs.github.com/graphql/guides/using-the-graphql-api-for-discussions */
export function discussionComments(github: Github, repository: string, thread: CommentThread): Comments {
  const variables = { ...place(repository), number: thread.number };
  let discussionId = thread.nodeId;

  async function page(before: string | null) {
    const { repository: found } = await github.graphql(
      { query: FIND, variables: { ...variables, before }, summary: 'Read the comments', permissions: PERMISSIONS },
      Found,
    );
    discussionId = found.discussion.id;
    return found.discussion.comments;
  }

  return {
    async find(matches) {
      let before: string | null = null;
      // From the newest: a comment that is kept up to date is more often near the end of a discussion.
      for (;;) {
        const { nodes, pageInfo }: Awaited<ReturnType<typeof page>> = await page(before);
        const found = nodes.find((node) => node?.viewerDidAuthor === true && matches(node.body));
        if (found) return found;
        if (!pageInfo.hasPreviousPage || pageInfo.startCursor === null) return undefined;
        before = pageInfo.startCursor;
      }
    },
    async create(body): Promise<OwnComment> {
      if (discussionId === undefined) await page(null);
      const { addDiscussionComment } = await github.graphql(
        { query: ADD, variables: { discussionId, body }, summary: 'Write the comment', permissions: PERMISSIONS },
        Added,
      );
      return { ...addDiscussionComment.comment, body };
    },
    async edit({ id }, body) {
      await github.graphql(
        {
          query: UPDATE,
          variables: { commentId: id, body },
          summary: 'Update the comment',
          permissions: PERMISSIONS,
          repeatable: true,
        },
        Updated,
      );
    },
  };
}
