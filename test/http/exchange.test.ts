import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import type { TransportRequest } from '../../src/devin/transport.ts';
import { MAX_RESPONSE_BYTES } from '../../src/http/exchange.ts';
import { closeLater, hang, inTurn, listen, open, type Reply, reset, START, serve, truncate } from '../devin/support.ts';

const get = (path = '/v3/self'): TransportRequest => ({ method: 'GET', path });
const stopped = (message: string) => new ActionError('cancelled', message);
const FAILURES: readonly [string, Reply | typeof reset][] = [
  ['HTTP 500', { status: 500 }],
  ['HTTP 502', { status: 502 }],
  ['HTTP 503', { status: 503 }],
  ['HTTP 429', { status: 429 }],
  ['a reset connection', reset],
  ['a cut answer', truncate],
];

describe('one request', () => {
  it('goes out with its headers and body, and its answer comes back whole', async () => {
    const server = await serve(() => ({ status: 201, headers: { 'x-id': '7' }, body: { name: 'Grüße' } }));
    const { transport } = await open(server.origin);
    const answer = await transport.send({
      method: 'POST',
      path: '/v3/x?a=b%20c',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"ä"}',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-id']).toBe('7');
    expect(JSON.parse(answer.body.toString('utf8'))).toEqual({ name: 'Grüße' });
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/v3/x?a=b%20c',
        body: '{"prompt":"ä"}',
        headers: {
          authorization: 'Bearer cog_test_token',
          'user-agent': 'devin-action/test',
          accept: 'application/json',
          'content-type': 'application/json',
        },
      },
    ]);
  });

  it.each([301, 302, 303, 307, 308])('a redirect (%d) is an answer, never followed', async (status) => {
    const other = await serve(() => ({}));
    const server = await serve(() => ({ status, headers: { location: `${other.origin}/stolen` } }));
    const { transport } = await open(server.origin);
    expect((await transport.send(get())).status).toBe(status);
    expect(server.seen.length).toBe(1);
    expect(other.seen).toEqual([]);
  });

  it('a path that looks like another host stays with the API', async () => {
    const other = await serve(() => ({}));
    const server = await serve(() => ({}));
    const { transport } = await open(server.origin);
    await transport.send(get(`//127.0.0.1:${other.port}/stolen`));
    expect(other.seen).toEqual([]);
    expect(server.seen.length).toBe(1);
  });
});

describe('repeating a request', () => {
  describe.each(FAILURES)('after %s', (_name, failure) => {
    it.each(['GET', 'PUT', 'DELETE'] as const)('%s goes out again and succeeds', async (method) => {
      const server = await serve(inTurn(failure, failure, { body: { ok: true } }));
      const { transport, clock, retries } = await open(server.origin);
      const answer = await transport.send({ method, path: '/v3/self', ...(method === 'PUT' ? { body: '[1]' } : {}) });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body.toString())).toEqual({ ok: true });
      expect(server.seen.map((each) => [each.method, each.body])).toEqual(
        [1, 2, 3].map(() => [method, method === 'PUT' ? '[1]' : '']),
      );
      expect(clock.slept).toEqual([500, 1_000]);
      expect(retries).toMatchObject([
        { method, path: '/v3/self', attempt: 1, maxRetries: 5, delayMs: 500 },
        { attempt: 2, delayMs: 1_000 },
      ]);
    });

    it.each(['POST', 'PATCH'] as const)('%s goes out again only if it was 429', async (method) => {
      const server = await serve(inTurn(failure, { body: { ok: true } }));
      const { transport, clock } = await open(server.origin);
      const sent = transport.send({ method, path: '/v3/x', body: '{}' });
      const limited = typeof failure !== 'function' && failure.status === 429;
      const ended = await sent.then(
        ({ status }) => status,
        () => 'failed',
      );
      expect(ended).toBe(limited ? 200 : typeof failure === 'function' ? 'failed' : failure.status);
      expect(server.seen.length).toBe(limited ? 2 : 1);
      expect(clock.slept.length).toBe(limited ? 1 : 0);
    });
  });

  it.each([400, 401, 403, 404, 409, 422, 501])(
    'an answer that stays the same (%d) is not asked for again',
    async (status) => {
      const server = await serve(() => ({ status }));
      const { transport } = await open(server.origin);
      expect((await transport.send(get())).status).toBe(status);
      expect(server.seen.length).toBe(1);
    },
  );

  it('stops after max_retries, with the last answer', async () => {
    const server = await serve(() => ({ status: 503, body: { detail: 'down' } }));
    const { transport, clock } = await open(server.origin, { maxRetries: 3 });
    const answer = await transport.send(get());
    expect([answer.status, answer.body.toString()]).toEqual([503, '{"detail":"down"}']);
    expect(server.seen.length).toBe(4);
    expect(clock.slept).toEqual([500, 1_000, 2_000]);
  });

  it('max_retries: 0 repeats nothing', async () => {
    const server = await serve(() => ({ status: 429, headers: { 'retry-after': '1' } }));
    const { transport, clock } = await open(server.origin, { maxRetries: 0 });
    expect((await transport.send(get())).status).toBe(429);
    expect(server.seen.length).toBe(1);
    expect(clock.slept).toEqual([]);
  });

  it('waits as long as Retry-After says, in seconds or as a date', async () => {
    // A date counts from the server's own, whatever the runner's clock says.
    const date = 'Sat, 31 Jan 2015 08:00:00 GMT';
    const later = 'Sat, 31 Jan 2015 08:00:12 GMT';
    const server = await serve(
      inTurn(
        { status: 429, headers: { 'retry-after': '7' } },
        { status: 503, headers: { 'retry-after': later, date } },
        { status: 429, headers: { 'retry-after': 'soon' } },
        {},
      ),
    );
    const { transport, clock } = await open(server.origin);
    expect((await transport.send(get())).status).toBe(200);
    expect(clock.slept).toEqual([7_000, 12_000, 2_000]);
  });

  it('never waits less than the backoff, or longer than two minutes, whatever Retry-After says', async () => {
    const server = await serve(
      inTurn(
        { status: 429, headers: { 'retry-after': '0' } },
        { status: 429, headers: { 'retry-after': '0' } },
        { status: 503, headers: { 'retry-after': '86400' } },
        { status: 429, headers: { 'retry-after': '99999999999' } },
        {},
      ),
    );
    const { transport, clock } = await open(server.origin);
    expect((await transport.send(get())).status).toBe(200);
    expect(clock.slept).toEqual([500, 1_000, 120_000, 120_000]);
  });

  it.each([408, 425])(
    '%d may have been executed: only a request that is safe to repeat is sent again',
    async (status) => {
      const server = await serve(({ method }) => (method === 'POST' || server.seen.length < 2 ? { status } : {}));
      const { transport } = await open(server.origin);
      expect((await transport.send(get())).status).toBe(200);
      expect((await transport.send({ method: 'POST', path: '/', body: '{}' })).status).toBe(status);
      expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
    },
  );

  it('a request that never left this machine is sent again, whatever its method', async () => {
    // A port that is free now, and on which a server listens only from the third attempt on.
    const probe = createServer();
    const port = await listen(probe);
    await new Promise((resolve) => probe.close(resolve));
    const seen: string[] = [];
    const { transport, clock } = await open(`http://127.0.0.1:${port}`);
    const server = createServer((request, response) => {
      seen.push(request.method ?? '');
      response.end('{}');
    });
    closeLater(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));
    clock.hold = async () => {
      if (clock.slept.length === 2) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    };
    expect((await transport.send({ method: 'POST', path: '/', body: '{}' })).status).toBe(200);
    expect(seen).toEqual(['POST']);
    expect(transport.journal.map(({ status }) => status)).toEqual([0, 0, 200]);
  });

  it('a request that failed before it left this machine says so, and one that failed later does not', async () => {
    const server = await serve(reset);
    const tls = await open(server.origin.replace('http:', 'https:'), { maxRetries: 1 });
    await expect(tls.transport.send({ method: 'POST', path: '/', body: '{}' })).rejects.toMatchObject({ left: false });
    expect(tls.retries.length).toBe(1);
    const plain = await open(server.origin);
    const sent = plain.transport.send({ method: 'POST', path: '/', body: '{}' });
    await expect(sent).rejects.toMatchObject({ left: true });
    expect(plain.retries).toEqual([]);
  });

  it('what may have left once stays unclear, though the last attempt did not leave', async () => {
    const server = await serve(reset);
    const { transport, clock } = await open(server.origin, { maxRetries: 1 });
    clock.hold = () => server.stop();
    await expect(transport.send({ method: 'DELETE', path: '/' })).rejects.toMatchObject({ left: true });
    expect(server.seen.length).toBe(1);
    expect(transport.journal.length).toBe(2);
  });

  it('one 429 makes every other request of the step wait too', async () => {
    const server = await serve(inTurn({ status: 429, headers: { 'retry-after': '9' } }, {}));
    const { transport, clock } = await open(server.origin);
    const waiting = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    clock.hold = (ms) => {
      if (clock.slept.length === 1) reached.resolve();
      return waiting.promise.then(() => {
        clock.ms = Math.max(clock.ms, START + ms);
      });
    };
    const first = transport.send(get('/first'));
    await reached.promise;
    const second = transport.send({ method: 'POST', path: '/second', body: '{}' });
    await new Promise(setImmediate);
    expect(server.seen.map(({ url }) => url)).toEqual(['/first']);
    expect(clock.slept).toEqual([9_000, 9_000]);
    waiting.resolve();
    await Promise.all([first, second]);
    expect(server.seen.map(({ url }) => url).sort()).toEqual(['/first', '/first', '/second']);
  });

  it('a request that asks for it gets the 429 back, and the pace of all others follows it', async () => {
    const server = await serve(inTurn({ status: 429, headers: { 'retry-after': '9' } }, {}));
    const { transport, clock } = await open(server.origin);
    const create: TransportRequest = { method: 'POST', path: '/v3/x', limited: 'return' };
    expect((await transport.send(create)).status).toBe(429);
    expect(server.seen).toHaveLength(1);
    expect(clock.slept).toEqual([]);
    expect(transport.heldMs()).toBe(9_000);
    await transport.send(get());
    expect(clock.slept).toEqual([9_000]);
    expect(transport.heldMs()).toBe(0);
  });

  it('a request that ends what costs money waits neither for a 429 nor for other requests', async () => {
    const server = await serve(({ url, method }) => {
      if (method === 'DELETE') return {};
      return url === '/hang' ? undefined : { status: 429, headers: { 'retry-after': '60' } };
    });
    const { transport, clock } = await open(server.origin, { concurrency: 1 });
    const reached = Promise.withResolvers<void>();
    clock.hold = () => {
      reached.resolve();
      return new Promise(() => {});
    };
    void transport.send(get('/first')).catch(() => {});
    await reached.promise;
    void transport.send(get('/second')).catch(() => {});
    expect((await transport.send({ method: 'DELETE', path: '/session', urgent: true })).status).toBe(200);
    expect(server.seen.map(({ url }) => url)).toEqual(['/first', '/session']);
  });

  it('a 503 makes only its own request wait', async () => {
    const server = await serve(({ url }) => (url === '/first' ? { status: 503 } : {}));
    const { transport, clock } = await open(server.origin, { maxRetries: 1 });
    await transport.send(get('/first'));
    await transport.send(get('/second'));
    expect(clock.slept).toEqual([500]);
  });

  it('does not wait past the end of its time', async () => {
    const server = await serve(() => ({ status: 429, headers: { 'retry-after': '61' } }));
    const { transport, clock } = await open(server.origin, { deadlineAt: START + 60_000 });
    expect((await transport.send(get())).status).toBe(429);
    expect(clock.slept).toEqual([]);
    const short = await open(server.origin);
    expect((await short.transport.send({ ...get(), deadlineAt: START + 60_999 })).status).toBe(429);
    expect(short.clock.slept).toEqual([]);
    await short.transport.send({ ...get(), deadlineAt: START + 61_000 });
    expect(short.clock.slept).toEqual([61_000]);
  });
});

describe('limits', () => {
  it('a try without an answer ends after request_timeout, and the next one may succeed', async () => {
    const server = await serve(inTurn(hang, { body: { ok: true } }));
    const { transport, retries } = await open(server.origin, { requestTimeoutMs: 1_000 });
    expect((await transport.send(get())).status).toBe(200);
    expect(retries[0]?.reason).toBe('no complete response within 1 s');
  });

  it('a try whose answer never ends is ended as well, and a POST not repeated', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200).write('{');
      return undefined;
    });
    const { transport } = await open(server.origin, { requestTimeoutMs: 1_000 });
    await expect(transport.send({ method: 'POST', path: '/', body: '{}' })).rejects.toMatchObject({
      name: 'RequestFailure',
      kind: 'timeout',
      left: true,
    });
    expect(server.seen.length).toBe(1);
  });

  it('an answer larger than the client reads is refused, and not asked for again', async () => {
    const server = await serve((_request, response) => {
      const piece = Buffer.alloc(1024 * 1024, 'x');
      let left = MAX_RESPONSE_BYTES / piece.length + 1;
      const more = (): unknown => (left-- > 0 ? response.write(piece, more) : response.end());
      more();
      return undefined;
    });
    const { transport } = await open(server.origin);
    await expect(transport.send(get())).rejects.toMatchObject({ kind: 'too_large' });
    expect(server.seen.length).toBe(1);
  });

  it('no more requests are in flight than concurrency allows', async () => {
    let [now, most] = [0, 0];
    const server = await serve((_request, response) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        response.end('{}');
      }, 10);
      return undefined;
    });
    const { transport } = await open(server.origin, { concurrency: 2 });
    await Promise.all(Array.from({ length: 8 }, () => transport.send(get())));
    expect([server.seen.length, most]).toEqual([8, 2]);
  });
});

describe('a dry run', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('sends no %s', async (method) => {
    const server = await serve(() => ({}));
    const { transport } = await open(server.origin, { dryRun: true });
    await expect(transport.send({ method, path: '/v3/x', body: '{}' })).rejects.toMatchObject({
      code: 'gate_closed',
      message: `dry run: ${method} /v3/x was not sent`,
    });
    expect((await transport.send(get())).status).toBe(200);
    expect(server.seen.map((each) => each.method)).toEqual(['GET']);
  });
});

describe('the journal', () => {
  it('has one entry a try: method, path, status, time and number', async () => {
    const server = await serve(inTurn({ status: 503 }, reset, {}));
    const { transport } = await open(server.origin);
    await transport.send(get('/v3/self?x=1'));
    await transport.send({ method: 'POST', path: '/v3/y', body: '{}' });
    expect(transport.journal).toEqual([
      { method: 'GET', path: '/v3/self?x=1', status: 503, ms: 0, try: 1 },
      { method: 'GET', path: '/v3/self?x=1', status: 0, ms: 0, try: 2 },
      { method: 'GET', path: '/v3/self?x=1', status: 200, ms: 0, try: 3 },
      { method: 'POST', path: '/v3/y', status: 200, ms: 0, try: 1 },
    ]);
  });
});

describe('stopping', () => {
  it('ends a request that is out, with the reason that was given', async () => {
    const stop = new AbortController();
    const server = await serve(() => {
      setImmediate(() => stop.abort(stopped('enough')));
      return undefined;
    });
    const { transport } = await open(server.origin, { signal: stop.signal });
    await expect(transport.send(get())).rejects.toMatchObject({
      kind: 'aborted',
      cause: { code: 'cancelled', message: 'enough' },
    });
    expect(server.seen.length).toBe(1);
  });

  it('ends a wait between two tries', async () => {
    const server = await serve(() => ({ status: 503 }));
    const stop = new AbortController();
    const { transport, clock } = await open(server.origin, { signal: stop.signal });
    clock.hold = (_ms, signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        setImmediate(() => stop.abort(stopped('enough')));
      });
    await expect(transport.send(get())).rejects.toMatchObject({
      kind: 'aborted',
      cause: { code: 'cancelled', message: 'enough' },
    });
    expect(server.seen.length).toBe(1);
  });

  it('a request that begins too late fails at once and is not sent', async () => {
    const server = await serve(() => ({}));
    const { transport } = await open(server.origin, { signal: AbortSignal.abort(stopped('too late')) });
    await expect(transport.send(get())).rejects.toMatchObject({ kind: 'aborted', cause: { message: 'too late' } });
    expect(server.seen).toEqual([]);
  });

  it('ends a request that waits for a free connection, though the one before goes on', async () => {
    const reached = Promise.withResolvers<void>();
    const server = await serve(() => {
      reached.resolve();
      return undefined;
    });
    const { transport } = await open(server.origin, { concurrency: 1 });
    const first = transport.send(get('/first'));
    first.catch(() => {});
    await reached.promise;
    const stop = new AbortController();
    const second = transport.send({ ...get('/second'), signal: stop.signal });
    stop.abort(stopped('not any more'));
    await expect(second).rejects.toMatchObject({ kind: 'aborted', cause: { message: 'not any more' } });
    expect(server.seen.map(({ url }) => url)).toEqual(['/first']);
  });

  it('ends a second try that waits for a free connection', async () => {
    const [waiting, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const server = await serve(({ url }) => {
      if (url === '/other') taken.resolve();
      return url === '/other' ? undefined : { status: 503 };
    });
    const { transport, clock } = await open(server.origin, { concurrency: 1 });
    const asleep = new Promise<void>((resolve) => {
      clock.hold = () => {
        resolve();
        return waiting.promise;
      };
    });
    const stop = new AbortController();
    const sent = transport.send({ ...get('/twice'), signal: stop.signal });
    await asleep;
    transport.send(get('/other')).catch(() => {});
    await taken.promise;
    waiting.resolve();
    await new Promise(setImmediate);
    stop.abort(stopped('enough'));
    await expect(sent).rejects.toMatchObject({ kind: 'aborted', cause: { message: 'enough' } });
    expect(server.seen.map(({ url }) => url)).toEqual(['/twice', '/other']);
  });

  it('ends a request whose connection is still being made', async () => {
    // It takes the connection and never says a word of TLS.
    const silent = createTcpServer((socket) => socket.on('error', () => {}));
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closeLater(() => silent.close());
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stop = new AbortController();
    const { transport } = await open(`https://127.0.0.1:${port}`, { signal: stop.signal });
    const sent = transport.send(get());
    await connected;
    stop.abort(stopped('enough'));
    await expect(sent).rejects.toMatchObject({ kind: 'aborted', cause: { message: 'enough' } });
  });

  it('a signal of its own ends one request and leaves the others alone', async () => {
    const server = await serve(({ url }, response) => {
      if (url === '/a') return undefined;
      setTimeout(() => response.end('{}'), 20);
      return undefined;
    });
    const { transport } = await open(server.origin);
    const stop = new AbortController();
    const [a, b] = [transport.send({ ...get('/a'), signal: stop.signal }), transport.send(get('/b'))];
    stop.abort(stopped('only a'));
    await expect(a).rejects.toMatchObject({ kind: 'aborted', cause: { message: 'only a' } });
    expect((await b).status).toBe(200);
  });
});

describe('proxies', () => {
  async function proxy() {
    const asked: string[] = [];
    const server = createServer();
    server.on('connect', (request, socket) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no token'}`);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    server.on('request', (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end();
    });
    return { url: `http://127.0.0.1:${await listen(server)}`, asked };
  }

  it.each(['HTTPS_PROXY', 'https_proxy'])(
    '%s is asked to connect to the API, and does not see the token',
    async (name) => {
      const { url, asked } = await proxy();
      const { transport } = await open('https://devin.invalid.example', { env: { [name]: url }, maxRetries: 0 });
      await expect(transport.send(get())).rejects.toThrow(/403/);
      expect(asked).toEqual(['CONNECT devin.invalid.example:443 no token']);
    },
  );

  it('a tunnel carries TLS to the API, which learns its name from it', async () => {
    const hello = Promise.withResolvers<Buffer>();
    const server = createServer();
    server.on('connect', (_request, socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.once('data', (data: Buffer) => {
        hello.resolve(data);
        socket.destroy();
      });
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const { transport } = await open('https://devin.invalid.example', { env: { HTTPS_PROXY: url }, maxRetries: 0 });
    await expect(transport.send(get())).rejects.toThrow();
    const first = await hello.promise;
    // 22 is a handshake record, 1 a ClientHello.
    expect([first[0], first[5]]).toEqual([22, 1]);
    expect(first.toString('latin1')).toContain('devin.invalid.example');
    expect(first.toString('latin1')).not.toContain('cog_test_token');
  });

  it.each(['devin.invalid.example', '.example', '*', 'other.test,devin.invalid.example:443'])(
    'NO_PROXY=%s goes past it',
    async (noProxy) => {
      const { url, asked } = await proxy();
      const env = { HTTPS_PROXY: url, NO_PROXY: noProxy };
      const { transport } = await open('https://devin.invalid.example', { env, maxRetries: 0 });
      await expect(transport.send(get())).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
      expect(asked).toEqual([]);
    },
  );

  it('loopback never goes through one', async () => {
    const { url, asked } = await proxy();
    const server = await serve(() => ({}));
    for (const env of [{ HTTPS_PROXY: url }, { HTTP_PROXY: url, http_proxy: url, https_proxy: url, ALL_PROXY: url }]) {
      const { transport } = await open(server.origin, { env });
      expect((await transport.send(get())).status).toBe(200);
    }
    expect(server.seen.length).toBe(2);
    expect(asked).toEqual([]);
  });
});
