/** Headers of an answer. */
export type AnswerHeaders = Record<string, string | string[] | undefined>;

/** What a handler may do to the request that it handles. */
export interface Controller {
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
}

/** Receives one answer, piece by piece; exactly one of `onResponseEnd` and `onResponseError` comes last. */
export interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onResponseStart?(controller: Controller, status: number, headers: AnswerHeaders, statusMessage?: string): void;
  onResponseData?(controller: Controller, chunk: Buffer): void;
  onResponseEnd?(controller: Controller, trailers: AnswerHeaders): void;
  onResponseError?(controller: Controller, error: Error): void;
}

/** One request on its way down. */
export interface Outgoing {
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  /** Ends the request, between its tries too. */
  readonly signal: AbortSignal;
  /** No wait between tries goes past this instant; in milliseconds since 1970. */
  readonly deadlineAt: number;
  /** Which try this is, from 1; set by the interceptor that repeats. */
  readonly attempt?: number;
}

/** Sends a request and feeds the handler. */
export type Dispatch = (outgoing: Outgoing, handler: Handler) => boolean;

/** Wraps a dispatch with one concern more. */
export type Interceptor = (dispatch: Dispatch) => Dispatch;

/** A handler that passes everything on; an interceptor overrides what it cares for. */
export class PassingHandler implements Handler {
  protected readonly next: Handler;

  constructor(next: Handler) {
    this.next = next;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.next.onRequestStart?.(controller, context);
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, statusMessage?: string): void {
    this.next.onResponseStart?.(controller, status, headers, statusMessage);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.next.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    this.next.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    this.next.onResponseError?.(controller, error);
  }
}
