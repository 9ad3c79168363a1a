import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NODE_24, ROOT } from './e2e/fake-runner.ts';
import { runProgram } from './programs/index.ts';

const COMMIT = 'c'.repeat(40);
const PAGES = ['README.md', 'docs/**/*.md', 'examples/*.yml'];

test('a release moves every line of the documentation that uses the action to its commit', async () => {
  const home = mkdtempSync(join(tmpdir(), 'pin-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const name of [
    'README.md',
    'docs',
    'examples',
    'scripts',
    'src',
    '.github',
    'package.json',
    'action.yml',
    'dist',
  ])
    cpSync(join(ROOT, name), join(home, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'), 'junction');
  const node = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram(NODE_24, args, { cwd: home });
    expect(code, stderr).toBe(0);
    return stdout;
  };
  await node('scripts/pin.ts', 'v1.2.3', COMMIT);
  await node('scripts/generate.ts');
  // The lines of other actions, of headings, and of the page about pinning stay.
  const uses = globSync(PAGES, { cwd: home }).flatMap((path) =>
    [...readFileSync(join(home, path), 'utf8').matchAll(/uses: (OWNER\/\S+)@(\w+) # (.*)$/gm)].map(
      ([, name, ref, comment]) => `${path} ${name} ${ref} ${comment}`,
    ),
  );
  expect(uses.length).toBeGreaterThan(80);
  expect(uses.filter((line) => !line.endsWith(` ${COMMIT} v1.2.3`))).toEqual([]);
  expect(await node('scripts/check-workflows.ts', 'examples/start-session.yml')).toBe(
    'ok    examples/start-session.yml\n',
  );
  expect(await node('scripts/generate.ts', '--check')).toBe('');
  // The next release moves them again.
  await node('scripts/pin.ts', 'v1.2.4', 'd'.repeat(40));
  expect(readFileSync(join(home, 'examples/start-session.yml'), 'utf8')).toContain(`@${'d'.repeat(40)} # v1.2.4`);
});
