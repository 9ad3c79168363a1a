import { isIP } from 'node:net';
import { isRecord, jsonText } from '../../../contract/json.ts';
import type { AuditEvent } from '../events/event.ts';

/** Fields of an event that the API documents; all others are kept as they are. */
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

/** Names under which `data` may say where a request came from. */
const ADDRESS_FIELDS = ['source_ip', 'ip_address', 'client_ip', 'ip'];

/** JSON text on one line. */
export const json = (value: unknown): string => jsonText(value);

/** A scalar as text; undefined for null, an empty text, a list, and an object. */
function scalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (JSON.isRawJSON(value)) return value.rawJSON;
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

/** `data` of an event; undefined if it is null or missing. */
export const dataOf = ({ raw }: AuditEvent): unknown => raw['data'] ?? undefined;

/** The members of `data`; undefined if it is not an object. */
export function membersOf(event: AuditEvent): Readonly<Record<string, unknown>> | undefined {
  const data = dataOf(event);
  return isRecord(data) && !JSON.isRawJSON(data) ? data : undefined;
}

/** The first of several fields of `data` that has a scalar. */
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

/** Where the request came from, if the event says so with a valid address. The longest that OCSF accepts has 40 characters. */
export function sourceIp(data: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const found = firstOf(data, ADDRESS_FIELDS);
  return found !== undefined && isIP(found) !== 0 && found.length <= 40 ? found : undefined;
}

/** Fields that the API does not document; undefined if there are none. */
export function unknownFields({ raw }: AuditEvent): Readonly<Record<string, unknown>> | undefined {
  const unknown = Object.keys(raw).filter((name) => !KNOWN.has(name));
  return unknown.length === 0 ? undefined : Object.fromEntries(unknown.map((name) => [name, raw[name]]));
}

/** An action as a title: `create_org_api_key` is `Create org api key`. */
export function titleOf(action: string): string {
  const words = action.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
