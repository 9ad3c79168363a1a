import type { Clock } from '../../../contract/clock.ts';
import { ActionError, asActionError } from '../../../contract/errors.ts';
import type { Devin, RawAnswer } from '../../../devin/client.ts';
import type { Endpoint } from '../../../devin/endpoint.ts';
import { listAuditLogs, listOrgAuditLogs } from '../../../devin/endpoints/audit-logs.ts';
import { v2ListAuditLogs } from '../../../devin/endpoints/v2-enterprise.ts';
import { readPages } from '../../../devin/pagination.ts';
import { isRecord } from '../../record.ts';
import type { Scope } from '../chain/scope.ts';
import { elementSpans, onOneLine } from '../events/json-texts.ts';
import { placeOf, type ReadEvent, readEvent } from '../events/parse-event.ts';
import { isoTime, type Range } from '../events/time.ts';

/** Events of the largest page. */
export const PAGE_EVENTS = 200;
/** The API takes ranges of at most 100 days, and a request asks for a second more on one side. */
export const MAX_SPAN = 100 * 86_400 - 1;
const LONGEST_PAUSE_MS = 30_000;

/** What a page brought. */
export interface Page {
  /** Events of the range, in any order; those of its borders' neighbours are left out. */
  readonly events: readonly ReadEvent[];
  /** The part of the range that is not read to its end yet; undefined behind the last page. */
  readonly rest: Range | undefined;
}

/** Reads the events of a range, page by page. */
export type ReadRange = (range: Range, signal: AbortSignal) => AsyncGenerator<Page>;

/** What reading needs. */
export interface Source {
  readonly devin: Devin;
  readonly clock: Clock;
  readonly scope: Scope;
  /** How often a page that cannot be read is asked for again, after the client has given it up. */
  readonly patience: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Failures that go away by themselves: an outage, too many requests, a proxy's page in place of JSON. */
function passes(thrown: unknown): boolean {
  const { code, cause } = asActionError(thrown);
  return code === 'api_unavailable' || code === 'rate_limited' || cause instanceof SyntaxError;
}

/** A request that outlasts an outage of some minutes: an export that runs for an hour should not fail for one. */
async function patiently<T>({ clock, patience }: Source, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (thrown) {
      if (signal.aborted || attempt >= patience || !passes(thrown)) throw thrown;
      await clock.sleep(Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** attempt) * (1 - clock.random() / 2), signal);
    }
  }
}

/** The events in the list `name` of an answer, each with its own bytes. */
function eventsOf({ bytes, body }: RawAnswer, name: string): ReadEvent[] {
  const values = isRecord(body) ? body[name] : undefined;
  if (!Array.isArray(values)) {
    throw new ActionError('api_contract', `The answer is not a page of audit events: it has no list \`${name}\`.`);
  }
  const page = onOneLine(bytes);
  const spans = elementSpans(page, name);
  return values.map((value, index) => {
    const span = spans?.[index];
    const place = span === undefined ? placeOf(Buffer.from(JSON.stringify(value))) : { page, ...span };
    return readEvent(value, place, index, name !== 'items');
  });
}

function endpointOf({ version, orgId }: Scope): Endpoint {
  if (version === 'v2') return v2ListAuditLogs;
  return orgId === undefined ? listAuditLogs : listOrgAuditLogs;
}

/** @throws `api_contract` for an event that was not asked for. */
function checkInside(events: readonly ReadEvent[], { from, to }: Range): void {
  const stray = events.find(({ at }) => at < from - 1 || at >= to + 1);
  if (stray === undefined) return;
  throw new ActionError(
    'api_contract',
    `The event ${stray.id} is of ${stray.at}, outside of the range that was asked for (${from - 1} to ${to}).`,
  );
}

const inside =
  ({ from, to }: Range) =>
  ({ at }: ReadEvent) =>
    at >= from && at < to;

/**
 * Reads a range of v3, the oldest first. A request asks for one second more at the beginning, and ends with the second
 * behind the end: so nothing depends on whether the API counts its borders in.
 */
async function* readV3(source: Source, range: Range, signal: AbortSignal): AsyncGenerator<Page> {
  const { devin, scope } = source;
  const endpoint = endpointOf(scope);
  const params: Record<string, string> = scope.orgId === undefined ? {} : { org_id: scope.orgId };
  const [only] = scope.actions;
  const query = {
    order: 'asc',
    first: PAGE_EVENTS,
    time_after: range.from - 1,
    time_before: range.to,
    // The API takes one action; several, and patterns, are chosen from what comes.
    ...(scope.actions.length === 1 && only !== undefined && !only.includes('*') ? { action: only } : {}),
  };
  let events: ReadEvent[] = [];
  const fetch = (asked: Fields) =>
    patiently(source, signal, async () => {
      const answer = await devin.raw(endpoint, { params, query: asked, signal });
      events = eventsOf(answer, 'items');
      return answer.body;
    });
  let last = 0;
  let isOrdered = true;
  for await (const { next } of readPages(endpoint, query, fetch)) {
    checkInside(events, range);
    for (const { at } of events) {
      isOrdered &&= at >= last;
      last = Math.max(last, at);
    }
    const read = Math.max(range.from, Math.floor(last));
    // Where the order is not what was asked for, nothing is known to be complete before the end.
    const rest = next === undefined ? undefined : { from: isOrdered ? read : range.from, to: range.to };
    yield { events: events.filter(inside(range)), rest };
  }
}

/**
 * Reads a range of v2, which has no cursor: each request leaves out what is known, but for the second at which the page
 * before ended. Which end the API begins with is seen from the page. It is at the end when a page brings nothing new.
 */
async function* readV2(source: Source, range: Range, signal: AbortSignal): AsyncGenerator<Page> {
  const { devin } = source;
  let { from, to } = range;
  const seen = new Set<string>();
  while (from < to) {
    const query = { after: isoTime(from - 1), before: isoTime(to), limit: PAGE_EVENTS };
    const events = await patiently(source, signal, async () => {
      return eventsOf(await devin.raw(v2ListAuditLogs, { params: {}, query, signal }), 'audit_logs');
    });
    checkInside(events, { from, to });
    const times = events.map(({ at }) => Math.floor(at)).filter((at) => at >= from && at < to);
    const fresh = events.filter((event) => inside({ from, to })(event) && !seen.has(event.id));
    if (fresh.length === 0 && events.length >= PAGE_EVENTS) throw crowded(from);
    if (fresh.length === 0) break;
    for (const { id } of fresh) seen.add(id);
    const [lowest, highest] = [Math.min(...times), Math.max(...times)];
    const isAscending = (events[0]?.at ?? 0) < (events.at(-1)?.at ?? 0);
    const isStuck = isAscending ? highest === from : lowest === to - 1;
    if (isStuck && events.length >= PAGE_EVENTS) throw crowded(isAscending ? highest : lowest);
    if (isAscending) from = isStuck ? highest + 1 : highest;
    else to = isStuck ? lowest : lowest + 1;
    yield { events: fresh, rest: { from, to } };
  }
  yield { events: [], rest: undefined };
}

const crowded = (at: number) =>
  new ActionError(
    'api_contract',
    `The second ${isoTime(at)} has ${PAGE_EVENTS} events or more, which v2 of the API cannot give: it has no cursor.`,
    { fix: 'Export with a service user key (`cog_…`), which reads v3.' },
  );

/** The way to read ranges that a scope asks for. */
export const rangeReader = (source: Source): ReadRange =>
  source.scope.version === 'v2'
    ? (range, signal) => readV2(source, range, signal)
    : (range, signal) => readV3(source, range, signal);
