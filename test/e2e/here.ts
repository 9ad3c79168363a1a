import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, vi } from 'vitest';
import { run } from '../../src/run.ts';
import { layFiles, readStep, type StepOptions, type StepResult, variables } from './fake-runner.ts';

/** A clock that waits for nothing. If time passes, it has waited by its own account. */
function clockOf(passes: boolean) {
  let waited = 0;
  return {
    now: () => Date.now() + waited,
    random: () => Math.random(),
    deadline: () => new AbortController().signal,
    sleep: async (ms: number) => {
      if (passes) waited += ms;
    },
  };
}

/**
 * Runs steps of a test file out of the sources and in this process, one at a time. It is for cases that differ from one
 * on the bundle in nothing but data, where a process for each would take most of the time. It waits for nothing.
 *
 * @param passes whether the time of a wait passes all the same, for steps that wait until a time
 */
export function stepsHere(passes = false): (options: StepOptions) => Promise<StepResult> {
  // One home for all: the toolkit keeps the path of its first summary for the life of the process.
  const home = mkdtempSync(join(tmpdir(), 'here-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  return async (options) => {
    for (const folder of ['workspace', 'temp']) rmSync(join(home, folder), { recursive: true, force: true });
    layFiles(home, options);
    options.before?.(join(home, 'workspace'));
    const env = variables(home, options);
    for (const name of ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY']) vi.stubEnv(name, env[name]);
    try {
      let stdout = '';
      const write = (text: string) => {
        stdout += text;
      };
      const startedAt = performance.now();
      const machine = { pid: process.pid, host: 'test', isRunning: () => true };
      const cancelled = new AbortController().signal;
      const world = { env, write, clock: clockOf(passes), machine, cancelled, cwd: join(home, 'workspace') };
      const isGreen = await run(world);
      options.after?.(join(home, 'workspace'));
      const ms = performance.now() - startedAt;
      return readStep(home, { exitCode: isGreen ? 0 : 1, stdout, stderr: '', ms, tailMs: 0 });
    } finally {
      vi.unstubAllEnvs();
    }
  };
}
