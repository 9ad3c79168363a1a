import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError, asActionError } from '../../src/contract/errors.ts';
import { whyNotLive } from '../../src/operations/sessions/once/reuse.ts';
import { reuseTag, threadTag } from '../../src/operations/sessions/request/tags.ts';
import { START } from '../devin/support.ts';
import { type Begin, RUN, type StartBench, startBench, THREAD } from './start-support.ts';
import { session } from './support.ts';

const DAY = 86_400_000;
const TO_THREAD = { reuse: 'thread' } as const;
const MESSAGES = '/organizations/*/sessions/*/messages';
const SESSIONS = '/organizations/*/sessions';

/** Another run of the same workflow, for the next comment on the thread. */
const next = (runId: string, begin: Begin = {}): Begin => ({
  ...begin,
  with: { ...TO_THREAD, ...begin.with },
  facts: { runId, ...begin.facts },
});

/** A bench whose thread has a session already, of some life. */
async function withSession(tags: readonly string[] = [], seconds = 10): Promise<[StartBench, string, string]> {
  const bench = await startBench();
  const { session: first } = await bench.start(next('1', { body: { tags: [...tags] } }));
  await bench.later(seconds * 1_000);
  await bench.requests();
  return [bench, first.session_id, first.url];
}

const reference =
  /^(Fix [\s\S]*)\n\nWhen you stop, update the structured output: .* \(request (devin-action:[0-9a-f]{24})(?: after [0-9a-f]{8})?\)$/;

describe('the tag of a thread', () => {
  it('is the same for an issue and a pull request of a number, in any case of the repository', async () => {
    const tag = await threadTag(RUN, THREAD);
    expect(tag).toMatch(/^devin-action:thread-[0-9a-f]{24}$/);
    expect(await threadTag({ ...RUN, repository: 'Acme/API' }, { kind: 'issue', number: 128 })).toBe(tag);
    const [main, branch] = ['refs/heads/main', 'refs/pull/1/merge'].map(
      (ref) => `acme/api/.github/workflows/a.yml@${ref}`,
    );
    expect(await threadTag({ ...RUN, workflowRef: main ?? '' }, THREAD)).toBe(
      await threadTag({ ...RUN, workflowRef: branch ?? '' }, THREAD),
    );
  });

  it('differs for another thread, and so does that of a key for another key', async () => {
    const tags = await Promise.all([
      threadTag(RUN, THREAD),
      threadTag(RUN, { ...THREAD, number: 129 }),
      threadTag(RUN, { kind: 'discussion', number: 128 }),
      threadTag({ ...RUN, repository: 'acme/web' }, THREAD),
      threadTag({ ...RUN, workflowRef: 'acme/api/.github/workflows/triage.yml@refs/heads/main' }, THREAD),
      threadTag({ ...RUN, workflowRef: 'acme/api/.github/workflows/devin.yml@refs/heads/main' }, THREAD),
      reuseTag('a'),
      reuseTag('b'),
    ]);
    expect(new Set(tags).size).toBe(tags.length);
    expect(tags[6]).toMatch(/^devin-action:reuse-[0-9a-f]{24}$/);
  });
});

describe('a live session', () => {
  it.each([
    ['new', null],
    ['claimed', null],
    ['resuming', null],
    ['running', 'working'],
    ['running', 'waiting_for_user'],
    ['running', 'waiting_for_approval'],
    ['running', 'finished'],
    ['running', 'something new'],
    ['suspended', 'inactivity'],
    ['suspended', 'user_request'],
    ['something new', null],
  ])('is one that is %s (%s)', (status, detail) => {
    expect(whyNotLive(session({ status, status_detail: detail }), START, DAY)).toBeUndefined();
  });

  it.each([
    ['exit', null, 'has ended'],
    ['exit', 'finished', 'has ended'],
    ['error', null, 'stopped with an error'],
    ['suspended', 'error', 'stopped with an error'],
    ['suspended', null, 'is suspended'],
    ['suspended', 'something_new', 'is suspended: something new'],
    ['suspended', 'out_of_credits', 'stopped: out of credits'],
    ['suspended', 'usage_limit_exceeded', 'stopped: usage limit reached'],
    ['suspended', 'out_of_quota', 'stopped: out of quota'],
    ['suspended', 'no_quota_allocation', 'stopped: no quota is allocated'],
    ['suspended', 'payment_declined', 'stopped: a payment was declined'],
    ['suspended', 'org_usage_limit_exceeded', "stopped: the organization's usage limit is reached"],
    ['suspended', 'user_usage_limit_exceeded', "stopped: the user's usage limit is reached"],
    ['suspended', 'total_session_limit_exceeded', 'stopped: too many sessions at once'],
  ])('is none that is %s (%s): it %s', (status, detail, why) => {
    expect(whyNotLive(session({ status, status_detail: detail }), START, DAY)).toBe(why);
  });

  it('is none that is archived, or older than it may be', () => {
    expect(whyNotLive(session({ is_archived: true }), START, DAY)).toBe('is archived');
    expect(whyNotLive(session(), START + DAY, DAY)).toBeUndefined();
    expect(whyNotLive(session(), START + DAY + 1, DAY)).toBe('is older than 1 d');
  });
});

describe('reuse', () => {
  it('starts a session with the tag of the thread where there is none', async () => {
    const bench = await startBench();
    const started = await bench.start(next('1', { body: { tags: ['a'] } }));
    expect(started).toMatchObject({ created: true, reused: false, own: true });
    expect(started).not.toHaveProperty('follows');
    const [made] = await bench.sessions();
    expect(made?.tags).toEqual([
      'a',
      expect.stringMatching(/^devin-action:[0-9a-f]{24}$/),
      await threadTag(RUN, THREAD),
      'devin-action:report',
    ]);
    expect(await bench.said(started.session.session_id)).toEqual(['Fix it.']);
  });

  it.each<[string, readonly string[], number]>([
    ['new', [], 0],
    ['at work', [], 1],
    ['done', [], 10],
    ['waiting for an answer', ['sandbox:waiting'], 10],
    ['asleep', ['sandbox:suspended-inactivity'], 10],
    ['put to sleep', ['sandbox:suspended-user-request'], 10],
  ])('sends the prompt to a session that is %s, with its reference, and starts none', async (_name, tags, seconds) => {
    const [bench, id] = await withSession(tags, seconds);
    const started = await bench.start(next('2', { body: { prompt: 'Fix that.' } }));
    expect(started).toMatchObject({ created: false, reused: true, own: false, session: { session_id: id } });
    expect(await bench.sessions()).toHaveLength(1);
    const [, message] = await bench.said(id);
    expect(reference.exec(message ?? '')?.[1]).toBe('Fix that.');
    expect(await bench.requests()).toEqual(['GET sessions', 'POST messages']);
  });

  it.each<[string, readonly string[], string]>([
    ['ended', ['sandbox:exit'], 'has ended'],
    ['failed', ['sandbox:error'], 'stopped with an error'],
    ['out of credits', ['sandbox:out-of-credits'], 'stopped: out of credits'],
    ['over a limit', ['sandbox:suspended-usage-limit-exceeded'], 'stopped: usage limit reached'],
    ['unpaid', ['sandbox:suspended-payment-declined'], 'stopped: a payment was declined'],
    ['suspended by an error', ['sandbox:suspended-error'], 'stopped with an error'],
  ])(
    'starts a new session after one that is %s, and says in its prompt which one it follows',
    async (_name, tags, why) => {
      const [bench, , url] = await withSession(tags);
      const started = await bench.start(next('2'));
      expect(started).toMatchObject({ created: true, reused: false, own: true, follows: { url, why } });
      expect(await bench.said(started.session.session_id)).toEqual([
        `This task follows the Devin session ${url}, which ${why}.\n\nFix it.`,
      ]);
      expect(await bench.requests()).toEqual(['GET sessions', 'POST sessions']);
    },
  );

  it('starts a new session after one that is archived or too old', async () => {
    const [bench, id, url] = await withSession();
    await bench.later(2 * DAY);
    const limited = { max_session_age: '1d' };
    const young = await bench.start(next('2', { with: limited }));
    expect(young.follows).toEqual({ url, why: 'is older than 1 d' });
    await bench.later(1_000);
    await bench.ask('POST', `sessions/${young.session.session_id}/archive`);
    const third = await bench.start(next('3', { with: limited }));
    expect(third.follows).toEqual({ url: young.session.url, why: 'is archived' });
    expect(await bench.said(id)).toHaveLength(1);
  });

  it('takes the newest live session, also where a newer one is dead', async () => {
    const [bench, first] = await withSession();
    const { session: second } = await bench.start(next('2', { request: { fresh: true } }));
    await bench.later(10_000);
    expect((await bench.start(next('3'))).session.session_id).toBe(second.session_id);
    await bench.ask('DELETE', `sessions/${second.session_id}`);
    expect((await bench.start(next('4'))).session.session_id).toBe(first);
    expect(await bench.sessions()).toHaveLength(2);
  });

  it('starts a new session where one is asked for, and the next message goes to that one', async () => {
    const [bench] = await withSession();
    const fresh = await bench.start(next('2', { request: { fresh: true } }));
    expect(fresh).toMatchObject({ created: true, reused: false });
    expect(await bench.requests()).toEqual(['POST sessions']);
    await bench.later(10_000);
    expect((await bench.start(next('3'))).session.session_id).toBe(fresh.session.session_id);
  });

  it('keeps threads and keys apart, and a key goes across repositories', async () => {
    const [bench, id] = await withSession();
    expect(await bench.start(next('2', { request: { thread: { kind: 'issue', number: 5 } } }))).toMatchObject({
      created: true,
    });
    const keyed = { reuse: 'key', reuse_key: 'nightly' } as const;
    const byKey = await bench.start(next('3', { with: keyed }));
    expect(byKey.created).toBe(true);
    await bench.later(1_000);
    const other = await bench.start(next('4', { with: keyed, facts: { repository: 'acme/web' } }));
    expect(other).toMatchObject({ reused: true, session: { session_id: byKey.session.session_id } });
    expect(await bench.said(id)).toHaveLength(1);
  });

  it('passes on the files and the user with the message', async () => {
    const [bench, id] = await withSession();
    await bench.start(
      next('2', {
        body: { attachment_urls: ['https://example.com/a.txt'] },
        request: { uploads: [{ name: 'job.log', bytes: new TextEncoder().encode('boom') }] },
      }),
    );
    const { body } = await bench.ask('GET', `sessions/${id}/attachments`);
    expect(body.map(({ name }: { name: string }) => name)).toEqual(['a.txt', 'job.log']);
    expect(await bench.requests()).toEqual(['GET sessions', 'POST attachments', 'POST messages']);
  });

  it('does not go on where nobody knows which sessions there are', async () => {
    const [bench] = await withSession();
    await bench.faults({ method: 'GET', path: SESSIONS, status: 403 });
    const error = await bench.start(next('2')).catch(asActionError);
    expect(error).toMatchObject({ code: 'permission_denied' });
    expect(asActionError(error).message).toContain('it is unknown whether a session exists');
    expect(asActionError(error).fix).toMatch(/ViewOrgSessions.*reuse: none/);
    expect(await bench.sessions()).toHaveLength(1);
  });
});

describe('a message that a session refuses', () => {
  it.each([400, 403, 404, 409, 410, 413, 422])(
    'with HTTP %d leads to a new session that says which one it follows',
    async (status) => {
      const [bench, id, url] = await withSession();
      await bench.faults({ method: 'POST', path: MESSAGES, status, times: 9 });
      const log = new TextEncoder().encode('boom');
      const started = await bench.start(next('2', { request: { uploads: [{ name: 'job.log', bytes: log }] } }));
      const why = `rejected the message (HTTP ${status})`;
      expect(started).toMatchObject({ created: true, reused: false, own: true, follows: { url, why } });
      expect(await bench.said(started.session.session_id)).toEqual([
        `This task follows the Devin session ${url}, which ${why}.\n\nFix it.`,
      ]);
      expect(await bench.said(id)).toHaveLength(1);
      // A session that is new may not be known everywhere, so that a 404 is not its word at once.
      const sent = Array.from({ length: status === 404 ? 6 : 1 }, () => 'POST messages');
      expect(await bench.requests()).toEqual(['GET sessions', 'POST attachments', ...sent, 'POST sessions']);
    },
  );

  it('for lack of a permission is a warning that names it', async () => {
    const [bench] = await withSession();
    await bench.faults({ method: 'POST', path: MESSAGES, status: 403 });
    await bench.start(next('2'));
    expect(bench.lines.join('\n')).toMatch(/::warning title=The live session.*ManageOrgSessions/);
  });

  it.each([
    [401, 'credential_invalid'],
    [429, 'rate_limited'],
  ])('with HTTP %d, which says nothing about the session, is an error: %s', async (status, code) => {
    const [bench, id] = await withSession();
    await bench.faults({ method: 'POST', path: MESSAGES, status, times: 9 });
    expect(await bench.start(next('2')).catch(asActionError)).toMatchObject({ code });
    expect(await bench.sessions()).toHaveLength(1);
    expect(await bench.said(id)).toHaveLength(1);
  });
});

const LOST: readonly [string, Record<string, unknown>][] = [
  ['a lost answer', { reset: true }],
  ['a cut answer', { truncate: true }],
  ['an error of the server', { status: 500 }],
  ['an answer that is no JSON', { garbage: true }],
  ['no answer in time', { hang: true }],
];

describe('a message without a clear answer', () => {
  it.each(LOST)('(%s) that arrived is not sent again', async (_name, fault) => {
    const [bench, id] = await withSession();
    await bench.faults({ method: 'POST', path: MESSAGES, after_commit: true, ...fault });
    const started = await bench.start(next('2'));
    expect(started).toMatchObject({ created: false, reused: true, session: { session_id: id } });
    expect(await bench.said(id)).toHaveLength(2);
    // Whatever a success says in its body: it is one.
    const checks = 'garbage' in fault ? [] : ['GET messages'];
    expect(await bench.requests()).toEqual(['GET sessions', 'POST messages', ...checks]);
  });

  it.each(LOST.filter(([, fault]) => !('garbage' in fault)))(
    '(%s) that did not arrive is sent once more, after several looks',
    async (_name, fault) => {
      const [bench, id] = await withSession();
      await bench.faults({ method: 'POST', path: MESSAGES, ...fault });
      expect(await bench.start(next('2'))).toMatchObject({ reused: true });
      expect(await bench.said(id)).toHaveLength(2);
      const looks = ['GET messages', 'GET messages', 'GET messages', 'GET messages'];
      expect(await bench.requests()).toEqual(['GET sessions', 'POST messages', ...looks, 'POST messages']);
      expect(bench.clock.slept).toEqual([1_000, 2_000, 4_000]);
    },
  );

  it('is found in a list that lags behind', async () => {
    const [bench, id] = await withSession(['sandbox:lag=5']);
    await bench.faults({ method: 'POST', path: MESSAGES, after_commit: true, reset: true });
    expect(await bench.start(next('2'))).toMatchObject({ reused: true });
    expect((await bench.requests()).filter((each) => each === 'POST messages')).toHaveLength(1);
    expect(await bench.said(id)).toHaveLength(2);
  });

  it('is not sent a third time', async () => {
    const [bench, id] = await withSession();
    await bench.faults({ method: 'POST', path: MESSAGES, reset: true, times: 9 });
    expect(await bench.start(next('2')).catch(asActionError)).toMatchObject({ code: 'api_unavailable' });
    expect((await bench.requests()).filter((each) => each === 'POST messages')).toHaveLength(2);
    expect(await bench.said(id)).toHaveLength(1);
    expect(await bench.sessions()).toHaveLength(1);
  });

  it('whose look fails as well says where to look, and sends nothing more', async () => {
    const [bench, , url] = await withSession();
    await bench.faults({ method: 'POST', path: MESSAGES, reset: true }, { method: 'GET', path: MESSAGES, status: 403 });
    const error = asActionError(await bench.start(next('2')).catch(asActionError));
    expect(error).toMatchObject({ code: 'api_unavailable', ambiguous: true });
    expect(error.fix).toContain(`Search ${url} for a message that ends with (request devin-action:`);
    expect((await bench.requests()).filter((each) => each.startsWith('POST'))).toEqual(['POST messages']);
  });

  it('is an error with idempotency: none, since then it has no reference', async () => {
    const [bench, id] = await withSession();
    const none = { with: { idempotency: 'none' } };
    await bench.start(next('2', none));
    expect((await bench.said(id))[1]).toMatch(/^Fix it\.\n\nWhen you stop, [^\n]*`summary`\.$/);
    await bench.faults({ method: 'POST', path: MESSAGES, reset: true, after_commit: true });
    const error = asActionError(await bench.start(next('3', none)).catch(asActionError));
    expect(error).toMatchObject({ code: 'api_unavailable', ambiguous: true });
    expect(error.message).toContain('Without `idempotency`, the step cannot check');
    expect(await bench.said(id)).toHaveLength(3);
  });

  it('of a step that is cancelled ends it at once', async () => {
    const [bench] = await withSession();
    const stop = new AbortController();
    await bench.faults({ method: 'POST', path: MESSAGES, reset: true });
    bench.clock.hold = async () => {
      stop.abort(new ActionError('cancelled', 'Stop.'));
      stop.signal.throwIfAborted();
    };
    const error = await bench.start(next('2', { signal: stop.signal })).catch(asActionError);
    expect(error).toMatchObject({ code: 'cancelled', ambiguous: true });
  });
});

describe('a re-run', () => {
  const again = { attempt: 2 };

  it('finds the session that got the message, and sends nothing', async () => {
    const [bench, id] = await withSession();
    await bench.start(next('2'));
    await bench.later(10_000);
    const { session: other } = await bench.start(next('3', { request: { fresh: true } }));
    await bench.requests();
    const started = await bench.start(next('2', { facts: again }));
    expect(started).toMatchObject({ created: false, reused: true, own: false, session: { session_id: id } });
    expect(await bench.said(id)).toHaveLength(2);
    expect(await bench.said(other.session_id)).toHaveLength(1);
    expect(await bench.requests()).toEqual(['GET sessions', 'GET sessions', 'GET messages', 'GET messages']);
  });

  it('finds it also where that session has ended since', async () => {
    const [bench, id] = await withSession();
    await bench.start(next('2'));
    await bench.ask('DELETE', `sessions/${id}`);
    expect(await bench.start(next('2', { facts: again }))).toMatchObject({ reused: true, session: { session_id: id } });
    expect(await bench.sessions()).toHaveLength(1);
  });

  it('finds the session that it created, and does not message that', async () => {
    const [bench, id] = await withSession();
    const started = await bench.start(next('1', { body: { tags: [] }, facts: again }));
    expect(started).toMatchObject({ created: false, reused: false, own: true, session: { session_id: id } });
    expect(await bench.said(id)).toHaveLength(1);
  });

  it('sends the message where the attempt before did not get to it', async () => {
    const [bench, id] = await withSession();
    expect(await bench.start(next('2', { facts: again }))).toMatchObject({ reused: true });
    expect(await bench.said(id)).toHaveLength(2);
  });

  it('does not depend on texts that the next attempt fetches anew', async () => {
    const bench = await startBench();
    const begin = (nonce: string, log: string) => ({
      body: { prompt: `Fix it. ${nonce}` },
      written: { prompt: 'Fix it.' },
      request: { uploads: [{ name: 'job.log', bytes: new TextEncoder().encode(log) }] },
    });
    const first = await bench.start(next('1', begin('abc', 'one')));
    const second = await bench.start(next('1', { ...begin('def', 'two and more'), facts: again }));
    expect(second).toMatchObject({ created: false, session: { session_id: first.session.session_id } });
    const other = await bench.start(next('1', { written: { prompt: 'Fix that.' }, facts: again }));
    expect(other).toMatchObject({ created: false, reused: true });
  });
});

describe('exactly once', () => {
  const fault = fc.record({
    on: fc.constantFrom('message', 'create', 'look'),
    how: fc.constantFrom<Record<string, unknown>>(
      { reset: true },
      { status: 500 },
      { truncate: true },
      { status: 409 },
      { status: 429 },
    ),
    after_commit: fc.boolean(),
  });
  const PATHS = { message: ['POST', MESSAGES], create: ['POST', SESSIONS], look: ['GET', MESSAGES] } as const;

  it('any faults in any order of any attempts leave at most one message or one session, never both', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.array(fault, { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        async (isLive, attempts) => {
          const [bench, id] = await withSession(isLive ? [] : ['sandbox:exit']);
          let reused = 0;
          for (const [index, faults] of attempts.entries()) {
            await bench.faults(
              ...faults.map(({ on, how, after_commit: after }) => {
                // A clear refusal says that nothing was done, so that it cannot come after the work.
                const committed = after && !('status' in how && Number(how['status']) < 500);
                return {
                  method: PATHS[on][0],
                  path: PATHS[on][1],
                  ...how,
                  ...(committed ? { after_commit: true } : {}),
                };
              }),
            );
            const facts = { attempt: index + 1 };
            const done = await bench.start(next('2', { facts })).catch(() => undefined);
            if (done?.reused === true) reused += 1;
            await bench.later(1_000);
          }
          await bench.faults();
          const told = async () => (await bench.said(id)).length - 1 + (await bench.sessions()).length - 1;
          expect(await told()).toBeLessThanOrEqual(1);
          if (reused > 0) expect(await bench.said(id)).toHaveLength(2);
          // An attempt without a fault gets it done, and once more only where it was not.
          await bench.start(next('2', { facts: { attempt: attempts.length + 1 } }));
          expect(await told()).toBe(1);
        },
      ),
      { numRuns: 25 },
    );
  }, 30_000);
});

describe('a wait after a message', () => {
  const finished = 'Done. I finished the work after your message.';

  it.each<[string, readonly string[]]>([
    ['finished', []],
    ['waited for an answer', ['sandbox:waiting']],
    ['slept', ['sandbox:suspended-inactivity']],
  ])('does not take the state of before for the end: a session that %s', async (_name, tags) => {
    const [bench, id] = await withSession([...tags, 'sandbox:lag=6']);
    const started = await bench.start(next('2'));
    const before = bench.lines.length;
    const story = await bench.wait(started);
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: finished });
    expect(story.error).toBeUndefined();
    expect(bench.clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(6_000);
    const log = bench.lines.slice(before).join('\n');
    expect(log).toContain(`devin: ${finished}`);
    expect(log).not.toMatch(/reading the code|Which of the two|I finished the work in/);
    expect(id).toBe(story.session.session_id);
  });

  it('without follow still gives the last message after ours', async () => {
    const [bench] = await withSession(['sandbox:lag=2']);
    const story = await bench.wait(await bench.start(next('2')), { follow: 'false' });
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: finished });
  });

  it('goes by the answer where only the time of the last change is new', async () => {
    const [bench, id] = await withSession([], 10);
    const started = await bench.start(next('2'));
    // Since the session was touched, it may look changed although Devin has not read the message yet.
    const touched = { ...started.session, status: 'running', status_detail: 'finished', updated_at: 2_000_000_000 };
    await bench.faults({
      method: 'GET',
      path: '/organizations/*/sessions/*',
      status: 200,
      body: JSON.stringify(touched),
      content_type: 'application/json',
    });
    const story = await bench.wait(started);
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: finished });
    expect(story.session.session_id).toBe(id);
  });

  it('gives up on a change after a minute', async () => {
    const [bench] = await withSession(['sandbox:lag=600']);
    const story = await bench.wait(await bench.start(next('2')));
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: '' });
    const slept = bench.clock.slept.reduce((sum, ms) => sum + ms, 0);
    expect(slept).toBeGreaterThanOrEqual(60_000);
    expect(slept).toBeLessThan(70_000);
  });

  it('of a message of an earlier attempt takes the session as it is', async () => {
    const [bench] = await withSession();
    await bench.start(next('2'));
    await bench.later(10_000);
    const story = await bench.wait(await bench.start(next('2', { facts: { attempt: 2 } })));
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: finished });
    expect(bench.clock.slept).toEqual([2_000]);
  });

  it('without a reference knows the message by its text', async () => {
    const [bench] = await withSession(['sandbox:lag=2']);
    const story = await bench.wait(await bench.start(next('2', { with: { idempotency: 'none' } })));
    expect(story).toMatchObject({ verdict: { outcome: 'finished' }, lastMessage: finished });
  });

  it('that is not wanted says that the session got the message', async () => {
    const [bench] = await withSession(['sandbox:lag=2']);
    const story = await bench.wait(await bench.start(next('2')), { wait: 'none' });
    expect(story.verdict).toEqual({ outcome: 'running', headline: 'got the message', advice: '' });
  });

  it('tells a pull request of before from one that comes after', async () => {
    const [bench] = await withSession(['sandbox:pr']);
    const started = await bench.start(next('2'));
    const before = bench.lines.length;
    expect((await bench.wait(started)).session.pull_requests).toHaveLength(1);
    expect(bench.lines.slice(before).join('\n')).not.toContain('pull request opened');
  });
});
