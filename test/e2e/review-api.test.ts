import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Handle, type Reply, serve } from '../devin/support.ts';
import { postReview } from '../github/server/devin-review.ts';
import { COMMITS } from './events.ts';
import { openReviews, type ReviewBench } from './review-support.ts';

const NEW = 'd'.repeat(40);
let bench: ReviewBench;
beforeAll(async () => {
  bench = await openReviews();
});
afterAll(() => bench.close());
beforeEach(() => {
  bench.github.state.reviews = [];
  bench.github.before(() => {});
  bench.pull.head = COMMITS.head;
});

/** Runs a step on an API of the test's own: what it answers to a request for a review, and to each poll, the last one again and again. */
async function against(posted: Reply, polled: readonly Reply[], inputs: Readonly<Record<string, string>> = {}) {
  let polls = 0;
  const handle: Handle = ({ method }) => {
    if (method === 'POST') return posted;
    polls += 1;
    return polled[Math.min(polls, polled.length) - 1];
  };
  const { origin, seen } = await serve(handle);
  const step = await bench.step({ api_url: origin, devin_token: 'cog_of_the_tests', org_id: 'org-1', ...inputs });
  return { ...step, posts: seen.filter(({ method }) => method === 'POST').length, asked: seen.map(({ url }) => url) };
}

const NONE: Reply = { status: 404, body: { detail: 'Not found' } };
const review = (status: unknown, commit_sha: unknown = COMMITS.head): Reply => ({
  body: { pr_number: 128, status, commit_sha },
});
const GREEN = { outcome: 'success', review_status: 'completed' };

test.each<[what: string, posted: Reply, polled: readonly Reply[], posts: number]>([
  ['with no member but the status', { body: { status: 'pending' } }, [NONE, { body: { status: 'completed' } }], 1],
  ['without a body', { status: 204, body: undefined }, [NONE, review('completed')], 1],
  ['that is null', { body: null }, [NONE, { body: null }, review('completed')], 1],
  ['that is a list', { body: [] }, [{ body: [] }, { body: [] }, review('completed')], 1],
  ['in capitals, with a short hash', review('PENDING', 'BBBBBBB'), [NONE, review('Completed', 'bbbbbbbb')], 1],
  [
    'of a status that this release does not know',
    review('queued'),
    [NONE, review('reviewing'), review('completed')],
    1,
  ],
  ['of a review that has begun without a status', review(null), [review(null), review('completed')], 0],
  [
    'of a review of another commit',
    review('pending'),
    [review('completed', NEW), review('errored', NEW), review('completed')],
    1,
  ],
  [
    'of an older failure that is still shown',
    review('pending'),
    [review('errored'), review('errored'), review('completed')],
    1,
  ],
  [
    'of an error of the server between two polls',
    review('pending'),
    [NONE, { status: 500 }, { status: 429 }, review('completed')],
    1,
  ],
])('a response %s costs nothing twice, and is no verdict', async (_, posted, polled, posts) => {
  postReview(bench.github, 128);
  const step = await against(posted, polled);
  expect(step.outputs, step.stdout).toMatchObject(GREEN);
  expect(step.posts).toBe(posts);
  expect(step.asked[0]).toBe(
    `/v3/organizations/org-1/pr-reviews?pr_url=https%3A%2F%2Fgithub.com%2Facme%2Fapi%2Fpull%2F128&commit_sha=${COMMITS.head}`,
  );
});

test('a second failure is one, whether or not it is the same as the first', async () => {
  const other = await against(review('pending'), [review('errored'), review('cancelled')]);
  expect(other.outputs).toMatchObject({ error_code: 'session_failed', review_status: 'cancelled' });
  const same = await against(review('pending'), [review('errored'), review('errored')]);
  expect(same.outputs).toMatchObject({ error_code: 'session_failed', review_status: 'errored' });
  expect([other.posts, same.posts]).toEqual([1, 1]);
});

test('a status that never becomes a known one is none: the step times out', async () => {
  postReview(bench.github, 128);
  const step = await against(review('queued'), [NONE, review('paused')], { timeout: '1m' });
  expect(step.outputs).toMatchObject({ error_code: 'timeout', review_status: 'paused' });
});

test('a head that moved just before the request is the one that is reviewed, even if GitHub says so later', async () => {
  postReview(bench.github, 128, [], { commit: NEW });
  let reads = 0;
  bench.github.before((_, path) => {
    if (!path.endsWith('/pulls/128')) return;
    reads += 1;
    bench.pull.head = reads < 3 ? COMMITS.head : NEW;
  });
  const step = await against(review('pending', NEW), [NONE, review('completed', NEW)]);
  expect(step.outputs, step.stdout).toMatchObject(GREEN);
  expect(step.log.join('\n')).toContain('the head is now ddddddd');
  expect(JSON.parse(step.outputs['result'] ?? '').data.commit).toBe(NEW);
});

test('a review of a commit that is not the head does not count', async () => {
  postReview(bench.github, 128);
  const step = await against(review('pending', NEW), [NONE, review('completed', NEW)]);
  expect(step.outputs).toMatchObject({ outcome: 'failure', error_code: 'conflict' });
});

test('a head that moves in the middle of a long wait ends it within a minute', async () => {
  let reads = 0;
  bench.github.before((_, path) => {
    if (!path.endsWith('/pulls/128')) return;
    reads += 1;
    if (reads === 2) bench.pull.head = NEW;
  });
  const step = await against(review('pending'), [NONE, review('running')], { poll_interval: '10s', timeout: '1h' });
  expect(step.outputs).toMatchObject({ error_code: 'conflict', review_status: 'running' });
  expect(JSON.parse(step.outputs['result'] ?? '').duration_ms).toBeLessThan(120_000);
});
