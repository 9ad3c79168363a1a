import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { readBody } from '../request/body.ts';
import { Problem, problemReply, type Reply } from '../request/problem.ts';
import { answer } from './api.ts';
import type { Clock } from './clock.ts';
import { control } from './control.ts';
import type { Core } from './core.ts';
import type { Fault } from './faults.ts';

/** What a fault makes of an answer: another one, or nothing that a client could use. */
type Outcome = Reply | { readonly lost: 'reset' | 'hang' } | { readonly half: Reply };

/** For a fault that needs a body although the request was not carried out. */
const STAND_IN: Reply = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ items: [], end_cursor: null, has_next_page: false, total: 0 }),
};

async function orProblem(path: string, run: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Problem) return problemReply(error, path);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return problemReply(new Problem(500, `The sandbox itself failed: ${text}`), path);
  }
}

function faulty(fault: Fault, reply: Reply | undefined, path: string): Outcome {
  if (fault.reset) return { lost: 'reset' };
  if (fault.hang) return { lost: 'hang' };
  if (fault.truncate) return { half: reply ?? STAND_IN };
  const status = fault.garbage ? 200 : (fault.status ?? 500);
  const problem = problemReply(new Problem(status, 'A fault that the sandbox was asked for'), path);
  const retry = fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) };
  const text = fault.body ?? (fault.garbage ? '<!doctype html><p>This is not JSON' : undefined);
  if (text === undefined) return { ...problem, headers: { ...problem.headers, ...retry } };
  return {
    status,
    headers: { 'content-type': fault.content_type ?? 'text/html; charset=utf-8', ...retry },
    body: text,
  };
}

function send(response: ServerResponse, reply: Reply, now: number): void {
  const bare = reply.status === 204 || reply.status === 304;
  const length = bare ? {} : { 'content-length': String(Buffer.byteLength(reply.body)) };
  // The time of the sandbox, which its sessions have too.
  response.writeHead(reply.status, { date: new Date(now).toUTCString(), ...reply.headers, ...length });
  response.end(bare ? undefined : reply.body);
}

function sendHalf(response: ServerResponse, reply: Reply): void {
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(bytes.byteLength) });
  response.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)), () => response.destroy());
}

/** The HTTP server around a core. `closing` ends delays. */
export function serve(core: Core, outside: Clock, closing: AbortSignal): Server {
  const api = async (request: IncomingMessage, response: ServerResponse, url: string, path: string): Promise<void> => {
    const started = outside.now();
    const method = request.method ?? 'GET';
    const { authorization, 'content-type': contentType, 'user-agent': agent } = request.headers;
    const fault = core.faults.take(method, path);
    const note = (status: number) => {
      const ms = Math.max(0, outside.now() - started);
      core.journal.add({
        method,
        path: url,
        status,
        credential: core.journalName(authorization),
        ms,
        user_agent: agent ?? null,
      });
    };
    if (core.latency > 0) await delay(core.latency, undefined, { signal: closing });
    const body = await readBody(request).catch((error: unknown) => (error instanceof Problem ? error : undefined));
    if (body === undefined) return note(0);
    const query = url.slice(path.length + 1);
    const isCarriedOut = !fault || fault.after_commit === true || (fault.truncate === true && method === 'GET');
    const reply = !isCarriedOut
      ? undefined
      : await orProblem(path, () => {
          if (body instanceof Problem) throw body;
          return answer(core, { method, path, query, authorization, contentType, body });
        });
    const outcome = fault ? faulty(fault, reply, path) : reply;
    if (!outcome || response.destroyed) return note(0);
    if ('lost' in outcome) {
      note(0);
      if (outcome.lost === 'reset') request.socket.resetAndDestroy();
    } else if ('half' in outcome) {
      note(0);
      sendHalf(response, outcome.half);
    } else {
      note(outcome.status);
      send(response, outcome, core.clock.now());
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '/';
    const path = url.split('?')[0] ?? '/';
    if (!path.startsWith('/sandbox/')) return api(request, response, url, path);
    const reply = await orProblem(path, async () =>
      control(core, {
        method: request.method ?? 'GET',
        path,
        authorization: request.headers.authorization,
        isMarked: request.headers['x-sandbox-control'] === '1',
        bytes: await readBody(request),
      }),
    );
    send(response, reply, core.clock.now());
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  // Longer than a client keeps an idle connection, so that the server never closes one that is about to be used.
  server.keepAliveTimeout = 120_000;
  return server;
}
