import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stepsIn } from '../scripts/dev-steps.ts';
import { NODE_24, ROOT } from './e2e/fake-runner.ts';
import { runStep } from './e2e/here.ts';
import { openSandbox } from './e2e/sandbox.ts';
import { startProgram } from './programs/index.ts';
import { execute } from './workflow-runner.ts';

test.skipIf(process.platform === 'win32')('npm run dev runs the step again when its inputs change', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dev-test-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const file = join(home, 'inputs.yml');
  writeFileSync(file, 'operation: whoami\n');
  const dev = startProgram(NODE_24, [join(ROOT, 'scripts', 'dev.ts'), file]);
  onTestFinished(() => dev.kill('SIGKILL'));
  await dev.until(/Waiting for a change/);
  expect(dev.texts.stdout).toContain('The step is green');
  expect(dev.texts.stdout).toMatch(/^identity +\{/m);
  writeFileSync(file, 'operation: get-session\n');
  await dev.until(/The step is red/);
  expect(dev.texts.stdout).toContain('session_id is missing; get-session needs it');
  dev.kill('SIGINT');
  expect(await dev.ended).toBe(0);
});

/** A folder with the local examples. */
function examplesHere(): string {
  const home = mkdtempSync(join(tmpdir(), 'local-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  cpSync(join(ROOT, 'examples', 'local'), home, { recursive: true });
  return home;
}

test('npm run dev --once runs the steps of examples/local/session.yml, and ends', async () => {
  const file = join(examplesHere(), 'session.yml');
  const { code, output } = await execute(NODE_24, [join(ROOT, 'scripts', 'dev.ts'), file, '--once']);
  expect(output).toMatch(/^session_outcome +finished$/m);
  expect(code).toBe(0);
});

test.each([
  ['permissions.yml', /2 of 2 changes made; converged[\s\S]*Plan: no changes/],
  ['audit-logs.yml', /The export is intact: \d{3} events/],
])('the steps of examples/local/%s run on the sandbox', async (name, shown) => {
  const home = examplesHere();
  const sandbox = await openSandbox();
  onTestFinished(() => sandbox.close());
  let output = '';
  for (const inputs of stepsIn(readFileSync(join(home, name), 'utf8'), sandbox.url)) {
    const { exitCode, stdout, summary } = await runStep({ with: inputs, env: { GITHUB_WORKSPACE: home } });
    expect(exitCode, stdout).toBe(0);
    output += stdout + summary;
  }
  expect(output).toMatch(shown);
});
