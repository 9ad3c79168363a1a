import { ActionError } from '../../../contract/errors.ts';
import { isRecord } from '../../record.ts';
import type { AuditEvent } from './event.ts';
import type { Span } from './json-texts.ts';

/** JSON of an event among other bytes, from `from` to before `to`. */
export interface Place extends Span {
  readonly page: Buffer;
}

/** The place of JSON that has bytes of its own. */
export const placeOf = (page: Buffer): Place => ({ page, from: 0, to: page.length });

/** UTF-8 text as the characters of its bytes. */
export const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * An event as it was read. What it holds on to is small, and outside of the heap that has to be collected: its JSON stays
 * where it is in the bytes of its page, and what they say is worked out when it is asked for.
 */
export class ReadEvent implements AuditEvent {
  readonly id: string;
  readonly at: number;
  readonly action: string;
  /** The organization; null where the event is of none. */
  readonly org: string | null;
  /** The bytes that hold its JSON in UTF-8, from `from` to before `to`, on one line. */
  readonly page: Buffer;
  readonly from: number;
  readonly to: number;
  #json: string | undefined;
  #raw: Readonly<Record<string, unknown>> | undefined;

  constructor(id: string, at: number, action: string, org: string | null, place: Place) {
    this.id = id;
    this.at = at;
    this.action = action;
    this.org = org;
    this.page = place.page;
    this.from = place.from;
    this.to = place.to;
  }

  /** Its JSON as the characters of its bytes (Latin-1). It is made at each access. */
  get stored(): string {
    return this.page.toString('latin1', this.from, this.to);
  }

  get json(): string {
    this.#json ??= this.page.toString('utf8', this.from, this.to);
    return this.#json;
  }

  /**
   * The same event with every text as the characters of its bytes, which spares a format of JSON to decode and encode
   * them; undefined where an escape stands for a character of its own, or where the action, of which titles are made, is
   * not ASCII.
   */
  asBytes(): AuditEvent | undefined {
    const json = this.stored;
    if (json.includes('\\u') || !/^[ -~]*$/.test(this.action)) return undefined;
    // It was an object when it was read.
    const raw = JSON.parse(json) as Readonly<Record<string, unknown>>;
    return { id: String(raw['audit_log_id']), at: this.at, action: this.action, raw, json };
  }

  get raw(): Readonly<Record<string, unknown>> {
    // An event that becomes one was an object when it was read.
    this.#raw ??= JSON.parse(this.json) as Readonly<Record<string, unknown>>;
    return this.#raw;
  }
}

const broken = (index: number, what: string) =>
  new ActionError('api_contract', `The audit event at place ${index + 1} of a page ${what}.`, {
    fix: 'Nothing was lost: the checkpoint stays where it was. Report the answer of `listAuditLogs` to Devin, or set `api_version`.',
  });

/** The documented shapes: Unix seconds in v3; v2 documents none, and gives ISO 8601. */
function secondsOf(value: unknown, isV2: boolean): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  // Seen in a published sample: the same number as text.
  if (typeof value === 'string' && /^\d{9,11}(?:\.\d+)?$/.test(value)) return Number(value);
  if (!isV2 || typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return undefined;
  // A time without a zone is UTC, as everywhere in the API; JavaScript would take it for local.
  const ms = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(ms) ? undefined : ms / 1_000;
}

/** One event of a page; `place` is where its JSON is. @throws `api_contract` for one without id, time or action. */
export function readEvent(value: unknown, place: Place, index: number, isV2: boolean): ReadEvent {
  if (!isRecord(value)) throw broken(index, 'is no object');
  const { audit_log_id: id, action, org_id: org } = value;
  if (typeof id !== 'string' || id === '') throw broken(index, 'has no audit_log_id');
  const time = value['created_at'] ?? (isV2 ? value['timestamp'] : undefined);
  const at = secondsOf(time, isV2);
  if (at === undefined) {
    const expected = isV2 ? 'ISO 8601 or Unix seconds' : 'Unix seconds as a number';
    throw broken(index, `(${id}) has a created_at of ${JSON.stringify(time) ?? 'nothing'}; expected ${expected}`);
  }
  const isNamed = typeof action === 'string';
  // v2 documents no field but the id.
  if (!isNamed && !isV2) throw broken(index, `(${id}) has no action`);
  return new ReadEvent(id, at, isNamed ? action : '', typeof org === 'string' && org !== '' ? org : null, place);
}
