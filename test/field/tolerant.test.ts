import { describe, expect, test } from 'vitest';
import { FITS, fits, SCHEMA } from './scripts.ts';
import { ABSENT, type ScriptStep } from './server/script.ts';
import { create, fieldHere, fields, items, json, said, step, story } from './support.ts';

const PULL_REQUEST = 'https://github.com/acme/api/pull/482';

interface Odd {
  readonly value: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Fields once the session has stopped, where the odd ones would keep it from stopping. */
  readonly atEnd?: Readonly<Record<string, unknown>>;
  /** Outputs of `create-session`, where they say more than that it finished. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** Values that no document allows and that responses have, or may have. */
const ODD: readonly Odd[] = [
  { value: 'acus_consumed null', fields: { acus_consumed: null }, outputs: { acus_consumed: '' } },
  { value: 'acus_consumed "0"', fields: { acus_consumed: '0' }, outputs: { acus_consumed: '' } },
  { value: 'acus_consumed absent', fields: { acus_consumed: ABSENT }, outputs: { acus_consumed: '' } },
  { value: 'acus_consumed 0 after work', fields: { acus_consumed: 0 }, outputs: { acus_consumed: '' } },
  { value: 'updated_at null', fields: { updated_at: null } },
  { value: 'updated_at with a fraction', fields: { updated_at: 1_700_000_000.5 } },
  { value: 'updated_at as ISO text', fields: { updated_at: '2026-11-20T08:00:00Z' } },
  { value: 'created_at as ISO text', fields: { created_at: '2026-11-20T08:00:00Z' } },
  { value: 'created_at as numeric text', fields: { created_at: '1700000000' } },
  { value: 'created_at absent', fields: { created_at: ABSENT } },
  { value: 'pull_requests null', fields: { pull_requests: null }, outputs: { pull_requests: '[]' } },
  {
    value: 'a pull request without pr_state',
    fields: { pull_requests: [{ pr_url: PULL_REQUEST }] },
    outputs: { pull_request_url: PULL_REQUEST },
  },
  {
    value: 'a pull request with pr_url null',
    fields: {
      pull_requests: [
        { pr_url: null, pr_state: 'open' },
        { pr_url: PULL_REQUEST, pr_state: 'open' },
      ],
    },
    outputs: { pull_request_url: PULL_REQUEST },
  },
  { value: 'tags null', fields: { tags: null } },
  { value: 'status null', fields: { status: null }, atEnd: { status: 'running' } },
  { value: 'url null', fields: { url: null } },
  {
    value: 'structured_output as JSON text',
    fields: {},
    atEnd: { structured_output: JSON.stringify(FITS) },
    outputs: { structured_output: JSON.stringify(FITS) },
  },
  { value: 'structured_output "null" until it exists', fields: { structured_output: 'null' }, atEnd: {} },
  { value: 'org_id absent', fields: { org_id: ABSENT } },
  { value: 'user_id bot_apk', fields: { user_id: 'bot_apk', service_user_id: null } },
  { value: 'values of enums that are new', fields: { devin_mode: 'warp', origin: 'moon', category: 'poetry' } },
  { value: 'members that are new, in every form', fields: { brand_new: { deep: [1, null] }, other: [] } },
  {
    value: 'nothing but the id',
    fields: Object.fromEntries(
      ['url', 'title', 'tags', 'org_id', 'user_id', 'created_at', 'updated_at', 'acus_consumed', 'is_archived']
        .concat(['origin', 'parent_session_id', 'child_session_ids', 'playbook_id', 'devin_mode', 'service_user_id'])
        .map((name) => [name, ABSENT]),
    ),
  },
];

/** A session that has odd values all its life. */
const oddLife = ({ fields, atEnd = {} }: Pick<Odd, 'fields' | 'atEnd'>): readonly ScriptStep[] =>
  fits(20).map((one, index, all) => ({
    ...one,
    fields: {
      ...(index < all.length - 1 ? fields : {}),
      ...(index === all.length - 1 ? { structured_output: FITS, ...atEnd } : {}),
    },
  }));

describe.concurrent('odd values in responses', () => {
  test.each(ODD)('create-session finishes with $value', async (odd) => {
    const api = await fieldHere({ script: oddLife(odd) });
    const result = await create(api, { wait: 'finished', poll_interval: '5s', structured_output_schema: SCHEMA });
    expect(result.exitCode, story(result)).toBe(0);
    const { id } = api.session();
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      session_outcome: 'finished',
      session_id: `devin-${id}`,
      session_url: `https://app.devin.ai/sessions/${id}`,
      structured_output: JSON.stringify(FITS),
      structured_output_checked: 'true',
      ...odd.outputs,
    });
    expect(result.summary).toContain(`https://app.devin.ai/sessions/${id}`);
    expect(result.summary).not.toMatch(/\b(NaN|undefined|Invalid Date)\b/);
    expect(result.stdout).not.toMatch(/\b(NaN|undefined|Invalid Date)\b/);
  });

  test('list-sessions lists a session with each of them', async () => {
    const api = await fieldHere();
    for (const { value, fields } of ODD)
      api.start({ prompt: value }, [{ at: 0, status: 'running', detail: 'waiting_for_user', fields }]);
    const result = await step(api, { operation: 'list-sessions' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(said(result, 'warning')).toEqual([]);
    const ids = api.sessions.map(({ id }) => expect.objectContaining({ session_id: `devin-${id}` }));
    expect(json(result, 'sessions')).toHaveLength(ODD.length);
    expect(json(result, 'sessions')).toEqual(expect.arrayContaining(ids));
  });

  test.each([
    ['an array', [1, 2], '[1,2]'],
    ['a number', 7, '7'],
    ['the text "null"', 'null', ''],
    ['JSON as text', '{"a":1}', '{"a":1}'],
    ['an empty object', {}, '{}'],
  ])('get-session gives structured output that is %s', async (_name, output, expected) => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' }, [
      { at: 0, status: 'running', detail: 'waiting_for_user', output },
    ]);
    const result = await step(api, { operation: 'get-session', session_id: session.id });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs['structured_output']).toBe(expected);
  });

  test('a state that this release does not know is shown as it is', async () => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' }, [{ at: 0, status: 'hibernating', detail: 'deep_sleep' }]);
    const result = await step(api, { operation: 'get-session', session_id: session.id });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ session_status: 'hibernating', session_status_detail: 'deep_sleep' });
  });
});

const LIST = /\/sessions$/;

describe.concurrent('lists', () => {
  test('a row that cannot be read is dropped with one warning, and the others are listed', async () => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' });
    api.after({ method: 'GET', path: LIST }, (reply) => {
      return {
        ...reply,
        body: {
          ...fields(reply.body),
          items: [null, {}, 'text', { session_id: null }, ...items(reply.body), { session_id: 7 }],
        },
      };
    });
    const result = await step(api, { operation: 'list-sessions' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(json(result, 'sessions')).toMatchObject([{ session_id: `devin-${session.id}` }]);
    expect(said(result, 'warning')).toHaveLength(1);
    expect(said(result, 'warning')[0]).toMatch(/\b5\b/);
  });

  test('has_next_page may be absent: a full page with end_cursor is not the last one', async () => {
    const api = await fieldHere();
    for (let count = 0; count < 230; count += 1) api.start({ prompt: `Task ${count}` });
    api.after({ method: 'GET', path: LIST }, (reply) => {
      const { has_next_page: _, ...body } = fields(reply.body);
      return { ...reply, body };
    });
    const result = await step(api, { operation: 'list-sessions', max_results: '1000' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs['count']).toBe('230');
    const sizes = api.requests.map(({ query }) => Number(query.get('first') ?? 100));
    expect(api.requests).toHaveLength(Math.ceil(230 / (sizes[0] ?? 100)));
  });

  test('end_cursor with has_next_page false is the last page', async () => {
    const api = await fieldHere();
    for (let count = 0; count < 200; count += 1) api.start({ prompt: `Task ${count}` });
    const result = await step(api, { operation: 'list-sessions', max_results: '1000' });
    expect(result.outputs['count'], story(result)).toBe('200');
    const sizes = api.requests.map(({ query }) => Number(query.get('first') ?? 100));
    expect(api.requests).toHaveLength(200 / (sizes[0] ?? 100));
  });

  test('are sorted, and have each session once, whatever order the API has', async () => {
    const api = await fieldHere();
    const times = [5, 1, 4, 2, 3];
    for (const day of times)
      api.start({ prompt: `Day ${day}`, title: `Day ${day}` }, [
        { at: 0, status: 'exit', fields: { created_at: 1_700_000_000 + day * 86_400 } },
      ]);
    const run = async () => json(await step(api, { operation: 'list-sessions' }), 'sessions');
    const first = await run();
    api.after({ method: 'GET', path: LIST }, (reply) => {
      const rows = items(reply.body);
      return { ...reply, body: { ...fields(reply.body), items: [...rows.toReversed(), ...rows.slice(0, 2)] } };
    });
    const second = await run();
    expect(first).toMatchObject([5, 4, 3, 2, 1].map((day) => ({ title: `Day ${day}` })));
    expect(second).toEqual(first);
  });

  test('that were cut say so', async () => {
    const api = await fieldHere();
    for (let count = 0; count < 12; count += 1) api.start({ prompt: `Task ${count}` });
    const result = await step(api, { operation: 'list-sessions', max_results: '5' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs['count']).toBe('5');
    expect(result.summary).toMatch(/truncated|and more|more sessions|max_results/i);
  });

  test('that are whole do not say that they were cut', async () => {
    const api = await fieldHere();
    for (let count = 0; count < 5; count += 1) api.start({ prompt: `Task ${count}` });
    const result = await step(api, { operation: 'list-sessions', max_results: '5' });
    expect(result.outputs['count'], story(result)).toBe('5');
    expect(result.summary).not.toMatch(/truncated|and more|more sessions/i);
  });
});
