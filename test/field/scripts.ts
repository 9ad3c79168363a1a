import type { ScriptStep } from './server/script.ts';

/** Seconds after which a session of these tests begins to work, and has done so for a while. */
const WORKING_AT = 6;
/** Seconds after which most of these sessions stop. */
export const END_AT = 40;

/** A session that begins as in the field, and then works. */
const WORKING: readonly ScriptStep[] = [
  { at: 0, status: 'new', detail: null },
  { at: 3, status: 'claimed' },
  { at: WORKING_AT, status: 'running', detail: 'working' },
];

/** A session that works, then does something else. */
export const works = (...then: readonly ScriptStep[]): readonly ScriptStep[] => [...WORKING, ...then];

/** What Devin reports where the action asked for a report. */
export const report = (outcome: 'done' | 'question' | 'blocked', summary: string) => ({ outcome, summary });

/** A session that does its task and reports so. */
export const done = (summary = 'The parser keeps a trailing comma.', at = END_AT): readonly ScriptStep[] =>
  works({ at, detail: 'waiting_for_user', output: report('done', summary), message: 'I have finished.' });

/** A schema that `FITS` matches and `MISFIT` does not. */
export const SCHEMA = 'type: object\nrequired: [fixed]\nproperties: { fixed: { type: boolean } }';
/** Output that matches the schema. */
export const FITS = { fixed: true };
/** Output that does not match the schema. */
export const MISFIT = { fixed: 'perhaps' };

/** A session with a schema of its own that does its task. */
export const fits = (at = END_AT): readonly ScriptStep[] =>
  works({ at, detail: 'waiting_for_user', output: FITS, message: 'I have finished.' });
