import { describe, expect, it } from 'vitest';
import { readSchema } from '../../src/operations/sessions/request/structured.ts';
import { intervalOf, lastPollAt } from '../../src/operations/sessions/wait/schedule.ts';
import { session } from './support.ts';
import {
  ASLEEP,
  DONE,
  EXIT,
  FINISHED,
  type Life,
  QUESTION,
  REPORTS,
  WAITING,
  WORKING,
  waitFor,
} from './wait-support.ts';

const PULL = { pull_requests: [{ pr_url: 'https://github.com/acme/api/pull/482', pr_state: 'open' }] };
const schema = await (async () => {
  const read = await readSchema('type: object\nrequired: [ok]\nproperties: { ok: { type: boolean } }');
  if (!read.ok) throw new Error(read.problem);
  return read.schema;
})();
const OK = { structured_output: { ok: true } };
const BAD = { structured_output: { ok: 'yes' } };
const withSchema = { waited: { asked: { schema } } };
const hello: Life['messages'] = [[1_000, 'devin', 'Hello.']];

describe('an end', () => {
  it.each<[string, Life['states'], string, string | undefined]>([
    ['a report of done', [[20_000, { ...WAITING, ...DONE }]], 'finished', undefined],
    ['a report of a question', [[20_000, { ...WAITING, ...QUESTION }]], 'waiting', 'session_blocked'],
    [
      'a report of an obstacle',
      [[20_000, { ...WAITING, ...REPORTS, structured_output: { outcome: 'blocked', summary: 'No access.' } }]],
      'blocked',
      'session_blocked',
    ],
    ['neither report nor pull request', [[20_000, WAITING]], 'waiting', 'session_blocked'],
    ['a pull request', [[20_000, { ...WAITING, ...PULL }]], 'finished', undefined],
    ['sleep, and a report of done', [[20_000, { ...ASLEEP, ...DONE }]], 'finished', undefined],
    ['an exit, and a report of done', [[20_000, { ...EXIT, ...DONE }]], 'finished', undefined],
    ['an exit alone', [[20_000, EXIT]], 'terminated', 'session_failed'],
    [
      'an expired contract',
      [[20_000, { status: 'suspended', status_detail: 'contract_expired' }]],
      'blocked',
      'session_blocked',
    ],
    ['an error', [[20_000, { status: 'error', status_detail: null }]], 'failed', 'session_failed'],
  ])('with %s is told as what it is', async (_name, states, outcome, code) => {
    const { story } = await waitFor({ states: [[0, WORKING], ...states], messages: hello });
    expect(story.verdict.outcome).toBe(outcome);
    expect(story.error?.code).toBe(code);
  });

  it.each<[string, Life['states']]>([
    [
      'work, a moment of suspension and work',
      [
        [10_000, { status: 'suspended', status_detail: null }],
        [20_000, WORKING],
      ],
    ],
    [
      'a question of one second',
      [
        [2_900, WAITING],
        [3_900, WORKING],
      ],
    ],
    [
      'a finish at the first poll',
      [
        [0, FINISHED],
        [1_000, WORKING],
      ],
    ],
    ['output while it works', [[5_000, { ...OK }]]],
  ])('is not seen in %s', async (_name, states) => {
    const life = {
      states: [[0, { status: 'running', status_detail: 'working' }], ...states, [60_000, { ...FINISHED, ...OK }]],
      messages: hello,
    } as const;
    const { story, ms } = await waitFor(life, withSchema);
    expect(story.verdict.outcome).toBe('finished');
    expect(story.error).toBeUndefined();
    expect(ms).toBeGreaterThanOrEqual(62_000);
  });

  it('is accepted two seconds after it was seen, if nothing is missing', async () => {
    const { ms, polls } = await waitFor({ states: [[0, { ...FINISHED, ...DONE }]], messages: [[0, 'devin', 'Done.']] });
    expect(ms).toBe(2_000);
    expect(polls).toBe(2);
  });

  it.each([500, 1_500, 2_000, 4_900])('comes with what arrives %d ms later', async (late) => {
    const end = 7_000;
    const question = 'Which of the two ways do you prefer?';
    const { story } = await waitFor(
      {
        states: [
          [0, WORKING],
          [end, WAITING],
          [end + late, { ...OK, ...PULL }],
        ],
        messages: [
          [0, 'user', 'prompt'],
          [end + late, 'devin', question],
        ],
      },
      withSchema,
    );
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, output: { ok: true }, lastMessage: question });
    expect(story.session.pull_requests).toHaveLength(1);
  });

  it('quotes the whole question, even if that arrives two seconds after the state', async () => {
    const question = `Which one?\n${'- a way\n'.repeat(50)}Tell me.`;
    const { story } = await waitFor({
      states: [
        [0, WORKING],
        [7_000, WAITING],
      ],
      messages: [
        [0, 'user', 'prompt'],
        [1_000, 'devin', 'I begin.'],
        [9_000, 'devin', question],
      ],
    });
    expect(story.error?.message).toBe(`Devin has a question: ${question}`);
    expect(story.lastMessage).toBe(question);
  });

  it('that is no state of this release is waited out, and more time is not recommended', async () => {
    const { story, lines } = await waitFor(
      {
        states: [
          [0, WORKING],
          [5_000, { status: 'running', status_detail: 'solar_flare' }],
        ],
        messages: hello,
      },
      { with: { timeout: '60s' } },
    );
    expect(story.verdict.outcome).toBe('timed_out');
    expect(story.error?.message).toContain('unknown to this release: running · solar flare');
    expect(story.error?.fix).not.toMatch(/raise .?timeout/i);
    expect(lines.join('\n')).toContain('running · solar flare (unknown to this release)');
  });
});

describe('on_waiting', () => {
  const asks: Life = {
    states: [
      [0, WORKING],
      [5_000, WAITING],
    ],
    messages: [[5_000, 'devin', 'Which branch?']],
  };

  it('succeed lets a question succeed, but no output that does not match', async () => {
    expect((await waitFor(asks, { with: { on_waiting: 'succeed' } })).story.error).toBeUndefined();
    const misfit = { ...asks, states: [...asks.states, [6_000, BAD] as const] };
    const { story } = await waitFor(misfit, { with: { on_waiting: 'succeed' }, ...withSchema });
    expect(story.error?.code).toBe('structured_output_invalid');
  });

  it('keep-waiting continues through sleep, until somebody replies and Devin finishes', async () => {
    const states: Life['states'] = [...asks.states, [600_000, ASLEEP], [900_000, { ...WAITING, ...DONE }]];
    const { story, ms } = await waitFor({ ...asks, states }, { with: { on_waiting: 'keep-waiting' } });
    expect(story.verdict.outcome).toBe('finished');
    expect(ms).toBeGreaterThan(900_000);
  });

  it('fail fails a session that waits although its task is done', async () => {
    const done = { ...asks, states: [...asks.states, [5_000, DONE] as const] };
    const { story } = await waitFor(done, { with: { on_waiting: 'fail' } });
    expect(story).toMatchObject({ verdict: { outcome: 'waiting' }, error: { code: 'session_blocked' } });
    expect(
      (await waitFor({ ...done, states: [...done.states, [5_000, ASLEEP]] }, { with: { on_waiting: 'fail' } })).story
        .error,
    ).toBeUndefined();
  });
});

describe('no minor fault ends a wait', () => {
  const life: Life = {
    states: [
      [0, WORKING],
      [120_000, { ...WAITING, ...DONE }],
    ],
    messages: [
      [0, 'user', 'prompt'],
      [120_000, 'devin', 'Done.'],
    ],
  };
  const within =
    (from: number, to: number, reply: ReturnType<NonNullable<Life['fault']>>): Life['fault'] =>
    (at, { url }) =>
      at >= from && at < to && !url.includes('/messages') ? reply : undefined;

  it.each<[string, Life['fault']]>([
    ['40 s of 503', within(15_000, 55_000, { status: 503 })],
    ['30 s of 429 without Retry-After', within(15_000, 45_000, { status: 429 })],
    ['4 s of Retry-After: 0', within(15_000, 19_000, { status: 429, headers: { 'retry-after': '0' } })],
    ['one 404', within(31_000, 40_000, { status: 404 })],
    ['one 403', within(15_000, 20_000, { status: 403 })],
    [
      'an HTML page with 200',
      within(15_000, 20_000, { body: '<!doctype html><title>Proxy</title>', headers: { 'content-type': 'text/html' } }),
    ],
    [
      'a request that hangs',
      (at, { url }) => (at >= 15_000 && at < 20_000 && !url.includes('/messages') ? 'hang' : undefined),
    ],
  ])('%s', async (_name, fault = () => undefined) => {
    const { story, lines } = await waitFor({ ...life, fault }, { with: { follow: 'false' } });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, report: { outcome: 'done' } });
    expect(story.error).toBeUndefined();
    expect(lines.filter((line) => line.includes('polling failed'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('polling works again'))).toHaveLength(1);
  });

  it.each([403, 404, 500, 422])('%d for all messages, which are one warning', async (status) => {
    const fault: Life['fault'] = (_at, { url }) => (url.includes('/messages') ? { status } : undefined);
    const { story, lines } = await waitFor({ ...life, fault });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: '' });
    expect(lines.filter((line) => line.startsWith('::warning'))).toHaveLength(1);
  });

  it('a cursor of messages that is rejected from some time on', async () => {
    const many = Array.from({ length: 450 }, (_, at) => [0, 'devin', `message ${at}`] as const);
    const fault: Life['fault'] = (at, { url }) => (at > 30_000 && url.includes('after=') ? { status: 422 } : undefined);
    const { story } = await waitFor({ ...life, messages: many, fault });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: 'message 449' });
  });

  it('but three responses in a row that say that the session is out of reach do, which is not its end', async () => {
    const { story, ms } = await waitFor(
      { ...life, fault: within(15_000, 1e9, { status: 403 }) },
      { with: { follow: 'false' } },
    );
    expect(story.error?.code).toBe('permission_denied');
    expect(story.error?.message).toContain('may still be running: https://app.devin.ai/sessions/4f2a');
    expect(story.verdict).toMatchObject({ outcome: 'running', headline: 'may still be running' });
    expect(ms).toBeGreaterThanOrEqual(15_000 + 40_000);
    expect(ms).toBeLessThan(15_000 + 55_000);
  });

  it('a new session may be unknown for a while', async () => {
    const { story, lines } = await waitFor(
      { ...life, fault: within(0, 20_000, { status: 404 }) },
      { with: { follow: 'false' } },
    );
    expect(story.verdict.outcome).toBe('finished');
    expect(lines.filter((line) => line.includes('polling failed'))).toHaveLength(1);
  });
});

describe('the end of the time', () => {
  const never: Life = { states: [[0, WORKING]], messages: hello };

  it.each([
    [60_000, 55_000],
    [10_000, 5_000],
    [4_000, 2_000],
  ])('of %d ms has its last poll at %d ms', (timeout, at) => {
    expect(lastPollAt(1_000, timeout)).toBe(1_000 + at);
  });

  it('comes after a poll that sees what the interval would have missed', async () => {
    const life: Life = {
      states: [
        [0, WORKING],
        [8_000, { ...WAITING, ...DONE }],
      ],
      messages: [[8_000, 'devin', 'Done.']],
    };
    const { story, ms } = await waitFor(life, { with: { poll_interval: '1h', timeout: '14s' } });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' } });
    expect(story.error).toBeUndefined();
    expect(ms).toBeLessThan(14_000);
  });

  it('counts an end that the last poll saw, even if nothing confirms it', async () => {
    const life: Life = {
      states: [
        [0, WORKING],
        [52_000, { ...WAITING, ...DONE }],
      ],
      messages: [[52_000, 'devin', 'Done.']],
      fault: (at, { url }) => (at > 56_000 && !url.includes('/messages') ? { status: 503 } : undefined),
    };
    const { story } = await waitFor(life, { with: { timeout: '60s' } });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: 'Done.' });
    expect(story.error).toBeUndefined();
  });

  it('does not count one that was seen before, and not confirmed', async () => {
    const life: Life = {
      ...never,
      states: [
        [0, WORKING],
        [40_000, { ...WAITING, ...DONE }],
        [41_000, WORKING],
      ],
    };
    const { story } = await waitFor(life, { with: { timeout: '60s' } });
    expect(story.verdict.outcome).toBe('timed_out');
    expect(story.error).toMatchObject({ code: 'timeout', message: 'The step took longer than its timeout of 1 min.' });
    // The session goes on: wait for it or end it, and by which ID.
    expect(story.error?.fix).toMatch(/`wait-for-session` with `session_id: devin-\w+`.*`terminate-session`/);
    expect(story.ending).toBe('The session may still be running, and may spend more ACUs.');
  });

  it('is that of the input, and on_timeout is carried out while the API is down', async () => {
    const down: Life = {
      ...never,
      fault: (at, { method }) => (at > 20_000 && method === 'GET' ? { status: 503 } : undefined),
    };
    const { story, ms, seen } = await waitFor(down, { with: { timeout: '60s' }, onTimeout: 'terminate' });
    expect(story).toMatchObject({ verdict: { outcome: 'timed_out' }, error: { code: 'timeout' } });
    expect(story.ending).toBe('The session was terminated.');
    expect(story.error?.fix).toBe('Raise `timeout`.');
    expect(ms).toBe(60_000);
    expect(seen.at(-1)?.method).toBe('DELETE');
  });
});

describe('a turn after a message', () => {
  const before = session({ ...WAITING, ...DONE });
  const sent = { mark: 'devin-action:abc', since: 0, before };
  const ours = [0, 'user', 'Also fix the docs.\n\n(request devin-action:abc)'] as const;
  const earlier = [
    [-9_000, 'user', 'Fix it.'],
    [-5_000, 'devin', 'Fixed.'],
  ] as const;
  const old: Life['states'][number] = [0, { ...WAITING, ...DONE }];

  it('is not over while the session shows its old end, which may take 40 s', async () => {
    const states: Life['states'] = [
      old,
      [40_000, WORKING],
      [50_000, { ...WAITING, structured_output: { outcome: 'done', summary: 'Docs too.' } }],
    ];
    const { story, ms } = await waitFor(
      { states, messages: [...earlier, ours, [50_000, 'devin', 'Done.']] },
      { created: false, sent },
    );
    expect(story).toMatchObject({
      verdict: { outcome: 'finished' },
      report: { summary: 'Docs too.' },
      lastMessage: 'Done.',
    });
    expect(ms).toBeGreaterThan(50_000);
  });

  it('with the old report is finished by a reply, which is its summary', async () => {
    const { story } = await waitFor(
      { states: [old], messages: [...earlier, ours, [8_000, 'devin', 'The docs say it already.']] },
      { created: false, sent },
    );
    expect(story).toMatchObject({
      verdict: { outcome: 'finished' },
      report: { outcome: 'done', summary: 'The docs say it already.' },
    });
    expect(story.error).toBeUndefined();
  });

  it('without a reply asks, after a minute, and has nothing of the turn before', async () => {
    const { story, ms } = await waitFor(
      { states: [[0, { ...WAITING, ...DONE, ...PULL }]], messages: [...earlier, ours] },
      {
        created: false,
        sent: { ...sent, before: session({ ...WAITING, ...DONE, ...PULL }) },
      },
    );
    expect(story).toMatchObject({
      verdict: { outcome: 'waiting', headline: 'did not react to the message' },
      error: { code: 'session_blocked' },
      lastMessage: '',
    });
    expect(story.report).toBeUndefined();
    expect(ms).toBeGreaterThanOrEqual(60_000);
    expect(ms).toBeLessThan(80_000);
  });

  it('that ends or fails counts at once', async () => {
    const { story, ms } = await waitFor(
      { states: [old, [4_000, EXIT]], messages: [...earlier, ours] },
      { created: false, sent },
    );
    expect(story.verdict.outcome).toBe('terminated');
    expect(ms).toBeLessThan(20_000);
  });

  it('is seen by a wait in another step: not the end of the turn before', async () => {
    const messages: Life['messages'] = [
      ...earlier,
      [-1_000, 'user', 'And the docs.'],
      [45_000, 'devin', 'The docs are fine.'],
    ];
    const { story, ms } = await waitFor({ states: [old], messages }, { created: false });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, report: { summary: 'The docs are fine.' } });
    expect(ms).toBeGreaterThan(45_000);
  });

  it('is seen by a wait in another step even if the message is not shown at first', async () => {
    const messages: Life['messages'] = [...earlier, [3_000, 'user', 'And the docs.'], [30_000, 'devin', 'Fine.']];
    const { story } = await waitFor({ states: [old], messages }, { created: false });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, report: { summary: 'Fine.' } });
  });

  it('of another step knows the old report by the digest in the message', async () => {
    const { outputDigest } = await import('../../src/operations/sessions/wait/messages.ts');
    const digest = await outputDigest(QUESTION.structured_output);
    const messages: Life['messages'] = [
      ...earlier,
      [-3_000, 'user', `main.\n\n(request devin-action:abc after ${digest})`],
      [-1_000, 'devin', 'Done on main.'],
    ];
    const { story } = await waitFor({ states: [[0, { ...WAITING, ...QUESTION }]], messages }, { created: false });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, report: { summary: 'Done on main.' } });
  });
});

describe('messages', () => {
  it('are read one page a poll, and 10,000 of them cost 50 pages once', async () => {
    const messages = Array.from({ length: 10_000 }, (_, at) => [0, 'devin', `message ${at}`] as const);
    const { story, pages, polls } = await waitFor({
      states: [
        [0, WORKING],
        [100_000, { ...WAITING, ...DONE }],
      ],
      messages,
    });
    expect(story.lastMessage).toBe('message 9999');
    expect(pages).toBe(50 + polls - 1);
  });

  it('are printed once each, and those in the second of the last poll as well', async () => {
    const messages: Life['messages'] = [
      [0, 'user', 'prompt'],
      [500, 'devin', 'one'],
      [30_000, 'devin', 'two'],
      [30_400, 'devin', 'three'],
    ];
    const { lines, story } = await waitFor({
      states: [
        [0, WORKING],
        [30_000, { ...FINISHED, ...DONE }],
      ],
      messages,
    });
    for (const text of ['one', 'two', 'three'])
      expect(lines.filter((line) => line.endsWith(`devin: ${text}`))).toHaveLength(1);
    expect(lines.join('\n')).not.toContain('prompt');
    expect(story.lastMessage).toBe('three');
  });

  it('that warn about the environment are no last message', async () => {
    const messages: Life['messages'] = [
      [0, 'devin', 'Done.'],
      [1_000, 'devin', 'Warning: the environment build is incomplete.'],
    ];
    const { story } = await waitFor({ states: [[0, { ...FINISHED, ...DONE }]], messages });
    expect(story.lastMessage).toBe('Done.');
  });
});

describe('scale', () => {
  it('polls of many organizations are further apart, and none at the same time', () => {
    expect(intervalOf(10_000, 1, 0)).toBe(10_000);
    expect(intervalOf(10_000, 1, 0.99)).toBeGreaterThan(11_000);
    expect(intervalOf(10_000, 40, 0)).toBe(40_000);
  });

  it('a wait of six hours makes as many requests in its last hour as in its first', async () => {
    const hour = 3_600_000;
    const times: number[] = [];
    const life: Life = {
      states: [
        [0, WORKING],
        [6 * hour, { ...WAITING, ...DONE }],
      ],
      messages: Array.from({ length: 1_000 }, (_, at) => [at * 20_000, 'devin', `message ${at}`] as const),
      fault: (at) => {
        times.push(at);
        return undefined;
      },
    };
    await waitFor(life, { with: { timeout: '7h', poll_interval: '1m' } });
    const between = (from: number, to: number) => times.filter((at) => at >= from && at < to).length;
    expect(Math.abs(between(5 * hour, 6 * hour) - between(0, hour))).toBeLessThan(12);
  });
});

describe('without a wait', () => {
  it.each([
    ['new', undefined],
    ['running', undefined],
    ['exit', 'session_failed'],
    ['error', 'session_failed'],
  ])('a session that is %s ends the step with %s', async (status, code) => {
    const { story, seen } = await waitFor({ states: [] }, { goal: 'none', session: { status } });
    expect(story.error?.code).toBe(code);
    expect(seen).toEqual([]);
  });
});
