import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
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

const github = (path: string) => readFileSync(join(ROOT, '.github', path), 'utf8');

test.each(['bug.yml', 'feature.yml'])('the issue form %s has the parts that GitHub needs, and each id once', (name) => {
  const form: { name: string; description: string; body: { type: string; id?: string; attributes: object }[] } = parse(
    github(`ISSUE_TEMPLATE/${name}`),
  );
  expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
  const fields = form.body.filter(({ type }) => type !== 'markdown');
  expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
  for (const { type, attributes } of form.body) {
    expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
    expect(attributes).toHaveProperty(type === 'markdown' ? 'value' : 'label');
  }
});

test('Dependabot waits some days with each ecosystem', () => {
  const { updates } = parse(github('dependabot.yml'));
  expect(updates.map(({ cooldown }: { cooldown: object }) => cooldown)).toEqual([
    { 'default-days': 7, 'semver-major-days': 14 },
    { 'default-days': 7 },
  ]);
});

test('branch protection needs one check, which no job of the merge queue is missing from', () => {
  const { jobs, on } = parse(github('workflows/ci.yml'));
  expect(on).toHaveProperty('merge_group');
  const optional = ['soak', 'all-green'];
  expect(jobs['all-green'].needs).toEqual(Object.keys(jobs).filter((name) => !optional.includes(name)));
  expect(jobs.test.strategy.matrix.include).toHaveLength(3);
});
