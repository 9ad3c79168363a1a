/** The one comment of a step on the issue, pull request or discussion of its event. */
export interface ThreadComment {
  /**
   * Shows this Markdown from now on; resolves once it does, or never will. Never throws: a comment that fails is a
   * warning, not the end of the work. `end` is a hidden part that is never cut.
   */
  update(markdown: string, end?: string): Promise<void>;
}

/** A step that keeps no comment. */
export const NO_COMMENT: ThreadComment = { update: async () => undefined };
