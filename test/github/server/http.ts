import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A server on a free port of loopback. */
export interface Listening {
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts to listen. */
export async function listen(handle: RequestListener): Promise<Listening> {
  const server = createServer(handle);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Reads a request's body as text. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Sends JSON, or nothing where there is no body. */
export function sendJson(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  const type = body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...type, ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Files that lie elsewhere than the API, as GitHub keeps logs at a cloud's storage. */
export function fileServer(files: (path: string) => string | undefined, options: FileOptions): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://files');
    const { authorization, range } = request.headers;
    const text = files(pathname);
    const status = authorization !== undefined ? 400 : text === undefined ? 404 : 200;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    const partial = status === 200 && options.ranges && from !== undefined && to !== undefined;
    options.seen(pathname, partial ? 206 : status, authorization !== undefined);
    if (status !== 200) return response.writeHead(status).end('refused');
    const all = Buffer.from(text ?? '');
    const bytes = partial ? all.subarray(Number(from), Number(to) + 1) : all;
    const length = options.lengths ? { 'content-length': String(bytes.length) } : {};
    response.writeHead(partial ? 206 : 200, { 'content-type': 'text/plain', ...length });
    return response.end(bytes);
  };
}

/** How files are given. */
export interface FileOptions {
  /** The server gives parts of a file. */
  ranges: boolean;
  /** It says how long a file is. */
  lengths: boolean;
  seen(path: string, status: number, authorization: boolean): void;
}
