import { isUtf8 } from 'node:buffer';
import { ActionError } from '../../../contract/errors.ts';
import { isRecord } from '../../../contract/json.ts';
import { elementSpans } from './element-spans.ts';
import type { AuditEvent, EventFacts, WaitingEvent } from './event.ts';
import { numberIn, parseExact } from './exact-json.ts';

/** A page as it came: its bytes, and what `JSON.parse` made of them. */
export interface RawPage {
  readonly bytes: Buffer;
  readonly body: unknown;
}

const broken = (index: number, what: string) =>
  new ActionError('api_contract', `Event ${index + 1} of a page of audit events ${what}.`, {
    fix: 'Nothing was lost: the checkpoint did not change. Report the response of `listAuditLogs` to Devin, or set `api_version`.',
  });

/** The documented forms: Unix seconds in v3; v2 documents none, and returns ISO 8601. */
function secondsOf(value: unknown, isV2: boolean): number | undefined {
  const number = numberIn(value);
  if (number !== undefined) return Number.isFinite(number) && number >= 0 ? number : undefined;
  // Observed in a published sample: the same number as text.
  if (typeof value === 'string' && /^\d{9,11}(?:\.\d+)?$/.test(value)) return Number(value);
  if (!isV2 || typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return undefined;
  // A time without a zone is UTC, as everywhere in the API; JavaScript would read it as local time.
  const ms = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(ms) ? undefined : ms / 1_000;
}

/** What an event is known by; `index` is its place in its page. @throws `api_contract` if it has no ID, time, or action */
function factsOf(value: unknown, index: number, isV2: boolean): EventFacts {
  if (!isRecord(value)) throw broken(index, 'is not an object');
  const { audit_log_id: id, action, org_id: org } = value;
  if (typeof id !== 'string' || id === '') throw broken(index, 'has no audit_log_id');
  const time = value['created_at'] ?? (isV2 ? value['timestamp'] : undefined);
  const at = secondsOf(time, isV2);
  if (at === undefined) {
    const expected = isV2 ? 'ISO 8601 or Unix seconds' : 'Unix seconds as a number';
    throw broken(index, `(${id}) has the created_at ${JSON.stringify(time) ?? 'nothing'}; expected ${expected}`);
  }
  // v2 documents no field except the ID.
  if (typeof action !== 'string' && !isV2) throw broken(index, `(${id}) has no action`);
  return {
    id,
    at,
    action: typeof action === 'string' ? action : '',
    org: typeof org === 'string' && org !== '' ? org : null,
  };
}

/** An event from its JSON text. @throws `api_contract` */
export function parseEvent(json: string, isV2: boolean): AuditEvent & WaitingEvent {
  const raw = parseExact(json);
  const event = { ...factsOf(raw, 0, isV2), raw: isRecord(raw) ? raw : {}, json };
  return { ...event, open: () => event };
}

/** JSON on one line: a line break can only be between two tokens, where a space means the same. */
const onOneLine = (json: string) =>
  json.includes('\n') || json.includes('\r') ? json.replace(/\s*[\r\n]\s*/g, ' ') : json;

/** An event whose JSON is in the bytes of its page, from `from` to before `to`. */
class PageEvent implements WaitingEvent {
  readonly id: string;
  readonly at: number;
  readonly action: string;
  readonly org: string | null;
  readonly #page: Buffer;
  readonly #from: number;
  readonly #to: number;

  constructor({ id, at, action, org }: EventFacts, page: Buffer, from: number, to: number) {
    this.id = id;
    this.at = at;
    this.action = action;
    this.org = org;
    this.#page = page;
    this.#from = from;
    this.#to = to;
  }

  open(): AuditEvent {
    const json = onOneLine(this.#page.toString('utf8', this.#from, this.#to));
    let raw: Readonly<Record<string, unknown>> | undefined;
    return {
      id: this.id,
      at: this.at,
      action: this.action,
      org: this.org,
      json,
      get raw() {
        // It was an object when the page was read.
        raw ??= parseExact(json) as Readonly<Record<string, unknown>>;
        return raw;
      },
    };
  }
}

/**
 * The events in the list `name` of a page, each with its own text.
 *
 * @throws `api_contract` if the page has no such list, is not UTF-8, or has an event without ID, time, or action
 */
export function eventsOf({ bytes, body }: RawPage, name: 'items' | 'audit_logs'): readonly WaitingEvent[] {
  // A replacement character instead of the original would be a changed event that looks like the original.
  if (!isUtf8(bytes)) throw new ActionError('api_contract', 'A page of audit events is not valid UTF-8.');
  const values = isRecord(body) ? body[name] : undefined;
  const spans = elementSpans(bytes, name);
  if (!Array.isArray(values) || spans?.length !== values.length) {
    throw new ActionError('api_contract', `The response is not a page of audit events: it has no list \`${name}\`.`);
  }
  return spans.map(({ from, to }, index) => {
    const facts = factsOf(values[index], index, name !== 'items');
    return new PageEvent(facts, bytes, from, to);
  });
}
