import { ActionError } from '../../../contract/errors.ts';
import { v2ListAuditLogs } from '../../../devin/endpoints/v2-enterprise.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import type { WaitingEvent } from '../events/event.ts';
import { eventsOf } from '../events/parse-event.ts';
import { isoTime, msOf, preciseTime, type Range } from '../events/time.ts';
import { type AuditSource, inside, MAX_SPAN, patiently, type ReadRange, secondsPerEvent } from './range.ts';

/** A response with fewer events is complete: no API limits its pages to less. */
const SMALLEST_LIMIT = 10;
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
  #largest = SMALLEST_LIMIT;

  constructor(source: AuditSource) {
    this.#source = source;
  }

  read: ReadRange = async (range, _limit, signal) => {
    const response = await this.#fetch(range, signal);
    if (this.#isComplete(response)) return { events: inside(response, range) };
    if (range.to - range.from > 1) return { secondsPerEvent: secondsPerEvent(response) };
    const events = await this.#divide(range, signal);
    return { events };
  };

  #isComplete({ length }: readonly WaitingEvent[]): boolean {
    if (length < this.#largest) return true;
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

  /** A last attempt: the events of the 100 days before may show that a response can have more events. */
  async #isProven({ to }: Range, { length }: readonly WaitingEvent[], signal: AbortSignal): Promise<boolean> {
    const end = Math.ceil(to);
    const wide = await this.#fetch({ from: Math.max(1, end - MAX_SPAN), to: end }, signal);
    this.#largest = Math.max(this.#largest, wide.length);
    return wide.length > length;
  }
}

/** Reads the ranges of an enterprise through v2. */
export const v2Reader = (source: AuditSource): ReadRange => new V2(source).read;
