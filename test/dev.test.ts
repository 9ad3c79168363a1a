import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NODE_24, ROOT } from './e2e/fake-runner.ts';
import { execute } from './workflow-runner.ts';

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

test.each([
  ['session.yml', /^session_outcome +finished$/m],
  ['permissions.yml', /2 of 2 changes made; converged[\s\S]*Plan: no changes/],
  ['audit-logs.yml', /The export is intact: \d{3} events/],
])('the steps of examples/local/%s run on the sandbox', async (name, shown) => {
  const home = mkdtempSync(join(tmpdir(), 'local-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const file of readdirSync(join(ROOT, 'examples', 'local')).filter((one) => one.endsWith('.yml')))
    cpSync(join(ROOT, 'examples', 'local', file), join(home, file));
  const args = [join(ROOT, 'scripts', 'dev.ts'), join(home, name), '--once'];
  const { code, output } = await execute(NODE_24, args);
  expect(output).toMatch(shown);
  expect(code).toBe(0);
});
