import type { Clock } from '../contract/clock.ts';
import type { AnswerHeaders, Controller, Dispatch, Handler, Interceptor, Outgoing } from './dispatch.ts';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

/** Why and when a request goes out again. */
export interface Retry {
  readonly method: string;
  readonly path: string;
  /** The try that failed, from 1. */
  readonly attempt: number;
  readonly maxRetries: number;
  readonly delayMs: number;
  readonly reason: string;
}

/** The rules by which requests are repeated. */
export interface RetryPolicy {
  readonly maxRetries: number;
  /** Largest answer that is read, in bytes. */
  readonly maxAnswerBytes: number;
  readonly clock: Clock;
  readonly onRetry: (retry: Retry) => void;
}

/** An answer had more bytes than the client reads. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/** Milliseconds that a `Retry-After` header asks for, given in seconds or as an HTTP date; undefined if it says neither. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const at = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The wait before the try that follows try `attempt`: doubled each time, of which chance takes off up to a half. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return Math.round(whole * (1 - random / 2));
}

/** One 429 slows all: no request goes out before `until`. */
interface Pace {
  until: number;
}

/** Carries one request through its tries, and hands on only the last answer, whole. */
class Tries implements Handler, Controller {
  readonly #dispatch: Dispatch;
  readonly #outgoing: Outgoing;
  readonly #next: Handler;
  readonly #policy: RetryPolicy;
  readonly #pace: Pace;
  readonly #stop = new AbortController();
  #done = false;
  #attempt = 0;
  #current: Controller | undefined;
  #status = 0;
  #statusMessage: string | undefined;
  #headers: AnswerHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly paused = false;

  constructor(dispatch: Dispatch, outgoing: Outgoing, next: Handler, policy: RetryPolicy, pace: Pace) {
    this.#dispatch = dispatch;
    this.#outgoing = outgoing;
    this.#next = next;
    this.#policy = policy;
    this.#pace = pace;
  }

  get aborted(): boolean {
    return this.#stop.signal.aborted;
  }

  get reason(): Error | null {
    return this.aborted ? this.#stop.signal.reason : null;
  }

  abort(reason: Error): void {
    this.#stop.abort(reason);
    // A try that has no connection yet cannot be told to stop; whoever asked must not wait for it.
    if (this.#current === undefined) this.#fail(reason);
    else this.#current.abort(reason);
  }

  // The answer is read whole before it is handed on, so there is nothing to hold back.
  pause(): void {}
  resume(): void {}

  start(): void {
    this.#next.onRequestStart?.(this, undefined);
    if (!this.aborted) void this.#try(Math.max(0, this.#pace.until - this.#policy.clock.now()));
  }

  async #try(delayMs: number): Promise<void> {
    const { clock } = this.#policy;
    try {
      const signal = AbortSignal.any([this.#stop.signal, this.#outgoing.signal]);
      // While this request waited, another may have been told to wait longer.
      for (let wait = delayMs; wait > 0; wait = this.#pace.until - clock.now()) await clock.sleep(wait, signal);
      signal.throwIfAborted();
      this.#attempt += 1;
      this.#current = undefined;
      [this.#status, this.#headers, this.#chunks, this.#bytes] = [0, {}, [], 0];
      this.#dispatch({ ...this.#outgoing, attempt: this.#attempt }, this);
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  onRequestStart(controller: Controller): void {
    this.#current = controller;
    if (this.reason !== null) controller.abort(this.reason);
  }

  onResponseStart(_controller: Controller, status: number, headers: AnswerHeaders, statusMessage?: string): void {
    if (status < 200) return;
    [this.#status, this.#headers, this.#statusMessage] = [status, headers, statusMessage];
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#policy.maxAnswerBytes) {
      controller.abort(new AnswerTooLarge(`the answer has more than ${this.#policy.maxAnswerBytes} bytes`));
    } else {
      this.#chunks.push(chunk);
    }
  }

  onResponseEnd(_controller: Controller, trailers: AnswerHeaders): void {
    const repeatable = this.#outgoing.method !== 'POST' && this.#outgoing.method !== 'PATCH';
    const asksToWait = this.#status === 429;
    const serverError = this.#status >= 500 && this.#status !== 501;
    if ((asksToWait || (repeatable && serverError)) && this.#again(`HTTP ${this.#status}`)) return;
    this.#next.onResponseStart?.(this, this.#status, this.#headers, this.#statusMessage);
    for (const chunk of this.#chunks) this.#next.onResponseData?.(this, chunk);
    this.#next.onResponseEnd?.(this, trailers);
  }

  onResponseError(_controller: Controller, error: Error): void {
    const { method, signal } = this.#outgoing;
    const final =
      this.aborted || signal.aborted || method === 'POST' || method === 'PATCH' || error instanceof AnswerTooLarge;
    if (final || !this.#again(error.message || error.name)) this.#fail(error);
  }

  /** Arranges the next try, if there may be one. */
  #again(reason: string): boolean {
    const { clock, maxRetries, onRetry } = this.#policy;
    const { method, path, deadlineAt } = this.#outgoing;
    if (this.#attempt > maxRetries) return false;
    const now = clock.now();
    const asked = retryAfterMs(this.#headers['retry-after'], now);
    const delayMs = Math.max(asked ?? backoffMs(this.#attempt, clock.random()), this.#pace.until - now);
    if (now + delayMs > deadlineAt) return false;
    if (this.#status === 429) this.#pace.until = Math.max(this.#pace.until, now + delayMs);
    onRetry({ method, path, attempt: this.#attempt, maxRetries, delayMs, reason });
    void this.#try(delayMs);
    return true;
  }

  #fail(error: Error): void {
    if (this.#done) return;
    this.#done = true;
    this.#next.onResponseError?.(this, this.reason ?? error);
  }
}

/**
 * Repeats what may be repeated: GET, PUT and DELETE on connection errors, cut answers, 429 and 5xx; POST and PATCH on
 * 429 only, since any other failure may come after the change was made. Bounds the size of an answer on the way.
 */
export function retry(policy: RetryPolicy): Interceptor {
  const pace: Pace = { until: 0 };
  return (dispatch) => (outgoing, handler) => {
    new Tries(dispatch, outgoing, handler, policy, pace).start();
    return true;
  };
}
