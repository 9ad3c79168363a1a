import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asActionError } from '../../src/contract/errors.ts';
import { pool } from '../../src/contract/pool.ts';
import { type RunFacts, runFacts } from '../../src/github/event/facts.ts';
import { safeName } from '../../src/operations/sessions/downloads.ts';
import { keyOf } from '../../src/operations/sessions/once/idempotency.ts';
import { type IsOwn, ownSessions } from '../../src/operations/sessions/once/identity.ts';
import { byAge, findExisting, findLost, sessionsWith } from '../../src/operations/sessions/once/lookup.ts';
import { standingOf } from '../../src/operations/sessions/once/standing.ts';
import { type Handle, START, TestClock } from '../devin/support.ts';
import { readAction } from '../e2e/fake-runner.ts';
import { startBench } from './start-support.ts';
import { perform, session, world } from './support.ts';

const facts: RunFacts = {
  repository: 'acme/api',
  workflow: 'Devin',
  runId: '1',
  job: 'devin',
  step: '__run',
  attempt: 1,
};

type Written = Readonly<Record<string, string>>;

const CELL: Written = { job_index: '0/1' };

const tagOf = async (
  idempotency: string,
  given: RunFacts = facts,
  written: Written = { prompt: 'x' },
  { org = 'org-1', random = 0, secrets = [] as readonly string[] } = {},
) => {
  const clock = Object.assign(new TestClock(), { random: () => random });
  const inputs = { idempotency } as Parameters<typeof keyOf>[0]['inputs'];
  const context = { inputs, facts: given, clock, startedAt: START, written: { ...CELL, ...written } };
  return (await keyOf(context, org, { body: { session_secrets: secrets.map((key) => ({ key })) } }))?.tag;
};

const KEY = { tag: 'devin-action:0123456789abcdef01234567', scope: 'text' } as const;
const tagged = (id: string, at: number) => session({ session_id: id, created_at: at, tags: ['a', KEY.tag] });

describe('the key of a step', () => {
  it('is a short tag, and no two steps have the same', async () => {
    const others: readonly RunFacts[] = [
      { ...facts, repository: 'acme/other' },
      { ...facts, workflow: 'Other' },
      { ...facts, workflowRef: 'acme/api/.github/workflows/other.yml@refs/heads/main' },
      { ...facts, runId: '2' },
      { ...facts, job: 'other' },
      { ...facts, step: 'other' },
      { ...facts, orchestration: 'build.web' },
      { ...facts, orchestration: 'build.ios' },
    ];
    const tags = await Promise.all([
      tagOf('run'),
      ...others.map((other) => tagOf('run', other)),
      tagOf('run', facts, { prompt: 'y' }),
      tagOf('run', facts, { prompt: 'x', repos: 'acme/web' }),
      tagOf('run', facts, { prompt: 'x', job_index: '1/2' }),
      tagOf('run', facts, { prompt: 'x' }, { org: 'org-2' }),
      tagOf('run', facts, { prompt: 'x' }, { secrets: ['KEY'] }),
      tagOf('my key'),
      tagOf('my key', facts, { prompt: 'x' }, { org: 'org-2' }),
      tagOf('other key'),
    ]);
    for (const tag of tags) expect(tag).toMatch(/^devin-action:[0-9a-f]{24}$/);
    expect(new Set(tags).size).toBe(tags.length);
  });

  it('is the same in every attempt of a run; a text is so everywhere in an organization', async () => {
    expect(await tagOf('run', { ...facts, attempt: 7 })).toBe(await tagOf('RUN'));
    expect(await tagOf('my key', {}, { prompt: 'other' })).toBe(await tagOf('my key'));
    expect(await tagOf('none')).toBeUndefined();
    expect(await tagOf('None')).toBeUndefined();
  });

  it('outside of a workflow is good for one process only', async () => {
    const of = (random: number) => tagOf('run', {}, { prompt: 'x' }, { random });
    expect(await of(0.1)).not.toBe(await of(0.2));
  });

  it('depends on the names of secrets, not on their values', async () => {
    const secret = (text: string) => tagOf('run', facts, { session_secrets: text }, { secrets: ['KEY'] });
    expect(await secret('KEY=a')).toBe(await secret('KEY=b'));
  });

  it('depends on what is requested: neither on how the step waits, nor on what another release has as a default', async () => {
    const same: readonly Written[] = [
      { wait: 'finished', on_cancel: 'leave', poll_interval: '5s', max_session_age: '1d' },
      { devin_token: 'cog_x', github_token: 'ghs_x', api_url: 'http://127.0.0.1:1', timeout: '5m', max_retries: '1' },
      { completion_report: 'true', reuse: 'none', context: 'none' },
    ];
    for (const written of same) expect(await tagOf('run', facts, { prompt: 'x', ...written })).toBe(await tagOf('run'));
  });

  it('depends on the cell of a matrix and the callers of a workflow, which the runner or else action.yml names', () => {
    const ids = { ACTIONS_ORCHESTRATION_ID: '0f2b4c.build.cell_2.__default' };
    expect(runFacts(ids)).toEqual({ orchestration: 'build.cell_2.__default' });
    expect(runFacts({ ACTIONS_ORCHESTRATION_ID: '0f2b4c' })).toEqual({});
    expect(readAction().inputs['job_index']?.default).toBe('${{ strategy.job-index }}/${{ strategy.job-total }}');
  });
});

/** A lookup in a list that a handler gives. */
const lookUp = async (handle: Handle, isOwn: IsOwn = () => true, since = 0) => {
  const opened = await world(handle);
  const found = await sessionsWith(opened, { orgId: 'org-1', tag: KEY.tag, since, isOwn });
  return { ids: found.sort(byAge).map(({ session_id: id }) => id), ...opened };
};

describe('a lookup', () => {
  it('requests the tag, reads every page, and takes only what really has it', async () => {
    const pages = [
      {
        items: [tagged('devin-c', 7), session({ session_id: 'devin-x', created_at: 1 })],
        end_cursor: 'p',
        has_next_page: true,
      },
      { items: [tagged('devin-b', 5), tagged('devin-a', 5)], has_next_page: false },
    ];
    const { ids, seen } = await lookUp(({ url }) => ({ body: url.includes('after=p') ? pages[1] : pages[0] }));
    expect(ids).toEqual(['devin-a', 'devin-b', 'devin-c']);
    expect(seen[0]?.url).toContain('tags=devin-action%3A0123456789abcdef01234567');
    expect(seen).toHaveLength(2);
  });

  it('is bounded by the time, even in a list that applies no filter', async () => {
    const page = (from: number) =>
      Array.from({ length: 200 }, (_, at) => ({ ...tagged(`devin-${from - at}`, from - at), tags: [KEY.tag] }));
    const { ids, seen } = await lookUp(
      ({ url }) => {
        const after = Number(new URL(url, 'http://x').searchParams.get('after') ?? 1_000);
        return { body: { items: page(after), has_next_page: true, end_cursor: String(after - 200) } };
      },
      () => true,
      750,
    );
    expect(ids).toHaveLength(251);
    expect(seen[0]?.url).toContain('created_after=749');
    // The third page is the first one that is older as a whole.
    expect(seen).toHaveLength(3);
  });

  it('skips sessions of others, and children, which inherit the tags of their parent', async () => {
    const rows = [
      { ...tagged('devin-own', 5), service_user_id: 'service-user-1', user_id: 'bot_apk', origin: 'api' },
      { ...tagged('devin-child', 4), service_user_id: 'service-user-1', parent_session_id: 'devin-own' },
      { ...tagged('devin-other', 3), service_user_id: 'service-user-2', origin: 'api' },
      { ...tagged('devin-person', 2), user_id: 'user-1', origin: 'webapp' },
      { ...tagged('devin-impersonated', 1), user_id: 'user-2', origin: 'api' },
    ];
    const handle: Handle = ({ url }) =>
      url.startsWith('/v3/self') ? { body: { service_user_id: 'service-user-1' } } : { body: { items: rows } };
    const opened = await world(handle);
    const find = async (isOwn: IsOwn) =>
      (await sessionsWith(opened, { orgId: 'org-1', tag: KEY.tag, since: 0, isOwn })).map(({ session_id: id }) => id);
    expect(await find(await ownSessions(opened, 'shared'))).toEqual(['devin-own']);
    expect(await find(await ownSessions(opened, 'run'))).toEqual(['devin-own']);
    expect(await find(await ownSessions(opened, 'shared', 'user-2'))).toEqual(['devin-impersonated']);
    expect(opened.seen.filter(({ url }) => url.startsWith('/v3/self'))).toHaveLength(1);
  });

  it('of a personal token finds the sessions of that user', async () => {
    const { devin, log } = await world(() => ({ body: { principal_type: 'user', user_id: 'user-1' } }));
    const isOwn = await ownSessions({ devin, log }, 'shared');
    expect(isOwn(session({ user_id: 'user-1' }))).toBe(true);
    expect(isOwn(session({ user_id: 'user-1', service_user_id: 'service-user-9' }))).toBe(false);
    expect(isOwn(session({ user_id: 'user-2' }))).toBe(false);
  });

  it.each([403, 404])(
    'without an identity (%d) trusts the key of the run with a warning, and nothing that is shared',
    async (status) => {
      const opened = await world(() => ({ status, body: {} }));
      const isOwn = await ownSessions(opened, 'run');
      await ownSessions(opened, 'run');
      expect(isOwn(session({ origin: 'api' }))).toBe(true);
      expect(isOwn(session({ origin: 'webapp' }))).toBe(false);
      expect(isOwn(session({ origin: 'api', parent_session_id: 'devin-1' }))).toBe(false);
      expect(opened.lines().filter((line) => line.startsWith('::warning'))).toHaveLength(1);
      const error = await ownSessions(opened, 'shared').catch(asActionError);
      expect(error).toMatchObject({ code: 'permission_denied', fix: expect.stringContaining('ReadAccountMeta') });
    },
  );

  it('that fails is not taken for an empty one: it says which permission is missing, and what else helps', async () => {
    const opened = await world(() => ({ status: 403, body: {} }));
    const signal = new AbortController().signal;
    const search = async () => ({ orgId: 'org-1', tag: KEY.tag, since: 0, isOwn: () => true });
    const error = await findExisting({ ...opened, signal }, search, KEY.tag, {}).catch(asActionError);
    expect(error).toMatchObject({ code: 'permission_denied', fix: expect.stringMatching(/ViewOrgSessions.*none/) });
  });

  it('after a lost response is repeated for 30 seconds, for a list that lags behind', async () => {
    let looks = 0;
    const opened = await world(() => {
      looks += 1;
      return { body: { items: looks < 6 ? [] : [tagged('devin-a', 5)] } };
    });
    const search = async () => ({ orgId: 'org-1', tag: KEY.tag, since: 0, isOwn: () => true });
    const lost = { key: KEY, error: asActionError(new Error('lost')), search, before: new Set<string>() };
    const context = { ...opened, signal: new AbortController().signal, startedAt: START, inputs: { timeout: 600_000 } };
    expect(await findLost(context, lost)).toMatchObject({ session_id: 'devin-a' });
    expect(opened.clock.slept).toEqual([2_000, 3_000, 5_000, 10_000, 10_000]);
    looks = 0;
    const short = { ...context, startedAt: opened.clock.now(), inputs: { timeout: 20_000 } };
    const error = await findLost(short, lost).catch(asActionError);
    expect(error).toMatchObject({ ambiguous: true, fix: expect.stringContaining(KEY.tag) });
    expect(opened.clock.now()).toBe(START + 30_000 + 10_000);
  });
});

describe('an existing session', () => {
  const done = { outcome: 'done', summary: 'As asked.' };
  const tags = ['devin-action:report'];
  it.each([
    ['live', { status: 'new', status_detail: null }],
    ['live', { status: 'running', status_detail: 'working' }],
    ['live', { status: 'running', status_detail: 'waiting_for_user' }],
    ['live', { status: 'suspended', status_detail: null }],
    ['live', { status: 'running', status_detail: 'something new' }],
    ['finished', { status_detail: 'waiting_for_user', structured_output: done, tags }],
    ['finished', { status: 'suspended', status_detail: 'inactivity', structured_output: done, tags }],
    ['finished', { status: 'exit', structured_output: done, tags, is_archived: true }],
    ['finished', { status: 'exit', pull_requests: [{ pr_url: 'https://github.com/a/b/pull/1', pr_state: 'open' }] }],
    [
      'asks',
      {
        status: 'suspended',
        status_detail: 'inactivity',
        structured_output: { outcome: 'question', summary: 'Which?' },
        tags,
      },
    ],
    ['asleep', { status: 'suspended', status_detail: 'inactivity' }],
    ['asleep', { status: 'suspended', status_detail: 'out_of_credits' }],
    ['over', { status: 'exit', status_detail: null }],
    ['over', { status: 'error' }],
    ['over', { status: 'suspended', status_detail: 'error' }],
    ['over', { status: 'suspended', status_detail: 'user_request', is_archived: true }],
  ] as const)('is %s: %j', (standing, state) => {
    expect(standingOf(session(state as Parameters<typeof session>[0]))).toBe(standing);
  });
});

describe('two steps with one key', () => {
  it('start one session, however many they are and whatever ids their sessions get', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), async (steps) => {
        const bench = await startBench();
        const ids = Array.from({ length: steps }, (_, at) => String(at));
        const begin = { with: { idempotency: 'my key' } };
        const done = await Promise.all(ids.map((runId) => bench.start({ ...begin, facts: { runId } })));
        const alive = (await bench.sessions()).filter(({ status }) => status !== 'exit');
        expect(alive).toHaveLength(1);
        expect(new Set(done.map(({ session: { session_id: id } }) => id.replace('devin-', '')))).toEqual(
          new Set([alive[0]?.session_id.replace('devin-', '')]),
        );
        expect(done.filter(({ created }) => created)).toHaveLength(1);
      }),
      { numRuns: 15 },
    );
  });
});

it('a step that is canceled while it checks ends at once, and says what may exist', async () => {
  const stop = new AbortController();
  const result = perform('create-session', {
    with: { prompt: 'x' },
    signal: stop.signal,
    handle: ({ method }, _response, socket) => {
      if (method === 'GET') {
        stop.abort(asActionError(new Error('stop')));
        return { body: { items: [] } };
      }
      socket.destroy();
      return undefined;
    },
  });
  const error = await result.catch(asActionError);
  expect(error).toMatchObject({ ambiguous: true });
  expect(asActionError(error).fix).toContain('Search Devin for a session with the tag devin-action:');
});

describe('a pool', () => {
  it('never runs more at once than it may, and runs all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { maxLength: 30 }),
        async (most, tasks) => {
          const turn = pool(most);
          let [running, highest] = [0, 0];
          const done = await Promise.allSettled(
            tasks.map((fails) =>
              turn(async () => {
                running += 1;
                highest = Math.max(highest, running);
                await Promise.resolve();
                running -= 1;
                if (fails) throw new Error('no');
              }),
            ),
          );
          expect(done.map(({ status }) => status === 'rejected')).toEqual(tasks);
          expect(highest).toBeLessThanOrEqual(most);
        },
      ),
    );
  });
});

describe('the name of a downloaded file', () => {
  it.each([
    ['report.txt', 'report.txt'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\a.txt', 'a.txt'],
    ['.bashrc', 'bashrc'],
    ['..', 'attachment'],
    ['', 'attachment'],
    ['CON.txt', '_CON.txt'],
    ['a\u0000b\n.txt', 'a_b_.txt'],
    ['a:b*.txt', 'a_b_.txt'],
    [`${'ä'.repeat(300)}.txt`, `${'ä'.repeat(98)}.txt`],
    [`${'a'.repeat(80)}.${'b'.repeat(199)}`, 'b'.repeat(199)],
  ])('%j becomes %j', (name, safe) => {
    expect(safeName(name)).toBe(safe);
  });

  it('is one part of a path, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const safe = safeName(name);
        expect(safe).toMatch(/^[^/\\\p{C}]+$/u);
        expect(['.', '..']).not.toContain(safe);
        expect(safe.startsWith('.')).toBe(false);
      }),
    );
  });
});
