import type { Clock } from '../../../contract/clock.ts';
import { ActionError, asActionError } from '../../../contract/errors.ts';
import type { Devin } from '../../../devin/client.ts';
import type { ExportScope } from '../chain/scope.ts';
import type { WaitingEvent } from '../events/event.ts';
import type { Range } from '../events/time.ts';

/** The API accepts ranges of at most 100 days, and a request asks for one more second. */
export const MAX_SPAN = 100 * 86_400 - 1;
const LONGEST_PAUSE_MS = 30_000;

/** All events of a range, in any order. */
interface Complete {
  readonly events: readonly WaitingEvent[];
  /** How much of a piece they are: 1 is as much as one should have. */
  readonly share: number;
}

/** A range that has too many events for one piece. */
export interface GivenUp {
  /** When those that were read happened, in the order of the API; at least one. */
  readonly times: readonly number[];
  /** How many of them are as much as one piece should have. */
  readonly enough: number;
}

/**
 * Reads a range to its end. One with many times the events of a piece is given up, unless it is a single second; a probe
 * is given up as soon as more than its first response follows. An event may be returned twice.
 */
export type ReadRange = (range: Range, isProbe: boolean, signal: AbortSignal) => Promise<Complete | GivenUp>;

/** What reading needs. */
export interface AuditSource {
  readonly devin: Devin;
  readonly clock: Clock;
  readonly scope: ExportScope;
  /** How often a page that cannot be read is requested again, after the client has given up. */
  readonly patience: number;
}

/** Failures that pass by themselves: an outage, too many requests, a proxy's page instead of JSON. */
function passes(thrown: unknown): boolean {
  const { code, cause } = asActionError(thrown);
  return code === 'api_unavailable' || code === 'rate_limited' || cause instanceof SyntaxError;
}

/** Repeats a request through an outage of some minutes: an export that runs for an hour should not fail for one. */
export async function patiently<T>(
  { clock, patience }: AuditSource,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (thrown) {
      if (signal.aborted || attempt >= patience || !passes(thrown)) throw thrown;
      await clock.sleep(Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** attempt) * (1 - clock.random() / 2), signal);
    }
  }
}

/** The events of a response that are in a range. @throws `api_contract` for an event that was not requested */
export function inside(events: readonly WaitingEvent[], { from, to }: Range): WaitingEvent[] {
  const stray = events.find(({ at }) => at < from - 1 || at >= to + 1);
  if (stray !== undefined) {
    const requested = `outside of the range that was requested (${from - 1} to ${to})`;
    throw new ActionError('api_contract', `The event ${stray.id} has the created_at ${stray.at}, ${requested}.`);
  }
  return events.filter(({ at }) => at >= from && at < to);
}
