import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asActionError } from '../../src/contract/errors.ts';
import { workflowTag } from '../../src/operations/sessions/request/tags.ts';
import { START } from '../devin/support.ts';
import { type Begin, RUN, type StartBench, startBench } from './start-support.ts';

const SESSIONS = '/organizations/*/sessions';
const SESSION = '/organizations/*/sessions/*';

/** A run of a workflow that may start so many sessions in an hour. */
const run = (runId: string, most: number, begin: Begin = {}): Begin => ({
  ...begin,
  with: { max_sessions_per_hour: String(most), ...begin.with },
  facts: { runId, ...begin.facts },
});

const refused = async (bench: StartBench, begin: Begin) => asActionError(await bench.start(begin).catch(asActionError));

describe('the tag of a workflow', () => {
  it('is the same in every run, and differs for another workflow or repository', async () => {
    const tag = await workflowTag(RUN, 'org-1');
    expect(tag).toMatch(/^devin-action:workflow-[0-9a-f]{24}$/);
    expect(await workflowTag({ ...RUN, runId: '2', job: 'other' }, 'org-2')).toBe(tag);
    const others = await Promise.all([
      workflowTag({ ...RUN, workflow: 'Other' }, 'org-1'),
      workflowTag({ ...RUN, repository: 'acme/web' }, 'org-1'),
      workflowTag({}, 'org-1'),
      workflowTag({}, 'org-2'),
    ]);
    expect(new Set([tag, ...others]).size).toBe(5);
  });
});

describe('max_sessions_per_hour', () => {
  it('skips the step beyond it, and says how many there were and when the next is possible', async () => {
    const bench = await startBench();
    await bench.start(run('1', 2));
    await bench.later(90_000);
    expect(await bench.start(run('2', 2))).toMatchObject({ created: true, own: true });
    await bench.later(60_000);
    await bench.requests();
    const error = await refused(bench, run('3', 2));
    expect(error).toMatchObject({ code: 'gate_closed' });
    expect(error.message).toBe(
      'max_sessions_per_hour is 2, and this workflow started 2 sessions within the last hour; the next is possible at 2026-01-31 09:00:00 UTC',
    );
    expect(await bench.requests()).toEqual(['GET sessions']);
    expect(await bench.sessions()).toHaveLength(2);
  });

  it('lets the next session start at the second that it names, and not before', async () => {
    const bench = await startBench();
    await bench.start(run('1', 1));
    bench.clock.ms = START + 3_599_999;
    expect((await refused(bench, run('2', 1))).code).toBe('gate_closed');
    bench.clock.ms = START + 3_600_000;
    expect(await bench.start(run('2', 1))).toMatchObject({ created: true });
  });

  it('that was lowered names the time at which enough sessions are out of the hour', async () => {
    const bench = await startBench();
    for (const minute of [0, 1, 2]) {
      bench.clock.ms = START + minute * 60_000;
      await bench.start(run(String(minute), 9));
    }
    expect((await refused(bench, run('4', 2))).message).toContain(
      '3 sessions within the last hour; the next is possible at 2026-01-31 09:01:00 UTC',
    );
  });

  it('counts what this workflow started, and nothing else', async () => {
    const bench = await startBench();
    await bench.start({ facts: { runId: '1' } });
    await bench.start(run('2', 1, { facts: { workflow: 'Other' } }));
    await bench.start(run('3', 1, { facts: { repository: 'acme/web' } }));
    expect(await bench.start(run('4', 1))).toMatchObject({ created: true });
    expect((await refused(bench, run('5', 1))).code).toBe('gate_closed');
  });

  it('does not count a session that is reused, nor keep one from getting a message', async () => {
    const bench = await startBench();
    const reuse = { with: { reuse: 'thread' } } as const;
    const { session } = await bench.start(run('1', 1, reuse));
    await bench.later(10_000);
    expect(await bench.start(run('2', 1, reuse))).toMatchObject({ reused: true });
    expect(await bench.start(run('3', 1, reuse))).toMatchObject({ reused: true });
    await bench.ask('DELETE', `sessions/${session.session_id}`);
    expect((await refused(bench, run('4', 1, reuse))).code).toBe('gate_closed');
  });

  it('lets a re-run find its own session, which counts as ours', async () => {
    const bench = await startBench();
    const { session } = await bench.start(run('1', 1));
    const again = await bench.start(run('1', 1, { facts: { attempt: 2 } }));
    expect(again).toMatchObject({ created: false, own: true, session: { session_id: session.session_id } });
  });

  it.each([403, 500])('starts nothing where the sessions cannot be counted (HTTP %d)', async (status) => {
    const bench = await startBench();
    await bench.faults({ method: 'GET', path: SESSIONS, status });
    const error = await refused(bench, run('1', 1));
    expect(error.code).toBe(status === 403 ? 'permission_denied' : 'api_unavailable');
    expect(error.message).toContain('No session was created, because it is unknown whether max_sessions_per_hour');
    expect(await bench.sessions()).toEqual([]);
  });
});

describe('steps that start sessions at the same time', () => {
  const alive = async (bench: StartBench) => (await bench.sessions()).filter(({ status }) => status !== 'exit').length;

  it('keep the limit: the sessions beyond it end at once, and their steps are skipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }), async (most, steps) => {
        const bench = await startBench();
        const ids = Array.from({ length: steps }, (_, at) => String(at));
        const done = await Promise.allSettled(ids.map((id) => bench.start(run(id, most))));
        const stayed = Math.min(most, steps);
        expect(await alive(bench)).toBe(stayed);
        expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(stayed);
        for (const each of done) {
          if (each.status === 'rejected') expect(asActionError(each.reason).code).toBe('gate_closed');
        }
      }),
      { numRuns: 15 },
    );
  });

  /** Two sessions of one moment, of which the second is beyond the limit of one. */
  async function race(): Promise<[StartBench, Begin]> {
    const bench = await startBench();
    const done = await Promise.allSettled(['1', '2'].map((id) => bench.start(run(id, 1))));
    const beyond = done.findIndex(({ status }) => status === 'rejected');
    return [bench, run(String(beyond + 1), 1)];
  }

  it('start no session in the place of one that was beyond the limit, in a re-run too', async () => {
    const [bench, begin] = await race();
    const error = await refused(bench, { ...begin, facts: { ...begin.facts, attempt: 2 } });
    expect(error.code).toBe('gate_closed');
    expect(error.message).toMatch(/2 sessions within the last hour; the next/);
    expect(await bench.sessions()).toHaveLength(2);
  });

  it('fail where a session beyond the limit cannot be ended', async () => {
    const bench = await startBench();
    await bench.faults({ method: 'DELETE', path: SESSION, status: 403, times: 2 });
    const done = await Promise.allSettled(['1', '2'].map((id) => bench.start(run(id, 1))));
    const [beyond] = done.flatMap((each) => (each.status === 'rejected' ? [asActionError(each.reason)] : []));
    expect(beyond).toMatchObject({
      code: 'api_unavailable',
      message: expect.stringContaining('could not be terminated: it may spend more ACUs'),
    });
    expect(bench.lines.join('\n')).toContain('::warning title=The session could not be ended');
  });

  it('keep a session whose second count fails, with a warning', async () => {
    const bench = await startBench();
    // The first count goes through, and the second one, after the session was created, does not.
    await bench.faults(
      { method: 'GET', path: SESSIONS, status: 200, body: '{"items": []}', content_type: 'application/json' },
      { method: 'GET', path: SESSIONS, status: 500 },
    );
    expect(await bench.start(run('1', 1))).toMatchObject({ created: true });
    expect(bench.lines.join('\n')).toContain('::warning title=Other steps may have started sessions');
  });

  it('count a session whose answer was lost', async () => {
    const bench = await startBench();
    await bench.start(run('1', 1));
    await bench.later(1_000);
    // A list that lags behind lets the step pass, and the answer of its create is lost.
    await bench.faults(
      { method: 'GET', path: SESSIONS, status: 200, body: '{"items": []}', content_type: 'application/json' },
      { method: 'POST', path: SESSIONS, reset: true, after_commit: true },
    );
    expect((await refused(bench, run('2', 1))).code).toBe('gate_closed');
    expect(await alive(bench)).toBe(1);
  });
});
