import { Body, type Headers, type HttpResponse, TooLarge } from './body.ts';
import { type Connections, type Outgoing, type Receiver, timer } from './connect.ts';
import { RequestFailure } from './failure.ts';

/** The limits of one attempt. */
export interface Limits {
  readonly signal: AbortSignal;
  /** For the whole attempt, its connection included. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
}

/** The code of a connection's error, e.g. `ECONNREFUSED`. */
const codeOf = (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Sends a request once. Rejects with a `RequestFailure` that knows whether the request left this machine. */
export function attempt(connections: Connections, outgoing: Outgoing, limits: Limits): Promise<HttpResponse> {
  const { signal, timeoutMs, maxBytes, onBytes } = limits;
  return new Promise((resolve, reject) => {
    const body = new Body(maxBytes, onBytes);
    let [status, left]: [number, boolean] = [0, false];
    let headers: Headers = {};
    let over: RequestFailure | undefined;
    let stop: (reason: Error) => void = () => undefined;
    const settle = (failure?: RequestFailure) => {
      clear();
      signal.removeEventListener('abort', onAbort);
      if (failure === undefined) resolve({ status, headers, body: body.whole() });
      else reject(failure);
    };
    // Rejected at once: without a connection there is nothing yet that would report the end.
    const end = (failure: RequestFailure) => {
      over ??= failure;
      settle(over);
      stop(over);
    };
    const onAbort = () => end(new RequestFailure('aborted', 'it was stopped', { left, cause: signal.reason }));
    const onTimeout = () =>
      end(new RequestFailure('timeout', `no complete response within ${timeoutMs / 1_000} s`, { left }));
    const clear = timer(timeoutMs, onTimeout);
    const guarded = (receive: () => void) => {
      try {
        receive();
      } catch (thrown) {
        if (!(thrown instanceof TooLarge)) throw thrown;
        end(new RequestFailure('too_large', thrown.message, { left, cause: thrown }));
      }
    };
    const receiver: Receiver = {
      onRequestStart(controller) {
        stop = (reason) => controller.abort(reason);
        if (over === undefined) left = true;
        else controller.abort(over);
      },
      onResponseStart(_controller, code, received) {
        if (code < 200) return;
        [status, headers] = [code, received];
        guarded(() => body.start(outgoing.method === 'HEAD' ? {} : received));
      },
      onResponseData: (_controller, chunk) => guarded(() => body.add(chunk)),
      onResponseEnd: () => settle(over),
      onResponseError(_controller, error) {
        const what = `the connection failed (${error.message || codeOf(error) || error.name})`;
        settle(over ?? new RequestFailure('connection', what, { left, cause: error }));
      },
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    connections.dispatch(outgoing, receiver).catch((thrown: unknown) => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      end(new RequestFailure('connection', error.message, { left, cause: error }));
    });
  });
}
