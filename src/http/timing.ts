import type { Clock } from '../contract/clock.ts';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** The longest that a `Retry-After` is followed; one that asks for more is a mistake or a limit that no step outlasts. */
export const LONGEST_WAIT_MS = 120_000;

/** A header of a response. */
type Header = string | string[] | undefined;

const firstOf = (header: Header) => (Array.isArray(header) ? header[0] : header)?.trim() ?? '';

/**
 * Milliseconds that a `Retry-After` header asks for, given in seconds or as an HTTP date; undefined if it says neither.
 * A date is compared with the `Date` of the same response, so that it does not matter if the runner's clock is wrong.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterMs(header: Header, now: number, date?: Header): number | undefined {
  const value = firstOf(header);
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const at = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const sent = Date.parse(firstOf(date));
  return Math.max(0, at - (Number.isNaN(sent) ? now : sent));
}

/** The wait before the attempt that follows attempt `attempt`: doubled each time, up to half of it removed at random. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return Math.round(whole * (1 - random / 2));
}

/** The pace of all requests of one client: after a 429, none is sent before the time that it names. */
export class Pace {
  readonly #clock: Clock;
  #until = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Holds every request back for `ms` from now; a hold that lasts longer stays. */
  hold(ms: number): void {
    this.#until = Math.max(this.#until, this.#clock.now() + ms);
  }

  /** Resolves when a request may be sent; rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    // While this request waits, another response may extend the hold.
    for (let ms = this.left(); ms > 0; ms = this.left()) await this.#clock.sleep(ms, signal);
  }

  /** Milliseconds of the present hold. */
  left(): number {
    return Math.max(0, this.#until - this.#clock.now());
  }
}
