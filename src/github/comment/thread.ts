/** Where people talk: what a comment is put on. */
export interface CommentThread {
  readonly kind: 'issue' | 'pull_request' | 'discussion';
  readonly number: number;
  /** Id of a discussion in GraphQL; looked up where absent. */
  readonly nodeId?: string | undefined;
}

/** A comment of ours, as GitHub has it. */
export interface OwnComment {
  /** A number of REST or a node id of GraphQL. */
  readonly id: string;
  readonly url: string;
  readonly body: string;
}

/** The comments of one thread. Everything throws an `ActionError`; editing what is gone one with status 404 or 410. */
export interface Comments {
  /** A comment that we wrote and that `matches`. */
  find(matches: (body: string) => boolean): Promise<OwnComment | undefined>;
  create(body: string): Promise<OwnComment>;
  edit(comment: OwnComment, body: string): Promise<void>;
}
