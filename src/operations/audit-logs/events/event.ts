import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../contract/json.ts';

/** What an event is known by, without its content. */
export interface EventFacts {
  /** `audit_log_id`. */
  readonly id: string;
  /** When it happened: Unix seconds as the API returned them, which may have a fraction. */
  readonly at: number;
  readonly action: string;
  /** The organization; null if the event belongs to none. */
  readonly org: string | null;
}

/** One audit event, as a format needs it. */
export interface AuditEvent extends EventFacts {
  /** Every field of the event. Numbers that JavaScript would write differently are raw values (see exact-json.ts). */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The event's JSON as it came, on one line. */
  readonly json: string;
}

/**
 * One audit event that waits to be written. Its content stays in the bytes of its page, outside of the heap: thousands of
 * events wait at once.
 */
export interface WaitingEvent extends EventFacts {
  /** Reads the event out of its page. */
  open(): AuditEvent;
}

/** The order of every file: by time, then by ID. Two events that share both are ordered by their text. */
export function byTimeAndId(a: WaitingEvent, b: WaitingEvent): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  const [first, second] = [a.open().json, b.open().json];
  return first === second ? 0 : first < second ? -1 : 1;
}

const solid = (json: string) => json.replaceAll(/\s/g, '').length;

/**
 * Whether one answer of the API has the same event twice: only the order of members and the space between them differ.
 * Of two equal keys, `JSON.parse` sees one, but the length of the text shows it.
 */
export function isSameEvent(first: WaitingEvent, second: WaitingEvent): boolean {
  const [a, b] = [first.open(), second.open()];
  return a.json === b.json || (solid(a.json) === solid(b.json) && canonicalJson(a.raw) === canonicalJson(b.raw));
}

/**
 * A fingerprint of an event: 16 hexadecimal digits that stay the same when the API returns the event again. Names of
 * people and service users are left out, because renaming one also changes the events of the past.
 */
export function printOf(event: WaitingEvent): string {
  const { user_email: _email, service_user_name: _name, ...lasting } = event.open().raw;
  return createHash('sha256').update(canonicalJson(lasting)).digest('hex').slice(0, 16);
}
