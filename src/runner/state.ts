import { appendFileSync } from 'node:fs';
import type { Env } from './inputs.ts';

/** What the names of all our state begin with; src/main-post.ts looks for it too. */
const PREFIX = 'devin_';

/** Leaves a value under a number for the post step; undefined takes back what was left there. */
export type WriteState = (at: number, value: unknown) => void;

/**
 * Leaves values for the post step, one line each, of which the last of a number counts. It is written at once, since the
 * step may be killed right after. Each value has a line and a variable of its own: one list of all would be written
 * again with each change, and no variable may have more than 128 KiB, or 32 KiB on Windows.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function stateWriter(env: Env): WriteState {
  const file = env['GITHUB_STATE'];
  if (file === undefined || file === '') return () => undefined;
  return (at, value) => {
    // JSON has no line breaks but those between its parts, of which there are none without an indent.
    const text = value === undefined ? '' : JSON.stringify(value);
    try {
      appendFileSync(file, `${PREFIX}${at}=${text}\n`);
    } catch {
      // The note is for the rare step that is killed. What it is about must not fail for want of it.
    }
  };
}

/** What the main step left, as text, by the names of the variables. */
export function readState(env: Env): readonly { readonly name: string; readonly text: string }[] {
  const start = `STATE_${PREFIX}`.toUpperCase();
  return Object.entries(env).flatMap(([name, text = '']) =>
    text !== '' && name.toUpperCase().startsWith(start) ? [{ name, text }] : [],
  );
}
