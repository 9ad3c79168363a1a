import type { Clock } from '../contract/clock.ts';
import { pool } from '../contract/pool.ts';
import type { JournalEntry } from '../contract/result.ts';
import { attempt } from './attempt.ts';
import type { HttpResponse } from './body.ts';
import { type Method, type Outgoing, openConnections } from './connect.ts';
import { isUnclear, notSent, RequestFailure } from './failure.ts';
import type { Env } from './proxy.ts';
import { backoffMs, LONGEST_WAIT_MS, Pace, retryAfterMs } from './timing.ts';

/** The largest response that is read into memory, in bytes, unless a request says otherwise. */
export const MAX_RESPONSE_BYTES = 50 * 1024 * 1024;

/** Why and when a request is sent again. */
export interface Retry {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly maxRetries: number;
  readonly delayMs: number;
  readonly reason: string;
}

/** The limit that a response reports: how long it asks to wait, in milliseconds, if it says so. */
export interface Limit {
  readonly waitMs: number | undefined;
}

/** What a client needs to know. */
export interface HttpOptions {
  /** Sends only requests that read. */
  readonly dryRun: boolean;
  /** Told of a request that a dry run holds back. */
  readonly onHeld?: ((request: HttpRequest) => void) | undefined;
  readonly maxRetries: number;
  /** For one attempt, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** End of the budget for all attempts, in milliseconds since 1970. */
  readonly deadlineAt: number;
  /** Requests in flight at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Ends every request and every wait. */
  readonly signal: AbortSignal;
  /** The environment, for the proxies. */
  readonly env: Env;
  readonly onRetry: (retry: Retry) => void;
  /** Told of every attempt. */
  readonly onAttempt?: ((entry: JournalEntry) => void) | undefined;
  /** Whether a response says that a rate limit was reached, if it may say so by more than 429. */
  readonly limitOf?: (response: HttpResponse, now: number) => Limit | undefined;
  /** A limit that lasts longer than any step would wait is returned at once, instead of tried again after the cap. */
  readonly givesUpOnLongLimits?: true;
}

/** One request. */
export interface HttpRequest {
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly method: Method;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** It changes nothing, whatever its method; GET and HEAD never do. */
  readonly reads?: boolean | undefined;
  /** Executing it twice is the same as once; by default true for every method except POST and PATCH. */
  readonly repeatable?: boolean | undefined;
  /** It waits neither for the pace after a 429 nor for other requests: it ends what costs money. */
  readonly urgent?: boolean | undefined;
  /** `return`: a response that reports a limit is returned at once; the pace of the other requests follows it anyway. */
  readonly limited?: 'return' | undefined;
  /** It is sent once, whatever happens: the caller has to check something before each attempt. */
  readonly once?: boolean | undefined;
  /** Ends this request; the client's own signal if absent. */
  readonly signal?: AbortSignal | undefined;
  /** End of this request's attempts, in milliseconds since 1970; the client's own if absent. */
  readonly deadlineAt?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Told how much of the response has arrived, in bytes, and of how much if that is known. */
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
}

/** A client of HTTP servers. */
export interface Http {
  /**
   * Sends a request, again where that is safe, and resolves with the last response, whatever its status. Rejects with a
   * `RequestFailure`, or with a closed gate in a dry run. Follows no redirect.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** How long the next request would wait for the pace after a 429, in milliseconds. */
  heldMs(): number;
  /** Every attempt so far. */
  readonly journal: readonly JournalEntry[];
  /** Ends all connections. */
  close(): Promise<void>;
}

type Outcome = HttpResponse | RequestFailure;

const limitBy429 = ({ status, headers }: HttpResponse, now: number): Limit | undefined =>
  status === 429 ? { waitMs: retryAfterMs(headers['retry-after'], now, headers['date']) } : undefined;

const reasonOf = (outcome: Outcome) => (outcome instanceof RequestFailure ? outcome.message : `HTTP ${outcome.status}`);

/** How long to wait before the next attempt, in milliseconds; undefined if there must not be one. */
function delayAfter(outcome: Outcome, tries: number, request: HttpRequest, options: HttpOptions, pace: Pace) {
  const { clock, maxRetries, limitOf = limitBy429, givesUpOnLongLimits } = options;
  const { method, repeatable = method !== 'POST' && method !== 'PATCH', reads = false } = request;
  if (tries > maxRetries) return undefined;
  const backoff = backoffMs(tries, clock.random());
  // Never sooner than the backoff: a server that says 0 again and again would be asked without a pause.
  const asked = (ms = 0) => Math.max(backoff, Math.min(ms, LONGEST_WAIT_MS));
  if (outcome instanceof RequestFailure) {
    if (outcome.kind === 'aborted' || outcome.kind === 'too_large') return undefined;
    return !outcome.left || repeatable || reads ? backoff : undefined;
  }
  const limit = limitOf(outcome, clock.now());
  if (limit !== undefined) {
    if (givesUpOnLongLimits && (limit.waitMs ?? 0) > LONGEST_WAIT_MS) return undefined;
    const delay = asked(limit.waitMs);
    pace.hold(delay);
    return request.limited === 'return' ? undefined : delay;
  }
  if (!isUnclear(outcome.status) || !(repeatable || reads)) return undefined;
  return asked(retryAfterMs(outcome.headers['retry-after'], clock.now(), outcome.headers['date']));
}

/** The last outcome of a request. An earlier attempt may have left this machine even if the last one did not. */
function final(outcome: Outcome, left: boolean): HttpResponse {
  if (!(outcome instanceof RequestFailure)) return outcome;
  const { kind, message, cause } = outcome;
  throw outcome.left === left ? outcome : new RequestFailure(kind, message, { left, cause });
}

/** Opens a client. Nothing is sent before its first request. */
export function openHttp(options: HttpOptions): Http {
  const { clock, env, requestTimeoutMs, maxRetries, onRetry, onAttempt } = options;
  const connections = openConnections(env, requestTimeoutMs);
  const journal: JournalEntry[] = [];
  const pace = new Pace(clock);
  const turn = pool(options.concurrency);
  let isClosed = false;

  const tryOnce = async (request: HttpRequest, tries: number, signal: AbortSignal): Promise<Outcome> => {
    const { origin, path, method, headers = {}, body = null, maxBytes = MAX_RESPONSE_BYTES, onBytes } = request;
    const outgoing: Outgoing = { origin, path, method, headers, body };
    const limits = { signal, timeoutMs: requestTimeoutMs, maxBytes, onBytes };
    const startedAt = clock.now();
    const outcome = await attempt(connections, outgoing, limits).catch((thrown: unknown) => {
      if (thrown instanceof RequestFailure) return thrown;
      throw thrown;
    });
    const status = outcome instanceof RequestFailure ? 0 : outcome.status;
    const entry = { method, path, status, ms: Math.round(clock.now() - startedAt), try: tries };
    journal.push(entry);
    onAttempt?.(entry);
    return outcome;
  };

  return {
    journal,
    heldMs: () => pace.left(),
    close: () => {
      isClosed = true;
      return connections.close();
    },
    async send(request) {
      const { method, path, reads = method === 'GET' || method === 'HEAD', urgent = false } = request;
      if (options.dryRun && !reads) {
        options.onHeld?.(request);
        throw notSent(method, path.replace(/\?.*/s, ''));
      }
      const { signal = options.signal, deadlineAt = options.deadlineAt } = request;
      const attempts = { left: false };
      const stopped = () => new RequestFailure('aborted', 'it was stopped', { ...attempts, cause: signal.reason });
      const once = async (tries: number) => {
        signal.throwIfAborted();
        if (!urgent) await pace.wait(signal);
        return await tryOnce(request, tries, signal);
      };
      try {
        for (let tries = 1; ; tries += 1) {
          const outcome = urgent ? await once(tries) : await turn(() => once(tries), signal);
          attempts.left ||= outcome instanceof RequestFailure ? outcome.left : isUnclear(outcome.status);
          const delay = isClosed ? undefined : delayAfter(outcome, tries, request, options, pace);
          const delayMs = request.once === true ? undefined : delay;
          if (delayMs === undefined || clock.now() + delayMs > deadlineAt) return final(outcome, attempts.left);
          onRetry({ method, path, attempt: tries, maxRetries, delayMs, reason: reasonOf(outcome) });
          await clock.sleep(delayMs, signal);
        }
      } catch (thrown) {
        throw signal.aborted && !(thrown instanceof RequestFailure) ? stopped() : thrown;
      }
    },
  };
}
