import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './e2e/fake-runner.ts';

const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const { dependencies, devDependencies, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('each dependency has a line that says why it is needed, and no other package has one', () => {
  const rows = page.slice(page.indexOf('\n## Dependencies\n')).matchAll(/^\| `([^`]+)` \| .{10,} \|$/gm);
  expect([...rows].map(([, name]) => name).sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).sort());
});

test('the files that CONTRIBUTING names exist, and so do its commands', () => {
  const files = [...page.matchAll(/`((?:src|test|scripts|docs|schemas|examples)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  );
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const commands = [...page.matchAll(/\bnpm run (\w+)/g)].map(([, name = '']) => name);
  expect(commands.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});
