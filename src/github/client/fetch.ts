import type { HttpResponse } from '../../http/body.ts';
import type { Method } from '../../http/connect.ts';
import type { Http, HttpRequest } from '../../http/exchange.ts';

/** Statuses whose responses have no body. */
const BARE = new Set([204, 205, 304]);
const REDIRECTS = new Set([301, 302, 307, 308]);
const MAX_REDIRECTS = 5;
const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What a request says about itself besides what octokit knows. */
export type Traits = Pick<HttpRequest, 'reads' | 'repeatable' | 'signal' | 'maxBytes' | 'onBytes'>;

const methodOf = (given: string | undefined): Method => METHODS.find((method) => method === given) ?? 'GET';

/** Sends a request to an address. */
export function sendTo(http: Http, url: URL, request: Omit<HttpRequest, 'origin' | 'path'>): Promise<HttpResponse> {
  return http.send({ ...request, origin: url.origin, path: url.pathname + url.search });
}

/** Where a response redirects to, if it may be followed: a change only to where it is sent as it is. */
function redirectOf({ status, headers }: HttpResponse, url: URL, method: Method): URL | undefined {
  if (!REDIRECTS.has(status)) return undefined;
  const target = URL.parse(String(headers['location'] ?? ''), url.href);
  if (target === null) return undefined;
  const reads = method === 'GET' || method === 'HEAD';
  return reads || (status >= 307 && target.origin === url.origin) ? target : undefined;
}

/** The token stays with the origin that it is for. */
const without = ({ authorization: _token, ...headers }: Readonly<Record<string, string>>) => headers;

/**
 * A `fetch` for octokit: it sends by our own HTTP client, so that octokit's requests are repeated, paced, and held back
 * in a dry run like all others. It resolves only with a whole response: octokit takes a truncated body for an empty one.
 */
export const fetchOver =
  (http: Http, traits: Traits): typeof fetch =>
  async (input, init = {}) => {
    const method = methodOf(init.method);
    const body = typeof init.body === 'string' ? { body: init.body } : {};
    let url = new URL(String(input));
    let headers: Readonly<Record<string, string>> = Object.fromEntries(new Headers(init.headers));
    for (let redirects = 0; ; redirects += 1) {
      const response = await sendTo(http, url, { ...traits, ...body, method, headers });
      const target = init.redirect === 'manual' ? undefined : redirectOf(response, url, method);
      if (target === undefined || redirects === MAX_REDIRECTS) return asFetched(response);
      if (target.origin !== url.origin) headers = without(headers);
      url = target;
    }
  };

function asFetched({ status, headers, body }: HttpResponse): Response {
  const list = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
  return new Response(BARE.has(status) ? null : new Uint8Array(body), { status, headers: list });
}
