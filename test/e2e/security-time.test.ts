import { describe, expect, test } from 'vitest';
import { runProcess } from './fake-runner.ts';

/** The largest manifest there may be. */
const LARGEST = 8 * 1024 * 1024;

describe('a manifest that keeps the parser busy', () => {
  const files = Object.fromEntries(['{}', ']'].map((part, at) => [`${at}.yml`, part.repeat(LARGEST / part.length)]));
  const inputs = {
    operation: 'sync-git-permissions',
    api_url: 'sandbox',
    manifest: '*.yml',
    devin_token: 'cog_sandbox_enterprise',
  };

  test.each(['SIGTERM', 'SIGINT'] as const)('ends at a %s, with outputs', async (signal) => {
    const result = await runProcess({
      with: inputs,
      files,
      // The first output tells that the inputs are being read.
      onOutput: (_, kill) => void kill(signal),
    });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'cancelled' });
  });

  test('ends at the timeout, with outputs', async () => {
    const result = await runProcess({ with: { ...inputs, timeout: '1s' }, files });
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'timeout' });
  });
});
