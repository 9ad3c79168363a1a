import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { format } from 'node:util';
import type { Clock } from './contract/clock.ts';
import { ActionError, asActionError } from './contract/errors.ts';
import type { Machine } from './contract/machine.ts';
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

const machine: Machine = {
  pid: process.pid,
  host: hostname(),
  isRunning(pid) {
    try {
      return process.kill(pid, 0);
    } catch (thrown) {
      // A process of another user cannot be signaled, but it exists.
      return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
    }
  },
};

const stop = new AbortController();
const stopWith = (reason: ActionError) => {
  stop.abort(reason);
  setTimeout(() => process.exit(1), LAST_MOMENT_MS).unref();
};
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => stopWith(new ActionError('cancelled', `The runner asked the step to stop (${name}).`)));
}
process.on('uncaughtException', (thrown) => stopWith(asActionError(thrown)));

// The runner takes commands from both streams, so nothing may get there past the log: neither what Node warns of, which
// a further listener alone would not silence, nor what a package prints.
let overheard = (_text: string): void => undefined;
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => overheard(`${name}: ${message}`));
for (const [name, print] of Object.entries(console)) {
  if (typeof print !== 'function') continue;
  Reflect.set(console, name, (...parts: unknown[]) => overheard(format(...parts)));
}

const { env } = process;
const write = (text: string) => void process.stdout.write(text);
const onOverheard = (listen: (text: string) => void) => {
  overheard = listen;
};
const world = { env, write, clock, machine, cancelled: stop.signal, cwd: process.cwd(), onOverheard };
// The post step says so in its arguments: a state that was never written would let it carry out the operation again.
const green = process.argv[2] === 'post' ? await (await import('./post.ts')).post(world) : await run(world);
process.exitCode = green && !stop.signal.aborted ? 0 : 1;
