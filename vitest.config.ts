import { defineConfig } from 'vitest/config';

/** Tests whose modules have no state and no hooks that end with a file. */
const TOGETHER = ['test/{contract,devin,operations,reconcile,report,sandbox}/**/*.test.ts'];

export default defineConfig({
  test: {
    // No test measures time; a machine that does other things as well must not fail one.
    testTimeout: 60_000,
    // End-to-end tests wait for processes more than they compute, so two cores carry more of them than two.
    maxWorkers: 4,
    // A thread starts with less work than a process.
    pool: 'threads',
    projects: [
      // What these import is loaded once for a worker rather than once for a file.
      { extends: true, test: { name: 'together', include: TOGETHER, isolate: false } },
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: TOGETHER } },
    ],
  },
});
