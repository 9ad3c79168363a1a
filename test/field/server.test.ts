import { describe, expect, test } from 'vitest';
import { atEnd } from '../at-end.ts';
import type { FieldClock } from './clock.ts';
import { type Field, ORG, ORG_KEY, OTHER_ORG, openField } from './server/index.ts';
import { field, fields, items } from './support.ts';

const SESSIONS = `/v3/organizations/${ORG}/sessions`;

interface Got {
  readonly status: number;
  readonly body: unknown;
}

async function call(api: Field, method: string, path: string, body?: unknown, key = ORG_KEY): Promise<Got> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** A time that passes when a test says so. */
function manualClock(): FieldClock & { pass(seconds: number): void } {
  let now = 1_790_000_000_000;
  return {
    now: () => now,
    sleep: async () => undefined,
    env: {},
    pass(seconds) {
      now += seconds * 1000;
    },
  };
}

describe.concurrent('the API of these tests behaves as its clients report', () => {
  test('ids are bare in responses, and refused bare in paths', async () => {
    const api = await field();
    const { status, body } = await call(api, 'POST', SESSIONS, { prompt: 'Fix it.' });
    expect(status).toBe(200);
    const { id } = api.session();
    expect(body).toMatchObject({ session_id: id, url: `https://app.devin.ai/sessions/${id}`, status: 'new' });
    expect(body).toMatchObject({ status_detail: null, structured_output: null, user_id: 'bot_apk', acus_consumed: 0 });
    expect(await call(api, 'GET', `${SESSIONS}/${id}`)).toEqual({ status: 403, body: { detail: 'Forbidden' } });
    expect(await call(api, 'GET', `${SESSIONS}/devin-${id}`)).toMatchObject({ status: 200, body: { session_id: id } });
    expect(await call(api, 'GET', `${SESSIONS}/devin-${'0'.repeat(32)}`)).toMatchObject({ status: 404 });
  });

  test('a wrong key, a wrong organization and a path of the enterprise are 403 Unauthorized alike', async () => {
    const api = await field();
    const refused = { status: 403, body: { detail: 'Unauthorized' } };
    expect(await call(api, 'GET', SESSIONS, undefined, 'cog_wrong')).toEqual(refused);
    expect(await call(api, 'GET', `/v3/organizations/${OTHER_ORG}/sessions`)).toEqual(refused);
    expect(await call(api, 'GET', '/v3/enterprise/organizations')).toEqual(refused);
    expect(await call(api, 'GET', '/v3/nothing')).toMatchObject({ status: 404, body: { title: 'Not Found' } });
  });

  test('a session follows its script, and a message starts the next one, after a while of the old state', async () => {
    const clock = manualClock();
    const api = await field({
      clock,
      script: [
        { at: 0, status: 'new', detail: null },
        { at: 10, status: 'running', detail: 'working', message: 'I begin.' },
        { polls: 3, detail: 'waiting_for_user', output: { a: 1 } },
      ],
      onMessage: [
        { at: 60, detail: 'working' },
        { at: 90, detail: 'waiting_for_user', output: { a: 2 } },
      ],
    });
    const session = api.start({ prompt: 'Fix it.' });
    const path = `${SESSIONS}/devin-${session.id}`;
    const read = () => call(api, 'GET', path);
    expect((await read()).body).toMatchObject({ status: 'new' });
    clock.pass(10);
    const working = { status: 'running', status_detail: 'working', structured_output: null };
    const waiting = { status: 'running', status_detail: 'waiting_for_user', structured_output: { a: 1 } };
    expect((await read()).body).toMatchObject(working);
    expect((await read()).body).toMatchObject(working);
    expect((await read()).body).toMatchObject(waiting);
    await call(api, 'POST', `${path}/messages`, { message: 'More.' });
    expect((await read()).body).toMatchObject(waiting);
    clock.pass(60);
    expect((await read()).body).toMatchObject({ status_detail: 'working', structured_output: { a: 1 } });
    clock.pass(30);
    expect((await read()).body).toMatchObject({ status_detail: 'waiting_for_user', structured_output: { a: 2 } });
    const { body: messages } = await call(api, 'GET', `${path}/messages`);
    expect(items(messages).map((row) => fields(row)['message'])).toEqual(['Fix it.', 'I begin.', 'More.']);
    expect(messages).toMatchObject({ total: null, has_next_page: false, end_cursor: 'cursor-3' });
  });

  test('a terminated session runs on for ten seconds, then exits', async () => {
    const clock = manualClock();
    const api = await field({ clock, script: [{ at: 0, status: 'running', detail: 'working' }] });
    const path = `${SESSIONS}/devin-${api.start({ prompt: 'Fix it.' }).id}`;
    expect(await call(api, 'DELETE', `${path}?archive=true`)).toMatchObject({
      status: 200,
      body: { status: 'running', is_archived: true },
    });
    clock.pass(9);
    expect(await call(api, 'GET', path)).toMatchObject({ body: { status: 'running' } });
    clock.pass(1);
    expect(await call(api, 'GET', path)).toMatchObject({ body: { status: 'exit' } });
  });

  test('lists, messages and tags lag as a test says', async () => {
    const clock = manualClock();
    const api = await field({ clock, lags: { lists: 100, messages: 100, tags: 100 } });
    const session = api.start({ prompt: 'Fix it.', tags: ['a'] });
    const path = `${SESSIONS}/devin-${session.id}`;
    expect(items((await call(api, 'GET', SESSIONS)).body)).toEqual([]);
    expect(items((await call(api, 'GET', `${path}/messages`)).body)).toEqual([]);
    expect(await call(api, 'PUT', `${path}/tags`, { tags: ['b'] })).toMatchObject({ body: { tags: ['b'] } });
    expect(await call(api, 'GET', path)).toMatchObject({ body: { tags: ['a'] } });
    clock.pass(100);
    expect(items((await call(api, 'GET', SESSIONS)).body)).toHaveLength(1);
    expect(items((await call(api, 'GET', `${path}/messages`)).body)).not.toEqual([]);
    expect(await call(api, 'GET', path)).toMatchObject({ body: { tags: ['b'] } });
  });

  test('a file is behind a redirect to another origin, which rejects a credential', async () => {
    const api = await openField();
    atEnd(() => api.close());
    const session = api.start({ prompt: 'Fix it.' });
    api.addFile(session, 'a.txt', 'Hello.');
    const { body } = await call(api, 'GET', `${SESSIONS}/devin-${session.id}/attachments`);
    const { url, attachment_id: id } = fields(Array.isArray(body) ? body[0] : undefined);
    const [, uuid] = /attachments\/([^/]+)\/a\.txt$/.exec(String(url)) ?? [];
    expect(id).not.toBe(uuid);
    const headers = { authorization: `Bearer ${ORG_KEY}` };
    const response = await fetch(`${api.url}/v3/organizations/${ORG}/attachments/${uuid}/a.txt`, {
      headers,
      redirect: 'manual',
    });
    expect(response.status).toBe(307);
    const location = response.headers.get('location') ?? '';
    expect(new URL(location).origin).not.toBe(api.url);
    expect((await fetch(location, { headers })).status).toBe(400);
    expect(await (await fetch(location)).text()).toBe('Hello.');
  });

  test('hooks catch a request before it is handled, or its response after it took effect', async () => {
    const api = await field();
    api.before({ method: 'POST', times: 1 }, { status: 503, body: {} });
    api.after({ method: 'POST', times: 1 }, { status: 504, body: {} });
    expect((await call(api, 'POST', SESSIONS, { prompt: 'One.' })).status).toBe(503);
    expect(api.sessions).toHaveLength(0);
    expect((await call(api, 'POST', SESSIONS, { prompt: 'Two.' })).status).toBe(504);
    expect(api.sessions).toHaveLength(1);
    expect((await call(api, 'POST', SESSIONS, { prompt: 'Three.' })).status).toBe(200);
    api.before({}, 'reset');
    await expect(call(api, 'GET', SESSIONS)).rejects.toThrow();
    expect(api.requests.map(({ status }) => status)).toEqual([503, 504, 200, undefined]);
  });
});
