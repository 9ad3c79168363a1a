import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/contract/clock.ts';

/** A deadline that has not come yet. */
interface Deadline {
  readonly at: number;
  readonly end: AbortController;
}

let ahead = 0;
let deadlines: readonly Deadline[] = [];

function skip(ms: number): void {
  ahead += ms;
  const now = clock.now();
  const over = deadlines.filter(({ at }) => at <= now);
  deadlines = deadlines.filter(({ at }) => at > now);
  for (const { end } of over) end.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
}

/**
 * The time of a test file, for its sandboxes and for the steps in its own process. It skips what a step would wait: the
 * next moment is then that much later, for all of them. A deadline comes only with a wait, however slow the machine is.
 */
export const clock: Clock = {
  now: () => Date.now() + ahead,
  random: () => Math.random(),
  deadline(ms) {
    const end = new AbortController();
    deadlines = [...deadlines, { at: clock.now() + ms, end }];
    return end.signal;
  },
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    skip(ms);
    // Others have their turn, as during any wait.
    await setImmediate();
    signal?.throwIfAborted();
  },
};
