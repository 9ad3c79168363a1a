import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bodyOf, jobOf, NOTHING_FOUND, type Posted, postReview } from '../github/server/devin-review.ts';
import type { LocalGithub } from '../github/server/index.ts';
import { COMMITS } from './events.ts';
import { findingsOf, openReviews, type ReviewBench } from './review-support.ts';

const HEAD = COMMITS.head;
const OLD = 'c'.repeat(40);
const BUG: Posted = { kind: 'BUG', title: 'The comma is lost' };
const forged = (kind: Posted['kind'], job = jobOf(HEAD)) => bodyOf({ kind, title: 'Forged' }, 9, job);

const DEVIN = { login: 'devin-ai-integration[bot]', bot: true };
const STRANGERS = [
  ['a person', { login: 'mallory', bot: false }],
  ['another bot', { login: 'dependabot[bot]', bot: true }],
  ['a bot with a similar login', { login: 'devin-ai-integration-2[bot]', bot: true }],
  ['a person with the login without its suffix', { login: 'devin-ai-integration', bot: false }],
  ['an account with the same login and another type', { ...DEVIN, type: 'User' }],
  ['an organization with the same login', { ...DEVIN, type: 'Organization' }],
] as const;

let bench: ReviewBench;
beforeAll(async () => {
  bench = await openReviews();
});
afterAll(() => bench.close());
beforeEach(() => {
  bench.github.state.reviews = [];
  bench.github.state.reviewComments = [];
});

const outcomeOf = async () => {
  const step = await bench.step({ poll_interval: '1m' });
  const { review_status: status, error_code: code, blocking_count: blocking } = step.outputs;
  return { green: step.exitCode === 0, status, code, blocking, kinds: findingsOf(step).map(({ kind }) => kind) };
};

const GREEN = { green: true, status: 'completed', code: '', blocking: '0', kinds: [] };
const UNREAD = { green: false, status: 'unknown', code: 'session_failed', blocking: '0', kinds: [] };
const RED = { green: false, status: 'completed', code: 'review_findings', blocking: '1', kinds: ['bug'] };

describe.each(STRANGERS)('%s', (_, author) => {
  test('cannot open the gate: a review without findings', async () => {
    postReview(bench.github, 128, [], { author });
    expect(await outcomeOf()).toEqual(UNREAD);
  });

  test('cannot open the gate: an approval beside the finding of the reviewer', async () => {
    postReview(bench.github, 128, [BUG]);
    const { review } = postReview(bench.github, 128, [], { author, state: 'APPROVED' });
    bench.github.reviewComment(review, { body: forged('ANALYSIS') });
    expect(await outcomeOf()).toEqual(RED);
  });

  test('cannot close the gate: findings with forged marks', async () => {
    postReview(bench.github, 128);
    postReview(bench.github, 128, [BUG, { kind: 'SECURITY', title: 'x' }, { kind: 'BUG', title: '', body: 'x' }], {
      author,
      state: 'CHANGES_REQUESTED',
    });
    expect(await outcomeOf()).toEqual(GREEN);
  });

  test('cannot close the gate: a forged mark in a review of the reviewer', async () => {
    const { review } = postReview(bench.github, 128);
    bench.github.reviewComment(review, { author, body: forged('BUG') });
    expect(await outcomeOf()).toEqual(GREEN);
  });

  test('cannot open the gate by editing what the reviewer wrote', async () => {
    const { comments } = postReview(bench.github, 128, [BUG]);
    for (const comment of comments) Object.assign(comment, { body: forged('ANALYSIS'), editor: author });
    expect(await outcomeOf()).toEqual({ ...RED, kinds: ['unknown'] });
  });
});

/** What the reviewer's own comments may hold or be. */
const OWN: ReadonlyArray<readonly [what: string, post: (github: LocalGithub) => void, expected: object]> = [
  [
    'quotes a forged mark below its own',
    (github) => {
      const body = `${bodyOf(BUG, 1, jobOf(HEAD))}\n\n> ${forged('ANALYSIS')}\n\n${forged('ANALYSIS')}`;
      postReview(github, 128, [{ ...BUG, body }]);
    },
    RED,
  ],
  [
    'quotes a forged mark and has none of its own',
    (github) => void postReview(github, 128, [{ ...BUG, body: `🔴 **A bug**\n\n${forged('ANALYSIS')}` }]),
    { ...RED, kinds: ['unknown'] },
  ],
  [
    'has a title with a forged mark',
    (github) => void postReview(github, 128, [{ ...BUG, title: forged('ANALYSIS') }]),
    RED,
  ],
  [
    'has no mark',
    (github) => void postReview(github, 128, [{ ...BUG, body: 'Please look at this line.' }]),
    { ...RED, kinds: ['unknown'] },
  ],
  [
    'has a mark with broken JSON',
    (github) =>
      void postReview(github, 128, [{ ...BUG, body: '<!-- devin-review-comment {"id": -->\n\n🔴 **A bug**' }]),
    { ...RED, kinds: ['unknown'] },
  ],
  ['is a review of an older commit', (github) => void postReview(github, 128, [], { commit: OLD }), UNREAD],
  [
    'is a review of an older commit with findings, beside one of the head without',
    (github) => {
      postReview(github, 128, [BUG], { commit: OLD });
      postReview(github, 128);
    },
    GREEN,
  ],
  [
    'names the job of an older commit in its mark',
    (github) => void postReview(github, 128, [{ ...BUG, body: bodyOf(BUG, 1, jobOf(OLD)) }]),
    RED,
  ],
  [
    'is of two jobs, of which one found nothing',
    (github) => {
      postReview(github, 128, [BUG]);
      postReview(github, 128);
    },
    RED,
  ],
  ['was dismissed', (github) => void postReview(github, 128, [], { state: 'DISMISSED' }), UNREAD],
  ['was dismissed with its findings', (github) => void postReview(github, 128, [BUG], { state: 'DISMISSED' }), RED],
  [
    'was dismissed, and the one after it found nothing',
    (github) => {
      postReview(github, 128, [BUG], { state: 'DISMISSED' });
      postReview(github, 128);
    },
    RED,
  ],
  [
    'requests changes without a comment',
    (github) => void postReview(github, 128, [], { state: 'CHANGES_REQUESTED' }),
    { ...RED, kinds: ['unknown'] },
  ],
  [
    'is nothing but replies to people',
    (github) => {
      const { review } = postReview(github, 128, [{ ...BUG, body: 'Why?' }], {
        author: { login: 'octocat', bot: false },
      });
      const reply = github.review(128, { body: '' });
      github.reviewComment(reply, { body: 'Done in the last commit.', replyTo: review.id });
    },
    UNREAD,
  ],
  [
    'has an outdated finding, which no longer has lines on GitHub',
    (github) => {
      for (const comment of postReview(github, 128, [BUG]).comments) comment.outdated = true;
    },
    RED,
  ],
  [
    'was edited by the reviewer itself',
    (github) => {
      for (const comment of postReview(github, 128, [{ kind: 'FLAG', title: 'A name' }]).comments)
        Object.assign(comment, { body: bodyOf(BUG, 1, jobOf(HEAD)), editor: DEVIN });
    },
    RED,
  ],
  ['approves', (github) => void postReview(github, 128, [], { state: 'APPROVED', body: '' }), GREEN],
  ['says that nothing was found', (github) => void postReview(github, 128, [], { body: NOTHING_FOUND }), GREEN],
];

describe('a comment or review of the reviewer itself', () => {
  test.each(OWN)('%s', async (_, post, expected) => {
    post(bench.github);
    expect(await outcomeOf()).toEqual(expected);
  });
});
