import { describe, expect, test } from 'vitest';
import { COMMITS, type Doer, OWNER, pullRequest } from './e2e/events.ts';
import { postReview } from './github/server/devin-review.ts';
import { type LocalGithub, openGithub } from './github/server/index.ts';
import { lastOf, onlyHere, quick, resultsOf, runExample } from './workflow-runner.ts';

/** A GitHub of acme/api with the pull request 128. */
async function withGithub(work: (github: LocalGithub) => Promise<void>): Promise<void> {
  const github = await openGithub({ repository: 'acme/api' });
  try {
    github.pull(128, { head: COMMITS.head });
    await work(github);
    expect(github.breaches()).toEqual([]);
  } finally {
    await github.close();
  }
}

const STRANGER: Doer = { login: 'stranger', association: 'NONE' };
const checksOf = (github: LocalGithub) =>
  [...github.state.checkRuns.values()].map(
    ({ name, head, conclusion }) => `${name} ${head?.slice(0, 4)} ${conclusion}`,
  );

describe('an example of reviews does what it says', onlyHere, () => {
  test.each([
    ['green without findings', [], 'success'],
    ['red with a bug', [{ kind: 'BUG', title: 'A bug' }] as const, 'failure'],
  ] as const)('devin-review: the check is %s', (_, findings, conclusion) =>
    withGithub(async (github) => {
      const { url } = await quick();
      postReview(github, 128, findings);
      const all = await runExample('devin-review.yml', { url, github, event: pullRequest('opened', 128) });
      expect(resultsOf(all)).toEqual({ review: conclusion });
      expect(checksOf(github)).toEqual([`Devin: review bbbb ${conclusion}`]);
      expect(github.comments(128)).toHaveLength(1);
    }),
  );

  test('devin-review: a pull request from a fork, which gets no key, has no check', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const event = pullRequest('opened', 128, { by: STRANGER, fork: true });
      const all = await runExample('devin-review.yml', { url: sandbox.url, github, event, secrets: () => ({}) });
      expect(lastOf(all['review'])?.outputs).toMatchObject({ outcome: 'skipped' });
      expect([checksOf(github), await sandbox.requests()]).toEqual([[], []]);
    }));

  test('review-on-label: a maintainer has the head of a fork reviewed, and other labels cost no runner', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      postReview(github, 128);
      const label = (name: string) => {
        const about = { by: STRANGER, sender: OWNER, fork: true, name: 'pull_request_target', label: name } as const;
        return runExample('review-on-label.yml', {
          url: sandbox.url,
          github,
          event: pullRequest('labeled', 128, about),
        });
      };
      expect(resultsOf(await label('bug'))).toEqual({ review: 'skipped' });
      expect(await sandbox.requests()).toEqual([]);
      expect(resultsOf(await label('devin-review'))).toEqual({ review: 'success' });
      expect(checksOf(github)).toEqual(['Devin: review bbbb success']);
    }));

  test('review-and-fix: the findings reach a session, and the head that it pushes is reviewed', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const pull = github.pull(128, { head: COMMITS.head });
      postReview(github, 128, [{ kind: 'BUG', title: 'The comma is lost' }]);
      let reads = 0;
      github.before((method, path) => {
        if (method !== 'GET' || path !== '/repos/acme/api/pulls/128') return;
        reads += 1;
        // The first step reads the pull request at its start and at its end; by the next one, Devin has pushed.
        if (reads !== 3) return;
        pull.head = 'd'.repeat(40);
        postReview(github, 128);
      });
      const all = await runExample('review-and-fix.yml', { url: sandbox.url, github, inputs: { pull_request: '128' } });
      expect(resultsOf(all)).toEqual({ fix: 'success' });
      expect(all['fix']?.[0]?.steps.map(({ outputs }) => outputs['error_code'])).toEqual(['review_findings', '', '']);
      const session = all['fix']?.[0]?.steps[1]?.outputs['session_id'];
      const path = `/v3/organizations/${await sandbox.orgId()}/sessions/${session}/messages`;
      expect(Object(await sandbox.api('GET', path)).items[0].message).toContain('"title":"The comma is lost"');
      expect(checksOf(github)).toEqual(['Devin: review bbbb failure', 'Devin: review dddd success']);
    }));

  test('review-and-fix: nothing to fix starts no session', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      postReview(github, 128);
      const all = await runExample('review-and-fix.yml', { url: sandbox.url, github, inputs: { pull_request: '128' } });
      expect(resultsOf(all)).toEqual({ fix: 'success' });
      expect((await sandbox.requests()).filter(({ path }) => path.includes('/sessions'))).toEqual([]);
    }));
});
