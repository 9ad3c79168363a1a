import type { AuditEvent } from '../events/event.ts';
import { meaningOf, SEVERITIES } from './actions.ts';
import { actorType, dataOf, field, json, sourceIp, titleOf, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/** Signs that end a line for some reader, or that no log shows. CEF can write only two of them. */
const UNPRINTABLE = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A field of the header: `\` and `|` are escaped, and a line break, which it cannot hold, is a space. */
export const cefHeader = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\r\n]/g, ' ')
    .replace(UNPRINTABLE, ' ')
    .replace(/[\\|]/g, '\\$&');

/** Printable ASCII without `\` and `=`: most values, which need nothing done to them. */
const PLAIN = /^[ -<>-[\]-~]*$/;

/** A value of the extension: `\`, `=` and line breaks are escaped; other signs that do not show are spaces. */
export function cefValue(text: string): string {
  if (PLAIN.test(text)) return text;
  const escaped = text.toWellFormed().replace(UNPRINTABLE, ' ').replace(/[\\=]/g, '\\$&');
  return escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** Keys and values of an event, in the order in which they are written. */
function pairs(event: AuditEvent): readonly (readonly [key: string, value: string | undefined])[] {
  const org = field(event, 'org_id');
  const other = unknownFields(event);
  const data = event.raw['data'];
  return [
    ['rt', String(Math.round(event.at * 1_000))],
    ['externalId', event.id],
    ['act', event.action],
    ['suid', field(event, 'service_user_id') ?? field(event, 'user_id')],
    ['suser', field(event, 'service_user_name') ?? field(event, 'user_email')],
    ['src', sourceIp(dataOf(event))],
    ['cs1Label', org === undefined ? undefined : 'orgId'],
    ['cs1', org],
    ['cs2Label', 'actorType'],
    ['cs2', actorType(event)],
    ['cs3Label', other === undefined ? undefined : 'other'],
    ['cs3', other],
    ['msg', data === undefined || data === null ? undefined : json(data)],
  ];
}

/** ArcSight's Common Event Format, one event a line. `externalId` is the id to de-duplicate by, `msg` is `data` as JSON. */
export const cef: TextFormat = {
  name: 'cef',
  extension: 'cef',
  head: '',
  encode(event) {
    const { severity } = meaningOf(event.action);
    const action = cefHeader(event.action);
    const head = `CEF:0|Cognition|Devin|v3|${action}|${cefHeader(titleOf(event.action))}|${SEVERITIES[severity].cef}|`;
    let extension = '';
    for (const [key, value] of pairs(event)) {
      if (value !== undefined) extension += `${extension === '' ? '' : ' '}${key}=${cefValue(value)}`;
    }
    return `${head}${extension}\n`;
  },
};
