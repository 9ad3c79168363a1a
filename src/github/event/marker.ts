/**
 * How every comment that this action writes begins. It tells our own words
 * from a person's: a text that carries it never starts a session.
 */
export const COMMENT_MARKER = '<!-- devin-action:comment ';
