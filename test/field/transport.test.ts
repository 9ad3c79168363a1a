import { describe, expect, test } from 'vitest';
import { selfSigned, trust } from './certificate.ts';
import { fieldClock } from './clock.ts';
import { tunnelProxy } from './proxy.ts';
import { listen, type Reply, type Seen } from './server/http.ts';
import { ENTERPRISE_KEY, type Field, ORG, openField } from './server/index.ts';
import { create, fieldHere, json, said, step, story } from './support.ts';

const CREATE = /\/sessions$/;
const POST_SESSION = `POST /v3/organizations/${ORG}/sessions`;

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = await listen(() => undefined);
  await server.close();
  return Number(new URL(server.url).port);
}

const gaps = (requests: readonly Seen[]) => requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));

const tooMany = (retryAfter?: string): Reply => ({
  status: 429,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  body: { detail: 'Too many requests' },
});

describe.concurrent('a request that never left the machine', () => {
  test('is repeated even if it creates a session: a port that opens late gets one request, and makes one session', async () => {
    const port = await closedPort();
    const clock = fieldClock();
    let opened: Promise<Field> | undefined;
    const result = await create(
      { url: `http://127.0.0.1:${port}`, clock },
      { max_retries: '10' },
      {
        env: { RUNNER_DEBUG: '1' },
        onOutput: (output) => {
          // The first failed attempt shows in the log.
          if (/ECONNREFUSED|refused/i.test(output)) opened ??= openField({ port, clock });
        },
      },
    );
    expect(opened, story(result)).toBeDefined();
    const api = await opened;
    await api?.close();
    expect(result.exitCode, story(result)).toBe(0);
    expect(api?.lines()).toEqual([POST_SESSION]);
    expect(api?.sessions).toHaveLength(1);
  });

  test('fails in the end with an error that says that nothing was created', async () => {
    const port = await closedPort();
    const api = { url: `http://127.0.0.1:${port}`, clock: fieldClock() };
    const result = await create(api, { max_retries: '2', timeout: '5m' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'api_unavailable' });
    expect(said(result, 'error').join('\n')).not.toMatch(/may have been/i);
  });
});

describe.concurrent('Retry-After', () => {
  test.each([
    ['0', '0', 0, 60],
    ['seconds', '20', 19, 60],
    ['a negative number', '-5', 0, 60],
    ['text that is no time', 'soon', 0, 60],
    ['an absurd number', '99999999999999999999', 0, 1_800],
  ])('of %s: the request is repeated in time', async (_name, value, least, most) => {
    const api = await fieldHere();
    api.before({ method: 'GET', times: 1 }, tooMany(value));
    const result = await step(api, { operation: 'list-sessions' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.requests).toHaveLength(2);
    const [gap = -1] = gaps(api.requests);
    expect(gap).toBeGreaterThan(least);
    expect(gap).toBeLessThan(most);
  });

  test('of a date: the request is repeated after it', async () => {
    const api = await fieldHere();
    let until = 0;
    api.before({ method: 'GET', times: 1 }, () => {
      until = Math.floor(api.clock.now() / 1000) * 1000 + 20_000;
      return tooMany(new Date(until).toUTCString());
    });
    const startedAt = api.clock.now();
    const result = await step(api, { operation: 'list-sessions' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.requests).toHaveLength(2);
    expect((api.requests[1]?.at ?? 0) * 1000 + startedAt).toBeGreaterThanOrEqual(until - 1_500);
  });

  test('of 0 again and again does not make the client hammer the API', async () => {
    const api = await fieldHere();
    api.before({ method: 'GET', times: 4 }, tooMany('0'));
    const result = await step(api, { operation: 'list-sessions' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.requests).toHaveLength(5);
    // The backoff grows whatever the header says.
    for (const gap of gaps(api.requests)) expect(gap).toBeGreaterThan(0.2);
  });

  test('holds for every request of the step, not only for the one that got it', async () => {
    const organizations = Array.from({ length: 12 }, (_, index) => ({
      org_id: `org-${String(index).padStart(32, '0')}`,
      name: `Team ${index}`,
    }));
    const api = await fieldHere({ organizations });
    let limitedAt = Number.POSITIVE_INFINITY;
    api.before({ method: 'POST', path: CREATE, skip: 2, times: 1 }, ({ at }) => {
      limitedAt = at;
      return tooMany('60');
    });
    const result = await create(api, {
      org_id: '*',
      devin_token: ENTERPRISE_KEY,
      concurrency: '2',
      idempotency: 'none',
    });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.sessions).toHaveLength(12);
    const during = api.requests.filter(({ at }) => at > limitedAt && at < limitedAt + 50);
    // Two are in flight at once, and some may be on their way while the first 429 is read; without a pace it would be nine.
    expect(during.length).toBeLessThanOrEqual(3);
  });
});

describe.concurrent('a create with an ambiguous failure', () => {
  test.each([408, 425, 500, 502, 503, 504])('HTTP %i without effect: never two sessions', async (status) => {
    const api = await fieldHere();
    api.before({ method: 'POST', path: CREATE, times: 1 }, { status, body: { detail: 'Try again.' } });
    const result = await create(api, { timeout: '10m' });
    expect(api.sessions.length).toBeLessThanOrEqual(1);
    if (result.exitCode === 0) expect(result.outputs['session_id']).toBe(`devin-${api.session().id}`);
    else expect(said(result, 'error').join('\n')).toMatch(/may (still )?(have|be)/i);
    // Not before it has looked for the session that the first may have made.
    const [first, second] = api.lines();
    expect([first, second]).not.toEqual([POST_SESSION, POST_SESSION]);
  });

  test.each([
    ['the response is lost', 'reset' as const],
    ['HTTP 408 comes after the session was made', { status: 408, raw: '' }],
    ['HTTP 504 comes after the session was made', { status: 504, raw: '<html>Gateway Timeout</html>' }],
  ])('%s: the session is found, and is the only one', async (_name, outcome) => {
    const api = await fieldHere();
    api.after({ method: 'POST', path: CREATE, times: 1 }, outcome);
    const result = await create(api, { timeout: '10m' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs['session_id']).toBe(`devin-${api.session().id}`);
    expect(api.lines('POST')).toEqual([POST_SESSION]);
  });

  test('without idempotency is not repeated, and the error says that a session may have been created', async () => {
    const api = await fieldHere();
    api.after({ method: 'POST', path: CREATE }, { status: 503, raw: '' });
    const result = await create(api, { idempotency: 'none' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(api.lines('POST')).toEqual([POST_SESSION]);
    expect(said(result, 'error').join('\n')).toMatch(/may have been/i);
  });
});

describe.concurrent('TLS', () => {
  test('a server that offers HTTP/2 and HTTP/1.1 gets HTTP/1.1', async () => {
    const identity = selfSigned();
    const api = await fieldHere({ identity });
    const result = await create(api, { wait: 'started' }, { env: trust(identity) });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.requests.map(({ httpVersion }) => httpVersion)).toEqual(api.requests.map(() => '1.1'));
    expect(api.requests.length).toBeGreaterThan(1);
  });

  test('so does one behind a proxy, through a tunnel', async () => {
    const identity = selfSigned('api.field.test');
    const api = await fieldHere({ identity });
    const proxy = await tunnelProxy(Number(new URL(api.url).port));
    const result = await create(
      { url: 'https://api.field.test', clock: api.clock },
      {},
      { env: { ...trust(identity), HTTPS_PROXY: proxy.url } },
    );
    expect(result.exitCode, story(result)).toBe(0);
    expect([...new Set(proxy.tunnels)]).toEqual(['api.field.test:443']);
    expect(api.requests.map(({ httpVersion }) => httpVersion)).toEqual(['1.1']);
  });

  test('a certificate that is not trusted is an error that no retry can fix, and creates nothing', async () => {
    const api = await fieldHere({ identity: selfSigned() });
    const result = await create(api, { max_retries: '1', timeout: '5m' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(said(result, 'error').join('\n')).toMatch(/certificate/i);
    expect(api.requests).toEqual([]);
  });

  test.each(['not a url', 'ftp://proxy.example', 'http://', '::::'])(
    'HTTPS_PROXY "%s" is an input error before the first request',
    async (value) => {
      const identity = selfSigned();
      const api = await fieldHere({ identity });
      const result = await create(api, {}, { env: { ...trust(identity), HTTPS_PROXY: value } });
      expect(result.exitCode, story(result)).toBe(1);
      expect(result.outputs['error_code']).toBe('input_invalid');
      expect(said(result, 'error').join('\n')).toMatch(/HTTPS_PROXY/i);
      expect(api.requests).toEqual([]);
    },
  );
});

describe.concurrent('dry_run', () => {
  test.each([
    ['create-session', { prompt: 'Fix it.', wait: 'finished', title: 'Parser' }],
    ['send-message', { message: 'Go on.' }],
    ['terminate-session', {}],
    ['archive-session', {}],
    ['call-api', { endpoint: 'createSession', params: `org_id: ${ORG}`, body: 'prompt: Fix it.' }],
  ])('%s sends only GET', async (operation, inputs) => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' });
    const named = operation === 'create-session' || operation === 'call-api' ? {} : { session_id: session.id };
    const result = await step(api, { operation, dry_run: 'true', ...named, ...inputs });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(api.sessions).toHaveLength(1);
    expect(json(result, 'result')).toMatchObject({ outcome: 'skipped' });
  });
});
