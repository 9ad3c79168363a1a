import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import { place } from '../client/repository.ts';

/** A merged pull request. */
export interface MergedPull {
  readonly number: number;
  /** The last commit of its branch. */
  readonly head: string;
  /** When it was merged, in milliseconds since 1970. */
  readonly mergedAt: number;
}

/** Which pull request is meant: one by its number, or the one whose merge made a commit of a branch. */
export type MergeReference = { readonly number: number } | { readonly commit: string; readonly branch: string };

/** A comment of the token's own login. */
export interface OwnText {
  readonly body: string;
  /** When it was last written, in milliseconds since 1970. */
  readonly writtenAt: number;
}

const Pull = z.object({
  number: z.int(),
  merged_at: z.nullish(z.string()),
  merge_commit_sha: z.nullish(z.string()),
  base: z.object({ ref: z.string() }),
  head: z.object({ sha: z.string() }),
});
const Comment = z.object({ node_id: z.string(), body: z.optional(z.nullable(z.string())) });
const Written = z.object({
  nodes: z.array(
    z.nullable(
      z.object({
        id: z.optional(z.string()),
        viewerDidAuthor: z.optional(z.boolean()),
        createdAt: z.optional(z.string()),
        lastEditedAt: z.optional(z.nullable(z.string())),
      }),
    ),
  ),
});

const WRITTEN = `query ($ids: [ID!]!) {
  nodes(ids: $ids) { ... on IssueComment { id viewerDidAuthor createdAt lastEditedAt } }
}`;

const PERMISSIONS = { 'pull-requests': 'read' } as const;

/** The merged pull requests that a reference matches. Throws an `ActionError`. */
export async function mergedPulls(github: Github, repository: string, asked: MergeReference): Promise<MergedPull[]> {
  const found: z.output<typeof Pull>[] = [];
  if ('number' in asked) {
    const parameters = { ...place(repository), pull_number: asked.number };
    const about = { summary: 'Read the pull request', permissions: PERMISSIONS };
    found.push(
      await github.rest({ route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', parameters, ...about }, Pull),
    );
  } else {
    const parameters = { ...place(repository), commit_sha: asked.commit };
    const about = { summary: 'Find the pull request of the commit', permissions: PERMISSIONS };
    const route = 'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls';
    for await (const page of github.pages({ route, parameters, ...about }, z.array(Pull))) {
      found.push(...page.filter((pull) => pull.merge_commit_sha === asked.commit && pull.base.ref === asked.branch));
    }
  }
  return found.flatMap(({ number, merged_at: mergedAt, head }) => {
    const at = Date.parse(mergedAt ?? '');
    return Number.isNaN(at) ? [] : [{ number, head: head.sha, mergedAt: at }];
  });
}

/** The comments on a pull request that the token's own login wrote and that `matches`. Throws an `ActionError`. */
export async function ownComments(
  github: Github,
  repository: string,
  number: number,
  matches: (body: string) => boolean,
): Promise<OwnText[]> {
  const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
  const parameters = { ...place(repository), issue_number: number };
  const about = { summary: 'Read the comments', permissions: PERMISSIONS };
  const found: OwnText[] = [];
  for await (const page of github.pages({ route, parameters, ...about }, z.array(Comment))) {
    const bodies = new Map(page.map(({ node_id: id, body }) => [id, body ?? '']));
    const ids = [...bodies.keys()].filter((id) => matches(bodies.get(id) ?? ''));
    if (ids.length === 0) continue;
    const call = { query: WRITTEN, variables: { ids }, summary: 'See who wrote a comment', permissions: PERMISSIONS };
    const { nodes } = await github.graphql({ ...call, partial: true }, Written);
    for (const node of nodes) {
      if (node?.viewerDidAuthor !== true || node.id === undefined) continue;
      const writtenAt = Date.parse(node.lastEditedAt ?? node.createdAt ?? '');
      // A time that GitHub does not report counts as later than any merge.
      found.push({ body: bodies.get(node.id) ?? '', writtenAt: Number.isNaN(writtenAt) ? Infinity : writtenAt });
    }
  }
  return found;
}
