import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // End-to-end tests wait for processes more than they compute, so two cores carry more of them than two.
    maxWorkers: 4,
  },
});
