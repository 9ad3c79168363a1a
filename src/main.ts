import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './contract/clock.ts';
import { ActionError } from './contract/errors.ts';
import { run } from './run.ts';

/** The runner kills a cancelled step after 7.5 s; whatever hangs by then must not cost the outputs. */
const LAST_MOMENT_MS = 4_500;

const clock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  deadline: (ms) => AbortSignal.timeout(ms),
  sleep: (ms, signal) =>
    delay(ms, undefined, signal === undefined ? {} : { signal }).catch((thrown: unknown) => {
      throw signal?.aborted ? signal.reason : thrown;
    }),
};

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    stop.abort(new ActionError('cancelled', `The runner asked the step to stop (${name}).`));
    setTimeout(() => process.exit(1), LAST_MOMENT_MS).unref();
  });
}

const { env } = process;
const write = (text: string) => void process.stdout.write(text);
const world = { env, write, clock, cancelled: stop.signal, cwd: process.cwd() };
// The post step says so in its arguments: a state that was never written would let it carry out the operation again.
const green = process.argv[2] === 'post' ? await (await import('./post.ts')).post(world) : await run(world);
process.exitCode = green && !stop.signal.aborted ? 0 : 1;
