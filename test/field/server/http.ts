import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A key and its certificate, as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Every header but `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The values of all `Authorization` headers. */
  readonly authorization: readonly string[];
  /** Parsed where it is JSON, otherwise text. */
  readonly body: unknown;
  /** `1.1`, or `2.0`. */
  readonly httpVersion: string;
  /** Seconds of the field's time since the server started. */
  readonly at: number;
  /** The server that got it: `api`, or `files` for signed addresses. */
  readonly server: 'api' | 'files';
  /** The status that was sent; undefined until then, and where nothing was. */
  status?: number;
}

/** A response to send. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of a body. */
  readonly raw?: string | Buffer;
}

/** A response, or none: the connection stays open without a word, or is reset. */
export type Outcome = Reply | 'hang' | 'reset';

/** An error as RFC 9457 has it. */
export const problem = (status: number, title: string, detail?: string): Reply => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) },
});

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  // Bytes of an upload survive as characters.
  return Buffer.concat(chunks).toString('latin1');
}

function parseBody(text: string, type: string): unknown {
  if (text === '' || !type.includes('json')) return text;
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch {
    return text;
  }
}

/** Reads a request whole. */
export async function readRequest(request: IncomingMessage, at: number, server: Seen['server']): Promise<Seen> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://field');
  const { authorization: _, ...headers } = request.headers;
  const flat = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const { rawHeaders } = request;
  return {
    method: request.method ?? '',
    path: pathname,
    query: searchParams,
    headers: Object.fromEntries(flat),
    // `headers` hides all but the first of them.
    authorization: rawHeaders.filter((_value, index) => rawHeaders[index - 1]?.toLowerCase() === 'authorization'),
    body: parseBody(await readBody(request), String(headers['content-type'] ?? '')),
    httpVersion: request.httpVersion,
    at,
    server,
  };
}

/** Sends an outcome, and notes its status. */
export function send(seen: Seen, response: ServerResponse, outcome: Outcome): void {
  if (outcome === 'hang') return;
  if (outcome === 'reset') {
    response.socket?.destroy();
    return;
  }
  seen.status = outcome.status;
  const body = outcome.raw ?? (outcome.body === undefined ? '' : JSON.stringify(outcome.body));
  const type: Record<string, string> = outcome.body === undefined ? {} : { 'content-type': 'application/json' };
  response.writeHead(outcome.status, { ...type, ...outcome.headers }).end(body);
}

/** A server on loopback. */
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on loopback, over TLS with HTTP/2 and HTTP/1.1 where there is an identity. */
export async function listen(handler: RequestListener, port = 0, identity?: Identity): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server: Server =
    identity === undefined
      ? // No connection ends while a request is on its way: on a busy machine the client could not know.
        createServer({ keepAliveTimeout: 0 }, handler)
      : // Its requests and responses have the members of HTTP/1.1 that are used here, in both protocols.
        createSecureServer({ ...identity, allowHTTP1: true }, (request, response) => {
          Reflect.apply(handler, undefined, [request, response]);
        });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A request that hangs would keep the server open.
        for (const socket of sockets) socket.destroy();
      }),
  };
}
