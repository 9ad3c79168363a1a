import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NODE_24, ROOT } from './e2e/fake-runner.ts';

test.skipIf(process.platform === 'win32')('npm run dev runs the step again when its inputs change', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dev-test-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const file = join(home, 'inputs.yml');
  writeFileSync(file, 'operation: whoami\n');
  const child = spawn(NODE_24, [join(ROOT, 'scripts', 'dev.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const until = (text: RegExp) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (text.test(output)) resolve();
      };
      child.stdout.on('data', check);
      child.on('close', () => resolve());
      check();
    });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await until(/Waiting for a change/);
  expect(output).toContain('The step is green');
  expect(output).toMatch(/^identity +\{/m);
  writeFileSync(file, 'operation: get-session\n');
  await until(/The step is red/);
  expect(output).toContain('session_id is missing; get-session needs it');
  child.kill('SIGINT');
  await new Promise((resolve) => child.on('close', resolve));
  expect(child.exitCode).toBe(0);
});
