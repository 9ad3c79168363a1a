import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asActionError } from '../../src/contract/errors.ts';
import { pool } from '../../src/contract/pool.ts';
import type { RunFacts } from '../../src/github/facts.ts';
import { safeName } from '../../src/operations/sessions/downloads.ts';
import { keyOf } from '../../src/operations/sessions/idempotency.ts';
import { findEarlier, findLost, findSession, settle } from '../../src/operations/sessions/lookup.ts';
import { START, TestClock } from '../devin/support.ts';
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

const prepared = (prompt: string, more: object = {}) => ({
  body: { prompt, ...more },
  extraBody: {},
  schema: undefined,
  uploads: [],
});

const tagOf = async (
  idempotency: string,
  given: RunFacts = facts,
  request = prepared('x'),
  org = 'org-1',
  random = 0,
) => {
  const clock = Object.assign(new TestClock(), { random: () => random });
  const inputs = { idempotency } as Parameters<typeof keyOf>[0]['inputs'];
  return (await keyOf({ inputs, facts: given, clock, startedAt: START }, org, request))?.tag;
};

const KEY = { tag: 'devin-action:0123456789abcdef01234567', scope: 'text' } as const;
const tagged = (id: string, at: number) => session({ session_id: id, created_at: at, tags: ['a', KEY.tag] });

describe('the key of a step', () => {
  it('is a short tag, and no two steps have the same', async () => {
    const others: readonly RunFacts[] = [
      { ...facts, repository: 'acme/other' },
      { ...facts, workflow: 'Other' },
      { ...facts, runId: '2' },
      { ...facts, job: 'other' },
      { ...facts, step: 'other' },
    ];
    const tags = await Promise.all([
      tagOf('run'),
      ...others.map((other) => tagOf('run', other)),
      tagOf('run', facts, prepared('y')),
      tagOf('run', facts, prepared('x', { repos: ['acme/web'] })),
      tagOf('run', facts, prepared('x'), 'org-2'),
      tagOf('my key'),
      tagOf('my key', facts, prepared('x'), 'org-2'),
      tagOf('other key'),
    ]);
    for (const tag of tags) expect(tag).toMatch(/^devin-action:[0-9a-f]{24}$/);
    expect(new Set(tags).size).toBe(tags.length);
  });

  it('is the same in every attempt of a run; a text is so everywhere in an organization', async () => {
    expect(await tagOf('run', { ...facts, attempt: 7 })).toBe(await tagOf('RUN'));
    expect(await tagOf('my key', {}, prepared('other'))).toBe(await tagOf('my key'));
    expect(await tagOf('none')).toBeUndefined();
    expect(await tagOf('None')).toBeUndefined();
  });

  it('outside of a workflow is good for one process only', async () => {
    expect(await tagOf('run', {}, prepared('x'), 'org-1', 0.1)).not.toBe(
      await tagOf('run', {}, prepared('x'), 'org-1', 0.2),
    );
  });

  it('depends on the names of secrets, not on their values', async () => {
    const secret = (key: string, value: string) =>
      tagOf('run', facts, prepared('x', { session_secrets: [{ key, value, sensitive: true }] }));
    expect(await secret('KEY', 'a')).toBe(await secret('KEY', 'b'));
    expect(await secret('KEY', 'a')).not.toBe(await secret('OTHER', 'a'));
  });
});

describe('the look for a session', () => {
  it('asks for the tag, reads every page, and takes the oldest that really has it', async () => {
    const pages = [
      {
        items: [tagged('devin-c', 7), session({ session_id: 'devin-x', created_at: 1 })],
        end_cursor: 'p',
        has_next_page: true,
      },
      { items: [tagged('devin-b', 5), tagged('devin-a', 5)], has_next_page: false },
    ];
    const opened = await world(({ url }) => ({ body: url.includes('after=p') ? pages[1] : pages[0] }));
    expect(await findSession(opened, 'org-1', KEY)).toMatchObject({ session_id: 'devin-a' });
    expect(opened.seen[0]?.url).toContain('tags=devin-action%3A0123456789abcdef01234567');
    expect(opened.seen).toHaveLength(2);
  });

  it('after a lost answer goes on for seven seconds, for a list that lags behind', async () => {
    let looks = 0;
    const opened = await world(() => {
      looks += 1;
      return { body: { items: looks < 4 ? [] : [tagged('devin-a', 5)] } };
    });
    const signal = new AbortController().signal;
    const lost = asActionError(new Error('lost'));
    expect(await findLost({ ...opened, signal }, 'org-1', KEY, lost)).toMatchObject({ session_id: 'devin-a' });
    expect(opened.clock.slept).toEqual([1_000, 2_000, 4_000]);
  });

  it('that may not be made says which permission is missing, and what else helps', async () => {
    const opened = await world(() => ({ status: 403, body: {} }));
    const error = await findEarlier({ ...opened, signal: new AbortController().signal }, 'org-1', KEY).catch(
      asActionError,
    );
    expect(error).toMatchObject({ code: 'permission_denied' });
    expect(asActionError(error).fix).toMatch(/ViewOrgSessions.*idempotency: none/);
  });
});

describe('two steps with one key', () => {
  const meet = async (own: ReturnType<typeof session>, others: readonly ReturnType<typeof session>[]) => {
    const opened = await world(({ method }) => ({ body: method === 'GET' ? { items: others } : own }));
    const stays = await settle({ ...opened, signal: new AbortController().signal }, 'org-1', KEY, own);
    return { stays: stays.session_id, ended: opened.seen.filter(({ method }) => method === 'DELETE').length };
  };
  const [a, b] = [tagged('devin-a', 5), tagged('devin-b', 5)];

  it('both see the same winner: the older one, of the same second the smaller id', async () => {
    expect(await meet(a, [b, a])).toEqual({ stays: 'devin-a', ended: 0 });
    expect(await meet(b, [b, a])).toEqual({ stays: 'devin-a', ended: 1 });
    expect(await meet(tagged('devin-0', 6), [a])).toEqual({ stays: 'devin-a', ended: 1 });
  });

  it('start one session, however many they are and whatever ids their sessions get', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), async (steps) => {
        const bench = await startBench();
        const ids = Array.from({ length: steps }, (_, at) => String(at));
        const begin = { with: { idempotency: 'my key' } };
        const done = await Promise.all(ids.map((runId) => bench.start({ ...begin, facts: { runId } })));
        const alive = (await bench.sessions()).filter(({ status }) => status !== 'exit');
        expect(alive).toHaveLength(1);
        expect(new Set(done.map(({ session: { session_id: id } }) => id))).toEqual(new Set([alive[0]?.session_id]));
        expect(done.filter(({ created }) => created)).toHaveLength(1);
      }),
      { numRuns: 15 },
    );
  });

  it('a list that does not know the own session yet changes nothing about it', async () => {
    expect(await meet(a, [b])).toEqual({ stays: 'devin-a', ended: 0 });
    expect(await meet(a, [])).toEqual({ stays: 'devin-a', ended: 0 });
  });

  it('a look that fails leaves the own session, with a warning', async () => {
    const opened = await world(() => ({ status: 500, body: {} }));
    const stays = await settle({ ...opened, signal: new AbortController().signal }, 'org-1', KEY, a);
    expect(stays).toBe(a);
    expect(opened.lines().join('\n')).toContain('::warning title=Nobody knows whether another step');
  });
});

it('a step that is cancelled while it looks ends at once, and says what may be there', async () => {
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
  expect(asActionError(error).fix).toContain('Look in Devin for a session with the tag devin-action:');
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
