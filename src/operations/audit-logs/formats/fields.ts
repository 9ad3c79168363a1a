import { isIP } from 'node:net';
import { jsonText } from '../../../contract/json.ts';
import type { AuditEvent } from '../events/event.ts';

/** Fields of an event that the API documents; whatever else comes is kept as it is. */
const KNOWN: ReadonlySet<string> = new Set([
  'audit_log_id',
  'action',
  'created_at',
  'data',
  'org_id',
  'user_id',
  'user_email',
  'service_user_id',
  'service_user_name',
]);

/** Names under which `data` may tell where a request came from. */
const ADDRESS_FIELDS = ['source_ip', 'ip_address', 'client_ip', 'ip'];

/** JSON text that stands on one line. */
export const json = (value: unknown): string => jsonText(value);

/** A text in JSON. Most need no escape, which a look can tell sooner than `JSON.stringify` has started. */
export const quoted = (text: string): string => (/^[\w .:@/+-]*$/.test(text) ? `"${text}"` : JSON.stringify(text));

/** The event as it came, on one line: its own text where that was kept, so that no number loses a digit. */
export function original(event: AuditEvent): string {
  // Its fields are not looked at where its text is there: parsing them would cost more than writing it.
  const { json: text } = event;
  if (text === undefined) return json(event.raw);
  // In JSON, a line break can only stand between two values.
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text;
}

/** A scalar as text; undefined for null, an empty text, and whatever is no scalar. */
export function scalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A field of the event as text. */
export const field = ({ raw }: AuditEvent, name: string): string | undefined =>
  Object.hasOwn(raw, name) ? scalar(raw[name]) : undefined;

/** What kind of principal acted. */
export function actorType(event: AuditEvent): 'service_user' | 'user' | 'unknown' {
  if ((field(event, 'service_user_id') ?? field(event, 'service_user_name')) !== undefined) return 'service_user';
  return (field(event, 'user_id') ?? field(event, 'user_email')) === undefined ? 'unknown' : 'user';
}

/** The members of `data`; undefined where it holds none. */
export function dataOf({ raw }: AuditEvent): Readonly<Record<string, unknown>> | undefined {
  const data = raw['data'];
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  // An object that came out of JSON.
  return isObject ? (data as Readonly<Record<string, unknown>>) : undefined;
}

/** The first of several fields of `data` that holds a scalar. */
export function firstOf(
  data: Readonly<Record<string, unknown>> | undefined,
  names: readonly string[],
): string | undefined {
  if (data === undefined) return undefined;
  for (const name of names) {
    const found = Object.hasOwn(data, name) ? scalar(data[name]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where the request came from, if the event says so with an address that is one. */
export function sourceIp(data: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const found = firstOf(data, ADDRESS_FIELDS);
  return found !== undefined && isIP(found) !== 0 ? found : undefined;
}

/** Fields that the API does not document, as one JSON object; undefined where there are none. */
export function unknownFields({ raw }: AuditEvent): string | undefined {
  let text = '';
  for (const name of Object.keys(raw)) {
    if (!KNOWN.has(name)) text += `${text === '' ? '' : ','}${json(name)}:${json(raw[name])}`;
  }
  return text === '' ? undefined : `{${text}}`;
}

const DAY = 86_400;
const two = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
/** The day of the last event, for the next one is most often of the same. */
let lastDay = Number.NaN;
let lastDate = '';

/** The seconds of an event as ISO 8601 in UTC; milliseconds only where there are some. Empty for what no calendar has. */
export function isoTime(seconds: number): string {
  if (!Number.isInteger(seconds)) {
    const date = new Date(seconds * 1_000);
    return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('.000Z', 'Z');
  }
  const day = Math.floor(seconds / DAY);
  if (day !== lastDay) {
    const date = new Date(day * DAY * 1_000);
    if (Number.isNaN(date.getTime())) return '';
    lastDay = day;
    lastDate = date.toISOString().slice(0, -13);
  }
  const second = seconds - day * DAY;
  return `${lastDate}${two[Math.floor(second / 3_600)]}:${two[Math.floor(second / 60) % 60]}:${two[second % 60]}Z`;
}

/** An action as people say it: `create_org_api_key` is `Create org api key`. */
export function titleOf(action: string): string {
  const words = action.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
