import Agent from 'undici/lib/dispatcher/agent.js';
import type { Clock } from '../contract/clock.ts';
import { isLoopback } from '../contract/kinds.ts';
import type { JournalEntry } from '../contract/result.ts';
import type { AnswerHeaders, Controller, Handler, Outgoing } from './dispatch.ts';
import { authorization, journal, readOnly, tryTimeout } from './interceptors.ts';
import { type Retry, retry } from './retry.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Largest answer that is read into memory. */
export const MAX_ANSWER_BYTES = 50 * 1024 * 1024;

/** What a transport needs to know. */
export interface TransportOptions {
  /** Origin of the API, e.g. `https://api.devin.ai`: the only one that gets the token. */
  readonly origin: string;
  readonly token: string;
  readonly userAgent: string;
  readonly dryRun: boolean;
  readonly maxRetries: number;
  /** Time for one try, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** End of the budget for all tries, in milliseconds since 1970. */
  readonly deadlineAt: number;
  readonly concurrency: number;
  readonly clock: Clock;
  /** Ends every request and every wait. */
  readonly signal: AbortSignal;
  /** The environment, for `HTTPS_PROXY` and `NO_PROXY`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onRetry: (retry: Retry) => void;
}

/** One request to an origin. */
export interface TransportRequest {
  readonly method: Outgoing['method'];
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Another origin than the API's; it gets no token. */
  readonly origin?: string | undefined;
  /** Ends this request; the transport's own signal where absent. */
  readonly signal?: AbortSignal | undefined;
  /** End of this request's tries, in milliseconds since 1970; the transport's own where absent. */
  readonly deadlineAt?: number | undefined;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
}

/** Carries requests to the Devin API. */
export interface Transport {
  send(request: TransportRequest): Promise<Answer>;
  /** Every try so far. */
  readonly journal: readonly JournalEntry[];
  /** Ends all connections. */
  close(): Promise<void>;
}

async function connect(options: TransportOptions) {
  const { env, origin } = options;
  const settings = {
    connections: options.concurrency,
    connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, options.requestTimeoutMs) },
    // The interceptor bounds the whole try; undici's own timers would only blur what happened.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const httpsProxy = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '';
  if (httpsProxy === '' || isLoopback(new URL(origin))) return new Agent(settings);
  // The whole index: it gives dispatchers the method that opens a proxy's tunnel.
  const { EnvHttpProxyAgent } = await import('undici');
  return new EnvHttpProxyAgent({ ...settings, httpsProxy, noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '' });
}

/** Collects an answer into a promise. */
class Collector implements Handler {
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (reason: Error) => void;
  readonly #signal: AbortSignal;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #headers: AnswerHeaders = {};
  #abort = () => {};

  constructor(signal: AbortSignal, resolve: (answer: Answer) => void, reject: (reason: Error) => void) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Controller): void {
    this.#abort = () => controller.abort(this.#signal.reason);
    if (this.#signal.aborted) this.#abort();
    else this.#signal.addEventListener('abort', this.#abort);
  }

  onResponseStart(_controller: Controller, status: number, headers: AnswerHeaders): void {
    [this.#status, this.#headers] = [status, headers];
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#reject(error);
  }
}

/** Opens a transport: one dispatcher, composed of interceptors; the last in the list sees a request first. */
export async function openTransport(options: TransportOptions): Promise<Transport> {
  const agent = await connect(options);
  const entries: JournalEntry[] = [];
  const dispatcher = agent.compose(
    authorization(options.origin, options.token),
    tryTimeout(options.requestTimeoutMs),
    journal(entries, options.clock),
    retry({ ...options, maxAnswerBytes: MAX_ANSWER_BYTES }),
    ...(options.dryRun ? [readOnly] : []),
  );
  return {
    journal: entries,
    close: () => agent.destroy(),
    send({ method, path, headers, body, ...more }) {
      const { origin = options.origin, signal = options.signal, deadlineAt = options.deadlineAt } = more;
      const outgoing: Outgoing = {
        origin,
        path,
        method,
        headers: { 'user-agent': options.userAgent, accept: 'application/json', ...headers },
        body: body ?? null,
        signal,
        deadlineAt,
      };
      return new Promise((resolve, reject) => {
        dispatcher.dispatch(outgoing, new Collector(signal, resolve, reject));
      });
    },
  };
}
