import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How many times as fast as the machine's the time of these tests runs; 1 in `npm run soak`. */
export const SPEED = Number(process.env['FAST_CLOCK'] ?? 20);

const epoch = Date.now();

/** The time of the API and of the steps that use it, in milliseconds since 1970. */
export const fieldNow = (): number => epoch + (Date.now() - epoch) * SPEED;

/** Waits for seconds of that time. */
export const fieldSleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, (seconds * 1000) / SPEED);
  });

/** What a process needs to have the same time: arguments of Node, and variables. */
export const FAST_NODE = {
  args: ['--import', pathToFileURL(join(import.meta.dirname, 'fast-clock.mjs')).href],
  env: { FAST_CLOCK: String(SPEED), FAST_CLOCK_EPOCH: String(epoch) },
} as const;
