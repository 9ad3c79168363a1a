import type { Clock } from '../contract/clock.ts';
import type { Machine } from '../contract/machine.ts';
import type { JournalEntry } from '../contract/result.ts';
import { type RunFacts, runFacts } from '../github/event/facts.ts';
import type { EventRead } from '../operations/event.ts';
import { type HeadCheck, NO_CHECK } from '../operations/head-check.ts';
import { NO_COMMENT, type ThreadComment } from '../operations/thread-comment.ts';
import type { Env } from '../runner/inputs.ts';
import { Log, type Write } from '../runner/log.ts';
import { Redactor } from '../runner/redact.ts';
import { Workspace } from '../runner/workspace.ts';
import type { Known } from './check.ts';
import { eventReader } from './event.ts';

/** The world of a run. */
export interface World {
  readonly env: Env;
  /** Standard output. */
  readonly write: Write;
  readonly clock: Clock;
  readonly machine: Machine;
  /** Aborts when the runner asks to stop; the reason is an `ActionError`. */
  readonly cancelled: AbortSignal;
  /** Folder of the workflow where the runner names none. */
  readonly cwd: string;
  /** Passes on what the process or a package would have printed by itself. */
  readonly onOverheard?: (listen: (text: string) => void) => void;
}

/** A running step. */
export interface Step {
  readonly known: Known;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly world: World;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly workspace: Workspace;
  readonly facts: RunFacts;
  readonly event: () => Promise<EventRead>;
  /** What ends with the step. */
  readonly closers: (() => Promise<void>)[];
  /** Ends what the step still says to GitHub. */
  readonly silence: AbortController;
  journal: readonly JournalEntry[];
  comment: ThreadComment;
  check: HeadCheck;
}

/** The log of a step, which has no secret in it and knows what the process would have printed. */
export function openLog({ write, clock, onOverheard }: World, redactor: Redactor): Log {
  const log = new Log(write, redactor, clock);
  onOverheard?.((text) => log.debug(text));
  return log;
}

/** A step that has not done anything yet. */
export function openStep(world: World): Step {
  const { env, clock, cwd } = world;
  const redactor = new Redactor();
  const facts = runFacts(env);
  return {
    known: { operation: 'unknown', dryRun: false, resultFile: undefined, outputs: [] },
    startedAt: clock.now(),
    world,
    log: openLog(world, redactor),
    redactor,
    workspace: new Workspace(env['GITHUB_WORKSPACE'] || cwd, env['RUNNER_TEMP']),
    facts,
    event: eventReader(env, facts),
    closers: [],
    silence: new AbortController(),
    journal: [],
    comment: NO_COMMENT,
    check: NO_CHECK,
  };
}
