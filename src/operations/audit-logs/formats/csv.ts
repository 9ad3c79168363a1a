import { preciseTime } from '../events/time.ts';
import { dataOf, field, json, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/**
 * The columns. They never depend on the events, so that files can be joined. `data` and `other` (fields that the API does
 * not document) are JSON, because they differ from action to action; `original` is the event as it came.
 */
export const CSV_COLUMNS = [
  'audit_log_id',
  'time',
  'created_at',
  'action',
  'org_id',
  'user_id',
  'user_email',
  'service_user_id',
  'service_user_name',
  'data',
  'other',
  'original',
] as const;

/** A cell that a spreadsheet would read as a formula, also after the apostrophes that this format adds. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * A cell by RFC 4180. One that a spreadsheet would calculate gets an apostrophe in front. To restore the text, remove one
 * apostrophe from each cell that begins with apostrophes and then `=`, `+`, `-`, `@`, a tab, or a line break.
 */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  // Everything unusual is quoted: a reader that separates by `;` or tab finds no second cell in it.
  return /^[\w.:-]*$/.test(safe) ? safe : `"${safe.toWellFormed().replaceAll('"', '""')}"`;
}

const jsonCell = (value: unknown) => (value === undefined ? '' : json(value));

/** One record for each event, for spreadsheets and for tools that read nothing else. */
export const csv: TextFormat = {
  name: 'csv',
  extension: 'csv',
  head: `${CSV_COLUMNS.join(',')}\r\n`,
  encode(event) {
    const cells = [
      event.id,
      preciseTime(event.at),
      String(event.at),
      event.action,
      field(event, 'org_id') ?? '',
      field(event, 'user_id') ?? '',
      field(event, 'user_email') ?? '',
      field(event, 'service_user_id') ?? '',
      field(event, 'service_user_name') ?? '',
      jsonCell(dataOf(event)),
      jsonCell(unknownFields(event)),
      event.json,
    ];
    return `${cells.map(csvCell).join(',')}\r\n`;
  },
};
