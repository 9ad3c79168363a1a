import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NODE_24, ROOT } from './e2e/fake-runner.ts';
import { execute } from './workflow-runner.ts';

const copy = mkdtempSync(join(tmpdir(), 'project-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Runs a program of the copy to its end. */
const node = (...args: string[]) =>
  execute(NODE_24, args, { cwd: copy, env: { PATH: process.env['PATH'], FROM_SOURCES: '1' } });
const program = (name: string) => join(ROOT, 'node_modules', name);

/** Each scaffold, the test that it lays, why that test fails at first, and what it is about. */
const SCAFFOLDS = [
  [
    ['operation', 'show-note'],
    'test/e2e/show-note.test.ts',
    'show-note is not written yet.',
    'src/operations/api/show-note.ts',
  ],
  [
    ['endpoint', 'GET', '/v3/organizations/{org_id}/widgets', 'listWidgets'],
    'test/sandbox/list-widgets.test.ts',
    '404',
  ],
  [
    ['kind', 'ip-range'],
    'test/operations/enterprise/ip-range.test.ts',
    'updated: +0',
    'src/operations/enterprise/ip-range.ts',
  ],
] as const;

test('npm run new lays an operation, an endpoint, and a kind that compile, each with a test that fails for the right reason', async () => {
  for (const name of ['src', 'test', 'scripts', 'tsconfig.json', 'package.json', 'vitest.config.ts', 'action.yml'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  for (const [args, path] of SCAFFOLDS) {
    const { code, output } = await node('scripts/new.ts', ...args);
    expect(code, output).toBe(0);
    expect(output).toContain(`created  ${path}`);
  }
  const again = await node('scripts/new.ts', 'operation', 'show-note');
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('show-note.ts already exists') });
  expect(readFileSync(join(copy, 'src/step/registry.ts'), 'utf8')).toContain("'show-note': async");
  const paths = SCAFFOLDS.map(([, path]) => path);
  // Only what is new: the whole project would take as long as in CI.
  const include = ['src/**/*.d.ts', ...SCAFFOLDS.map(([, , , source]) => source), ...paths];
  writeFileSync(join(copy, 'tsconfig.new.json'), JSON.stringify({ extends: './tsconfig.json', include }));
  const types = await node(program('typescript/bin/tsc'), '--singleThreaded', '-p', 'tsconfig.new.json');
  expect(types.output).toBe('');
  const run = await node(program('vitest/vitest.mjs'), 'run', '--maxWorkers=1', '--reporter=tap-flat', ...paths);
  expect(run.output).toContain('1..3');
  const results = run.output.split(/^(?=ok|not ok)/m);
  for (const [, path, reason] of SCAFFOLDS) {
    const result = results.find((one) => one.includes(path.replace('test/', '').split('/').at(-1) ?? ''));
    expect(result, run.output).toContain(reason);
  }
  expect(results.filter((one) => one.startsWith('not ok'))).toHaveLength(3);
}, 120_000);
