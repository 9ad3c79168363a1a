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
  /** The earliest time that a response of the API has said, in milliseconds since 1970; undefined if none has said any. */
  earliest(): number | undefined;
  send(request: TransportRequest): ReturnType<Http['send']>;
}

/** A `Date` header has whole seconds, and is some time under way: a clock that differs by less is right. */
const SAME_MS = 2_000;

/** The form that RFC 9110 demands; `Date.parse` makes a time of almost any text with a number in it. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The time that a response says, in milliseconds since 1970; undefined if it says none. */
function timeOf({ headers }: HttpResponse): number | undefined {
  const text = String(headers['date'] ?? '');
  const time = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Opens an HTTP client that adds the token to requests to the API, and to no others: a signed address rejects it. */
export function openTransport({ origin: api, token, userAgent, ...options }: TransportOptions): Transport {
  const http = openHttp(options);
  const { clock } = options;
  let offset = 0;
  let earliest: number | undefined;
  const learn = (response: HttpResponse) => {
    const time = timeOf(response);
    if (time === undefined) return;
    earliest = Math.min(earliest ?? time, time);
    const difference = time - clock.now();
    offset = Math.abs(difference) <= SAME_MS ? 0 : difference;
  };
  return {
    journal: http.journal,
    heldMs: () => http.heldMs(),
    now: () => clock.now() + offset,
    earliest: () => earliest,
    close: () => http.close(),
    async send({ origin, headers, ...request }) {
      const identity = { 'user-agent': userAgent, accept: 'application/json', 'accept-encoding': 'identity' };
      const key = origin === undefined ? { authorization: `Bearer ${token}` } : {};
      const sent = { ...request, origin: origin ?? api, headers: { ...identity, ...headers, ...key } };
      const response = await http.send(sent);
      if (origin === undefined) learn(response);
      return response;
    },
  };
}
