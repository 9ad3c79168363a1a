import type { Clock } from '../contract/clock.ts';
import { ActionError } from '../contract/errors.ts';
import type { JournalEntry } from '../contract/result.ts';
import { type AnswerHeaders, type Controller, type Handler, type Interceptor, PassingHandler } from './dispatch.ts';

/** Lets nothing through but GET. The refusal is a closed gate, which is no failure of the step. */
export const readOnly: Interceptor = (dispatch) => (outgoing, handler) => {
  if (outgoing.method === 'GET') return dispatch(outgoing, handler);
  throw new ActionError('gate_closed', `dry run: ${outgoing.method} ${outgoing.path} was not sent`, {
    fix: 'Set `dry_run: false` to send it.',
  });
};

/** Adds the bearer token for one origin. No other origin ever sees it. */
export function authorization(origin: string, token: string): Interceptor {
  return (dispatch) => (outgoing, handler) =>
    dispatch(
      outgoing.origin === origin
        ? { ...outgoing, headers: { ...outgoing.headers, authorization: `Bearer ${token}` } }
        : outgoing,
      handler,
    );
}

class TimedHandler extends PassingHandler {
  readonly #arm: (controller: Controller) => void;
  readonly #disarm: () => void;

  constructor(next: Handler, arm: (controller: Controller) => void, disarm: () => void) {
    super(next);
    this.#arm = arm;
    this.#disarm = disarm;
  }

  override onRequestStart(controller: Controller, context: unknown): void {
    this.#arm(controller);
    super.onRequestStart(controller, context);
  }

  override onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    this.#disarm();
    super.onResponseEnd(controller, trailers);
  }

  override onResponseError(controller: Controller, error: Error): void {
    this.#disarm();
    super.onResponseError(controller, error);
  }
}

/** A try took too long. */
export class TryTimeout extends Error {
  override readonly name = 'TryTimeout';
}

/** Ends a try that has no whole answer after `ms`, counted from when it goes out. */
export function tryTimeout(ms: number): Interceptor {
  return (dispatch) => (outgoing, handler) => {
    let timer: NodeJS.Timeout | undefined;
    const arm = (controller: Controller) => {
      timer = setTimeout(() => controller.abort(new TryTimeout(`no whole answer within ${ms / 1_000} s`)), ms);
    };
    return dispatch(outgoing, new TimedHandler(handler, arm, () => clearTimeout(timer)));
  };
}

class JournalHandler extends PassingHandler {
  readonly #write: (status: number) => void;
  #status = 0;

  constructor(next: Handler, write: (status: number) => void) {
    super(next);
    this.#write = write;
  }

  override onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    if (status >= 200) this.#status = status;
    super.onResponseStart(controller, status, headers, message);
  }

  override onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    this.#write(this.#status);
    super.onResponseEnd(controller, trailers);
  }

  override onResponseError(controller: Controller, error: Error): void {
    this.#write(0);
    super.onResponseError(controller, error);
  }
}

/** Writes down every try: method, path, status (0 where no whole answer came) and time. */
export function journal(entries: JournalEntry[], clock: Clock): Interceptor {
  return (dispatch) => (outgoing, handler) => {
    const startedAt = clock.now();
    const { method, path, attempt = 1 } = outgoing;
    const write = (status: number) =>
      entries.push({ method, path, status, ms: Math.round(clock.now() - startedAt), try: attempt });
    return dispatch(outgoing, new JournalHandler(handler, write));
  };
}
