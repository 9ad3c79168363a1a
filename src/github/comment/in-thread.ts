import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import type { Permissions } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import { COMMENT_MARKER } from '../event/marker.ts';
import { missingThread } from '../event/named.ts';
import { commentBody, hasMarker } from './body.ts';

const COMMENTS = 'comments(last: 100) { nodes { id databaseId viewerDidAuthor body } }';
const HEAD = z.nullish(z.object({ headRefOid: z.string() }));

/** The query for a thread to write to, and for the heads of pull requests. */
function queryFor(thread: number | undefined, pulls: readonly number[]): string {
  const fields = [
    ...(thread === undefined
      ? []
      : [
          `issueOrPullRequest(number: ${thread}) { ... on Issue { id ${COMMENTS} } ... on PullRequest { id headRefOid ${COMMENTS} } }`,
        ]),
    ...pulls.map((number, at) => `pull${at}: pullRequest(number: ${number}) { headRefOid }`),
  ];
  return `query ($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${fields.join(' ')} } }`;
}

const Comment = z.object({
  id: z.string(),
  databaseId: z.nullish(z.number()),
  viewerDidAuthor: z.boolean(),
  body: z.string(),
});
const Found = z.object({
  repository: z.nullish(
    z.object({
      issueOrPullRequest: z.nullish(
        z.object({
          id: z.string(),
          headRefOid: z.optional(z.string()),
          comments: z.object({ nodes: z.nullish(z.array(z.nullable(Comment))) }),
        }),
      ),
      pull0: HEAD,
      pull1: HEAD,
    }),
  ),
});

/** One change of a mutation: its field, the type of its input, and the input. */
interface Mutation {
  readonly field: 'addComment' | 'updateIssueComment' | 'addReaction';
  readonly type: string;
  readonly input: Readonly<Record<string, string>>;
}

/** A comment to keep: the hash in its marker, and its Markdown. */
interface MarkedComment {
  readonly mark: string;
  readonly markdown: string;
}

/** What a request is in a thread: the issue or pull request itself, or a comment by its number in REST. */
export type RequestTarget = 'thread' | number;

/** What is written into a thread at once. */
export interface ThreadWords {
  readonly comment: MarkedComment;
  /** One more comment, written once: an edit notifies nobody. */
  readonly question?: MarkedComment | undefined;
  readonly reaction?: { readonly to: RequestTarget; readonly content: 'ROCKET' | 'CONFUSED' } | undefined;
}

/** An issue or pull request as one request shows it. */
export interface SeenThread {
  /** The head commit of the thread, if it is a pull request, or else of the other pull request. */
  readonly head: string | undefined;
  /**
   * Writes what the newest 100 comments do not say yet, by one request: edits our comment or writes it, writes the
   * question, and reacts to the request. Several reactions of one kind count as one.
   */
  write(words: ThreadWords): Promise<void>;
}

/** The text of a mutation, which GitHub carries out in order. */
function mutationOf(changes: readonly Mutation[]): string {
  const variables = changes.map(({ type }, at) => `$input${at}: ${type}!`).join(', ');
  const fields = changes.map(({ field }, at) => `c${at}: ${field}(input: $input${at}) { clientMutationId }`).join(' ');
  return `mutation (${variables}) { ${fields} }`;
}

const add = (subjectId: string, body: string): Mutation => ({
  field: 'addComment',
  type: 'AddCommentInput',
  input: { subjectId, body },
});

/** What has to change so that a thread says the words. */
function changesFor(
  { comment, question, reaction }: ThreadWords,
  threadId: string,
  nodes: readonly z.output<typeof Comment>[],
): readonly Mutation[] {
  const changes: Mutation[] = [];
  const find = (marker: string) => nodes.find((node) => node.viewerDidAuthor && hasMarker(node.body, marker));
  const markerOf = ({ mark }: MarkedComment) => `${COMMENT_MARKER}${mark} -->`;
  const body = commentBody(markerOf(comment), comment.markdown);
  const own = find(markerOf(comment));
  if (own === undefined) changes.push(add(threadId, body));
  else if (own.body !== body)
    changes.push({ field: 'updateIssueComment', type: 'UpdateIssueCommentInput', input: { id: own.id, body } });
  if (question !== undefined && find(markerOf(question)) === undefined)
    changes.push(add(threadId, commentBody(markerOf(question), question.markdown)));
  const subjectId =
    reaction?.to === 'thread' ? threadId : nodes.find(({ databaseId: id }) => id != null && id === reaction?.to)?.id;
  if (reaction !== undefined && subjectId !== undefined)
    changes.push({
      field: 'addReaction',
      type: 'AddReactionInput',
      input: { subjectId, content: reaction.content },
    });
  return changes;
}

/** What to read: an issue or pull request to write to, and at most two pull requests whose heads count if it has none. */
export interface ThreadNumbers {
  readonly thread: number | undefined;
  /** The first of them that is a pull request counts. */
  readonly pulls: readonly number[];
}

/**
 * Reads the newest comments of an issue or pull request, and the head of a pull request, by one request.
 *
 * @throws {ActionError} with the status 404 for a thread that is neither
 */
export async function seeThread(
  github: Github,
  repository: string,
  { thread: number, pulls }: ThreadNumbers,
  permissions: Permissions,
): Promise<SeenThread> {
  const { repository: found } = await github.graphql(
    {
      query: queryFor(number, pulls),
      variables: place(repository),
      summary: 'Read the thread',
      permissions,
      partial: true,
    },
    Found,
  );
  const thread = found?.issueOrPullRequest ?? undefined;
  if (number !== undefined && thread === undefined) throw missingThread(`#${number}`, repository);
  const nodes = (thread?.comments.nodes ?? []).filter((node) => node !== null);
  return {
    head: thread?.headRefOid ?? found?.pull0?.headRefOid ?? found?.pull1?.headRefOid,
    async write(words) {
      if (thread === undefined) return;
      const changes = changesFor(words, thread.id, nodes);
      if (changes.length === 0) return;
      const variables = Object.fromEntries(changes.map(({ input }, at) => [`input${at}`, input]));
      await github.graphql(
        { query: mutationOf(changes), variables, summary: 'Write the comments', permissions },
        z.unknown(),
      );
    },
  };
}
