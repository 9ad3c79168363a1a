import type { ActionError } from '../contract/errors.ts';

/** The state of something, as the first character of a summary; nowhere else. */
const MARKS = {
  done: '✅',
  failed: '❌',
  attention: '⚠️',
  waiting: '✋',
  progress: '⏳',
} as const;

/** The state of something that a summary tells. */
export type Mark = keyof typeof MARKS;

/** The first line of a summary; `text` is Markdown. */
export const title = (mark: Mark, text: string): string => `### ${MARKS[mark]} ${text}`;

/** How a step ended that has no other state. */
export const markOf = (error: ActionError | undefined): Mark => (error === undefined ? 'done' : 'failed');
