import { once } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { format } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Clock } from './contract/clock.ts';
import { ActionError, asActionError } from './contract/errors.ts';
import type { Machine } from './contract/machine.ts';
import { operationName } from './contract/parse.ts';
import { run } from './run.ts';
import type { World } from './step/step.ts';

/** The runner kills a cancelled step after 7.5 s; whatever hangs by then must not cost the outputs. */
const LAST_MOMENT_MS = 4_500;
/** The same for a thread; the rest of the time is for the outputs of a step without it. */
const LAST_MOMENT_OF_THREAD_MS = 3_500;

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

/** The steps of this file, for a caller that has its own world. */
export const steps = {
  run,
  post: async (world: World): Promise<boolean> => (await import('./post.ts')).post(world),
};

/** What a thread that this file starts gets, so that it runs the step. */
const STEP = 'devin-action step';
/** Operations that read a lot and keep little of it. */
const IN_THREAD: ReadonlySet<string> = new Set(['export-audit-logs', 'verify-audit-export']);
/** The most memory for new values there, in MiB. A process takes several times that before it cleans up. */
const NEW_VALUES_MB = 8;

/** Why a thread ended that did not say so itself. */
function endOfThread(thrown: unknown): ActionError {
  const isFull = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (!isFull) return asActionError(thrown);
  const fix = 'Use a runner with more memory. An export takes less of it with a lower `concurrency`.';
  return new ActionError('internal', 'The step ran out of memory.', { fix, cause: thrown });
}

/** What a thread is told when the step is to stop. */
type Stop = Pick<ActionError, 'code' | 'message'>;

/** Runs the step in a thread, where the memory for new values can be limited without a flag of Node. */
async function runInThread(world: World): Promise<boolean> {
  const thread = new Worker(new URL(import.meta.url), {
    workerData: STEP,
    resourceLimits: { maxYoungGenerationSizeMb: NEW_VALUES_MB },
  });
  const { cancelled } = world;
  cancelled.addEventListener('abort', () => {
    const { code, message } = asActionError(cancelled.reason);
    thread.postMessage({ code, message } satisfies Stop);
    // One that computes does not read that.
    setTimeout(() => void thread.terminate(), LAST_MOMENT_OF_THREAD_MS).unref();
  });
  const exited = once(thread, 'exit').then(() => {
    throw new ActionError('internal', 'The thread of the step ended without a result.');
  });
  try {
    const [isGreen] = await Promise.race([once(thread, 'message'), exited]);
    return isGreen === true;
  } catch (thrown) {
    const reason: unknown = cancelled.aborted ? cancelled.reason : endOfThread(thrown);
    return await run({ ...world, cancelled: AbortSignal.abort(reason) });
  }
}

/** Runs the step of this process or thread: its signals, its streams, and how it ends. */
async function main(): Promise<void> {
  const stop = new AbortController();
  const stopWith = (reason: ActionError) => {
    stop.abort(reason);
    // In a thread, this ends only the thread.
    setTimeout(() => process.exit(1), LAST_MOMENT_MS).unref();
  };
  for (const name of isMainThread ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : []) {
    process.on(name, () => stopWith(new ActionError('cancelled', `The runner asked the step to stop (${name}).`)));
  }
  parentPort?.on('message', ({ code, message }: Stop) => stopWith(new ActionError(code, message)));
  let isBroken = false;
  process.on('uncaughtException', (thrown) => {
    isBroken = true;
    stopWith(asActionError(thrown));
  });

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
  const isLarge = isMainThread && IN_THREAD.has(operationName(env['INPUT_OPERATION'] ?? ''));
  // The post step says so in its arguments: a state that was never written would let it carry out the operation again.
  const runStep = process.argv[2] === 'post' ? steps.post : isLarge ? runInThread : run;
  // A signal that comes after the outputs are written changes nothing.
  const isGreen = (await runStep(world)) && !isBroken;
  if (isMainThread) process.exitCode = isGreen ? 0 : 1;
  else parentPort?.postMessage(isGreen);
  parentPort?.close();
}

// A runner starts a process. In a thread of another, such as that of a test, the caller runs the steps.
if (isMainThread || workerData === STEP) await main();
