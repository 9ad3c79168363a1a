import { ActionError } from '../contract/errors.ts';
import { isLoopback } from '../contract/kinds.ts';

/** Sends a request, as the platform's own `fetch` does. */
export type Fetch = typeof fetch;

/** Largest answer that is read into memory. */
const MAX_ANSWER_BYTES = 50 * 1024 * 1024;
/** Statuses whose answers have no body. */
const BARE = new Set([204, 205, 304]);

/** Goes through the proxy that the runner names, where it names one; what stays on this machine never does. */
export const routed =
  (proxied: Fetch): Fetch =>
  (input, init) =>
    isLoopback(new URL(String(input))) ? fetch(input, init) : proxied(input, init);

/** The body of an answer, piece by piece up to `most` bytes; true after the last piece if there was more. */
export async function* pieces(response: Response, most: number): AsyncGenerator<Uint8Array, boolean> {
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > most) return true;
    yield piece;
  }
  return false;
}

async function wholeBody(response: Response): Promise<Buffer<ArrayBuffer>> {
  const body: Uint8Array[] = [];
  const read = pieces(response, MAX_ANSWER_BYTES);
  for (;;) {
    const { done, value } = await read.next();
    if (done !== true) body.push(value);
    else if (value) throw new ActionError('api_contract', `GitHub's answer has more than ${MAX_ANSWER_BYTES} bytes.`);
    else return Buffer.concat(body);
  }
}

/** A fetch that gives an answer only when all of it has come: octokit would take a cut body for an empty one. */
export const wholeFetch =
  (send: Fetch): Fetch =>
  async (input, init) => {
    const response = await send(input, init);
    const body = await wholeBody(response);
    const { status, statusText } = response;
    return new Response(BARE.has(status) ? null : body, { status, statusText, headers: [...response.headers] });
  };
