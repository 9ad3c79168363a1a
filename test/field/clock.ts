import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How many times as fast as the machine's the time of these tests runs; 1 in `npm run soak`. */
export const SPEED = Number(process.env['FAST_CLOCK'] ?? 20);

/** For what depends on the few seconds that a step has at its end, which a busy machine must be able to give it. */
export const UNHURRIED = Math.min(SPEED, 5);

/** Arguments of Node that make a process read its time from the variables of a `FieldClock`. */
export const FAST_NODE: readonly string[] = [
  '--import',
  pathToFileURL(join(import.meta.dirname, 'fast-clock.mjs')).href,
];

/** A time that the API and the steps that use it share. */
export interface FieldClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits for seconds of this time. */
  sleep(seconds: number): Promise<void>;
  /** What a process needs to have the same time, with `FAST_NODE`. */
  readonly env: Readonly<Record<string, string>>;
}

/** A time that begins now and runs so many times as fast as the machine's. */
export function fieldClock(speed = SPEED): FieldClock {
  const epoch = Date.now();
  return {
    now: () => epoch + (Date.now() - epoch) * speed,
    sleep: (seconds) =>
      new Promise((resolve) => {
        setTimeout(resolve, (seconds * 1000) / speed);
      }),
    env: { FAST_CLOCK: String(speed), FAST_CLOCK_EPOCH: String(epoch) },
  };
}
