import { describe, expect, test } from 'vitest';
import type { StepOptions, StepResult } from '../e2e/fake-runner.ts';
import { fieldClock, SPEED } from './clock.ts';
import { attempt, creates, live, post, sent, statusOf, stopped, unhurried } from './once-support.ts';
import { done, END_AT, FITS, fits, report, SCHEMA, works } from './scripts.ts';
import { ENTERPRISE_KEY, type Field, ORG, OTHER_ORG } from './server/index.ts';
import { ABSENT, type Script, type ScriptStep } from './server/script.ts';
import { create, field, fieldHere, fields, json, read, said, story } from './support.ts';

const FINISHED = { wait: 'finished', poll_interval: '5s' };
const CREATE = { method: 'POST', path: '/sessions' };
const LIST = { method: 'GET', path: '/sessions' };

const ok = (result: StepResult) => expect(result.exitCode, story(result)).toBe(0);
const asleep = (output: unknown): ScriptStep => ({ at: END_AT, status: 'suspended', detail: 'inactivity', output });

/** Gives each next session the next life. */
function lives(api: Field, ...scripts: readonly Script[]): void {
  const left = [...scripts];
  api.script((body) => {
    const next = left.length > 1 ? left.shift() : left[0];
    return typeof next === 'function' ? next(body) : (next ?? []);
  });
}

describe.concurrent('a re-run', () => {
  test.each<[string, readonly ScriptStep[], string]>([
    ['an error', works({ at: 20, status: 'error', detail: null }), 'stopped with an error'],
    ['an exit without a result', works({ at: 20, status: 'exit', detail: null }), 'ended before it finished'],
  ])('after %s starts a new session that knows which one it follows', async (_name, script, why) => {
    const api = await fieldHere();
    lives(api, script, done());
    const first = await create(api, FINISHED);
    expect(first.exitCode, story(first)).toBe(1);
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs).toMatchObject({ created: 'true', session_outcome: 'finished' });
    const [old, next] = api.sessions;
    expect(next?.body['prompt']).toBe(
      `This task follows the Devin session https://app.devin.ai/sessions/${old?.id}, which ${why}.\n\nFix the parser.`,
    );
    expect(second.log.join('\n')).toContain(`follows  https://app.devin.ai/sessions/${old?.id}, which ${why}`);
    expect(api.sessions).toHaveLength(2);
  });

  test('after a cancel starts a new session, even while the old one is still ending', async () => {
    const api = await unhurried({ lags: { delete: 12 } });
    lives(api, works(), done());
    const first = await stopped(api, FINISHED, (output) => output.includes('running · working'));
    expect(first.outputs, story(first)).toMatchObject({ error_code: 'cancelled', session_outcome: 'terminated' });
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs).toMatchObject({ created: 'true', session_outcome: 'finished' });
    expect(api.sessions).toHaveLength(2);
    expect(String(api.sessions[1]?.body['prompt'])).toContain('which ended before it finished');
  });

  test.each<[string, readonly ScriptStep[]]>([
    ['waits for a user', done()],
    ['sleeps', works(asleep(report('done', 'As asked.')))],
    ['has exited', works({ at: END_AT, status: 'exit', detail: null, output: report('done', 'As asked.') })],
  ])('after success gives the same result, if the session %s', async (_name, script) => {
    const api = await fieldHere({ script });
    ok(await create(api, FINISHED));
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs).toMatchObject({ created: 'false', session_outcome: 'finished' });
    expect(second.log.join('\n')).toMatch(/found {4}https:\S+, from an earlier attempt/);
    expect(read(second)).toMatch(/result of \d{4}-\d\d-\d\d \d\d:\d\d/);
    expect(creates(api)).toBe(1);
    expect(sent(api)).toBe(0);
  });

  test('after success gives the same structured output, of a session that has fallen asleep', async () => {
    const api = await fieldHere({
      script: works({ at: END_AT, detail: 'waiting_for_user', output: FITS }, { ...asleep(FITS), at: 60 }),
    });
    const inputs = { ...FINISHED, structured_output_schema: SCHEMA };
    ok(await create(api, inputs));
    await api.clock.sleep(60);
    const second = await create(api, inputs, attempt(2));
    ok(second);
    expect(json(second, 'structured_output')).toEqual(FITS);
    expect(creates(api)).toBe(1);
  });

  test('still asks what the session asked before it fell asleep', async () => {
    const api = await fieldHere({ script: works(asleep(report('question', 'Which branch?'))) });
    await create(api, FINISHED);
    const second = await create(api, FINISHED, attempt(2));
    expect(second.outputs, story(second)).toMatchObject({ error_code: 'session_blocked', created: 'false' });
    expect(said(second, 'error').join()).toContain('Which branch?');
    expect(creates(api) + sent(api)).toBe(1);
  });

  test('wakes a session that fell asleep without a result, once', async () => {
    const api = await fieldHere({
      script: works(asleep(null)),
      onMessage: works({ at: 20, detail: 'waiting_for_user', output: report('done', 'Woken.') }),
    });
    const first = await create(api, FINISHED);
    expect(first.outputs, story(first)).toMatchObject({ error_code: 'session_blocked' });
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs).toMatchObject({ created: 'false', session_outcome: 'finished', summary: 'Woken.' });
    const texts = api.session().messages.map(({ message }) => message);
    expect(texts.filter((text) => text.startsWith('Continue, then update the structured output.'))).toHaveLength(1);
    const third = await create(api, FINISHED, attempt(3));
    ok(third);
    expect(sent(api)).toBe(1);
  });

  test('starts only the sessions that failed, in several organizations', async () => {
    const api = await fieldHere();
    lives(api, works({ at: 20, status: 'error', detail: null }), done());
    const inputs = { ...FINISHED, org_id: `${ORG},${OTHER_ORG}`, devin_token: ENTERPRISE_KEY, concurrency: '1' };
    const first = await create(api, inputs);
    expect(first.exitCode, story(first)).toBe(1);
    const second = await create(api, inputs, attempt(2));
    ok(second);
    const entries = json(second, 'sessions');
    expect(Array.isArray(entries) ? entries.map((entry) => fields(entry)['created']) : entries).toEqual([true, false]);
    expect(creates(api)).toBe(3);
  });

  test('is recognized without the number of the attempt', async () => {
    const api = await fieldHere({ script: done() });
    ok(await create(api, FINISHED, { env: { GITHUB_RUN_ATTEMPT: '' } }));
    const second = await create(api, FINISHED, { env: { GITHUB_RUN_ATTEMPT: '' } });
    ok(second);
    expect(second.outputs['created']).toBe('false');
    expect(second.log.join('\n')).toContain('started by another step with the same key');
  });

  test('finds its session although an attached file has grown', async () => {
    const api = await fieldHere({ script: done() });
    const inputs = { ...FINISHED, attachments: 'logs/*.txt' };
    ok(await create(api, inputs, { files: { 'logs/a.txt': 'one' } }));
    const second = await create(api, inputs, { ...attempt(2), files: { 'logs/a.txt': 'one, and two' } });
    ok(second);
    expect(second.outputs['created']).toBe('false');
    expect(creates(api)).toBe(1);
  });
});

describe.concurrent('a text key', () => {
  const other: Partial<StepOptions> = { env: { GITHUB_RUN_ID: '9999' } };
  const nightly = { ...FINISHED, idempotency: 'nightly' };

  test('works across runs, and is not called an earlier attempt', async () => {
    const api = await fieldHere({ script: done() });
    ok(await create(api, nightly));
    const second = await create(api, nightly, other);
    ok(second);
    expect(second.outputs['created']).toBe('false');
    expect(second.log.join('\n')).toContain('started by another step with the same key');
    expect(creates(api)).toBe(1);
  });

  test('holds no longer than max_session_age, by the clock of the API', async () => {
    const api = await field({ script: done() });
    ok(await create(api, nightly));
    await api.clock.sleep(120);
    const old = await create(api, { ...nightly, max_session_age: '1m' }, other);
    expect(old.outputs, story(old)).toMatchObject({ created: 'true' });
  });

  test.skipIf(SPEED === 1)('is found by a runner whose clock is ten days ahead', async () => {
    const api = await field({ script: done() });
    ok(await create(api, nightly));
    const epoch = Number(fieldClock().env['FAST_CLOCK_EPOCH']);
    const apiEpoch = Number(api.clock.env['FAST_CLOCK_EPOCH'] ?? epoch);
    const ahead = String(Math.round(apiEpoch - (10 * 86_400_000) / (SPEED - 1)));
    const second = await create(api, nightly, { env: { ...other.env, FAST_CLOCK_EPOCH: ahead } });
    expect(second.outputs, story(second)).toMatchObject({ created: 'false' });
  });

  test('of two steps at once starts one session, although the list lags three seconds', async () => {
    const api = await field({ script: works(), lags: { lists: 3, delete: 1 } });
    const steps = await Promise.all(
      ['1', '2'].map((run) => create(api, { idempotency: 'nightly' }, { env: { GITHUB_RUN_ID: run } })),
    );
    for (const each of steps) ok(each);
    const [one, two] = steps;
    expect(one?.outputs['session_id']).toBe(two?.outputs['session_id']);
    expect(steps.map(({ outputs }) => outputs['created']).sort()).toEqual(['false', 'true']);
    await api.clock.sleep(5);
    expect(live(api)).toHaveLength(1);
  });
});

describe.concurrent('a request without a clear response', () => {
  test.each([
    ['lost', 'reset' as const],
    ['a 504', { status: 504 }],
    ['a 408', { status: 408 }],
    ['a 500', { status: 500, body: { detail: 'Internal Server Error' } }],
  ])('(%s) that was carried out is found, with a list that lags 12 seconds', async (_name, outcome) => {
    const api = await fieldHere({ script: done(), lags: { lists: 12 } });
    api.after({ ...CREATE, times: 1 }, outcome);
    const result = await create(api, FINISHED);
    ok(result);
    expect(result.log.join('\n')).toContain('created by the request whose response was lost');
    expect(api.sessions).toHaveLength(1);
    expect(creates(api)).toBe(1);
    const after = await post(api, result, FINISHED);
    expect(after.stdout).toBe('');
  });

  /** A gateway gives up, and the API starts the session so many seconds later. */
  const late = (api: Field, seconds: number) =>
    api.before({ ...CREATE, times: 1 }, ({ body }) => {
      void api.clock.sleep(seconds).then(() => api.start(fields(body)));
      return { status: 504 };
    });

  test('(a 504) that is carried out nine seconds later is found', async () => {
    const api = await fieldHere({ script: done() });
    late(api, 9);
    const result = await create(api, FINISHED);
    ok(result);
    expect(creates(api)).toBe(1);
    expect(api.sessions).toHaveLength(1);
  });

  test('that is carried out after the second one was sent: the post step ends the second session', async () => {
    const api = await field({ script: works(), lags: { delete: 1 } });
    late(api, 36);
    const result = await create(api);
    ok(result);
    expect(creates(api)).toBe(2);
    const after = await post(api, result);
    expect(after.exitCode, story(after)).toBe(0);
    expect(after.stdout).toContain('second session');
    await api.clock.sleep(3);
    expect(live(api).map(({ id }) => `devin-${id}`)).toEqual([result.outputs['session_id']]);
  });

  test('(429) is checked before it is sent again', async () => {
    const api = await fieldHere({ script: done() });
    api.after({ ...CREATE, times: 1 }, { status: 429, headers: { 'retry-after': '3' } });
    const result = await create(api, FINISHED);
    ok(result);
    expect(result.outputs['created']).toBe('false');
    expect(creates(api)).toBe(1);
    const second = await fieldHere({ script: done() });
    second.before({ ...CREATE, times: 2 }, { status: 429, headers: { 'retry-after': '3' } });
    const sentAgain = await create(second, FINISHED);
    ok(sentAgain);
    expect(sentAgain.outputs['created']).toBe('true');
    expect(second.requests.map(({ method, path }) => `${method} ${path.split('/')[4] ?? 'self'}`).slice(0, 6)).toEqual([
      ...['POST sessions', 'GET self', 'GET sessions', 'POST sessions', 'GET sessions', 'POST sessions'],
    ]);
  });

  test.each([
    ['a cancel', 'SIGINT' as const, {}, 'cancelled'],
    ['the timeout', undefined, { timeout: '12s', on_timeout: 'terminate' }, 'api_unavailable'],
  ])(
    'and %s while it is looked for: the step is in doubt, and the post step ends the session',
    async (_n, signal, more, code) => {
      const api = await unhurried({ script: works(), lags: { delete: 1 } });
      late(api, 9);
      const inputs = { ...FINISHED, ...more };
      const step =
        signal === undefined
          ? await create(api, inputs)
          : await stopped(api, inputs, (output) => output.includes('no clear response'), signal);
      expect(step.exitCode, story(step)).toBe(1);
      expect(step.outputs['error_code']).toBe(code);
      expect(said(step, 'error').join()).toMatch(/Search Devin for a session with the tag devin-action:[0-9a-f]{24}/);
      const after = await post(api, step, inputs);
      expect(after.stdout, story(after)).not.toContain('no session was started');
      await api.clock.sleep(3);
      expect(api.sessions).toHaveLength(1);
      expect(live(api)).toEqual([]);
    },
  );

  test('with on_timeout: leave, the post step says where the session is', async () => {
    const api = await unhurried({ script: works() });
    late(api, 9);
    const inputs = { ...FINISHED, timeout: '12s' };
    const after = await post(api, await create(api, inputs), inputs);
    const url = `https://app.devin.ai/sessions/${api.session().id}`;
    expect(after.stdout, story(after)).toContain(url);
    expect(after.summary).toContain(url);
    expect(statusOf(api, api.session())).not.toBe('exit');
  });

  test('that was never carried out: the post step says that none was found, and where to look', async () => {
    const api = await unhurried({ script: works() });
    api.before(CREATE, 'reset');
    const step = await stopped(api, FINISHED, (output) => output.includes('no clear response'));
    const after = await post(api, step, FINISHED);
    expect(after.stdout, story(after)).toMatch(
      /No session with the tag devin-action:\w+ was found so far\..*search Devin/,
    );
  });
});

describe.concurrent('a step is told apart', () => {
  test('from the other cells of a matrix, and other callers of a workflow, although all request the same', async () => {
    const api = await fieldHere({ script: done() });
    // A second attempt looks for sessions of the first: each cell has to find its own.
    const cell = (inputs: Record<string, string>, env: Record<string, string>, number: number) =>
      create(api, { ...FINISHED, ...inputs }, attempt(number, env));
    const cells: ReadonlyArray<readonly [Record<string, string>, Record<string, string>]> = [
      [{ job_index: '0/2' }, {}],
      [{ job_index: '1/2' }, {}],
      [{}, { ACTIONS_ORCHESTRATION_ID: 'aa11.build.web' }],
      [{}, { ACTIONS_ORCHESTRATION_ID: 'aa11.build.ios' }],
    ];
    const ids: (string | undefined)[] = [];
    for (const [inputs, env] of cells) {
      const first = await cell(inputs, env, 1);
      ok(first);
      ids.push(first.outputs['session_id']);
    }
    expect(new Set(ids).size).toBe(4);
    const again = await Promise.all(
      cells.map(([inputs, env]) =>
        cell(
          inputs,
          {
            ...env,
            ...(env['ACTIONS_ORCHESTRATION_ID'] === undefined
              ? {}
              : { ACTIONS_ORCHESTRATION_ID: env['ACTIONS_ORCHESTRATION_ID'].replace('aa11', 'bb22') }),
          },
          2,
        ),
      ),
    );
    expect(again.map(({ outputs }) => outputs['session_id'])).toEqual(ids);
    expect(creates(api)).toBe(4);
  });
});

describe.concurrent('the tag of a session', () => {
  test('that the API drops is a warning, and the step continues with the session', async () => {
    const api = await fieldHere({ script: done() });
    api.before(CREATE, ({ body }) => {
      const session = api.start({ ...fields(body), tags: [] });
      return { status: 200, body: session.showNew(api.clock.now()) };
    });
    const result = await create(api, { ...FINISHED, structured_output_schema: SCHEMA, completion_report: 'false' });
    expect(said(result, 'warning').filter((text) => text.includes('did not keep the tag'))).toHaveLength(1);
    expect(result.outputs['session_id']).toBe(`devin-${api.session().id}`);
    expect(api.requests.filter(({ path }) => path.endsWith('/tags'))).toEqual([]);
  });

  test.each([
    ['a schema of its own', { structured_output_schema: SCHEMA }, /set `idempotency: none`:/],
    ['a report', {}, /set `idempotency: none` and `completion_report: false`:/],
  ])('that the API rejects is named, with what to set, for a session with %s', async (_name, inputs, advice) => {
    const api = await fieldHere({ script: fits() });
    api.before(CREATE, {
      status: 422,
      body: { detail: [{ loc: ['body', 'tags', 0], msg: 'Tag is not in the allowed list' }] },
    });
    const result = await create(api, { ...FINISHED, ...inputs });
    expect(result.outputs['error_code'], story(result)).toBe('api_rejected');
    const [error = ''] = said(result, 'error');
    expect(error).toMatch(/devin-action:[0-9a-f]{24}/);
    expect(error).toMatch(advice);
  });

  /** A session beside the step, with the tag of the first one. */
  const beside = (api: Field, more: Readonly<Record<string, unknown>>) => {
    const [first] = api.sessions;
    api.start(
      { prompt: 'x', tags: first?.writtenTags },
      works({ at: 7, detail: 'waiting_for_user', output: report('done', 'Forged.'), fields: more }),
    );
  };

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['a child', { parent_session_id: 'devin-1' }],
    ['a session of a person', { service_user_id: null, user_id: 'user-1', origin: 'webapp' }],
    ['a session of another service user', { service_user_id: 'service-user-9' }],
    ['a session of an unknown owner', { service_user_id: ABSENT, user_id: ABSENT, origin: 'slack' }],
  ])('on %s counts for nothing', async (_name, more) => {
    const api = await fieldHere();
    lives(api, works({ at: 10, status: 'error', detail: null }), done());
    await create(api, FINISHED);
    beside(api, more);
    await api.clock.sleep(10);
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs).toMatchObject({ created: 'true', session_outcome: 'finished' });
    expect(second.outputs['summary']).not.toContain('Forged');
  });

  test('does not count on a session of someone else for a text key, whatever it says', async () => {
    const api = await fieldHere({ script: done() });
    ok(await create(api, { ...FINISHED, idempotency: 'release' }));
    beside(api, { service_user_id: null, user_id: 'user-1' });
    api.after({ ...LIST }, (reply) => ({
      ...reply,
      body: { ...fields(reply.body), items: [fields(reply.body)['items']].flat().slice(-1) },
    }));
    await api.clock.sleep(10);
    const second = await create(api, { ...FINISHED, idempotency: 'release' }, { env: { GITHUB_RUN_ID: '7' } });
    ok(second);
    expect(second.outputs['created']).toBe('true');
  });

  test('is enough for a re-run, with a warning, if the API does not say who the credential is', async () => {
    const api = await fieldHere({ script: done() });
    ok(await create(api, FINISHED));
    api.before({ path: '/v3/self' }, { status: 403, body: { detail: 'Forbidden' } });
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs['created']).toBe('false');
    expect(said(second, 'warning').filter((text) => text.includes('identity'))).toHaveLength(1);
    const text = await create(api, { ...FINISHED, idempotency: 'release' });
    expect(text.outputs['error_code'], story(text)).toBe('permission_denied');
    expect(creates(api)).toBe(1);
  });

  test('is found in a list that ignores the filter for tags', async () => {
    const api = await fieldHere({ script: done() });
    ok(await create(api, FINISHED));
    for (let other = 0; other < 5; other += 1) api.start({ prompt: 'x', tags: ['other'] });
    api.before(LIST, (request) => {
      request.query.delete('tags');
      request.query.delete('created_after');
      return undefined;
    });
    const second = await create(api, FINISHED, attempt(2));
    ok(second);
    expect(second.outputs['created']).toBe('false');
  });
});
