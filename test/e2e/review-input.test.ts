import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Posted, postReview } from '../github/server/devin-review.ts';
import { COMMITS, issueOpened, pullRequest } from './events.ts';
import type { StepResult } from './fake-runner.ts';
import { findingsOf, openReviews, type ReviewBench } from './review-support.ts';

let bench: ReviewBench;
beforeAll(async () => {
  bench = await openReviews();
});
afterEach(async () => {
  const { state } = bench.github;
  [state.reviews, state.reviewComments] = [[], []];
  await bench.sandbox.control('reset');
  await bench.sandbox.control('clock', { speed: 1_000 });
});
afterAll(() => bench.close());

const errorOf = ({ commands }: StepResult) => {
  const error = commands.find(({ name, properties }) => name === 'error' && properties['file'] === undefined);
  return `${error?.properties['title']}: ${error?.message}`;
};
const DISPATCH = { name: 'workflow_dispatch', payload: {} };

describe('a pull request that does not exist is an input error before anything is sent to Devin', () => {
  test.each([
    ['none', {}, DISPATCH, 'issue_number is empty, and the event workflow_dispatch has no pull request'],
    [
      'an issue',
      {},
      issueOpened(5),
      'issue_number is empty, and the event issues is about #5, which is no pull request',
    ],
    [
      'one of another repository',
      { issue_number: 'https://github.com/acme/web/pull/128' },
      DISPATCH,
      'names an issue or pull request of https://github.com/acme/web; expected one of https://github.com/acme/api',
    ],
    [
      'one on another server',
      { issue_number: 'https://ghe.example.com/acme/api/pull/128' },
      DISPATCH,
      'names an issue or pull request of https://ghe.example.com/acme/api',
    ],
    ['a text', { issue_number: 'main' }, DISPATCH, 'is "main"; expected the number of an issue or pull request'],
    ['zero', { issue_number: '0' }, DISPATCH, 'is "0"; expected the number'],
    ['a page of something else', { issue_number: 'https://github.com/acme/api' }, DISPATCH, 'expected the number'],
  ])('%s', async (_, inputs, event, message) => {
    const step = await bench.step(inputs, { event });
    expect(step.outputs).toMatchObject({ outcome: 'failure', error_code: 'input_invalid' });
    expect(errorOf(step)).toContain(message);
    expect([await bench.requests(), bench.github.requests().length]).toEqual([[], 0]);
  });

  test('with every other wrong input', async () => {
    const step = await bench.step({ issue_number: 'x', fail_on: 'bugs', on_pending: 'pass', timeout: 'soon' });
    const all = errorOf(step);
    expect(all).toContain('4 inputs are invalid');
    expect(all).toContain(
      'fail_on is "bugs"; expected a list of bug, security, flag, analysis, unknown, or none by itself; did you mean bug?',
    );
  });
});

describe('what cannot be read or requested names the cause', () => {
  test('a number that is no pull request', async () => {
    const step = await bench.step({ issue_number: '77' }, { event: DISPATCH });
    expect(step.outputs).toMatchObject({ error_code: 'not_found' });
    expect(errorOf(step)).toContain('#77 is not a pull request of acme/api');
    expect(errorOf(step)).toContain('`permissions: { pull-requests: read }`');
  });

  test('a token without pull-requests: read', async () => {
    bench.github.identify({ permissions: { contents: 'read' } });
    const step = await bench.step();
    bench.github.identify({ permissions: { 'pull-requests': 'read' } });
    expect(step.outputs).toMatchObject({ error_code: 'permission_denied' });
    expect(errorOf(step)).toContain('`permissions: { pull-requests: read }`');
    expect(await bench.requests()).toEqual([]);
  });

  test('no token of GitHub', async () => {
    const step = await bench.step({ github_token: '' }, { github: undefined as never });
    expect(step.outputs).toMatchObject({ error_code: 'input_invalid' });
    expect(errorOf(step)).toContain('github_token is empty');
  });

  test('a role without UseReviewManual', async () => {
    const step = await bench.step({ devin_token: 'cog_sandbox_viewer' });
    expect(step.outputs).toMatchObject({ error_code: 'permission_denied' });
    expect(errorOf(step)).toContain('UseReviewManual');
  });

  test('an organization without the review product', async () => {
    await bench.sandbox.control('faults', [{ path: '/organizations/*/pr-reviews', status: 404, times: 9 }]);
    const step = await bench.step();
    expect(step.outputs).toMatchObject({ error_code: 'not_found' });
    expect(errorOf(step)).toMatch(/^Devin Review is not available: /);
  });

  test('a key of the legacy API, which has no reviews', async () => {
    const step = await bench.step({ devin_token: 'apk_user_sandbox' });
    expect(step.outputs).toMatchObject({ error_code: 'input_invalid' });
    expect(errorOf(step)).toContain('does not have review-pull-request');
  });
});

describe('a response of another form', () => {
  test('to a poll is outlasted, and to the first request it is not', async () => {
    postReview(bench.github, 128);
    const path = '/organizations/*/pr-reviews';
    await bench.sandbox.control('faults', [
      { method: 'POST', path, garbage: true, after_commit: true },
      { method: 'GET', path, status: 503, times: 1 },
    ]);
    const step = await bench.step({ max_retries: '3' });
    expect(step.outputs).toMatchObject({ outcome: 'success', review_status: 'completed' });
    expect((await bench.requests()).filter((one) => one.startsWith('POST'))).toHaveLength(1);
  });

  test('three refusals in a row end the wait', async () => {
    await bench.sandbox.control('habits', { review_end: 'pending' });
    const path = '/organizations/*/pr-reviews';
    const first = await bench.step({ timeout: '30s' });
    expect(first.outputs).toMatchObject({ error_code: 'timeout' });
    await bench.sandbox.control('faults', [
      { method: 'GET', path, status: 500, times: 1 },
      { method: 'GET', path, status: 403, times: 9 },
    ]);
    const step = await bench.step({ max_retries: '1' });
    expect(step.outputs).toMatchObject({ error_code: 'permission_denied' });
    await bench.sandbox.control('habits', { review_end: 'completed' });
  });
});

test('a GitHub that fails at the end costs the verdict, but not the outputs', async () => {
  postReview(bench.github, 128, [{ kind: 'BUG', title: 'A bug' }]);
  bench.github.fault({ path: '/repos/acme/api/pulls/128/reviews', status: 500, times: 2 });
  const step = await bench.step({ max_retries: '1' });
  expect(step.outputs).toMatchObject({
    outcome: 'failure',
    error_code: 'api_unavailable',
    review_status: 'completed',
    findings: '[]',
  });
  expect(errorOf(step)).toContain('Read the reviews of the pull request');
  // The review exists, so a re-run only reads.
  expect((await bench.step()).outputs).toMatchObject({ error_code: 'review_findings' });
  expect((await bench.requests()).filter((one) => one.startsWith('POST'))).toHaveLength(1);
});

test('GitHub that fails for a moment does not', async () => {
  postReview(bench.github, 128);
  bench.github.fault({ path: '/graphql', status: 502, times: 1 });
  bench.github.fault({ path: '/repos/acme/api/pulls/128/comments', lost: 'reset', times: 1 });
  expect((await bench.step()).outputs).toMatchObject({ outcome: 'success' });
});

describe('fail_on', () => {
  const FLAG: Posted = { kind: 'FLAG', title: 'A name' };
  const BUG: Posted = { kind: 'BUG', title: 'A bug' };
  const ANALYSIS: Posted = { kind: 'ANALYSIS', title: 'A note' };
  const UNREAD: Posted = { kind: 'BUG', title: '', body: 'Just a text.' };

  test.each([
    ['', [FLAG, ANALYSIS], '0'],
    ['', [FLAG, BUG], '1'],
    ['', [UNREAD], '1'],
    ['security', [BUG, FLAG], '0'],
    ['security', [UNREAD], '1'],
    ['flag, analysis', [FLAG, ANALYSIS, BUG], '2'],
    ['FLAG\nBug', [FLAG, ANALYSIS, BUG], '2'],
    ['none', [FLAG, BUG, UNREAD], '0'],
  ])('%j with %o blocks %s', async (fail_on, posted, blocking) => {
    postReview(bench.github, 128, posted);
    const step = await bench.step(fail_on === '' ? {} : { fail_on });
    expect(step.outputs).toMatchObject({ blocking_count: blocking, findings_count: String(posted.length) });
    expect(step.exitCode).toBe(blocking === '0' ? 0 : 1);
  });

  test('does not turn a review that cannot be read into one that can', async () => {
    expect((await bench.step({ fail_on: 'none' })).outputs).toMatchObject({
      review_status: 'unknown',
      outcome: 'failure',
    });
  });
});

test('a dry run sends nothing that starts a review, and reads one that exists', async () => {
  const dry = await bench.step({ dry_run: 'true', check: 'true' });
  expect(dry.outputs).toMatchObject({ outcome: 'skipped', skipped_reason: expect.stringContaining('was not sent') });
  expect(dry.stdout).toContain('"pr_url": "https://github.com/acme/api/pull/128"');
  postReview(bench.github, 128, [{ kind: 'BUG', title: 'A bug' }]);
  await bench.step();
  const read = await bench.step({ dry_run: 'true', check: 'true' });
  expect(read.outputs).toMatchObject({ error_code: 'review_findings' });
  expect(bench.github.state.checkRuns.size).toBe(0);
  expect((await bench.requests()).filter((one) => one.startsWith('POST'))).toHaveLength(1);
});

test('what findings say is data: it neither commands the runner nor marks up the summary', async () => {
  const title = '::error::x ## [x](http://evil) @octocat #1 <b>| ` \u202E';
  const path = 'src/a,b:c::d%0A.ts';
  postReview(bench.github, 128, [{ kind: 'BUG', title, path }]);
  const step = await bench.step();
  const [finding] = findingsOf(step);
  expect(finding).toMatchObject({ path, title: '::error::x ## [x](http://evil) @octocat #1 <b>| `' });
  expect(step.commands.find(({ properties }) => properties['file'] !== undefined)?.properties['file']).toBe(path);
  expect(step.stdout.split('\n').filter((line) => line.startsWith('::error::x'))).toEqual([]);
  expect(step.summary).not.toContain('<b>');
  expect(step.summary).not.toContain('](http://evil)');
  expect(step.summary).not.toContain('@octocat');
});

test('a pull request of Dependabot, whose runs get no secrets, is skipped with the reason', async () => {
  const event = pullRequest('opened', 128);
  const step = await bench.step({ devin_token: '' }, { event, env: { GITHUB_ACTOR: 'dependabot[bot]' } });
  expect(step.outputs).toMatchObject({
    outcome: 'skipped',
    skipped_reason: expect.stringContaining('@dependabot[bot]'),
  });
});

test('a head that moved just before the request is the one that is reviewed', async () => {
  const { pull, github, step, sandbox } = bench;
  pull.head = 'd'.repeat(40);
  await step();
  pull.head = COMMITS.head;
  postReview(github, 128);
  // The request is what the sandbox still answers for the commit that it knows.
  const done = await step();
  expect(done.outputs).toMatchObject({ outcome: 'success' });
  expect((await sandbox.requests()).length).toBeGreaterThan(0);
});
