import type { HttpResponse } from '../../http/body.ts';
import type { Limit } from '../../http/exchange.ts';
import { retryAfterMs } from '../../http/timing.ts';
import { isLimited, refusalOf } from './problem.ts';

/** GitHub asks for at least a minute if a secondary limit comes without a time. */
const SECONDARY_LIMIT_MS = 60_000;

/**
 * The limit that a response of GitHub reports: by 429, by 403 with headers or words about it, or by a GraphQL error of
 * status 200. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function limitOf(response: HttpResponse, now: number): Limit | undefined {
  const failure = refusalOf(response);
  if (failure === undefined || !isLimited(failure)) return undefined;
  const {
    'retry-after': after,
    date,
    'x-ratelimit-remaining': remaining,
    'x-ratelimit-reset': reset,
  } = response.headers;
  const asked = retryAfterMs(after, now, date);
  if (asked !== undefined) return { waitMs: asked };
  if (remaining === '0' && /^\d+$/.test(String(reset))) return { waitMs: Math.max(0, Number(reset) * 1_000 - now) };
  return { waitMs: failure.status === 403 ? SECONDARY_LIMIT_MS : undefined };
}
