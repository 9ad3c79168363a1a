import { expect, test } from 'vitest';
import { pathMatches } from '../../src/sandbox/server/faults.ts';
import { bench } from './support.ts';

test('a status fault answers with a problem, as often as asked, then the API is back', async () => {
  const b = await bench();
  await b.control('faults', [{ method: 'GET', path: '/self', times: 2, status: 429, retry_after: 3 }]);
  for (let i = 0; i < 2; i += 1) {
    const { status, headers, body } = await b.ask('/v3/self');
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toBe('3');
    expect(body).toMatchObject({ status: 429, title: 'Too Many Requests', instance: '/v3/self' });
  }
  expect((await b.ask('/v3/self')).status).toBe(200);
});

test('a fault can imitate a proxy: its own text and type, and a date to retry at', async () => {
  const b = await bench();
  const date = 'Sat, 31 Jan 2026 09:00:00 GMT';
  await b.control('faults', [
    { path: '/v3/self', status: 502, body: '<html>Bad gateway</html>', content_type: 'text/html', retry_after: date },
  ]);
  const { status, headers, text } = await b.ask('/v3/self');
  expect([status, headers.get('content-type'), headers.get('retry-after'), text]).toEqual([
    502,
    'text/html',
    date,
    '<html>Bad gateway</html>',
  ]);
});

test('faults are used in the order in which they were asked for, each for its own method and path', async () => {
  const b = await bench();
  await b.control('faults', [
    { method: 'POST', path: '/self', status: 500 },
    { path: '/self', status: 503 },
    { method: '*', path: '/*', status: 504 },
  ]);
  expect((await b.ask('/v3/enterprise/organizations')).status).toBe(200);
  expect((await b.ask('/v3/self')).status).toBe(503);
  expect((await b.ask('/v3/self')).status).toBe(504);
  expect((await b.ask('/v3/self')).status).toBe(200);
  expect((await b.ask('/sandbox/state')).body.faults).toBe(1);
  await b.ask('/sandbox/faults', { method: 'DELETE' });
  expect((await b.ask('/sandbox/state')).body.faults).toBe(0);
});

test.each([
  ['/organizations/*/sessions', '/v3/organizations/org-1/sessions', true],
  ['/organizations/*/sessions', '/v3beta1/organizations/org-1/sessions', true],
  ['/organizations/*/sessions', '/v3/organizations/org-1/sessions/devin-1', false],
  ['/organizations/*', '/v3/organizations/org-1/sessions', false],
  ['/v3/self', '/v3/self', true],
  ['/v3/self', '/v3beta1/self', false],
  ['/v3beta1/self', '/v3beta1/self', true],
  ['/self', '/v2/self', true],
])('the fault path %s matches %s: %s', (pattern, path, expected) => {
  expect(pathMatches(pattern, path)).toBe(expected);
});

test('a reset and a truncated answer break the connection, garbage is no JSON', async () => {
  const b = await bench();
  await b.control('faults', [
    { path: '/self', reset: true },
    { path: '/self', truncate: true },
    { path: '/self', garbage: true },
  ]);
  await expect(b.ask('/v3/self')).rejects.toThrow('fetch failed');
  await expect(b.ask('/v3/self')).rejects.toThrow('terminated');
  const { status, text } = await b.ask('/v3/self');
  expect(status).toBe(200);
  expect(() => JSON.parse(text)).toThrow();
  const { items } = (await b.ask('/sandbox/requests')).body;
  expect(items.map((item: { status: number }) => item.status)).toEqual([0, 0, 200]);
});

test('a truncated answer promises its whole length and brings half of it', async () => {
  const b = await bench();
  const whole = (await b.ask('/v3/self')).text;
  await b.control('faults', [{ path: '/self', truncate: true }]);
  const response = await fetch(`${b.sandbox.url}/v3/self`, {
    headers: { authorization: 'Bearer cog_sandbox_enterprise' },
  });
  expect(response.headers.get('content-length')).toBe(String(whole.length));
  let got = '';
  await expect(
    (async () => {
      for await (const chunk of response.body ?? []) got += new TextDecoder().decode(chunk);
    })(),
  ).rejects.toThrow();
  expect(got).toBe(whole.slice(0, Math.floor(whole.length / 2)));
});

test('a hanging request never answers, and ends when its client or the sandbox does', async () => {
  const b = await bench();
  await b.control('faults', [{ path: '/self', hang: true, times: 2 }]);
  const headers = { authorization: 'Bearer cog_sandbox_enterprise' };
  const signal = AbortSignal.timeout(60);
  await expect(fetch(`${b.sandbox.url}/v3/self`, { headers, signal })).rejects.toThrow(/timeout/);
  const hanging = fetch(`${b.sandbox.url}/v3/self`, { headers });
  const failed = expect(hanging).rejects.toThrow('fetch failed');
  while ((await b.ask('/sandbox/requests')).body.items.length < 2) await new Promise(setImmediate);
  const began = performance.now();
  await b.sandbox.close();
  await failed;
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('without after_commit a fault leaves nothing behind, with it the change is made before the answer is lost', async () => {
  const b = await bench();
  const count = async () => (await b.ask('/sandbox/state')).body.sessions;
  const start = await count();
  const path = '/organizations/*/sessions';
  await b.control('faults', [
    { method: 'POST', path, reset: true },
    { method: 'POST', path, status: 503 },
    { method: 'POST', path, truncate: true },
  ]);
  await expect(b.create({ prompt: 'x' })).rejects.toThrow();
  expect((await b.create({ prompt: 'x' })).status).toBe(503);
  await expect(b.create({ prompt: 'x' })).rejects.toThrow();
  expect(await count()).toBe(start);
  await b.control('faults', [
    { method: 'POST', path, reset: true, after_commit: true },
    { method: 'POST', path, status: 502, after_commit: true },
    { method: 'POST', path, truncate: true, after_commit: true },
    { method: 'POST', path, garbage: true, after_commit: true },
  ]);
  await expect(b.create({ prompt: 'x', tags: ['lost'] })).rejects.toThrow();
  expect((await b.create({ prompt: 'x' })).status).toBe(502);
  await expect(b.create({ prompt: 'x' })).rejects.toThrow();
  expect((await b.create({ prompt: 'x' })).status).toBe(200);
  expect(await count()).toBe(start + 4);
  expect((await b.ask(b.path('sessions?tags=lost'))).body.total).toBe(1);
});
