import { describe, expect, test } from 'vitest';
import { fieldClock, UNHURRIED } from './clock.ts';
import { done, END_AT, report, works } from './scripts.ts';
import type { Outcome, Reply, Seen } from './server/http.ts';
import { type Field, type Match, ORG } from './server/index.ts';
import { create, field, fieldHere, read, said, story } from './support.ts';

const SESSION = /\/sessions\/[^/]+$/;
const MESSAGES = /\/messages$/;
const HTML: Reply = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  raw: '<!doctype html><html><head><title>One moment</title></head></html>',
};

/** Whether so many seconds have passed since the session was created. */
const since = (api: Field, seconds: number) => {
  const [session] = api.sessions;
  return session !== undefined && api.clock.now() - session.createdAt >= seconds * 1000;
};

interface Fault {
  readonly name: string;
  readonly match: (api: Field) => Match;
  readonly outcome: Outcome;
  /** Inputs, where the defaults would make the test long. */
  readonly inputs?: Readonly<Record<string, string>>;
  readonly warnings?: number;
}

const reading = (api: Field): Match => ({ method: 'GET', when: () => since(api, 10) });

/** Faults of which each alone is minor. */
const FAULTS: readonly Fault[] = [
  ...[403, 404, 500].map(
    (status): Fault => ({
      name: `constant ${status} on messages gives one warning`,
      match: () => ({ method: 'GET', path: MESSAGES }),
      outcome: { status, body: { detail: 'No.' } },
      warnings: 1,
    }),
  ),
  {
    name: '40 s of 503',
    match: (api) => ({ ...reading(api), seconds: 40 }),
    outcome: { status: 503, raw: 'Service Unavailable' },
  },
  {
    name: '40 s of 500 on the session alone',
    match: (api) => ({ ...reading(api), path: SESSION, seconds: 40 }),
    outcome: { status: 500, raw: '' },
  },
  {
    name: '429 without Retry-After for 30 s',
    match: (api) => ({ ...reading(api), seconds: 30 }),
    outcome: { status: 429, body: { detail: 'Too many requests' } },
  },
  {
    name: 'Retry-After: 0 for 4 s',
    match: (api) => ({ ...reading(api), seconds: 4 }),
    outcome: { status: 429, headers: { 'retry-after': '0' }, raw: '' },
  },
  {
    name: 'one 404 at 18 s',
    match: (api) => ({ method: 'GET', path: SESSION, when: () => since(api, 18), times: 1 }),
    outcome: { status: 404, body: { detail: 'Session not found' } },
  },
  {
    name: 'a 404 and a 403 in a row on the session',
    match: (api) => ({ method: 'GET', path: SESSION, when: () => since(api, 18), times: 2 }),
    outcome: { status: 403, body: { detail: 'Unauthorized' } },
  },
  {
    name: 'one HTML page with 200 on the session',
    match: (api) => ({ method: 'GET', path: SESSION, when: () => since(api, 15), times: 1 }),
    outcome: HTML,
  },
  {
    name: 'one HTML page with 200 on the messages',
    match: (api) => ({ method: 'GET', path: MESSAGES, when: () => since(api, 15), times: 1 }),
    outcome: HTML,
  },
  {
    name: 'JSON that is no session',
    match: (api) => ({ method: 'GET', path: SESSION, when: () => since(api, 15), times: 2 }),
    outcome: { status: 200, body: [] },
  },
  {
    name: 'a request that hangs',
    match: (api) => ({ method: 'GET', path: SESSION, when: () => since(api, 15), times: 1 }),
    outcome: 'hang',
    inputs: { request_timeout: '20s' },
  },
  {
    name: 'messages that hang',
    match: (api) => ({ method: 'GET', path: MESSAGES, when: () => since(api, 10) }),
    outcome: 'hang',
    inputs: { request_timeout: '20s', timeout: '30m' },
    warnings: 1,
  },
  {
    name: 'connections that are reset for 20 s',
    match: (api) => ({ ...reading(api), seconds: 20 }),
    outcome: 'reset',
  },
];

const errors = (result: Parameters<typeof said>[0]) => said(result, 'error').join('\n');

describe.concurrent('a wait is not ended by', () => {
  test.each(FAULTS)('$name', async ({ match, outcome, inputs = {}, warnings }) => {
    const script = done('Done in spite of it.', 60);
    const api = await (outcome === 'hang' ? field : fieldHere)({ script });
    api.before(match(api), outcome);
    const result = await create(api, { wait: 'finished', poll_interval: '5s', ...inputs });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      session_outcome: 'finished',
      summary: 'Done in spite of it.',
    });
    if (warnings !== undefined) expect(said(result, 'warning')).toHaveLength(warnings);
    expect(api.lines('POST')).toHaveLength(1);
    // However fast the faults come, they are asked for no faster than a person would bear.
    expect(api.requests.length).toBeLessThan(150);
  });

  test('a cursor of messages that starts to get 422: all of them are shown, each once', async () => {
    const script = works(
      { at: 10, message: 'First.' },
      { at: 20, message: 'Second.' },
      { at: 35, message: 'Third.' },
      { at: END_AT, detail: 'waiting_for_user', output: report('done', 'Done.') },
    );
    const api = await fieldHere({ script });
    const stale = ({ query }: Seen) => query.has('after') && since(api, 15);
    api.before(
      { method: 'GET', path: MESSAGES, when: stale },
      { status: 422, body: { detail: 'after: not a cursor' } },
    );
    const result = await create(api, { wait: 'finished', poll_interval: '2s' });
    expect(result.exitCode, story(result)).toBe(0);
    for (const text of ['First.', 'Second.', 'Third.'])
      expect(
        result.log.filter((line) => line.includes(text)),
        text,
      ).toHaveLength(1);
  });
});

/** Everything but a create fails from the tenth second on. */
const down = (api: Field, outcome: Outcome, but: (request: Seen) => boolean = () => false) =>
  api.before({ when: (request) => since(api, 10) && !but(request) }, outcome);

const isDelete = ({ method }: Seen) => method === 'DELETE';
const DELETE_LINE = (api: Field) => `DELETE /v3/organizations/${ORG}/sessions/devin-${api.session().id}`;

describe.concurrent('timeout', () => {
  test('means timeout while the API is down, and the session is not said to have ended', async () => {
    const api = await fieldHere({ clock: fieldClock(UNHURRIED), script: works() });
    down(api, { status: 503, raw: '' });
    const result = await create(api, { wait: 'finished', timeout: '40s' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out' });
    expect(`${errors(result)}\n${read(result)}`).toContain('may still be running');
    expect(`${errors(result)}\n${read(result)}`).toContain(`https://app.devin.ai/sessions/${api.session().id}`);
  });

  test.each([
    ['the API is down for everything but DELETE', { status: 503, raw: '' }],
    ['the API rate-limits for an hour', { status: 429, headers: { 'retry-after': '3600' }, raw: '' }],
    ['the API does not respond', 'hang' as const],
  ])('carries out on_timeout while %s', async (_name, outcome: Outcome) => {
    const api = await fieldHere({ clock: fieldClock(UNHURRIED), script: works() });
    down(api, outcome, isDelete);
    const result = await create(api, {
      wait: 'finished',
      timeout: '40s',
      on_timeout: 'terminate',
      request_timeout: '8s',
    });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out' });
    expect(api.lines('DELETE')).toContain(DELETE_LINE(api));
  });

  test('tries on_timeout even if the API is down for that as well, and says that the session may still be running', async () => {
    const api = await fieldHere({ clock: fieldClock(UNHURRIED), script: works() });
    down(api, { status: 503, raw: '' });
    const result = await create(api, { wait: 'finished', timeout: '40s', on_timeout: 'terminate' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'timeout' });
    expect(api.lines('DELETE')).toContain(DELETE_LINE(api));
    expect(`${errors(result)}\n${read(result)}`).toContain('may still be running');
  });

  test.each(['leave', 'terminate', 'archive'] as const)('with on_timeout: %s does that', async (how) => {
    const api = await fieldHere({ clock: fieldClock(UNHURRIED), script: works() });
    const result = await create(api, { wait: 'finished', timeout: '30s', on_timeout: how });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out' });
    const ends = api.requests.filter(({ method, path }) => method === 'DELETE' || path.endsWith('/archive'));
    expect(ends).toHaveLength(how === 'leave' ? 0 : 1);
    expect(api.session().archived).toBe(how === 'archive');
  });

  test('is preceded by one last poll: what finished before it counts, however long poll_interval is', async () => {
    const api = await fieldHere({ clock: fieldClock(UNHURRIED), script: done('Just in time.', 10) });
    const result = await create(api, {
      wait: 'finished',
      poll_interval: '1h',
      timeout: '30s',
      on_timeout: 'terminate',
    });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ session_outcome: 'finished', summary: 'Just in time.' });
    expect(api.lines('DELETE')).toEqual([]);
  });
});

describe.concurrent('a session that is lost sight of', () => {
  test.each([401, 403, 404, 410])(
    'by three times %i in a row may still be running, and is not said to have ended',
    async (status) => {
      const api = await fieldHere({ script: works() });
      // It was seen once: a session that never was may be too new for some part of the API.
      api.before({ method: 'GET', path: SESSION, skip: 1 }, { status, body: { detail: 'No.' } });
      const result = await create(api, { wait: 'finished', timeout: '10m', on_timeout: 'terminate' });
      expect(result.exitCode, story(result)).toBe(1);
      expect(result.outputs['error_code']).not.toBe('timeout');
      expect(result.outputs['session_outcome']).toBe('running');
      expect(errors(result)).toContain('may still be running');
      expect(`${errors(result)}\n${read(result)}`).toContain(`https://app.devin.ai/sessions/${api.session().id}`);
      const refused = api.requests.filter((request) => SESSION.test(request.path) && request.status === status);
      expect(refused).toHaveLength(3);
      const [first, second, third] = refused.map(({ at }) => at);
      // Ten and thirty seconds, which a busy machine only makes longer.
      expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(9);
      expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(19);
    },
  );
});
