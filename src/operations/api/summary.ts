import { isRecord, jsonText } from '../../contract/json.ts';
import { code, plain, table } from '../../report/markdown.ts';
import { shortened } from '../../report/shorten.ts';
import { number } from '../../report/units.ts';

const MAX_COLUMNS = 8;
const MAX_CELL = 120;

/** One value in a cell of a table. */
function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : number(value);
  const text = typeof value === 'string' ? value : jsonText(value);
  const short = shortened(text, MAX_CELL);
  return typeof value === 'string' ? plain(short) : code(short);
}

/** Columns that say something in one line. */
function columnsOf(rows: readonly Record<string, unknown>[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const filled = names.filter((name) =>
    rows.some((row) => row[name] !== null && row[name] !== undefined && row[name] !== ''),
  );
  const simple = filled.filter((name) => rows.every((row) => typeof row[name] !== 'object' || row[name] === null));
  // Lists and mappings would make the table run off the page; the answer itself has them.
  return (simple.length === 0 ? filled : simple).slice(0, MAX_COLUMNS);
}

/** Rows as a table of Markdown; values of any kind. */
export function rowsTable(rows: readonly unknown[]): string {
  const records = rows.filter(isRecord);
  if (records.length !== rows.length)
    return table(
      ['Value'],
      rows.map((row) => [cell(row)]),
    );
  const columns = columnsOf(records);
  return table(
    columns.map(plain),
    records.map((row) => columns.map((name) => cell(row[name]))),
  );
}

/** One object as a table of its fields. */
export const fieldsTable = (value: Readonly<Record<string, unknown>>): string =>
  table(
    ['Field', 'Value'],
    Object.entries(value).map(([name, entry]) => [code(name), cell(entry)]),
  );
