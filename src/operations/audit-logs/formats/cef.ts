import type { AuditEvent } from '../events/event.ts';
import { msOf } from '../events/time.ts';
import { meaningOf, SEVERITIES } from './actions.ts';
import { actorType, dataOf, field, json, membersOf, sourceIp, titleOf, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/** Characters that end a line for some readers, or that no log shows. CEF can write only two of them. */
const UNPRINTABLE = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A field of the header: `\` and `|` are escaped, and a line break, which it cannot contain, becomes a space. */
export const cefHeader = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\r\n]/g, ' ')
    .replace(UNPRINTABLE, ' ')
    .replace(/[\\|]/g, '\\$&');

/** Printable ASCII without `\` and `=`: most values, which need no change. */
const PLAIN = /^[ -<>-[\]-~]*$/;

/** A value of the extension: `\`, `=` and line breaks are escaped; other invisible characters become spaces. */
export function cefValue(text: string): string {
  if (PLAIN.test(text)) return text;
  const escaped = text.toWellFormed().replace(UNPRINTABLE, ' ').replace(/[\\=]/g, '\\$&');
  return escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** Keys and values of an event, in the order in which they are written. */
function pairs(event: AuditEvent): readonly (readonly [key: string, value: string | undefined])[] {
  const org = field(event, 'org_id');
  const other = unknownFields(event);
  const data = dataOf(event);
  return [
    ['rt', String(msOf(event.at))],
    ['externalId', event.id],
    ['act', event.action],
    ['suid', field(event, 'service_user_id') ?? field(event, 'user_id')],
    ['suser', field(event, 'service_user_name') ?? field(event, 'user_email')],
    ['src', sourceIp(membersOf(event))],
    ['cs1Label', org === undefined ? undefined : 'orgId'],
    ['cs1', org],
    ['cs2Label', 'actorType'],
    ['cs2', actorType(event)],
    ['cs3Label', other === undefined ? undefined : 'other'],
    ['cs3', other === undefined ? undefined : json(other)],
    ['msg', data === undefined ? undefined : json(data)],
  ];
}

/**
 * ArcSight's Common Event Format, one line for each event. `externalId` is the ID, `msg` is `data` as JSON. CEF has no place
 * for the original: a duplicate key of JSON, and characters that do not show, are lost.
 */
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
