import { type Failure, isLimited } from './problem.ts';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** GitHub asks for at least a minute where a secondary limit comes without a time. */
const SECONDARY_LIMIT_MS = 60_000;
/** Who would have to wait longer than this is told so instead. */
const LONGEST_WAIT_MS = 120_000;

const numberOf = (header: unknown) =>
  typeof header === 'string' && /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) : undefined;

/** Milliseconds that the headers of an answer ask to wait; undefined if they say nothing. */
function askedMs({ headers }: Failure, now: number): number | undefined {
  const after = headers['retry-after'];
  const seconds = numberOf(after);
  if (seconds !== undefined) return seconds * 1_000;
  const at = typeof after === 'string' && /[a-z]/i.test(after) ? Date.parse(after) : Number.NaN;
  if (!Number.isNaN(at)) return Math.max(0, at - now);
  const reset = headers['x-ratelimit-remaining'] === '0' ? numberOf(headers['x-ratelimit-reset']) : undefined;
  return reset === undefined ? undefined : Math.max(0, reset * 1_000 - now);
}

/**
 * How long to wait before a failed request goes out again, in milliseconds; undefined where it must not. A request that
 * GitHub held back for its limits was not carried out, so any may be repeated; after every other failure only
 * one that is `repeatable`. https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export function delayBefore(
  failure: Failure,
  { repeatable, attempt, now, random }: { repeatable: boolean; attempt: number; now: number; random: number },
): number | undefined {
  const limited = isLimited(failure);
  const serverFault = failure.status === 0 || (failure.status >= 500 && failure.status !== 501);
  if (!limited && !(repeatable && serverFault)) return undefined;
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  const secondary = limited && failure.status === 403 ? SECONDARY_LIMIT_MS : 0;
  const delayMs = askedMs(failure, now) ?? Math.max(secondary, Math.round(whole * (1 - random / 2)));
  return delayMs > LONGEST_WAIT_MS ? undefined : delayMs;
}
