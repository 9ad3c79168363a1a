import { isRecord, jsonText } from '../contract/json.ts';
import { code, details, fence, nameOrId, plain, sections, table } from './markdown.ts';
import { shortened } from './shorten.ts';
import { instant, number } from './units.ts';

const MAX_COLUMNS = 8;
const MAX_CELL = 120;
/** Names of fields that hold a name. */
const NAME = /^(?:\w+_)?(?:name|title)$/;
/** Names of fields that hold an instant in Unix seconds, and the numbers that are one: from 2001 to 2100. */
const TIME = /(?:^|_)(?:at|time|timestamp|since|until|date|start|end)$/;
const isTime = (name: string, value: number) => TIME.test(name) && value >= 1e9 && value < 4.1e9;

/** One value of JSON in a cell of a table. `name` is that of its field: times are told by it. */
function cell(value: unknown, name: string): string {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value === 'number') {
    if (isTime(name, value)) return instant(value * 1_000);
    return Number.isInteger(value) ? String(value) : number(value);
  }
  if (typeof value === 'boolean') return String(value);
  const isTexts = Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  const text = typeof value === 'string' ? value : isTexts ? value.join(', ') : jsonText(value);
  const short = shortened(text, MAX_CELL);
  return typeof value === 'string' || isTexts ? nameOrId(short) : code(short);
}

/** What says of times in which zone they are; empty for fields with other values. */
const zoneOf = (name: string, values: readonly unknown[]) =>
  values.some((value) => typeof value === 'number' && isTime(name, value)) ? ' (UTC)' : '';

/** Columns that say something in one line. */
function columnsOf(rows: readonly Record<string, unknown>[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const filled = names.filter((name) =>
    rows.some((row) => row[name] !== null && row[name] !== undefined && row[name] !== ''),
  );
  const simple = filled.filter((name) => rows.every((row) => typeof row[name] !== 'object' || row[name] === null));
  // Lists and mappings would make the table run off the page; the response itself has them.
  const shown = simple.length === 0 ? filled : simple;
  // On a phone only the first columns can be seen: a name says more than an ID.
  return [...shown.filter((name) => NAME.test(name)), ...shown.filter((name) => !NAME.test(name))].slice(
    0,
    MAX_COLUMNS,
  );
}

/** Rows as a table of Markdown; values of any kind. */
export function rowsTable(rows: readonly unknown[]): string {
  const records = rows.filter(isRecord);
  if (records.length !== rows.length)
    return table(
      ['Value'],
      rows.map((row) => [cell(row, '')]),
    );
  const columns = columnsOf(records);
  const columnOf = (name: string) => records.map((row) => row[name]);
  return table(
    columns.map((name) => `${plain(name)}${zoneOf(name, columnOf(name))}`),
    records.map((row) => columns.map((name) => cell(row[name], name))),
  );
}

const isRecords = (value: unknown): value is readonly Record<string, unknown>[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord);

/** One object as a table of its fields, and one more for each of its lists of objects. */
export function fieldsTable(value: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(value);
  const rows = entries.flatMap(([name, entry]) =>
    isRecords(entry) ? [] : [[code(name) + zoneOf(name, [entry]), cell(entry, name)]],
  );
  const lists = entries.flatMap(([name, entry]) =>
    isRecords(entry) ? [`**${plain(name)}**\n\n${rowsTable(entry)}`] : [],
  );
  return sections(rows.length === 0 ? '' : table(['Field', 'Value'], rows), ...lists).trim();
}

/** Most rows of a result that are shown at once. */
const MAX_ROWS = 20;

function textCell(value: unknown): string | undefined {
  if (typeof value === 'string') return plain(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return code(String(value));
  const isTexts = Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  return isTexts ? value.map(plain).join('<br>') : undefined;
}

/** Rows of a list of objects whose values all fit into cells; undefined for any other value. */
function listPart(name: string, value: unknown): { readonly rows: number; readonly part: string } | undefined {
  if (!isRecords(value)) return undefined;
  const names = [...new Set(value.flatMap((row) => Object.keys(row)))];
  const rows = value.map((row) => names.map((column) => (column in row ? textCell(row[column]) : '')));
  if (names.length > MAX_COLUMNS || rows.some((row) => row.includes(undefined))) return undefined;
  const filled = rows.map((row) => row.map((one) => one ?? ''));
  return { rows: rows.length, part: `**${plain(name)}**\n\n${table(names.map(plain), filled)}` };
}

/**
 * A result in JSON: a small one as a table of its fields, with a table for each list of objects; any other as text that
 * is folded away.
 *
 * @param title a few words; with `note` behind it, plain text
 */
export function resultPart(title: string, value: unknown, note = ''): string {
  const entries = isRecord(value) ? Object.entries(value) : [];
  const rows: string[][] = [];
  const lists: string[] = [];
  let size = 0;
  for (const [name, entry] of entries) {
    const [cellText, list] = [textCell(entry), listPart(name, entry)];
    if (cellText !== undefined) rows.push([plain(name), cellText]);
    else if (list !== undefined) lists.push(list.part);
    else size = Number.POSITIVE_INFINITY;
    size += list?.rows ?? 1;
  }
  if (size === 0 || size > MAX_ROWS) return details(`${title}${note}`, fence(jsonText(value, 2), 'json'));
  return sections(`**${title}**${note}`, rows.length === 0 ? '' : table(['Field', 'Value'], rows), ...lists).trim();
}
