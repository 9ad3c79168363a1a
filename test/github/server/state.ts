import type { Review, ReviewComment } from './reviews.ts';

/** Who wrote something. */
export interface Author {
  readonly login: string;
  readonly bot: boolean;
}

/** A comment on an issue, a pull request or a discussion. */
export interface Comment {
  readonly id: number;
  readonly nodeId: string;
  readonly thread: number;
  readonly author: Author;
  /** What the author is to the repository; `NONE` if absent. */
  association?: string;
  body: string;
  /** How often it was edited over the API. */
  edits: number;
  /** What it said before each edit, oldest first. */
  readonly earlier: string[];
  /** When it was written and last edited, in milliseconds since 1970. */
  readonly createdAt: number;
  editedAt: number | null;
}

/** Edits a comment, as the API does, at a time in milliseconds since 1970. */
export function edit(comment: Comment, body: string, at: number): void {
  comment.earlier.push(comment.body);
  comment.body = body;
  comment.edits += 1;
  comment.editedAt = at;
}

/** A pull request; its thread has the same number. */
export interface Pull {
  readonly number: number;
  /** The last commit of its branch. */
  head: string;
  draft: boolean;
  state: 'open' | 'closed';
  /** The branch that it is merged into. */
  readonly base: string;
  /** The repository of its branch, if it is from a fork. */
  readonly fork?: string;
  /** The files that it changes. */
  readonly files?: readonly string[];
  /** When it was merged, in milliseconds since 1970; null while it is not. */
  readonly mergedAt: number | null;
  readonly mergeCommit: string | null;
  /** Commits that belong to it, for the search by commit. */
  readonly commits: readonly string[];
}

/** An issue, a pull request or a discussion: they share their numbers. */
export interface Thread {
  readonly kind: 'issue' | 'pull_request' | 'discussion';
  readonly number: number;
  readonly nodeId: string;
  locked: boolean;
  /** What its author wrote. */
  title?: string;
  body?: string;
  author?: string;
  association?: string;
}

/** Who a token is, and what it may do. */
export interface Token extends Author {
  /** A token of an app's installation, as `${{ github.token }}` is one. */
  readonly installation: boolean;
  /** What `permissions:` grants; `all` for a person's token. */
  readonly permissions: Readonly<Record<string, 'read' | 'write'>> | 'all';
}

/** One annotation of a check run. */
export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly level: 'failure' | 'warning' | 'notice';
  readonly title?: string;
  readonly message: string;
}

/** A check run; one of GitHub Actions is a job as well. */
export interface CheckRun {
  readonly id: number;
  readonly name: string;
  readonly suite: number;
  readonly app: string;
  readonly conclusion: string | null;
  readonly status?: string;
  /** The commit that it is on. */
  readonly head?: string;
  readonly externalId?: string;
  readonly output?: { readonly title: string; readonly summary: string; readonly text?: string };
  readonly annotations?: readonly Annotation[];
}

/** A job of a workflow run; its check run has the same id. */
export interface Job {
  readonly id: number;
  readonly name: string;
  readonly run: number;
  readonly attempt: number;
  readonly conclusion: string | null;
  readonly steps: readonly { readonly name: string; readonly conclusion: string }[];
  /** The plain text, or why there is none. */
  readonly log: string | 'gone' | 'missing';
}

/** Two commits and what differs. */
export interface Comparison {
  readonly base: string;
  readonly head: string;
  readonly files: readonly string[];
}

/** What the local GitHub knows. One repository is enough. */
export class State {
  readonly repository: string;
  readonly tokens = new Map<string, Token>();
  readonly threads = new Map<number, Thread>();
  comments: Comment[] = [];
  /** Roles of collaborators by login. */
  readonly roles = new Map<string, string>();
  readonly checkRuns = new Map<number, CheckRun>();
  reviews: Review[] = [];
  reviewComments: ReviewComment[] = [];
  jobs: Job[] = [];
  /** What somebody reacted to, such as `issue 128`, and with what. */
  readonly reactions: (readonly [subject: string, content: string])[] = [];
  comparisons: Comparison[] = [];
  /** The events that programs sent, oldest first. */
  readonly dispatches: { readonly type: string; readonly payload: Readonly<Record<string, unknown>> }[] = [];
  readonly pulls = new Map<number, Pull>();
  /** The time of the server, in milliseconds since 1970. */
  now = Date.UTC(2026, 0, 31, 8);
  #lastId = 1_000;

  constructor(repository: string) {
    this.repository = repository;
  }

  /** A number that nothing has yet. */
  id(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Writes a comment, as whoever. */
  comment(thread: number, body: string, author: Author): Comment {
    const id = this.id();
    const prefix = this.threads.get(thread)?.kind === 'discussion' ? 'DC' : 'IC';
    const times = { createdAt: this.now, editedAt: null };
    const comment = { id, nodeId: `${prefix}_${id}`, thread, author, body, edits: 0, earlier: [], ...times };
    this.comments.push(comment);
    return comment;
  }
}

/** A refusal, as GitHub words it. */
export class Refused extends Error {
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.extra = extra;
  }
}

/** Sets of permissions of which one is enough, as `x-accepted-github-permissions` lists them. */
export type Accepted = readonly Readonly<Record<string, 'read' | 'write'>>[];

/** Whether a token has one of the sets. */
export const mayUse = ({ permissions }: Token, accepted: Accepted): boolean =>
  permissions === 'all' ||
  accepted.some((set) =>
    Object.entries(set).every(([name, level]) => {
      const has = name === 'metadata' ? 'read' : permissions[name];
      return has === 'write' || (has === 'read' && level === 'read');
    }),
  );

/** GitHub's words for a token that lacks a permission. */
export const notAccessible = ({ installation }: Token): string =>
  `Resource not accessible by ${installation ? 'integration' : 'personal access token'}`;
