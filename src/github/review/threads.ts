import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import { place } from '../client/repository.ts';
import { READ } from './pull-request.ts';
import { isReviewingActor } from './reviewer.ts';

/** The state of a conversation about lines of a pull request. */
export interface ReviewThread {
  readonly isResolved: boolean;
  /** The lines have changed since. */
  readonly isOutdated: boolean;
  /** Another person has edited the text of the reviewer. */
  readonly isEdited: boolean;
}

const QUERY = `query ($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        nodes { isResolved isOutdated comments(first: 1) { nodes { id url editor { __typename login } } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;

const First = z.object({
  id: z.string(),
  url: z.nullish(z.string()),
  editor: z.nullish(z.object({ __typename: z.string(), login: z.string() })),
});

const Thread = z.object({
  isResolved: z.boolean(),
  isOutdated: z.nullish(z.boolean()),
  comments: z.object({ nodes: z.nullish(z.array(z.nullish(First))) }),
});

const Data = z.object({
  repository: z.object({
    pullRequest: z.object({
      reviewThreads: z.object({
        nodes: z.nullish(z.array(z.nullish(Thread))),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.nullish(z.string()) }),
      }),
    }),
  }),
});

/** The conversations of a pull request by their first comment: by its node ID, and by its URL. */
export async function reviewThreads(
  github: Github,
  repository: string,
  number: number,
): Promise<ReadonlyMap<string, ReviewThread>> {
  const { owner, repo: name } = place(repository);
  const found = new Map<string, ReviewThread>();
  for (let after: string | null = null; ; ) {
    const call = { summary: 'Read the conversations of the pull request', permissions: READ, query: QUERY };
    const data: z.output<typeof Data> = await github.graphql(
      { ...call, variables: { owner, name, number, after } },
      Data,
    );
    const { nodes, pageInfo } = data.repository.pullRequest.reviewThreads;
    for (const thread of nodes ?? []) {
      const first = thread?.comments.nodes?.[0];
      if (!thread || !first) continue;
      const { isResolved, isOutdated } = thread;
      const isEdited = first.editor != null && !isReviewingActor(first.editor);
      const shown = { isResolved, isOutdated: isOutdated ?? false, isEdited };
      for (const key of [first.id, first.url ?? first.id]) found.set(key, shown);
    }
    if (!pageInfo.hasNextPage || !pageInfo.endCursor || pageInfo.endCursor === after) return found;
    after = pageInfo.endCursor;
  }
}
