import type { AuditEvent } from '../events/event.ts';
import { field, isoTime, json, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/**
 * The columns. They never depend on the events, so that files can be joined. `data` and `other` (fields that the API
 * does not document) are JSON, for what they hold differs from action to action.
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
] as const;

/** A cell that a spreadsheet would take for a formula, also behind the apostrophes that this format adds. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * A cell by RFC 4180. One that a spreadsheet would calculate gets an apostrophe in front; whoever wants the text back
 * takes one apostrophe from each cell that begins with apostrophes and one of `=`, `+`, `-`, `@`, a tab or a line break.
 */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  // Everything unusual is quoted: a reader that separates by `;` or tab finds no second cell in it.
  return /^[\w.:-]*$/.test(safe) ? safe : `"${safe.toWellFormed().replaceAll('"', '""')}"`;
}

function dataCell({ raw }: AuditEvent): string {
  const data = raw['data'];
  return data === undefined || data === null ? '' : json(data);
}

/** One record an event, for spreadsheets and for tools that read nothing else. */
export const csv: TextFormat = {
  name: 'csv',
  extension: 'csv',
  head: `${CSV_COLUMNS.join(',')}\r\n`,
  encode(event) {
    const cells = [
      event.id,
      isoTime(event.at),
      String(event.at),
      event.action,
      field(event, 'org_id') ?? '',
      field(event, 'user_id') ?? '',
      field(event, 'user_email') ?? '',
      field(event, 'service_user_id') ?? '',
      field(event, 'service_user_name') ?? '',
      dataCell(event),
      unknownFields(event) ?? '',
    ];
    return `${cells.map(csvCell).join(',')}\r\n`;
  },
};
