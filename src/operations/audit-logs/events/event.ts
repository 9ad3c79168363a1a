import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../contract/json.ts';

/** One audit event, as a format needs it. */
export interface AuditEvent {
  /** `audit_log_id`. */
  readonly id: string;
  /** When it happened: Unix seconds as the API returned them, which may have a fraction. */
  readonly at: number;
  readonly action: string;
  /** The organization; null if the event belongs to none. */
  readonly org: string | null;
  /** Every field of the event. Numbers that JavaScript cannot represent are raw values (see exact-json.ts). */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The event's JSON as it came, on one line. */
  readonly json: string;
}

/** The order of every file: by time, then by ID. Two events that share both are ordered by their text. */
export function byTimeAndId(a: AuditEvent, b: AuditEvent): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.json === b.json ? 0 : a.json < b.json ? -1 : 1;
}

/**
 * A fingerprint of an event: 16 hexadecimal digits that stay the same when the API returns the event again. Names of
 * people and service users are left out, because renaming one also changes the events of the past.
 */
export function printOf({ raw }: AuditEvent): string {
  const { user_email: _email, service_user_name: _name, ...lasting } = raw;
  return createHash('sha256').update(canonicalJson(lasting)).digest('hex').slice(0, 16);
}

/** Whether two events with one ID are the same event: an API may return an event twice, or use an ID for two events. */
export const isSameEvent = (a: AuditEvent, b: AuditEvent): boolean => a.json === b.json || printOf(a) === printOf(b);
