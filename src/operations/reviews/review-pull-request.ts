import { ActionError, asActionError } from '../../contract/errors.ts';
import type { InputName } from '../../contract/inputs.ts';
import type { Github } from '../../github/client/client.ts';
import { type PullRequest, readPullRequest } from '../../github/review/pull-request.ts';
import { type Context, operation } from '../operation.ts';
import { annotateFindings } from './annotations.ts';
import type { Findings } from './findings.ts';
import { readFindings, untilReadable } from './read.ts';
import { REVIEW_OUTPUTS, reviewReport } from './report.ts';
import { ensureReview, isEnd, isSameCommit, type Requested } from './request.ts';
import { closingLine, waitingSummary } from './summary.ts';
import { prepareTarget, type Target } from './target.ts';
import { type ReviewStory, shortCommit } from './verdict.ts';
import { untilEnded } from './watch.ts';

const INPUTS = ['on_pending', 'fail_on', 'poll_interval'] as const satisfies readonly InputName[];

type ReviewContext = Context<(typeof INPUTS)[number]>;

/** What a step knows of its review so far. */
interface Known {
  head: string;
  status: string;
  found: Findings | undefined;
}

/** How much later than Devin GitHub may name a new head, in milliseconds. */
const LATE_HEAD_MS = 5_000;

const SENT_NOTHING = 'Nothing was sent to Devin.';

async function githubFor({ github }: Pick<Context, 'github'>): Promise<Github> {
  const client = await github();
  if (client !== undefined) return client;
  const fix = 'Leave out `github_token`, or pass `github_token: ${{ github.token }}`.';
  throw new ActionError('input_invalid', 'The input github_token is empty; the review is read from GitHub.', { fix });
}

/** @throws `gate_closed` for a pull request that is not to be reviewed now */
function checkOpen({ isDraft, isClosed }: PullRequest, { number }: Target): void {
  if (isClosed) throw new ActionError('gate_closed', `the pull request #${number} is closed`, { fix: SENT_NOTHING });
  if (!isDraft) return;
  throw new ActionError('gate_closed', `the pull request #${number} is a draft`, { fix: SENT_NOTHING });
}

const moved = ({ number }: Target, from: string, to: string) =>
  new ActionError('conflict', `The head of #${number} is now ${to}. The review of ${from} does not count for it.`, {
    title: `The head of #${number} has moved`,
    fix: `Run the step for the new head, ${shortCommit(to)}.`,
  });

/** One review of one pull request. */
class Review {
  readonly #context: ReviewContext;
  readonly #github: Github;
  readonly #target: Target;
  readonly known: Known;

  constructor(context: ReviewContext, github: Github, target: Target, head: string) {
    this.#context = context;
    this.#github = github;
    this.#target = target;
    this.known = { head, status: '', found: undefined };
  }

  get #source() {
    return { github: this.#github, target: this.#target, head: this.known.head };
  }

  #headNow = async (): Promise<string> => {
    const { repository, number } = this.#target;
    return (await readPullRequest(this.#github, repository, number)).head;
  };

  /** @throws `conflict` if the head is another commit by now */
  #checkHead = async (): Promise<void> => {
    const now = await this.#headNow();
    if (!isSameCommit(now, this.known.head)) throw moved(this.#target, this.known.head, now);
  };

  /** A head that moved just before the request is the one that Devin reviews. */
  async #followHead({ commit }: Requested): Promise<void> {
    if (commit === null || isSameCommit(commit, this.known.head)) return;
    let now = await this.#headNow();
    if (!isSameCommit(now, commit)) {
      // GitHub may report a push later than Devin.
      await this.#context.clock.sleep(LATE_HEAD_MS, this.#context.signal);
      now = await this.#headNow();
    }
    if (!isSameCommit(now, commit)) throw moved(this.#target, commit, now);
    this.#context.log.progress(`the head is now ${shortCommit(now)}, which is what Devin reviews`);
    this.known.head = now;
  }

  #show = (status: string): void => {
    this.known.status = status;
    // Devin is what the step waits for: a GitHub that hangs must not keep it from polling.
    if (!isEnd(status)) void this.#context.comment.update(this.#waiting());
  };

  #waiting(): string {
    const { head, status } = this.known;
    return waitingSummary({ target: this.#target, head, status });
  }

  async carryOut(): Promise<void> {
    const { known } = this;
    const context = this.#context;
    const orgId = await context.organization();
    const requested = await ensureReview(context, { orgId, target: this.#target, head: known.head });
    await this.#followHead(requested);
    this.#show(requested.status);
    void context.check.begin(this.#waiting(), known.head);
    const hooks = { onStatus: this.#show, checkHead: this.#checkHead };
    known.status = await untilEnded(context, { orgId, target: this.#target, head: known.head }, requested, hooks);
    known.found =
      known.status === 'completed'
        ? await untilReadable(context, this.#source, context.inputs.fail_on)
        : await readFindings(this.#source);
    const job = known.found.jobs.at(-1);
    if (job !== undefined) context.check.identify(job);
    await this.#checkHead();
  }
}

async function reviewed(context: ReviewContext, target: Target) {
  const { log, inputs, clock, startedAt } = context;
  const github = await githubFor(context);
  const pull = await readPullRequest(github, target.repository, target.number);
  checkOpen(pull, target);
  log.info(`Devin's review of ${target.repository}#${target.number} at ${shortCommit(pull.head)}`);
  const review = new Review(context, github, target, pull.head);
  const story = (error?: ActionError): ReviewStory => ({
    target,
    ...review.known,
    failOn: inputs.fail_on,
    onPending: inputs.on_pending,
    durationMs: clock.now() - startedAt,
    facts: context.facts,
    error,
  });
  try {
    await review.carryOut();
    return story();
  } catch (thrown) {
    const error = asActionError(thrown);
    // Before there is a review, the error is all that there is to say.
    if (review.known.status === '') throw error;
    return story(error);
  }
}

/** Has Devin review the head commit of a pull request, and fails if the review finds what must not be merged. */
export const reviewPullRequestOperation = operation({
  name: 'review-pull-request',
  summary: 'Has Devin review a pull request, waits for the review, and fails if it has findings.',
  inputs: INPUTS,
  required: [],
  outputs: REVIEW_OUTPUTS,
  permissions: [{ all: ['UseReviewManual'] }],
  versions: ['v3'],
  prepare: prepareTarget,
  async run(context, target) {
    if (target === undefined) throw new ActionError('internal', 'There is no pull request to review.');
    const story = await reviewed(context, target);
    // What cut the step short may be that the lines are those of another commit.
    if (story.error === undefined) annotateFindings(context.log, story);
    context.log.info(closingLine(story));
    return reviewReport(story);
  },
});
