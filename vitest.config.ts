import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests on the API that behaves as in the field, most of which run on a fast clock. */
const FIELD = ['test/field/**/*.test.ts'];

/** Large waits: they have a clock of their own, and an hour would take an hour. */
const SCALE = ['test/field/scale.test.ts'];

/** `npm run soak`: the tests of the field at real speed, where nearly all of the time is waiting. */
const SOAK = {
  name: 'field',
  include: FIELD,
  env: { FAST_CLOCK: '1' },
  exclude: SCALE,
  testTimeout: 3_600_000,
  hookTimeout: 3_600_000,
  maxConcurrency: 8,
  maxWorkers: 4,
} as const;

/** The same on the fast clock, where a second that a process does not get is twenty: after the others, and few at once. */
const FAST = {
  name: 'field',
  include: FIELD,
  maxConcurrency: 4,
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
} as const;

/** Where tests have their files: a step lays ten of them out, and a disk takes ten times as long as memory to remove them. */
function inMemory(): { TMPDIR?: string } {
  let folder: string | undefined;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize < 4 * 1024 ** 3) return {};
    folder = mkdtempSync('/dev/shm/probe-');
    const program = join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    // Some systems run no program from there.
    execFileSync(program);
    return { TMPDIR: '/dev/shm' };
  } catch {
    return {};
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}

export default defineConfig(({ mode }) => ({
  test: {
    // No test measures time; a machine that does other things as well must not fail one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than cores of a small machine, because tests wait as well; each worker loads everything by itself.
    maxWorkers: 3,
    // Scripts that tests start strip their types once.
    env: { ...inMemory(), NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'node') },
    setupFiles: ['test/setup.ts'],
    // A thread starts with less work than a process, and loads what several files import once.
    pool: 'threads',
    isolate: false,
    // The shipped bundle is loaded as it is.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'], exclude: FIELD } },
      { extends: true, test: mode === 'soak' ? SOAK : FAST },
    ],
  },
}));
