import { ActionError } from '../../../contract/errors.ts';
import { v2ListAuditLogs } from '../../../devin/endpoints/v2-enterprise.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import type { WaitingEvent } from '../events/event.ts';
import { eventsOf } from '../events/parse-event.ts';
import { isoTime, msOf, preciseTime, type Range } from '../events/time.ts';
import { type AuditSource, inside, MAX_SPAN, patiently, type ReadRange } from './range.ts';

/** Events of a piece, which has to fit into one response. */
const PIECE_EVENTS = LARGEST_PAGE / 2;
/** So few events in one second need no other response with more of them, if they are the only ones for 100 days. */
const FEW = 10;
/** The shortest range that is requested, in seconds. */
const SHORTEST = 0.001;

const crowded = ({ from }: Range, events: number) =>
  new ActionError(
    'api_contract',
    `The response for the second ${isoTime(from)} has ${events} events, and may have been cut off: v2 of the API has no cursor.`,
    { fix: 'Export with a service user key (`cog_…`), which reads v3.' },
  );

/**
 * Reads v2, which has no cursor, and may limit a response to fewer events than requested. A response is complete if
 * another response had more events, because then the limit is higher. Otherwise the range is divided, down to a millisecond.
 */
class V2 {
  readonly #source: AuditSource;
  /** Events of the largest response so far. */
  #largest = 0;

  constructor(source: AuditSource) {
    this.#source = source;
  }

  read: ReadRange = async (range, _isProbe, signal) => {
    const response = await this.#fetch(range, signal);
    const all = (events: readonly WaitingEvent[]) => ({ events, share: events.length / PIECE_EVENTS });
    if (this.#isComplete(response)) return all(inside(response, range));
    if (response.length < FEW && (await this.#isAlone(range, response, signal))) return all(inside(response, range));
    if (range.to - range.from <= 1) return all(await this.#divide(range, signal));
    // A piece that has half of what a response can have fits into one even where events are denser.
    return { times: response.map(({ at }) => at), enough: Math.min(PIECE_EVENTS, Math.ceil(response.length / 2)) };
  };

  #isComplete({ length }: readonly WaitingEvent[]): boolean {
    if (length === 0 || length < this.#largest) return true;
    this.#largest = length;
    return false;
  }

  async #fetch({ from, to }: Range, signal: AbortSignal): Promise<readonly WaitingEvent[]> {
    // As in v3, one step early, so that the borders do not matter.
    const early = to - from >= 1 ? 1 : SHORTEST;
    const query = { after: preciseTime(from - early), before: preciseTime(to), limit: LARGEST_PAGE };
    return await patiently(this.#source, signal, async () =>
      eventsOf(await this.#source.devin.raw(v2ListAuditLogs, { params: {}, query, signal }), 'audit_logs'),
    );
  }

  /** Reads a second, or a part of one, in two halves. */
  async #divide({ from, to }: Range, signal: AbortSignal): Promise<WaitingEvent[]> {
    const middle = msOf((from + to) / 2) / 1_000;
    const events: WaitingEvent[] = [];
    for (const half of [
      { from, to: middle },
      { from: middle, to },
    ]) {
      const response = await this.#fetch(half, signal);
      if (this.#isComplete(response)) events.push(...inside(response, half));
      else if (half.to - half.from > SHORTEST * 1.5) events.push(...(await this.#divide(half, signal)));
      else if (await this.#isProven(half, response, signal)) events.push(...inside(response, half));
      else throw crowded(half, response.length);
    }
    return events;
  }

  /** A last attempt: the events of the 100 days around may show that a response can have more events. */
  async #isProven(range: Range, { length }: readonly WaitingEvent[], signal: AbortSignal): Promise<boolean> {
    return (await this.#fetchWide(range, signal)).length > length;
  }

  /** Whether the 100 days around a response prove that it is complete, or have nothing but the events of its second. */
  async #isAlone({ from, to }: Range, { length }: readonly WaitingEvent[], signal: AbortSignal): Promise<boolean> {
    const wide = await this.#fetchWide({ from, to }, signal);
    const isOnly = to - from <= 1 && wide.every(({ at }) => at >= from && at < to);
    return wide.length > length || (wide.length === length && isOnly);
  }

  /** Reads the 50 days before a range, and the 50 days after it; where these are in the future, more of the days before. */
  async #fetchWide({ to }: Range, signal: AbortSignal): Promise<readonly WaitingEvent[]> {
    const now = Math.floor(this.#source.devin.now() / 1_000);
    const end = Math.max(Math.ceil(to), Math.min(Math.ceil(to) + Math.floor(MAX_SPAN / 2), now));
    const wide = await this.#fetch({ from: Math.max(1, end - MAX_SPAN), to: end }, signal);
    this.#largest = Math.max(this.#largest, wide.length);
    return wide;
  }
}

/** Reads the ranges of an enterprise through v2. */
export const v2Reader = (source: AuditSource): ReadRange => new V2(source).read;
