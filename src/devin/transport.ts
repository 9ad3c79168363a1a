import type { HttpResponse } from '../http/body.ts';
import { type Http, type HttpOptions, type HttpRequest, openHttp } from '../http/exchange.ts';

/** What the client needs to know to reach the Devin API. */
export interface TransportOptions extends HttpOptions {
  /** Origin of the API, e.g. `https://api.devin.ai`. */
  readonly origin: string;
  readonly token: string;
  readonly userAgent: string;
}

/** A request to the API, or to an address that the API names: one with an `origin` gets no token, even the API's own. */
export type TransportRequest = Omit<HttpRequest, 'origin'> & { readonly origin?: string | undefined };

/** Sends requests to the Devin API. */
export interface Transport extends Omit<Http, 'send'> {
  /** The time of the API, in milliseconds since 1970: that of its last response, or of this machine before the first. */
  now(): number;
  send(request: TransportRequest): ReturnType<Http['send']>;
}

/** A `Date` header has whole seconds, and is some time under way: a clock that differs by less is right. */
const SAME_MS = 2_000;

/** By how much the clock of the API is ahead of this machine's, in milliseconds; undefined if a response does not say. */
function offsetOf({ headers }: HttpResponse, now: number): number | undefined {
  const offset = Date.parse(String(headers['date'] ?? '')) - now;
  if (Number.isNaN(offset)) return undefined;
  return Math.abs(offset) <= SAME_MS ? 0 : offset;
}

/** Opens an HTTP client that adds the token to requests to the API, and to no others: a signed address rejects it. */
export function openTransport({ origin: api, token, userAgent, ...options }: TransportOptions): Transport {
  const http = openHttp(options);
  const { clock } = options;
  let offset = 0;
  return {
    journal: http.journal,
    heldMs: () => http.heldMs(),
    now: () => clock.now() + offset,
    close: () => http.close(),
    async send({ origin, headers, ...request }) {
      const identity = { 'user-agent': userAgent, accept: 'application/json', 'accept-encoding': 'identity' };
      const key = origin === undefined ? { authorization: `Bearer ${token}` } : {};
      const sent = { ...request, origin: origin ?? api, headers: { ...identity, ...headers, ...key } };
      const response = await http.send(sent);
      if (origin === undefined) offset = offsetOf(response, clock.now()) ?? offset;
      return response;
    },
  };
}
