import { describe, expect, test } from 'vitest';
import { END_AT, FITS, report, SCHEMA, works } from './scripts.ts';
import { ORG } from './server/index.ts';
import type { ScriptStep } from './server/script.ts';
import { create, fieldHere, said, step, story } from './support.ts';

const MESSAGES = /\/messages$/;
const STOPPED = { at: 0, status: 'running', detail: 'waiting_for_user' } as const;

/** A script after a message: the old state for a while, work, then another stop. */
const turn = (oldFor: number, ...end: readonly ScriptStep[]): readonly ScriptStep[] => [
  { at: oldFor, status: 'running', detail: 'working' },
  ...end,
];

describe.concurrent('messages of a session', () => {
  test.each(['get-session', 'wait-for-session'])('that cannot be read do not fail %s', async (operation) => {
    for (const outcome of [
      { status: 403, body: { detail: 'Forbidden' } },
      { status: 500, raw: '' },
    ]) {
      const api = await fieldHere();
      const session = api.start({ prompt: 'Fix it.' }, [{ at: 0, status: 'running', detail: 'finished' }]);
      api.before({ path: MESSAGES }, outcome);
      const result = await step(api, { operation, session_id: session.id });
      expect(result.exitCode, story(result)).toBe(0);
      expect(result.outputs).toMatchObject({ session_outcome: 'finished' });
    }
  });

  test('are read with follow one page for each poll, from where the last one ended', async () => {
    const script = works(
      ...Array.from({ length: 12 }, (_, index): ScriptStep => ({ at: 10 + index * 5, message: `Step ${index}.` })),
      { at: 80, detail: 'waiting_for_user', output: report('done', 'Done.') },
    );
    const api = await fieldHere({ script });
    const result = await create(api, { wait: 'finished', poll_interval: '5s', follow: 'true' });
    expect(result.exitCode, story(result)).toBe(0);
    for (let index = 0; index < 12; index += 1)
      expect(
        result.log.filter((line) => line.includes(`Step ${index}.`)),
        story(result),
      ).toHaveLength(1);
    const count = (path: RegExp) => api.requests.filter((request) => path.test(request.path)).length;
    expect(count(MESSAGES)).toBeLessThanOrEqual(count(/\/sessions\/[^/]+$/) + 3);
    // Once there is a cursor, it is used.
    const reads = api.requests.filter(({ path }) => MESSAGES.test(path));
    expect(reads.slice(2).every(({ query }) => query.has('after'))).toBe(true);
  });

  test('are told apart by event_id: the same words twice are shown twice', async () => {
    const script = works(
      { at: 10, message: 'Running the tests again.' },
      { at: 11, message: 'Running the tests again.' },
      { at: END_AT, detail: 'waiting_for_user', output: report('done', 'Done.') },
    );
    const api = await fieldHere({ script });
    const result = await create(api, { wait: 'finished', poll_interval: '5s' });
    expect(
      result.log.filter((line) => line.includes('Running the tests again.')),
      story(result),
    ).toHaveLength(2);
  });

  test('with attachment marks have names and links in their place', async () => {
    const url = 'https://app.devin.ai/attachments/11111111-2222-3333-4444-555555555555/trace.txt';
    const message = `See ATTACHMENT:"${url}" and ATTACHMENT:{"name":"plan.md","url":"${url.replace('trace.txt', 'plan.md')}"}`;
    const api = await fieldHere({
      script: works({ at: END_AT, detail: 'waiting_for_user', output: report('done', 'x'), message }),
    });
    const result = await create(api, { wait: 'finished' });
    const last = result.outputs['last_message'] ?? '';
    expect(last, story(result)).toMatch(/^See /);
    expect(last).not.toContain('ATTACHMENT:');
    expect(last).toContain('trace.txt');
    expect(last).toContain('plan.md');
    expect(last).toContain(url);
  });

  test('that warn about the environment are not the last message', async () => {
    const script = works(
      { at: 20, message: 'The parser keeps the comma now.' },
      { at: 30, message: 'Warning: git pull failed for acme/api, the environment may be out of date.' },
      { at: END_AT, detail: 'waiting_for_user', output: report('done', 'Done.') },
    );
    const api = await fieldHere({ script });
    const result = await create(api, { wait: 'finished' });
    expect(result.outputs['last_message'], story(result)).toBe('The parser keeps the comma now.');
  });
});

const send = { operation: 'send-message', message: 'Also add a test.' } as const;
const wait = { ...send, wait: 'finished', poll_interval: '5s' } as const;

describe.concurrent('send-message', () => {
  test('sends a message once in a run, and again in the next run', async () => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' }, [STOPPED]);
    const inputs = { ...send, session_id: session.id };
    for (const [id, attempt] of [
      ['1', '1'],
      ['1', '2'],
      ['2', '1'],
    ]) {
      const result = await step(api, inputs, { env: { GITHUB_RUN_ID: id ?? '', GITHUB_RUN_ATTEMPT: attempt ?? '' } });
      expect(result.exitCode, story(result)).toBe(0);
    }
    expect(api.lines('POST').filter((line) => line.endsWith('/messages'))).toHaveLength(2);
  });

  test('is done with any 2xx, whatever the body', async () => {
    for (const reply of [
      { status: 202, raw: '' },
      { status: 204 },
      { status: 200, raw: 'ok' },
      { status: 200, body: {} },
    ]) {
      const api = await fieldHere();
      const session = api.start({ prompt: 'Fix it.' }, [STOPPED]);
      api.after({ method: 'POST', path: MESSAGES }, reply);
      const result = await step(api, { ...send, session_id: session.id });
      expect(result.exitCode, story(result)).toBe(0);
      expect(result.outputs['session_id']).toBe(`devin-${session.id}`);
    }
  });

  test('bears 404 on a session that is new', async () => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' });
    api.before({ path: /\/sessions\/[^/]+/, seconds: 8 }, { status: 404, body: { detail: 'Session not found' } });
    const result = await step(api, { ...send, session_id: session.id });
    expect(result.exitCode, story(result)).toBe(0);
    expect(session.messages.filter(({ source }) => source === 'user')).toHaveLength(2);
  });

  test('waits for the turn that it starts, not for the old end, which shows for 40 s', async () => {
    const old = report('done', 'The old result.');
    const api = await fieldHere({
      onMessage: turn(40, { at: 70, detail: 'waiting_for_user', output: report('done', 'The new result.') }),
    });
    const session = api.start({ prompt: 'Fix it.', tags: ['devin-action:report'] }, [
      { ...STOPPED, output: old, message: 'Old.' },
    ]);
    const result = await step(api, { ...wait, session_id: session.id });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ session_outcome: 'finished', summary: 'The new result.' });
  });

  test('takes a reply of Devin for the result where the report stays as it was', async () => {
    const api = await fieldHere({
      onMessage: turn(5, { at: 30, detail: 'waiting_for_user', message: 'I have added the test.' }),
    });
    const session = api.start({ prompt: 'Fix it.', tags: ['devin-action:report'] }, [
      { ...STOPPED, output: report('done', 'Old.'), message: 'Old.' },
    ]);
    const result = await step(api, { ...wait, session_id: session.id });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ session_outcome: 'finished', summary: 'I have added the test.' });
  });

  test('does not take output that is as it was before the message for the result', async () => {
    const api = await fieldHere({
      onMessage: turn(5, {
        at: 30,
        detail: 'waiting_for_user',
        message: 'Which test do you mean?',
        output: report('question', 'Which test?'),
      }),
    });
    const session = api.start({ prompt: 'Fix it.', tags: ['devin-action:report'] }, [
      { ...STOPPED, output: report('done', 'Old.') },
    ]);
    const result = await step(api, { ...wait, session_id: session.id });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ session_outcome: 'waiting', last_message: 'Which test do you mean?' });
  });

  test('asks a session that has a report to update it, with one line at the end', async () => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.', tags: ['devin-action:report'] }, [STOPPED]);
    const result = await step(api, { ...send, session_id: session.id });
    expect(result.exitCode, story(result)).toBe(0);
    const sent = session.messages.at(-1)?.message ?? '';
    expect(sent.startsWith('Also add a test.')).toBe(true);
    expect(sent.trim().split(/\n+/)).toHaveLength(2);
    expect(sent).toMatch(/structured output|report/i);
  });
});

describe.concurrent('wait-for-session after send-message', () => {
  test('in another step never gives the end of the turn before', async () => {
    const api = await fieldHere({
      onMessage: turn(30, {
        at: 60,
        detail: 'waiting_for_user',
        output: report('done', 'The new result.'),
        message: 'New.',
      }),
    });
    const session = api.start({ prompt: 'Fix it.', tags: ['devin-action:report'] }, [
      { ...STOPPED, output: report('done', 'The old result.'), message: 'Old.' },
    ]);
    const sent = await step(api, { ...send, session_id: session.id });
    expect(sent.exitCode, story(sent)).toBe(0);
    const result = await step(api, { operation: 'wait-for-session', session_id: session.id, poll_interval: '5s' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ session_outcome: 'finished', summary: 'The new result.' });
  });

  test.each([
    ['exit', { at: 2, status: 'exit', detail: null }, 'terminated'],
    ['error', { at: 2, status: 'error', detail: null }, 'failed'],
  ] as const)('counts %s immediately', async (_name, end, outcome) => {
    const api = await fieldHere({ onMessage: [end] });
    const session = api.start({ prompt: 'Fix it.' }, [STOPPED]);
    await step(api, { ...send, session_id: session.id });
    const result = await step(api, { operation: 'wait-for-session', session_id: session.id, poll_interval: '5s' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs['session_outcome']).toBe(outcome);
  });

  test('with a schema reads output that another job asked for', async () => {
    const api = await fieldHere();
    const session = api.start({ prompt: 'Fix it.' }, [{ ...STOPPED, output: FITS, message: 'Done.' }]);
    const result = await step(api, {
      operation: 'wait-for-session',
      session_id: session.id,
      structured_output_schema: SCHEMA,
    });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ session_outcome: 'finished', structured_output_checked: 'true' });
    expect(said(result, 'warning')).toEqual([]);
    expect(api.lines('POST')).toEqual([]);
  });
});

describe.concurrent('reuse', () => {
  const reuse = { reuse: 'key', reuse_key: 'parser', wait: 'finished', poll_interval: '5s' } as const;

  test('messages the session of its key and waits for the new turn, although the old end shows for 40 s', async () => {
    const api = await fieldHere({
      script: works({ at: 20, detail: 'waiting_for_user', output: report('done', 'First.'), message: 'First.' }),
      onMessage: turn(40, {
        at: 70,
        detail: 'waiting_for_user',
        output: report('done', 'Second.'),
        message: 'Second.',
      }),
    });
    const first = await create(api, reuse, { env: { GITHUB_RUN_ID: '1' } });
    expect(first.outputs, story(first)).toMatchObject({ created: 'true', summary: 'First.' });
    const second = await create(api, { ...reuse, prompt: 'And the docs.' }, { env: { GITHUB_RUN_ID: '2' } });
    expect(second.exitCode, story(second)).toBe(0);
    expect(second.outputs).toMatchObject({ created: 'false', reused: 'true', summary: 'Second.' });
    expect(api.lines('POST')).toEqual([
      `POST /v3/organizations/${ORG}/sessions`,
      `POST /v3/organizations/${ORG}/sessions/devin-${api.session().id}/messages`,
    ]);
  });

  test('sends its message once in a run', async () => {
    const api = await fieldHere({
      script: works({ at: 20, detail: 'waiting_for_user', output: report('done', 'First.'), message: 'First.' }),
    });
    await create(api, reuse, { env: { GITHUB_RUN_ID: '1' } });
    for (const attempt of ['1', '2']) {
      const env = { GITHUB_RUN_ID: '2', GITHUB_RUN_ATTEMPT: attempt };
      const again = await create(api, { ...reuse, prompt: 'And the docs.', wait: 'none' }, { env });
      expect(again.exitCode, story(again)).toBe(0);
    }
    expect(api.lines('POST').filter((line) => line.endsWith('/messages'))).toHaveLength(1);
  });
});
