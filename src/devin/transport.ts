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
  send(request: TransportRequest): ReturnType<Http['send']>;
}

/** Opens an HTTP client that adds the token to requests to the API, and to no others: a signed address rejects it. */
export function openTransport({ origin: api, token, userAgent, ...options }: TransportOptions): Transport {
  const http = openHttp(options);
  return {
    journal: http.journal,
    close: () => http.close(),
    send({ origin, headers, ...request }) {
      const identity = { 'user-agent': userAgent, accept: 'application/json' };
      const key = origin === undefined ? { authorization: `Bearer ${token}` } : {};
      return http.send({ ...request, origin: origin ?? api, headers: { ...identity, ...headers, ...key } });
    },
  };
}
