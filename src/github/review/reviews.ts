import * as z from 'zod/mini';
import type { Github, RestCall } from '../client/client.ts';
import { place } from '../client/repository.ts';
import { READ } from './pull-request.ts';
import { Account, isReviewer } from './reviewer.ts';
import { type ReviewThread, reviewThreads } from './threads.ts';

/** A comment of the reviewer on lines of a pull request, with the state of its conversation. */
export interface ReviewComment extends ReviewThread {
  readonly id: number;
  readonly body: string;
  readonly url: string;
  /** It is on another comment, instead of lines. */
  readonly isReply: boolean;
  readonly path: string;
  /** First and last line; null for a comment on a whole file. */
  readonly startLine: number | null;
  readonly endLine: number | null;
}

/** A review by the reviewer. */
export interface Review {
  readonly id: number;
  readonly url: string;
  /** `COMMENTED`, `APPROVED`, `CHANGES_REQUESTED`, or `DISMISSED`. */
  readonly state: string;
  readonly comments: readonly ReviewComment[];
}

const ReviewRow = z.object({
  id: z.number(),
  user: Account,
  state: z.string(),
  commit_id: z.nullish(z.string()),
  html_url: z.string(),
});

const line = z.nullish(z.number());

const CommentRow = z.object({
  id: z.number(),
  node_id: z.nullish(z.string()),
  pull_request_review_id: z.nullish(z.number()),
  in_reply_to_id: z.nullish(z.number()),
  user: Account,
  body: z.nullish(z.string()),
  html_url: z.string(),
  path: z.nullish(z.string()),
  line,
  start_line: line,
  original_line: line,
  original_start_line: line,
});

type Row = z.output<typeof CommentRow>;

/** What has no conversation of its own counts as unresolved. */
const UNRESOLVED: ReviewThread = { isResolved: false, isOutdated: false, isEdited: false };

function commentOf(row: Row, threads: ReadonlyMap<string, ReviewThread>): ReviewComment {
  const endLine = row.line ?? row.original_line ?? null;
  // Of an outdated comment only the original lines remain.
  const start = row.line == null ? row.original_start_line : row.start_line;
  return {
    id: row.id,
    body: row.body ?? '',
    url: row.html_url,
    isReply: row.in_reply_to_id != null,
    path: row.path ?? '',
    startLine: start ?? endLine,
    endLine,
    ...(threads.get(row.node_id ?? '') ?? threads.get(row.html_url) ?? UNRESOLVED),
  };
}

/** A list that grows while it is read may give a row twice. */
async function all<S extends z.ZodMiniType<{ readonly id: number }>>(github: Github, call: RestCall, row: S) {
  const found = new Map<number, z.output<S>>();
  for await (const page of github.pages(call, z.array(row))) for (const one of page) found.set(one.id, one);
  return [...found.values()];
}

/**
 * The reviews of the reviewer for one commit, oldest first, with their comments. Those of others do not count.
 * https://docs.github.com/rest/pulls/reviews https://docs.github.com/rest/pulls/comments
 */
export async function reviewsOf(
  github: Github,
  repository: string,
  number: number,
  commit: string,
): Promise<readonly Review[]> {
  const call = (what: 'reviews' | 'comments'): RestCall => ({
    route: `GET /repos/{owner}/{repo}/pulls/{pull_number}/${what}`,
    parameters: { ...place(repository), pull_number: number },
    summary: `Read the ${what} of the pull request`,
    permissions: READ,
  });
  const rows = await all(github, call('reviews'), ReviewRow);
  const own = rows.filter((row) => isReviewer(row.user) && row.commit_id === commit && row.state !== 'PENDING');
  if (own.length === 0) return [];
  const comments = (await all(github, call('comments'), CommentRow)).filter(({ user }) => isReviewer(user));
  const threads = comments.length === 0 ? new Map() : await reviewThreads(github, repository, number);
  return own.map(({ id, html_url: url, state }) => ({
    id,
    url,
    state: state.toUpperCase(),
    comments: comments.filter((row) => row.pull_request_review_id === id).map((row) => commentOf(row, threads)),
  }));
}
