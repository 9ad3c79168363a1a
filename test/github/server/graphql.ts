import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, execute, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { threadNode } from './reviews.ts';
import { type Accepted, type Comment, edit, mayUse, notAccessible, type State, type Token } from './state.ts';

// The package exports its types only.
const PATH = join(import.meta.dirname, '../../../node_modules/@octokit/graphql-schema/schema.graphql');
let built: GraphQLSchema | undefined;

function schema(): GraphQLSchema {
  built ??= buildSchema(readFileSync(PATH, 'utf8'), { assumeValid: true });
  return built;
}

/** An error of a kind that GitHub names in `type`. */
const refusal = (type: string, message: string) => new GraphQLError(message, { extensions: { type } });
const unknownNode = (id: string) => refusal('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`);

/** A time as GitHub writes it: in whole seconds. */
const instant = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

type Page = { readonly [name in 'first' | 'last']?: number | null } & {
  readonly [name in 'before' | 'after']?: string | null;
};

/** A page of a connection; a cursor is a place in the list. */
function connection<T>(all: readonly T[], args: Page) {
  const [first, last] = [args.first ?? undefined, args.last ?? undefined];
  if (first === undefined && last === undefined) {
    throw refusal('MISSING_PAGINATION_BOUNDARIES', 'You must provide a `first` or `last` value to paginate properly.');
  }
  if ((first ?? last ?? 0) > 100) {
    throw refusal('EXCESSIVE_PAGINATION', 'Requesting more than 100 records exceeds the limit of 100 records.');
  }
  const from = Number(args.after ?? -1) + 1;
  const to = Number(args.before ?? all.length);
  const start = last === undefined ? from : Math.max(from, to - last);
  const end = first === undefined ? to : Math.min(to, from + first);
  const pageInfo = {
    hasPreviousPage: start > 0,
    hasNextPage: end < all.length,
    startCursor: end > start ? String(start) : null,
    endCursor: end > start ? String(end - 1) : null,
  };
  return { nodes: all.slice(start, end), pageInfo, totalCount: all.length };
}

/** What the queries of a token see, as values whose functions are called with a field's arguments. */
function root(state: State, token: Token) {
  const needs = (...accepted: Accepted) => {
    if (!mayUse(token, accepted)) throw refusal('FORBIDDEN', notAccessible(token));
  };
  const reading = (comment: Comment) =>
    comment.nodeId.startsWith('DC_')
      ? needs({ discussions: 'read' })
      : needs({ issues: 'read' }, { 'pull-requests': 'read' });
  const shown = (comment: Comment) => ({
    __typename: comment.nodeId.startsWith('DC_') ? 'DiscussionComment' : 'IssueComment',
    id: comment.nodeId,
    databaseId: comment.id,
    body: comment.body,
    // GraphQL names an app without the suffix that REST puts behind it.
    author: {
      __typename: comment.author.bot ? 'Bot' : 'User',
      login: comment.author.login.replace(/\[bot\]$/, ''),
    },
    viewerDidAuthor: comment.author.login === token.login,
    createdAt: instant(comment.createdAt),
    lastEditedAt: comment.editedAt === null ? null : instant(comment.editedAt),
    url: `https://github.com/${state.repository}/discussions/${comment.thread}#discussioncomment-${comment.id}`,
  });
  const found = (id: string) => {
    const comment = state.comments.find(({ nodeId }) => nodeId === id);
    if (comment === undefined) throw unknownNode(id);
    reading(comment);
    return shown(comment);
  };
  const written = (body: string) => {
    if (body.trim() === '') throw refusal('UNPROCESSABLE', 'Body cannot be blank');
    if ([...body].length > 65_536) throw refusal('UNPROCESSABLE', 'Body is too long (maximum is 65536 characters)');
    return body;
  };
  const discussion = (number: number) => {
    const thread = state.threads.get(number);
    if (thread?.kind !== 'discussion') {
      throw refusal('NOT_FOUND', `Could not resolve to a Discussion with the number of ${number}.`);
    }
    needs({ discussions: 'read' });
    return {
      id: thread.nodeId,
      number,
      comments: (args: Page) => connection(state.comments.filter((each) => each.thread === number).map(shown), args),
    };
  };
  const pullRequest = (number: number) => {
    if (!state.pulls.has(number)) {
      throw refusal('NOT_FOUND', `Could not resolve to a PullRequest with the number of ${number}.`);
    }
    needs({ 'pull-requests': 'read' });
    const first = state.reviewComments.filter(({ pull, replyTo }) => pull === number && replyTo === null);
    return {
      headRefOid: state.pulls.get(number)?.head,
      reviewThreads: (args: Page) =>
        connection(
          first.map((comment) => threadNode(state, comment)),
          args,
        ),
    };
  };
  const thread = (number: number) => {
    const { kind, title = 'Read commas' } = state.threads.get(number) ?? { kind: 'discussion' };
    if (kind === 'discussion')
      throw refusal('NOT_FOUND', `Could not resolve to an issue or pull request with the number of ${number}.`);
    needs(kind === 'issue' ? { issues: 'read' } : { 'pull-requests': 'read' });
    return {
      __typename: kind === 'issue' ? 'Issue' : 'PullRequest',
      id: state.threads.get(number)?.nodeId,
      title,
      headRefOid: state.pulls.get(number)?.head,
      comments: (args: Page) => connection(state.comments.filter((each) => each.thread === number).map(shown), args),
    };
  };
  const writing = (number: number): Accepted => {
    const isPull = state.threads.get(number)?.kind === 'pull_request';
    return isPull ? [{ issues: 'write' }, { 'pull-requests': 'write' }] : [{ issues: 'write' }];
  };
  return {
    viewer: { login: token.login },
    node: ({ id }: { id: string }) => found(id),
    nodes: ({ ids }: { ids: readonly string[] }) =>
      ids.map((id) => {
        try {
          return found(id);
        } catch (thrown) {
          return thrown instanceof Error ? thrown : new Error(String(thrown));
        }
      }),
    repository: ({ owner, name }: { owner: string; name: string }) => {
      if (`${owner}/${name}` === state.repository) {
        return {
          discussion: ({ number }: { number: number }) => discussion(number),
          issueOrPullRequest: ({ number }: { number: number }) => thread(number),
          pullRequest: ({ number }: { number: number }) => pullRequest(number),
        };
      }
      throw refusal('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`);
    },
    addComment: ({ input }: { input: { subjectId: string; body: string } }) => {
      const thread = [...state.threads.values()].find(({ nodeId }) => nodeId === input.subjectId);
      if (thread === undefined || thread.kind === 'discussion') throw unknownNode(input.subjectId);
      needs(...writing(thread.number));
      if (thread.locked) throw refusal('UNPROCESSABLE', 'Unable to create comment because issue is locked.');
      return { clientMutationId: null, subject: shown(state.comment(thread.number, written(input.body), token)) };
    },
    updateIssueComment: ({ input }: { input: { id: string; body: string } }) => {
      const comment = state.comments.find(({ nodeId }) => nodeId === input.id);
      if (comment === undefined) throw unknownNode(input.id);
      needs(...writing(comment.thread));
      edit(comment, written(input.body), state.now);
      return { clientMutationId: null, issueComment: shown(comment) };
    },
    addDiscussionComment: ({ input }: { input: { discussionId: string; body: string } }) => {
      const thread = [...state.threads.values()].find(({ nodeId }) => nodeId === input.discussionId);
      if (thread === undefined) throw unknownNode(input.discussionId);
      needs({ discussions: 'write' });
      return { comment: shown(state.comment(thread.number, written(input.body), token)) };
    },
    addReaction: ({ input }: { input: { subjectId: string; content: string } }) => {
      const comment = state.comments.find(({ nodeId }) => nodeId === input.subjectId);
      const thread = [...state.threads.values()].find(({ nodeId }) => nodeId === input.subjectId);
      if (comment === undefined && thread === undefined) throw unknownNode(input.subjectId);
      const number = comment?.thread ?? thread?.number ?? 0;
      const isDiscussion = state.threads.get(number)?.kind === 'discussion';
      needs(...(isDiscussion ? [{ discussions: 'write' } as const] : writing(number)));
      const subject =
        comment === undefined ? `${isDiscussion ? 'discussion' : 'issue'} ${number}` : `comment ${comment.id}`;
      state.reactions.push([subject, input.content.toLowerCase()]);
      return { clientMutationId: null, reaction: { content: input.content } };
    },
    updateDiscussionComment: ({ input }: { input: { commentId: string; body: string } }) => {
      const comment = state.comments.find(({ nodeId }) => nodeId === input.commentId);
      if (comment === undefined) throw unknownNode(input.commentId);
      needs({ discussions: 'write' });
      edit(comment, written(input.body), state.now);
      return { comment: shown(comment) };
    },
  };
}

/** Answers one GraphQL request. `breach` is told what GitHub's schema refuses, and what this server does not know. */
export async function answerGraphql(
  state: State,
  token: Token,
  { query, variables }: { query: string; variables: Readonly<Record<string, unknown>> },
  breach: (what: string) => void,
): Promise<unknown> {
  let document: ReturnType<typeof parse>;
  try {
    document = parse(query);
  } catch (thrown) {
    breach(`GraphQL: ${String(thrown)}`);
    return { errors: [{ message: String(thrown) }] };
  }
  const wrong = validate(schema(), document);
  if (wrong.length > 0) {
    for (const { message } of wrong) breach(`GraphQL: ${message}`);
    return { errors: wrong.map((error) => error.toJSON()) };
  }
  const { data, errors = [] } = await execute({
    schema: schema(),
    document,
    rootValue: root(state, token),
    variableValues: variables,
  });
  const shown = errors.map(({ message, path, extensions }) => {
    const type = extensions['type'];
    // Wrong variables, or a field that no resolver gives.
    if (typeof type !== 'string') breach(`GraphQL: ${message}`);
    return { type, path, message };
  });
  return { data, ...(shown.length === 0 ? {} : { errors: shown }) };
}
