import type { AuditEvent } from '../events/event.ts';
import { msOf } from '../events/time.ts';
import { meaningOf, SEVERITIES } from './actions.ts';
import { actorType, dataOf, field, json, membersOf, sourceIp, titleOf, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/** Characters that end a line for some readers, or that no log shows. CEF can write only two of them. */
const UNPRINTABLE = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A text as CEF can show it. */
const shown = (text: string) => text.toWellFormed().replace(UNPRINTABLE, ' ');

/** JSON in which every character shows. */
const visibleJson = (value: unknown) =>
  json(value).replace(UNPRINTABLE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A field of the header: `\` and `|` are escaped, and a line break, which it cannot contain, becomes a space. */
export const cefHeader = (text: string): string =>
  shown(text)
    .replace(/[\r\n]/g, ' ')
    .replace(/[\\|]/g, '\\$&');

/** Printable ASCII without `\` and `=`: most values, which need no change. */
const PLAIN = /^[ -<>-[\]-~]*$/;

/** A value of the extension: `\`, `=` and line breaks are escaped; other invisible characters become spaces. */
export function cefValue(text: string): string {
  if (PLAIN.test(text)) return text;
  const escaped = shown(text).replace(/[\\=]/g, '\\$&');
  return escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** What no other key contains: fields that the API does not document, and others if their key has another value. */
function otherFields(event: AuditEvent, inKeys: Readonly<Record<string, unknown>>): object | undefined {
  const differing = Object.entries(event.raw).filter(
    ([name, value]) =>
      Object.hasOwn(inKeys, name) &&
      value !== null &&
      (value !== inKeys[name] || (typeof value === 'string' && shown(value) !== value)),
  );
  const unknown = unknownFields(event);
  return differing.length === 0 ? unknown : { ...unknown, ...Object.fromEntries(differing) };
}

/** Keys and values of an event, in the order in which they are written. */
function pairs(event: AuditEvent): readonly (readonly [key: string, value: string | undefined])[] {
  const { at, id, action } = event;
  // The folder of a partition is named after it.
  const org = event.org ?? undefined;
  const ms = msOf(at);
  const uid = field(event, 'service_user_id') ?? field(event, 'user_id');
  const user = field(event, 'service_user_name') ?? field(event, 'user_email');
  const names = { user_id: uid, service_user_id: uid, user_email: user, service_user_name: user };
  const other = otherFields(event, { audit_log_id: id, created_at: ms / 1_000, action, org_id: org, ...names });
  const data = dataOf(event);
  return [
    ['rt', String(ms)],
    ['externalId', id],
    ['act', action],
    ['suid', uid],
    ['suser', user],
    ['src', sourceIp(membersOf(event))],
    ['cs1Label', org === undefined ? undefined : 'orgId'],
    ['cs1', org],
    ['cs2Label', 'actorType'],
    ['cs2', actorType(event)],
    ['cs3Label', other === undefined ? undefined : 'other'],
    ['cs3', other === undefined ? undefined : visibleJson(other)],
    ['msg', data === undefined ? undefined : visibleJson(data)],
  ];
}

/**
 * ArcSight's Common Event Format, one line for each event. `externalId` is the ID, `msg` is `data` as JSON. CEF has no place
 * for the original: of two equal keys of JSON, one is lost.
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
