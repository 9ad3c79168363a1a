import { describe, expect, test } from 'vitest';
import { END_AT, FITS, MISFIT, report, SCHEMA, works } from './scripts.ts';
import type { ScriptStep } from './server/script.ts';
import { create, fieldHere, fields, json, read, said, step, story } from './support.ts';

type Texts = Readonly<Record<string, string>>;

/** What a session does, and what the step makes of it. */
interface Sample {
  readonly name: string;
  readonly script: readonly ScriptStep[];
  /** Inputs beside `wait: finished`. */
  readonly inputs?: Texts;
  readonly isGreen: boolean;
  readonly outputs: Texts;
  /** Beginning of the summary's first line, after the mark. */
  readonly headline?: RegExp;
}

const OWN_SCHEMA = { structured_output_schema: SCHEMA } as const;
const PULL_REQUEST = 'https://github.com/acme/api/pull/482';
const WAITS = { at: END_AT, status: 'running', detail: 'waiting_for_user' } as const;

const FINISHED = { outcome: 'success', error_code: '', session_outcome: 'finished' } as const;
const ASKS = { outcome: 'failure', error_code: 'session_blocked', session_outcome: 'waiting' } as const;
const BLOCKED = { outcome: 'failure', error_code: 'session_blocked', session_outcome: 'blocked' } as const;

const SAMPLES: readonly Sample[] = [
  // With a schema of its own.
  {
    name: 'waiting_for_user with output that matches the schema is finished',
    script: works({ ...WAITS, output: FITS, message: 'Done.' }),
    inputs: OWN_SCHEMA,
    isGreen: true,
    outputs: { ...FINISHED, structured_output: JSON.stringify(FITS), structured_output_checked: 'true' },
    headline: /finished/i,
  },
  {
    name: 'suspended/inactivity with output that matches is finished',
    script: works({ at: END_AT, status: 'suspended', detail: 'inactivity', output: FITS }),
    inputs: OWN_SCHEMA,
    isGreen: true,
    outputs: { ...FINISHED, structured_output: JSON.stringify(FITS) },
  },
  {
    name: 'exit with output that matches is finished',
    script: works({ at: END_AT, status: 'exit', detail: null, output: FITS }),
    inputs: OWN_SCHEMA,
    isGreen: true,
    outputs: { ...FINISHED, structured_output: JSON.stringify(FITS) },
  },
  {
    name: 'waiting_for_user without the output that a schema asks for is a question',
    script: works({ ...WAITS, message: 'Which branch?' }),
    inputs: OWN_SCHEMA,
    isGreen: false,
    outputs: { ...ASKS, last_message: 'Which branch?' },
    headline: /question/i,
  },
  {
    name: 'waiting_for_user with output that does not match is not finished',
    script: works({ ...WAITS, output: MISFIT, message: 'Is this right?' }),
    inputs: OWN_SCHEMA,
    isGreen: false,
    outputs: { outcome: 'failure' },
  },
  {
    name: 'waiting_for_approval is a question even with output',
    script: works({ at: END_AT, detail: 'waiting_for_approval', output: FITS }),
    inputs: OWN_SCHEMA,
    isGreen: false,
    outputs: ASKS,
  },
  {
    name: 'error is a failure even with output',
    script: works({ at: END_AT, status: 'error', detail: null, output: FITS }),
    inputs: OWN_SCHEMA,
    isGreen: false,
    outputs: { outcome: 'failure', error_code: 'session_failed', session_outcome: 'failed' },
  },
  // With the report that the action asks for.
  {
    name: 'a report of done is finished, and is the summary',
    script: works({ ...WAITS, output: report('done', 'The tokenizer keeps a trailing comma.') }),
    isGreen: true,
    outputs: { ...FINISHED, summary: 'The tokenizer keeps a trailing comma.', structured_output: '' },
    headline: /finished/i,
  },
  {
    name: 'a report of a question asks it',
    script: works({
      ...WAITS,
      output: report('question', 'Which of the two ways?'),
      message: 'Which of the two ways?',
    }),
    isGreen: false,
    outputs: { ...ASKS, summary: 'Which of the two ways?', structured_output: '' },
    headline: /question/i,
  },
  {
    name: 'a report of blocked is blocked',
    script: works({ ...WAITS, output: report('blocked', 'The repository is not reachable.') }),
    isGreen: false,
    outputs: { ...BLOCKED, summary: 'The repository is not reachable.' },
  },
  {
    name: 'a report of done counts in a session that has fallen asleep',
    script: works({ at: END_AT, status: 'suspended', detail: 'inactivity', output: report('done', 'Done.') }),
    isGreen: true,
    outputs: { ...FINISHED, summary: 'Done.' },
  },
  {
    name: 'a report of a question in a session that has fallen asleep still asks',
    script: works({ at: END_AT, status: 'suspended', detail: 'inactivity', output: report('question', 'Which?') }),
    isGreen: false,
    outputs: ASKS,
  },
  // Without either.
  {
    name: 'the detail finished is finished',
    script: works({ at: END_AT, status: 'running', detail: 'finished' }),
    isGreen: true,
    outputs: FINISHED,
  },
  {
    name: 'a pull request since the request is finished',
    script: works({ ...WAITS, pullRequests: [PULL_REQUEST] }),
    isGreen: true,
    outputs: { ...FINISHED, pull_request_url: PULL_REQUEST },
    headline: /finished.*acme\/api#482/i,
  },
  {
    name: 'exit without anything is terminated',
    script: works({ at: END_AT, status: 'exit', detail: null }),
    isGreen: false,
    outputs: { outcome: 'failure', error_code: 'session_failed', session_outcome: 'terminated' },
  },
  {
    name: 'asleep without anything is a question',
    script: works({ at: END_AT, status: 'suspended', detail: 'inactivity', message: 'Which of the two?' }),
    isGreen: false,
    outputs: { ...ASKS, last_message: 'Which of the two?' },
  },
  ...['out_of_credits', 'out_of_quota', 'contract_expired', 'org_usage_limit_exceeded', 'payment_declined'].map(
    (detail): Sample => ({
      name: `suspended/${detail} is blocked`,
      script: works({ at: END_AT, status: 'suspended', detail }),
      isGreen: false,
      outputs: { ...BLOCKED, session_status_detail: detail },
    }),
  ),
  // States that are not the end.
  {
    name: 'suspended without a detail between two times of work is waited out',
    script: works(
      { at: 15, status: 'suspended', detail: null },
      { at: 45, status: 'running', detail: 'working' },
      { at: 70, detail: 'finished' },
    ),
    isGreen: true,
    outputs: FINISHED,
  },
  {
    name: 'waiting_for_user for one second at the start is waited out',
    script: [
      { at: 0, status: 'running', detail: 'waiting_for_user' },
      { seen: 1, detail: 'working' },
      { at: 60, detail: 'waiting_for_user', output: report('done', 'Done.') },
    ],
    isGreen: true,
    outputs: { ...FINISHED, summary: 'Done.' },
  },
  {
    name: 'finished at the first poll, then working, is waited out',
    script: [
      { at: 0, status: 'running', detail: 'finished' },
      { polls: 1, detail: 'working' },
      { at: 60, detail: 'waiting_for_user', output: report('done', 'Really done.') },
    ],
    isGreen: true,
    outputs: { ...FINISHED, summary: 'Really done.' },
  },
  {
    name: 'partial output while Devin works is ignored',
    script: works(
      { at: 15, output: { fixed: false } },
      { at: 60, detail: 'waiting_for_user', output: { fixed: true, tests: 3 } },
    ),
    inputs: OWN_SCHEMA,
    isGreen: true,
    outputs: { ...FINISHED, structured_output: '{"fixed":true,"tests":3}' },
  },
  {
    name: 'a state that this release does not know is waited out',
    script: works(
      { at: 15, status: 'hibernating', detail: 'deep_sleep' },
      { at: 40, status: 'running', detail: 'daydreaming' },
      { at: 60, status: 'running', detail: 'waiting_for_user', output: report('done', 'Awake.') },
    ),
    isGreen: true,
    outputs: { ...FINISHED, summary: 'Awake.' },
  },
  // What comes late.
  {
    name: 'output 2 s after the end is included',
    script: works({ ...WAITS, message: 'Done.' }, { seen: 2, output: FITS }),
    inputs: OWN_SCHEMA,
    isGreen: true,
    outputs: { ...FINISHED, structured_output: JSON.stringify(FITS) },
  },
  {
    name: 'a report 2 s after the end is included',
    script: works(WAITS, { seen: 2, output: report('done', 'A little late.') }),
    isGreen: true,
    outputs: { ...FINISHED, summary: 'A little late.' },
  },
  {
    name: 'a pull request 1.5 s after the end is included',
    script: works({ ...WAITS, output: report('done', 'Done.') }, { seen: 1.5, pullRequests: [PULL_REQUEST] }),
    isGreen: true,
    outputs: { ...FINISHED, pull_request_url: PULL_REQUEST },
  },
  {
    name: 'a last message 1.5 s after the end is included',
    script: works({ ...WAITS, output: report('done', 'Done.') }, { seen: 1.5, message: 'Here is what I did.' }),
    isGreen: true,
    outputs: { ...FINISHED, last_message: 'Here is what I did.' },
  },
  // on_waiting.
  {
    name: 'on_waiting: succeed lets a question succeed',
    script: works({ ...WAITS, message: 'Which of the two?' }),
    inputs: { on_waiting: 'succeed' },
    isGreen: true,
    outputs: { outcome: 'success', session_outcome: 'waiting', last_message: 'Which of the two?' },
  },
  {
    name: 'on_waiting: succeed fails with output that does not match',
    script: works({ ...WAITS, output: MISFIT }),
    inputs: { ...OWN_SCHEMA, on_waiting: 'succeed' },
    isGreen: false,
    outputs: { outcome: 'failure', error_code: 'structured_output_invalid' },
  },
  {
    name: 'on_waiting: fail fails even with output that matches',
    script: works({ ...WAITS, output: FITS }),
    inputs: { ...OWN_SCHEMA, on_waiting: 'fail' },
    isGreen: false,
    outputs: { outcome: 'failure', error_code: 'session_blocked' },
  },
  {
    name: 'on_waiting: keep-waiting waits through a question and through sleep',
    script: works(
      { at: 15, detail: 'waiting_for_user', message: 'Which of the two?' },
      { at: 60, status: 'suspended', detail: 'inactivity' },
      { at: 100, status: 'running', detail: 'working' },
      { at: 130, detail: 'waiting_for_user', output: report('done', 'Done after a reply.') },
    ),
    inputs: { on_waiting: 'keep-waiting' },
    isGreen: true,
    outputs: { ...FINISHED, summary: 'Done after a reply.' },
  },
];

describe.concurrent('create-session with wait: finished', () => {
  test.each(SAMPLES)('$name', async ({ script, inputs = {}, isGreen, outputs, headline }) => {
    const api = await fieldHere({ script });
    const result = await create(api, { wait: 'finished', poll_interval: '5s', ...inputs });
    expect(result.outputs, story(result)).toMatchObject(outputs);
    expect(result.exitCode, story(result)).toBe(isGreen ? 0 : 1);
    // Rules 1 and 2 of the looks: the first line says it, and a successful step shows no cross.
    const [first = ''] = read(result).split('\n');
    if (headline !== undefined) expect(first).toMatch(headline);
    if (isGreen) expect(result.summary).not.toContain('❌');
    expect(said(result, 'error')).toHaveLength(isGreen ? 0 : 1);
    expect(api.lines('POST')).toHaveLength(1);
    expect(api.lines('DELETE')).toEqual([]);
  });

  test('a question is quoted whole, even if it arrives 2 s after the state', async () => {
    const question = ['There are two ways to fix this:', '', '1. keep the comma', '2. drop it', '', 'Which one?'].join(
      '\n',
    );
    const api = await fieldHere({ script: works(WAITS, { seen: 2, message: question }) });
    const result = await create(api, { wait: 'finished' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ ...ASKS, last_message: question });
    for (const line of ['There are two ways to fix this:', 'keep the comma', 'Which one?']) {
      expect(result.stdout).toContain(line);
      expect(read(result)).toContain(line);
    }
  });

  test('messages of the same second are all shown, though updated_at does not move', async () => {
    const texts = ['I read the code.', 'I found the line.', 'I changed it.', 'I ran the tests.'];
    const script = works(
      ...texts.map(
        (message, index): ScriptStep => ({ at: 12 + index * 0.25, message, fields: { updated_at: 1_700_000_000 } }),
      ),
      { at: 40, message: 'I am done.' },
      { at: 41, detail: 'waiting_for_user', output: report('done', 'Done.') },
    );
    const api = await fieldHere({ script });
    const result = await create(api, { wait: 'finished', poll_interval: '1s' });
    expect(result.exitCode, story(result)).toBe(0);
    for (const text of [...texts, 'I am done.'])
      expect(
        result.log.filter((line) => line.includes(text)),
        text,
      ).toHaveLength(1);
    expect(result.outputs['last_message']).toBe('I am done.');
  });

  test('a state that stays unknown ends with the time, and is named as unknown to this release', async () => {
    const api = await fieldHere({ script: works({ at: 10, status: 'hibernating', detail: 'deep_sleep' }) });
    const result = await create(api, { wait: 'finished', timeout: '2m' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out' });
    const text = `${said(result, 'error').join('\n')}\n${said(result, 'warning').join('\n')}`;
    expect(text).toMatch(/hibernating/);
    expect(text).toMatch(/unknown to this (release|version)|does not know/i);
    expect(text).not.toMatch(/raise .*timeout/i);
  });
});

describe.concurrent('the completion report', () => {
  test('is asked for whatever wait is, and read by wait-for-session in another job', async () => {
    const api = await fieldHere({ script: works({ ...WAITS, output: report('done', 'All done.'), message: 'Bye.' }) });
    const created = await create(api, { wait: 'none' });
    expect(created.exitCode, story(created)).toBe(0);
    const { body } = api.session();
    expect(body['structured_output_required']).toBe(true);
    expect(body['structured_output_schema']).toMatchObject({
      type: 'object',
      properties: { outcome: { enum: ['done', 'question', 'blocked'] }, summary: { type: 'string' } },
    });
    expect(body['tags']).toContain('devin-action:report');
    const waited = await step(
      api,
      { operation: 'wait-for-session', session_id: created.outputs['session_id'] ?? '' },
      { env: { GITHUB_JOB: 'another' } },
    );
    expect(waited.exitCode, story(waited)).toBe(0);
    expect(waited.outputs).toMatchObject({ ...FINISHED, summary: 'All done.', structured_output: '' });
    expect(read(waited)).toContain('All done.');
  });

  test('is not asked for with a schema of its own, nor with completion_report: false', async () => {
    const [own, off] = [await fieldHere(), await fieldHere()];
    await create(own, OWN_SCHEMA);
    await create(off, { completion_report: 'false' });
    expect(own.session().body).not.toHaveProperty('tags', expect.arrayContaining(['devin-action:report']));
    expect(own.session().body['structured_output_schema']).toMatchObject({ required: ['fixed'] });
    expect(off.session().body).not.toHaveProperty('structured_output_schema');
    expect(off.session().body).not.toHaveProperty('tags', expect.arrayContaining(['devin-action:report']));
  });

  test('may be rejected by the API: the session is created without it', async () => {
    const api = await fieldHere({ script: works({ ...WAITS, pullRequests: [PULL_REQUEST] }) });
    api.before(
      { method: 'POST', path: /\/sessions$/, when: ({ body }) => 'structured_output_schema' in fields(body) },
      {
        status: 400,
        body: { detail: 'structured_output_schema: not available' },
      },
    );
    const result = await create(api, { wait: 'finished' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject(FINISHED);
    expect(api.sessions).toHaveLength(1);
  });

  test('is what summary, comment and output say', async () => {
    const text = 'The tokenizer keeps a trailing comma.';
    const api = await fieldHere({
      script: works({ ...WAITS, output: report('done', text), message: 'Anything else?' }),
    });
    const result = await create(api, { wait: 'finished' });
    expect(result.outputs['summary'], story(result)).toBe(text);
    expect(read(result)).toContain(text);
    expect(json(result, 'result')).toMatchObject({ data: { summary: text } });
  });
});
