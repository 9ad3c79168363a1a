import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './e2e/fake-runner.ts';

const page = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');

/** The rows of the tables below the heading of the invariants. */
const rows = page
  .slice(page.indexOf('\n## Invariants\n'), page.indexOf('\n## What this does not cover\n'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Invariant') && !line.startsWith('| :--'));

describe('the threat model', () => {
  test('has invariants for each of its parts', () => {
    expect(rows.length).toBeGreaterThan(30);
  });

  test.each(rows)('names a test that exists: %s', (row) => {
    const [, file = '', title = ''] = /\| `(test\/[\w./-]+\.test\.ts)`: "(.+)" \|$/.exec(row) ?? [];
    expect(existsSync(join(ROOT, file)) && file !== '', row).toBe(true);
    const titles = readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .filter((line) => /\b(?:it|test)(?:\.\w+)?\(|^\s+\]?\)?\('|^\s+'|title: [`']/.test(line));
    expect(
      titles.some((line) => line.includes(title)),
      title,
    ).toBe(true);
  });
});
