import { example, type Fields } from './document.ts';
import { type Asked, type Handler, page, repositoryPath } from './paging.ts';
import { type Author, type Pull, Refused, type State } from './state.ts';

/** A review of one commit. */
export interface Review {
  readonly id: number;
  readonly pull: number;
  readonly author: Author & { readonly type?: string };
  readonly commit: string;
  state: string;
  readonly body: string;
}

/** A comment of a review on lines, or a reply to one. */
export interface ReviewComment {
  readonly id: number;
  readonly review: number;
  readonly pull: number;
  readonly author: Author & { readonly type?: string };
  body: string;
  readonly path: string;
  readonly startLine: number | null;
  readonly endLine: number;
  readonly replyTo: number | null;
  resolved: boolean;
  outdated: boolean;
  /** Who has edited it last. */
  editor: Review['author'] | null;
}

const account = (base: unknown, { login, bot, type }: Review['author']) => ({
  ...Object(base),
  login,
  type: type ?? (bot ? 'Bot' : 'User'),
});

const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Refused(404, 'Not Found');
  return value;
};

const pullOf = ({ state, params }: Asked): Pull => found(state.pulls.get(Number(params['pull_number'])));

const pageOf = ({ repository }: State, pull: number) => `https://github.com/${repository}/pull/${pull}`;

function reviewBody(asked: Asked, { id, pull, author, commit, state, body }: Review): Fields {
  const base = example('pull-request-review');
  const html_url = `${pageOf(asked.state, pull)}#pullrequestreview-${id}`;
  return { ...base, id, user: account(base['user'], author), commit_id: commit, state, body, html_url };
}

/** The node ID of a comment, which GraphQL calls its ID. */
const nodeOf = ({ id }: ReviewComment): string => `PRRC_${id}`;

/** The page of a comment. */
const commentUrl = (state: State, { id, pull }: ReviewComment): string => `${pageOf(state, pull)}#discussion_r${id}`;

function commentBody(asked: Asked, comment: ReviewComment): Fields {
  const { in_reply_to_id: _, ...base } = example('pull-request-review-comment-items');
  const { id, review, author, body, path, startLine, endLine, replyTo, outdated } = comment;
  const commit = asked.state.reviews.find((one) => one.id === review)?.commit ?? '0'.repeat(40);
  return {
    ...base,
    ...(replyTo === null ? {} : { in_reply_to_id: replyTo }),
    ...{ id, body, path, node_id: nodeOf(comment), pull_request_review_id: review },
    user: account(base['user'], author),
    html_url: commentUrl(asked.state, comment),
    // GitHub takes the lines away from a comment whose lines have changed.
    ...(outdated
      ? { line: undefined, start_line: null, position: undefined }
      : { line: endLine, start_line: startLine }),
    original_line: endLine,
    original_start_line: startLine,
    commit_id: commit,
    original_commit_id: commit,
  };
}

const READ = () => [{ 'pull-requests': 'read' }] as const;

/** What a conversation is to GraphQL, by its first comment. */
export function threadNode(state: State, comment: ReviewComment) {
  const { resolved, outdated, editor } = comment;
  const actor = ({ login, bot, type }: Review['author']) => ({
    __typename: type ?? (bot ? 'Bot' : 'User'),
    login: login.replace(/\[bot\]$/, ''),
  });
  const first = {
    id: nodeOf(comment),
    url: commentUrl(state, comment),
    author: actor(comment.author),
    editor: editor === null ? null : actor(editor),
  };
  return { isResolved: resolved, isOutdated: outdated, comments: { nodes: [first] } };
}

/** Routes of reviews. */
export const REVIEW_HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews': {
    accepted: READ,
    serve(asked) {
      const { number } = pullOf(asked);
      const all = asked.state.reviews.filter(({ pull }) => pull === number);
      const path = `${repositoryPath(asked.state)}/pulls/${number}/reviews`;
      const { rows, headers } = page(asked, path, all, (review) => reviewBody(asked, review));
      return { status: 200, body: rows, headers };
    },
  },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments': {
    accepted: READ,
    serve(asked) {
      const { number } = pullOf(asked);
      const id = Number(asked.params['review_id']);
      found(asked.state.reviews.find((review) => review.id === id && review.pull === number));
      const all = asked.state.reviewComments.filter(({ review }) => review === id);
      const path = `${repositoryPath(asked.state)}/pulls/${number}/reviews/${id}/comments`;
      const { rows, headers } = page(asked, path, all, (comment) => {
        const { line: _, start_line: __, ...body } = commentBody(asked, comment);
        return { ...body, line: comment.endLine };
      });
      return { status: 200, body: rows, headers };
    },
  },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments': {
    accepted: READ,
    serve(asked) {
      const { number } = pullOf(asked);
      const all = asked.state.reviewComments.filter(({ pull }) => pull === number);
      const path = `${repositoryPath(asked.state)}/pulls/${number}/comments`;
      const { rows, headers } = page(asked, path, all, (comment) => commentBody(asked, comment));
      return { status: 200, body: rows, headers };
    },
  },
};
