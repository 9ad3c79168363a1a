import { describe, expect, test } from 'vitest';
import { fieldClock, SPEED } from './clock.ts';
import { done, report, works } from './scripts.ts';
import { ENTERPRISE_KEY } from './server/index.ts';
import type { ScriptStep } from './server/script.ts';
import { create, field, story } from './support.ts';

const MESSAGES = /\/messages$/;
const SESSION = /\/sessions\/[^/]+$/;

describe.concurrent('a large wait', () => {
  test('for 40 organizations polls each at wider intervals, and not all at once', async () => {
    const organizations = Array.from({ length: 40 }, (_, index) => ({
      org_id: `org-${String(index).padStart(32, '0')}`,
      name: `Team ${index}`,
    }));
    const api = await field({ organizations, script: done('Done.', 240) });
    const result = await create(api, {
      org_id: '*',
      devin_token: ENTERPRISE_KEY,
      wait: 'finished',
      poll_interval: '10s',
      follow: 'false',
    });
    expect(result.exitCode, story(result).slice(-3_000)).toBe(0);
    expect(result.outputs['count']).toBe('40');
    expect(api.sessions).toHaveLength(40);
    const polls = api.requests.filter(({ method, path }) => method === 'GET' && SESSION.test(path));
    // At 10 s each of them would be polled 24 times, which makes 960 requests.
    expect(polls.length).toBeLessThan(700);
    const gaps = api.sessions.flatMap(({ id }) => {
      const times = polls.filter(({ path }) => path.endsWith(id)).map(({ at }) => at);
      return times.slice(1).map((at, index) => Math.round(at - (times[index] ?? 0)));
    });
    // Jitter: the intervals differ.
    expect(new Set(gaps).size).toBeGreaterThan(3);
  });

  test('for a session with 10,000 messages reads its 50 pages once', async () => {
    const messages = Array.from({ length: 10_000 }, (_, index): ScriptStep => ({ at: 0, message: `Message ${index}` }));
    const api = await field({
      script: [
        { at: 0, status: 'running', detail: 'working' },
        ...messages,
        { at: 90, detail: 'waiting_for_user', output: report('done', 'Done.'), message: 'The very last.' },
      ],
    });
    const result = await create(api, { wait: 'finished', poll_interval: '5s' });
    expect(result.exitCode, story(result).slice(-3_000)).toBe(0);
    expect(result.outputs['last_message']).toBe('The very last.');
    const reads = api.requests.filter(({ path }) => MESSAGES.test(path));
    const cursors = reads.map(({ query }) => query.get('after') ?? '');
    const polls = api.requests.filter(({ path }) => SESSION.test(path));
    expect(reads.every(({ query }) => query.get('first') === '200')).toBe(true);
    expect(new Set(cursors).size).toBeGreaterThanOrEqual(50);
    expect(reads.length).toBeLessThanOrEqual(51 + polls.length);
    expect(cursors.filter((cursor) => cursor === '').length).toBeLessThanOrEqual(3);
  });

  test('of an hour makes as many requests at its end as at its beginning, while messages keep coming', async () => {
    const api = await field({
      // Nothing here depends on seconds of the machine, so it runs at this speed in the soak too.
      clock: fieldClock(Math.max(SPEED, 300)),
      script: works(
        ...Array.from({ length: 350 }, (_, index): ScriptStep => ({ at: 10 + index * 10, message: `Step ${index}.` })),
        { at: 3_550, detail: 'waiting_for_user', output: report('done', 'Done.') },
      ),
    });
    const inputs = { wait: 'finished', poll_interval: '10s', timeout: '6h', request_timeout: '10m' };
    const result = await create(api, inputs);
    expect(result.exitCode, story(result).slice(-3_000)).toBe(0);
    const { at: start = 0 } = api.requests.find(({ method }) => method === 'POST') ?? {};
    /** Requests for each poll between two times. */
    const perPoll = (from: number, to: number) => {
      const within = api.requests.filter(({ at }) => at - start >= from && at - start < to);
      return within.length / within.filter(({ path }) => SESSION.test(path)).length;
    };
    expect(perPoll(2_500, 3_500)).toBeLessThanOrEqual(perPoll(0, 1_000) * 1.2);
  });
});
