import { isProven, type Prove, parseRemaining, type Remaining } from '../operations/remains.ts';
import type { Env } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';
import { readState } from '../runner/state.ts';

/** What the main step left to do, as far as it can be read. */
export function leftBehind(env: Env, log: Log): readonly Remaining[] {
  const notes = readState(env).map(({ name, text }) => ({ name, left: parseRemaining(text) }));
  for (const { name } of notes.filter(({ left }) => left === undefined)) {
    const message = `${name} was not written by this action, and is ignored.`;
    log.annotate('warning', 'Unknown state of the main step', message);
  }
  return notes.flatMap((note) => note.left ?? []);
}

/** The notes that a step of this job has written. Any other may name a session that is not ours, and ends nothing. */
export async function provenOf(notes: readonly Remaining[], prove: Prove, log: Log): Promise<readonly Remaining[]> {
  const proven = await Promise.all(notes.map(async (note) => ((await isProven(note, prove)) ? [note] : [])));
  for (const note of notes.filter((one) => !proven.flat().includes(one))) {
    const what = note.session_id ?? note.tag;
    const message = `The state names ${what}, but is not signed by a step of this job with this credential, so it ends nothing. If it is yours, it may still be running, and may spend more ACUs.`;
    log.annotate('warning', 'The state of the main step cannot be verified', message);
  }
  return proven.flat();
}
