import { performance } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { FAST_NODE } from '../field/clock.ts';
import { jobOf, type Posted, postReview } from '../github/server/devin-review.ts';
import { COMMITS, OWNER, pullRequest } from './events.ts';
import { annotationsOf, type BenchOptions, findingsOf, openReviews, type ReviewBench } from './review-support.ts';

/** A test on a bench of its own. Tests that run at the same time cannot tell whose end `onTestFinished` means. */
const on = (options: BenchOptions, work: (bench: ReviewBench) => Promise<void>) => async (): Promise<void> => {
  const bench = await openReviews(options);
  try {
    await work(bench);
  } finally {
    await bench.close();
  }
};

const FINDINGS: readonly Posted[] = [
  { kind: 'FLAG', title: 'The name says little' },
  { kind: 'BUG', title: 'The comma is lost', start: 10, end: 14 },
  { kind: 'BUG', title: 'The index is off by one', path: 'src/lexer.ts', start: 7 },
  { kind: 'SECURITY', title: 'The path is not checked', path: 'src/read file.ts', named: true, start: 3 },
  { kind: 'ANALYSIS', title: 'Info: the order is kept' },
];

/** The error of a step, as its annotation has it. */
const errorOf = ({
  commands,
}: {
  readonly commands: readonly { name: string; properties: object; message: string }[];
}) =>
  commands.filter(({ name, properties }) => name === 'error' && !('file' in properties)).map(({ message }) => message);

describe.concurrent('review-pull-request', () => {
  test(
    'is red with findings, and says where they are: outputs, summary, annotations, check, and comment',
    on({ speed: 1 }, async ({ github, step, requests }) => {
      postReview(github, 128, FINDINGS);
      const red = await step({ check: 'true', comment: 'true', comment_key: 'review' });
      expect(red.exitCode).toBe(1);
      expect(red.outputs).toMatchObject({
        outcome: 'failure',
        error_code: 'review_findings',
        review_status: 'completed',
        review_url: expect.stringMatching(/^https:\/\/github\.com\/acme\/api\/pull\/128#pullrequestreview-\d+$/),
        findings_count: '5',
        blocking_count: '3',
      });
      expect(findingsOf(red)[3]).toEqual({
        id: expect.stringMatching(/^SECURITY_pr-review-job-[0-9a-f]+_0004$/),
        kind: 'security',
        severity: 'high',
        path: 'src/read file.ts',
        start_line: 3,
        end_line: 3,
        title: 'The path is not checked',
        url: expect.stringMatching(/^https:\/\/github\.com\/acme\/api\/pull\/128#discussion_r\d+$/),
        resolved: false,
      });
      expect(red.summary.split('\n')[0]?.replaceAll('\u200b', '')).toBe(
        '### ❌ 2 bugs, 1 security finding in [\\#128](https://github.com/acme/api/pull/128) · 1 flag, 1 analysis',
      );
      const rows = red.summary.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Kind'));
      expect(rows.map((row) => row.split(' | ')[0])).toEqual([
        '| security, high',
        '| bug, high',
        '| bug, high',
        '| flag, medium',
        '| analysis',
      ]);
      expect(rows[1]).toContain(`(https://github.com/acme/api/blob/${COMMITS.head}/src/parser.ts#L10-L14)`);
      expect(annotationsOf(red)).toEqual([
        'error src/read file.ts:3 The path is not checked',
        'error src/parser.ts:10 The comma is lost',
        'error src/lexer.ts:7 The index is off by one',
        'warning src/parser.ts:10 The name says little',
        'notice src/parser.ts:10 Info: the order is kept',
      ]);
      expect(red.log.join('\n')).toMatch(/review requested\n(?:.*pending\n)?(?:.*running\n)?.*completed\n/);
      expect(github.state.checkRuns.size).toBe(1);
      expect([...github.state.checkRuns.values()][0]).toMatchObject({
        name: 'Devin: review',
        externalId: jobOf(COMMITS.head),
        head: COMMITS.head,
        status: 'completed',
        conclusion: 'failure',
        output: {
          title: '❌ 2 bugs, 1 security finding in #128 · 1 flag, 1 analysis',
          summary: expect.stringContaining('The path is not checked'),
        },
      });
      const [comment, ...more] = github.comments(128);
      expect(more).toEqual([]);
      expect(comment?.body).toContain('The comma is lost');
      expect(comment?.earlier[0]).toContain('⏳ Devin reviews');
      // A re-run only reads, and an edit of the pull request decides it anew.
      for (const one of github.state.reviewComments) one.resolved = true;
      const green = await step({ check: 'true', comment_key: 'review' });
      expect(green.outputs).toMatchObject({ outcome: 'success', findings_count: '5', blocking_count: '0' });
      expect(green.summary).toMatch(/^### ✅ No findings in /);
      expect(green.summary).toContain('<summary>5 resolved</summary>');
      expect(annotationsOf(green)).toEqual([]);
      expect([...github.state.checkRuns.values()].at(-1)).toMatchObject({ conclusion: 'success' });
      expect((await requests()).filter((one) => one.startsWith('POST'))).toEqual(['POST 200']);
    }),
  );

  test(
    'reads 200 findings over pages, and shows ten annotations of a level',
    on({}, async ({ github, step }) => {
      const many = (kind: Posted['kind'], number: number) =>
        Array.from({ length: number }, (_, at): Posted => ({ kind, title: `${kind} ${at}`, start: at + 1 }));
      const { comments } = postReview(github, 128, [...many('BUG', 130), ...many('FLAG', 40), ...many('ANALYSIS', 30)]);
      for (const comment of comments.slice(0, 50)) comment.resolved = true;
      const red = await step();
      expect(red.outputs).toMatchObject({ findings_count: '200', blocking_count: '80' });
      expect(findingsOf(red).filter(({ resolved }) => resolved)).toHaveLength(50);
      const levels = Map.groupBy(annotationsOf(red), (one) => one.split(' ')[0]);
      expect([...levels].map(([level, { length }]) => [level, length])).toEqual([
        ['error', 10],
        ['warning', 10],
        ['notice', 10],
      ]);
      expect(red.log.join('\n')).toContain('120 more findings without an annotation');
      expect(red.summary).toMatch(/^### ❌ 80 bugs in .* · 40 flags, 30 analyses\n/);
      expect(red.summary).toContain('<summary>50 bugs more</summary>');
      expect(github.requests().filter(({ path }) => path === '/graphql')).toHaveLength(4);
    }),
  );

  test(
    'requests one more review in each attempt after one that failed, and none beside one that exists',
    on({ habits: 'review_end:errored' }, async ({ sandbox, github, step, requests }) => {
      const failed = await step();
      expect(failed.outputs).toMatchObject({ error_code: 'session_failed', review_status: 'errored' });
      expect(failed.summary).toMatch(/^### ❌ Devin's review of \[\\#128\]\(.*\) ended with an error\n/);
      expect(await requests()).toContain('POST 200');
      await sandbox.control('habits', { review_end: 'cancelled' });
      const again = await step({}, { env: { GITHUB_RUN_ATTEMPT: '2' } });
      expect(again.outputs).toMatchObject({ error_code: 'session_failed', review_status: 'cancelled' });
      await sandbox.control('habits', { review_end: 'completed' });
      postReview(github, 128);
      const third = await step({}, { env: { GITHUB_RUN_ATTEMPT: '3' } });
      expect(third.outputs).toMatchObject({ outcome: 'success', review_status: 'completed' });
      expect((await requests()).filter((one) => one.startsWith('POST'))).toEqual(['POST 200', 'POST 200', 'POST 200']);
    }),
  );

  test(
    'uses the review that somebody else has requested, even if it is not shown yet (409)',
    on({}, async ({ sandbox, orgId, github, step, requests }) => {
      const url = 'https://github.com/acme/api/pull/128';
      const own = `/v3/organizations/${orgId}/pr-reviews`;
      await sandbox.api('GET', `${own}?pr_url=${url}&commit_sha=${COMMITS.head}`).catch(() => undefined);
      await sandbox.api('POST', own, { pr_url: url });
      const path = '/organizations/*/pr-reviews';
      await sandbox.control('faults', [
        { method: 'GET', path, status: 404 },
        { method: 'POST', path, status: 409 },
      ]);
      postReview(github, 128);
      const done = await step();
      expect(done.outputs).toMatchObject({ outcome: 'success', review_status: 'completed' });
      expect(done.log.join('\n')).toContain('a review of this commit is pending already');
      expect((await requests()).filter((one) => one.startsWith('POST'))).toEqual(['POST 200', 'POST 409']);
    }),
  );

  test(
    'never repeats a request whose response is lost, and finds what it started',
    on({}, async ({ sandbox, github, step, requests }) => {
      await sandbox.control('faults', [
        { method: 'POST', path: '/organizations/*/pr-reviews', reset: true, after_commit: true },
      ]);
      postReview(github, 128);
      expect((await step()).outputs).toMatchObject({ outcome: 'success', review_status: 'completed' });
      expect((await requests()).filter((one) => one.startsWith('POST'))).toHaveLength(1);
    }),
  );

  test(
    'fails if a request whose response is lost has started nothing',
    on({}, async ({ sandbox, step, requests }) => {
      await sandbox.control('faults', [{ method: 'POST', path: '/organizations/*/pr-reviews', status: 502 }]);
      const lost = await step({}, { nodeArgs: FAST_NODE });
      expect(lost.outputs).toMatchObject({ outcome: 'failure', error_code: 'api_unavailable' });
      expect(errorOf(lost)[0]).toContain('may have been carried out');
      expect((await requests()).filter((one) => one.startsWith('POST'))).toHaveLength(1);
    }),
  );

  test.each([
    ['fail', { outcome: 'failure', error_code: 'timeout', review_status: 'pending' }],
    ['succeed', { outcome: 'success', error_code: '', review_status: 'pending' }],
  ] as const)('ends a wait for a review that never ends as on_pending: %s says', (on_pending, expected) =>
    on({ habits: 'review_end:pending' }, async ({ github, step }) => {
      const ended = await step({ timeout: '10s', on_pending, check: 'true' });
      expect(ended.outputs).toMatchObject(expected);
      expect(ended.summary).toContain('is still pending');
      // A finding that is known blocks, whatever is still pending.
      postReview(github, 128, FINDINGS);
      expect((await step({ timeout: '10s', on_pending })).outputs).toMatchObject({ error_code: 'review_findings' });
    })(),
  );

  test(
    'passes with a reason if Devin skipped the review, but not beside a finding',
    on({ habits: 'review_end:skipped' }, async ({ github, step }) => {
      const skipped = await step({ check: 'true' });
      expect(skipped.exitCode).toBe(0);
      expect(skipped.outputs).toMatchObject({
        outcome: 'skipped',
        review_status: 'skipped',
        skipped_reason: 'Devin skipped the review of the commit bbbbbbb',
      });
      expect([...github.state.checkRuns.values()][0]).toMatchObject({ conclusion: 'neutral' });
      postReview(github, 128, FINDINGS);
      expect((await step()).outputs).toMatchObject({ outcome: 'failure', error_code: 'review_findings' });
    }),
  );

  test(
    'is red and unknown if no review arrives within three minutes of its completion',
    on({}, async ({ step }) => {
      const unread = await step({ poll_interval: '10s' }, { nodeArgs: FAST_NODE, env: { FAST_CLOCK: '60' } });
      expect(unread.exitCode).toBe(1);
      expect(unread.outputs).toMatchObject({ error_code: 'session_failed', review_status: 'unknown', findings: '[]' });
      expect(unread.log.join('\n')).toContain('the review is not on GitHub yet');
      expect(JSON.parse(unread.outputs['result'] ?? '').duration_ms).toBeGreaterThan(180_000);
    }),
  );

  test(
    'waits for a review that reaches GitHub late',
    on({}, async ({ github, step }) => {
      let isPosted = false;
      const late = await step(
        {},
        {
          onOutput: (output) => {
            if (isPosted || !output.includes('not on GitHub yet')) return;
            isPosted = true;
            postReview(github, 128, [{ kind: 'FLAG', title: 'A name' }]);
          },
        },
      );
      expect(late.outputs).toMatchObject({ outcome: 'success', findings_count: '1', blocking_count: '0' });
      expect(late.summary).toMatch(/^### ✅ No blocking findings in .* · 1 flag\n/);
    }),
  );

  test(
    'names the new head if it moved during the wait, and counts nothing for it',
    on({ speed: 1 }, async ({ github, pull, step }) => {
      const moved = await step(
        { check: 'true' },
        {
          onOutput: (output) => {
            if (!output.includes('review requested')) return;
            if (pull.head === COMMITS.head) postReview(github, 128);
            pull.head = 'd'.repeat(40);
          },
        },
      );
      expect(moved.outputs).toMatchObject({ outcome: 'failure', error_code: 'conflict', review_status: 'completed' });
      expect(errorOf(moved)[0]).toContain(`The head of #128 is now ${'d'.repeat(40)}`);
      expect(moved.summary).toMatch(/^### ❌ The head of .* has moved/);
      expect([...github.state.checkRuns.values()][0]).toMatchObject({ head: COMMITS.head, conclusion: 'failure' });
    }),
  );

  test.skipIf(process.platform === 'win32')(
    'ends within five seconds if the workflow is canceled',
    on({ habits: 'review_end:pending' }, async ({ github, step }) => {
      let at = Number.NaN;
      const canceled = await step(
        { check: 'true' },
        {
          onOutput: (output, kill) => {
            if (!Number.isNaN(at) || !output.includes('review requested')) return;
            at = performance.now();
            kill('SIGTERM');
          },
        },
      );
      expect(performance.now() - at).toBeLessThan(5_000);
      expect(canceled.exitCode).toBe(1);
      expect(canceled.outputs).toMatchObject({ error_code: 'cancelled', review_status: 'pending', findings: '[]' });
      expect(canceled.summary).toContain('was pending when the workflow was canceled');
      expect([...github.state.checkRuns.values()][0]).toMatchObject({ conclusion: 'cancelled' });
    }),
  );

  describe.skipIf(process.platform === 'win32')('a canceled workflow', () => {
    const cancelAt = async ({ step }: ReviewBench, at: RegExp) => {
      let since = Number.NaN;
      const onOutput = (output: string, kill: (signal: NodeJS.Signals) => void) => {
        if (!Number.isNaN(since) || !at.test(output)) return;
        since = performance.now();
        kill('SIGINT');
      };
      const done = await step({ check: 'true', comment: 'true' }, { onOutput });
      expect(performance.now() - since).toBeLessThan(5_000);
      expect(done.outputs).toMatchObject({ outcome: 'failure', error_code: 'cancelled' });
      return done;
    };

    test(
      'does not wait for Devin if it hangs',
      on({}, async (bench) => {
        await bench.sandbox.control('faults', [{ path: '/organizations/*/pr-reviews', hang: true, times: 9 }]);
        await cancelAt(bench, /Devin's review of/);
      }),
    );

    test(
      'does not wait for GitHub if it hangs',
      on({}, async (bench) => {
        for (const path of ['check-runs', 'issues/128/comments', 'pulls/128/reviews'])
          bench.github.fault({ path: `/repos/acme/api/${path}`, lost: 'hang', times: 9 });
        const { outputs } = await cancelAt(bench, /completed/);
        expect(outputs).toMatchObject({ review_status: 'completed', findings: '[]' });
      }),
    );
  });

  test(
    'skips drafts and closed pull requests, and those of forks that get no key, and sends Devin nothing',
    on({}, async ({ github, pull, sandbox, step }) => {
      pull.draft = true;
      const draft = await step({ check: 'true', comment: 'true' });
      expect(draft.exitCode).toBe(0);
      expect(draft.outputs).toMatchObject({ outcome: 'skipped', skipped_reason: 'the pull request #128 is a draft' });
      Object.assign(pull, { draft: false, state: 'closed' });
      expect((await step()).outputs).toMatchObject({
        outcome: 'skipped',
        skipped_reason: 'the pull request #128 is closed',
      });
      const event = pullRequest('opened', 128, { by: { login: 'stranger', association: 'NONE' }, fork: true });
      const fork = await step({ devin_token: '' }, { event });
      expect(fork.exitCode).toBe(0);
      expect(fork.outputs).toMatchObject({
        outcome: 'skipped',
        skipped_reason: expect.stringContaining('it is for a pull request from a fork'),
      });
      expect(await sandbox.requests()).toEqual([]);
      expect(github.state.checkRuns.size + github.comments(128).length).toBe(0);
    }),
  );

  test(
    'reviews the pull request that issue_number names, and comments on that one',
    on({}, async ({ github, step }) => {
      github.pull(7, { head: 'e'.repeat(40) });
      github.thread('issue', 129);
      postReview(github, 7);
      const event = { name: 'workflow_dispatch', payload: {} };
      for (const issue_number of ['7', '#7', 'https://github.com/acme/api/pull/7/files#diff-1']) {
        const done = await step({ issue_number, comment: 'true' }, { event });
        expect(done.outputs).toMatchObject({ outcome: 'success', review_status: 'completed' });
      }
      expect(github.comments(7)).toHaveLength(1);
      expect(github.comments(7)[0]?.body).toContain('No findings in');
    }),
  );

  test(
    'warns if the check cannot be written, and decides all the same',
    on({}, async ({ github, step }) => {
      postReview(github, 128);
      github.identify({ permissions: { 'pull-requests': 'read' } });
      const without = await step({ check: 'true' });
      expect(without.outputs).toMatchObject({ outcome: 'success' });
      const warnings = without.commands.filter(({ name }) => name === 'warning').map(({ message }) => message);
      expect(warnings).toEqual([expect.stringContaining('permissions: { checks: write }')]);
      github.identify({ permissions: 'all', installation: false, login: OWNER.login, bot: false });
      const personal = await step({ check: 'true' });
      expect(personal.outputs).toMatchObject({ outcome: 'success' });
      expect(personal.stdout).toContain('You must authenticate via a GitHub App');
    }),
  );
});
