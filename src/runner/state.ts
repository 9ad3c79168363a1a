import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { Env } from './inputs.ts';

/** What the names of all our state begin with; src/main-post.ts looks for it too. */
const PREFIX = 'devin_';

/** Leaves a value under a number for the post step; undefined takes back what was left there. */
export type WriteState = (at: number, value: unknown) => void;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A seal on a value that only a step with the same key and of the same job can make: the variables that hold the state
 * are ones that a workflow may set as well.
 */
function sealOf(value: unknown, key: string, env: Env): string {
  const job = ['GITHUB_REPOSITORY', 'GITHUB_RUN_ID', 'GITHUB_RUN_ATTEMPT', 'GITHUB_JOB'].map((name) => env[name] ?? '');
  return createHmac('sha256', key)
    .update(JSON.stringify([...job, value]))
    .digest('hex');
}

/**
 * Leaves values for the post step, one line each, of which the last of a number counts. It is written at once, since the
 * step may be killed right after. Each value has a line and a variable of its own: one list of all would be written
 * again with each change, and no variable may have more than 128 KiB, or 32 KiB on Windows.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 *
 * @param key what objects are sealed with; `unsealed` needs the same
 */
export function stateWriter(env: Env, key?: string): WriteState {
  const file = env['GITHUB_STATE'];
  if (file === undefined || file === '') return () => undefined;
  return (at, value) => {
    const sealed = key !== undefined && isRecord(value) ? { ...value, seal: sealOf(value, key, env) } : value;
    // JSON has no line breaks but those between its parts, of which there are none without an indent.
    const text = sealed === undefined ? '' : JSON.stringify(sealed);
    try {
      appendFileSync(file, `${PREFIX}${at}=${text}\n`);
    } catch {
      // The note is for the rare step that is killed. What it is about must not fail for want of it.
    }
  };
}

/**
 * A value without its seal, as JSON, and whether it has the seal of this key and job. Without it, anybody who sets a
 * variable may have written it.
 */
export function unsealed(
  text: string,
  key: string | undefined,
  env: Env,
): { readonly text: string; readonly isSealed: boolean } {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return { text, isSealed: false };
    const { seal, ...rest } = value;
    const [given, made] = [Buffer.from(String(seal)), Buffer.from(sealOf(rest, key ?? '', env))];
    const isSealed = key !== undefined && given.length === made.length && timingSafeEqual(given, made);
    return { text: JSON.stringify(rest), isSealed };
  } catch {
    return { text, isSealed: false };
  }
}

/** What the main step left, as text, by the names of the variables. */
export function readState(env: Env): readonly { readonly name: string; readonly text: string }[] {
  const start = `STATE_${PREFIX}`.toUpperCase();
  return Object.entries(env).flatMap(([name, text = '']) =>
    text !== '' && name.toUpperCase().startsWith(start) ? [{ name, text }] : [],
  );
}
