import { describe, expect, it } from 'vitest';
import { fieldsTable, resultPart, rowsTable } from '../../src/report/values.ts';

const AT = Date.parse('2026-11-21T03:04:05Z') / 1_000;

describe('rows as a table', () => {
  it('show instants in UTC, and say so in the head of the column', () => {
    expect(rowsTable([{ name: 'a', created_at: AT }, { name: 'b' }])).toBe(
      ['| name | created\\_at (UTC) |', '|:--|:--|', '| a | 2026-11-21 03:04 |', '| b |   |'].join('\n'),
    );
  });

  it.each([
    ['a number of that size in another field', 'bytes', AT, String(AT)],
    ['a small number in a field of times', 'start', 7, '7'],
    ['milliseconds', 'timestamp', AT * 1_000, String(AT * 1_000)],
    ['a word that only ends with at', 'format', AT, String(AT)],
  ])('leave %s as it is', (_, name, value, shown) => {
    expect(
      rowsTable([{ [name]: value }])
        .split('\n')
        .at(-1),
    ).toBe(`| ${shown} |`);
  });

  it('leave out columns that are empty in every row, and lists and mappings beside simple values', () => {
    const rows = [{ name: 'a', note: null, tags: ['x'], owner: { id: 1 } }];
    expect(rowsTable(rows)).toBe('| name |\n|:--|\n| a |');
    expect(rowsTable([{ tags: ['x', 'y'] }])).toBe('| tags |\n|:--|\n| x, y |');
  });

  it('show values that are no mappings as one column', () => {
    expect(rowsTable(['a', 7])).toBe('| Value |\n|:--|\n| a |\n| 7 |');
  });
});

describe('one object as a table', () => {
  it('has a row for each field, and a table for each list of objects', () => {
    expect(fieldsTable({ name: 'a', until: AT, items: [{ id: 1 }] })).toBe(
      [
        '| Field | Value |\n|:--|:--|\n| `name` | a |\n| `until` (UTC) | 2026-11-21 03:04 |',
        '**items**\n\n| id |\n|--:|\n| 1 |',
      ].join('\n\n'),
    );
  });
});

describe('a result', () => {
  it('of few values is shown expanded, any other folded', () => {
    expect(resultPart('Output', { approve: true, findings: ['a', 'b'] }, ' (checked)')).toBe(
      '**Output** (checked)\n\n| Field | Value |\n|:--|:--|\n| approve | `true` |\n| findings | a<br>b |',
    );
    for (const value of [{ deep: { er: [[1]] } }, Array(30).fill(1), {}, 'text'])
      expect(resultPart('Output', value)).toMatch(/^<details><summary>Output<\/summary>\n\n```json\n/);
  });
});
