/** How a request ended, for the people in its thread. */
export type RequestEnd = 'finished' | 'attention';

/** A question as a comment of its own. */
export interface Question {
  /** Tells questions apart: each is written once, also by later runs. */
  readonly key: string;
  readonly markdown: string;
  /** How people reply, which is never cut. */
  readonly end: string;
}

/** The one comment of a step on the issue, pull request or discussion of its event. Nothing of it ever throws. */
export interface ThreadComment {
  /** Shows on the request that it was seen. Once; silent where the token may not react. */
  seen(): Promise<void>;
  /** Shows on the request how it ended, if it was shown that it was seen. */
  ended(how: RequestEnd): Promise<void>;
  /**
   * Shows this Markdown from now on; resolves once it does, or never will. A comment that fails is a warning, not the end
   * of the work. `end` is a hidden part that is never cut.
   */
  update(markdown: string, end?: string): Promise<void>;
  /** Writes one more comment: an edit sends no notification. */
  ask(question: Question): Promise<void>;
}

/** A step that keeps no comment. */
export const NO_COMMENT: ThreadComment = {
  seen: async () => undefined,
  ended: async () => undefined,
  update: async () => undefined,
  ask: async () => undefined,
};
