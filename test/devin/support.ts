import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/contract/clock.ts';
import { openTransport, type Transport, type TransportOptions } from '../../src/devin/transport.ts';
import type { Retry } from '../../src/http/exchange.ts';

/** 2026-01-31T08:00:00Z in milliseconds. */
export const START = Date.UTC(2026, 0, 31, 8);

/** A clock whose sleeps are over at once, and add up. */
export class TestClock implements Clock {
  ms = START;
  readonly slept: number[] = [];
  /** Set, it takes the place of a sleep, for tests that want to be in the middle of one. */
  hold: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;

  now(): number {
    return this.ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    if (this.hold !== undefined) return await this.hold(ms, signal);
    this.ms += ms;
  }

  deadline(): AbortSignal {
    return new AbortController().signal;
  }

  random(): number {
    return 0;
  }
}

/** A request that a server got. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** How a server answers: by itself, or with this. */
export type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };
export type Handle = (request: Seen, response: ServerResponse, socket: Socket) => Reply | undefined;

/** A server on loopback that keeps what it got. */
export interface TestServer {
  readonly origin: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Stops listening, and ends all connections. */
  stop(): Promise<void>;
}

/** Has something closed when the test is over. */
export const closeLater = (close: () => Promise<unknown> | unknown): void => {
  onTestFinished(async () => void (await close()));
};

/** Listens on a free port of loopback until the test is over. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeLater(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  // A server that listens on a port has an address with one.
  return (server.address() as AddressInfo).port;
}

/** Starts a server. `handle` is called with each whole request. */
export async function serve(handle: Handle): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const each: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    seen.push(each);
    const reply = handle(each, response, request.socket);
    if (reply === undefined) return;
    const { status = 200, headers = {}, body = {} } = reply;
    // The time of the machine is not that of the test.
    response.sendDate = false;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const port = await listen(server);
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()).closeAllConnections());
  return { origin: `http://127.0.0.1:${port}`, port, seen, stop };
}

/** Answers one reply after the other, and the last one again and again. */
export function inTurn(...replies: readonly (Reply | Handle)[]): Handle {
  let at = 0;
  return (request, response, socket) => {
    const reply = replies[Math.min(at, replies.length - 1)] ?? {};
    at += 1;
    return typeof reply === 'function' ? reply(request, response, socket) : reply;
  };
}

/** Cuts the connection without an answer. */
export const reset: Handle = (_request, _response, socket) => {
  socket.destroy();
  return undefined;
};

/** Promises more than it sends. */
export const truncate: Handle = (_request, response, socket) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"items": [', () => socket.destroy());
  return undefined;
};

/** Never answers. */
export const hang: Handle = () => undefined;

/** A transport, and what a test looks at. */
export interface Opened {
  readonly transport: Transport;
  readonly clock: TestClock;
  readonly retries: Retry[];
}

/** Opens a transport to a server, until the test is over. */
export async function open(origin: string, options: Partial<TransportOptions> = {}): Promise<Opened> {
  const clock = new TestClock();
  const retries: Retry[] = [];
  const transport = await openTransport({
    origin,
    token: 'cog_test_token',
    userAgent: 'devin-action/test',
    dryRun: false,
    maxRetries: 5,
    requestTimeoutMs: 5_000,
    deadlineAt: START + 3_600_000,
    concurrency: 6,
    clock,
    signal: new AbortController().signal,
    env: {},
    onRetry: (retry) => retries.push(retry),
    ...options,
  });
  closeLater(() => transport.close());
  return { transport, clock, retries };
}
