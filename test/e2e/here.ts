import { mkdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { threadId } from 'node:worker_threads';
import { vi } from 'vitest';
import {
  layFiles,
  postProcess,
  ROOT,
  readAction,
  readStep,
  runProcess,
  type StepOptions,
  type StepResult,
  variables,
} from './fake-runner.ts';
import { clock } from './skipping-clock.ts';

// The shipped bundle; in a thread, as tests have it, it runs no step by itself. While you write an operation, the sources
// need no build.
const { steps } = await (process.env['FROM_SOURCES'] === undefined ? shipped() : import('../../src/main.ts'));

async function shipped(): Promise<typeof import('../../src/main.ts')> {
  return await import(pathToFileURL(join(ROOT, readAction().runs.main)).href);
}

const machine = {
  pid: process.pid,
  host: hostname(),
  isRunning(pid: number) {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
};

// One home for all: the toolkit keeps the path of its first summary for the life of the thread.
const home = join(tmpdir(), `here-${process.pid}-${threadId}`);
/** Ends with the step before: the toolkit reads where it writes from the environment of the process. */
let last: Promise<unknown> = Promise.resolve();

async function runHere(kind: keyof typeof steps, options: StepOptions): Promise<StepResult> {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  layFiles(home, options);
  const cwd = join(home, 'workspace');
  options.before?.(cwd);
  const env = variables(home, options);
  for (const name of ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_STATE']) vi.stubEnv(name, env[name]);
  try {
    let stdout = '';
    const write = (text: string) => {
      stdout += text;
    };
    const startedAt = performance.now();
    const cancelled = new AbortController().signal;
    const isGreen = await steps[kind]({ env, write, clock, machine, cancelled, cwd });
    options.after?.(cwd);
    const ms = performance.now() - startedAt;
    return readStep(home, { exitCode: isGreen ? 0 : 1, stdout, stderr: '', ms, tailMs: 0 });
  } finally {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  }
}

const inTurn = (kind: keyof typeof steps, options: StepOptions): Promise<StepResult> => {
  const step = last.then(() => runHere(kind, options));
  last = step.catch(() => undefined);
  return step;
};

/** Signals and arguments of Node are about the process. */
const isAboutProcess = ({ onOutput, nodeArgs, env }: StepOptions) =>
  onOutput !== undefined ||
  nodeArgs !== undefined ||
  // The toolkit keeps its first path.
  Object.keys(env ?? {}).some((name) => name.startsWith('NODE_') || name === 'GITHUB_STEP_SUMMARY');

/**
 * Runs a step on the shipped bundle: in the process of the test, where a process for each would take most of the time,
 * one at a time, and without waiting (see skipping-clock.ts). A step that gets a signal, or arguments of Node, has a
 * process of its own; for others that need one, such as those that get no response, there is `runProcess`.
 */
export const runStep = (options: StepOptions): Promise<StepResult> =>
  isAboutProcess(options) ? runProcess(options) : inTurn('run', options);

/** The same for the post step of a step that has ended. */
export function runPost(step: Pick<StepResult, 'state'>, options: StepOptions): Promise<StepResult> {
  if (isAboutProcess(options)) return postProcess(step, options);
  const state = Object.entries(step.state).map(([name, value]) => [`STATE_${name}`, value]);
  return inTurn('post', { ...options, env: { ...options.env, ...Object.fromEntries(state) } });
}
