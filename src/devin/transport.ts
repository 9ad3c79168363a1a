import { type Http, type HttpOptions, type HttpRequest, openHttp } from '../http/exchange.ts';

/** What the client needs to know to reach the Devin API. */
export interface TransportOptions extends HttpOptions {
  /** Origin of the API, e.g. `https://api.devin.ai`: the only one that receives the token. */
  readonly origin: string;
  readonly token: string;
  readonly userAgent: string;
}

/** A request to the API, or to another origin that the API names. */
export type TransportRequest = Omit<HttpRequest, 'origin'> & {
  readonly origin?: string | undefined;
  /** It does without the token, even if it goes to the API's own origin: its address is one that the API made up. */
  readonly anonymous?: true;
};

/** Sends requests to the Devin API. */
export interface Transport extends Omit<Http, 'send'> {
  send(request: TransportRequest): ReturnType<Http['send']>;
}

/** Opens an HTTP client that adds the token to requests to the API, and to no others. */
export function openTransport({ origin: api, token, userAgent, ...options }: TransportOptions): Transport {
  const http = openHttp(options);
  return {
    journal: http.journal,
    close: () => http.close(),
    send({ origin = api, headers, anonymous, ...request }) {
      const identity = { 'user-agent': userAgent, accept: 'application/json' };
      const key = origin === api && !anonymous ? { authorization: `Bearer ${token}` } : {};
      return http.send({ ...request, origin, headers: { ...identity, ...headers, ...key } });
    },
  };
}
