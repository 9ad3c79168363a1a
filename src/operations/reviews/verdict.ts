import { ActionError } from '../../contract/errors.ts';
import { REVIEW_KINDS, type ReviewKind } from '../../contract/review-kinds.ts';
import type { RunFacts } from '../../github/event/facts.ts';
import { count, duration } from '../../report/units.ts';
import type { Finding, Findings } from './findings.ts';
import { blockingOf } from './read.ts';
import { isEnd, isFailed } from './request.ts';
import type { Target } from './target.ts';

/** Everything that a report on one review says. */
export interface ReviewStory {
  readonly target: Target;
  /** Hash of the commit that was reviewed. */
  readonly head: string;
  /** As the API reported it last. */
  readonly status: string;
  /** What GitHub shows; undefined if it was not read. */
  readonly found: Findings | undefined;
  readonly failOn: readonly ReviewKind[];
  readonly onPending: 'fail' | 'succeed';
  /** From the step's start to now, in milliseconds. */
  readonly durationMs: number;
  readonly facts: RunFacts;
  /** What cut the step short. */
  readonly error?: ActionError | undefined;
}

/** How a review ended for the step. */
export interface Verdict {
  /** The output `review_status`. */
  readonly status: string;
  readonly outcome: 'success' | 'failure' | 'skipped';
  /** What happened, in plain text, without the findings that do not fail the step. */
  readonly headline: string;
  /** Why a step passes without a verdict, as a sentence. */
  readonly note?: string;
  readonly error?: ActionError;
  readonly skippedReason?: string;
}

/** The order in which kinds are counted. */
const COUNTED = ['bug', 'security', 'unknown', 'flag', 'analysis'] as const satisfies readonly ReviewKind[];

const NOUNS: Readonly<Record<ReviewKind, readonly [one: string, many: string]>> = {
  bug: ['bug', 'bugs'],
  security: ['security finding', 'security findings'],
  unknown: ['unreadable comment', 'unreadable comments'],
  flag: ['flag', 'flags'],
  analysis: ['analysis', 'analyses'],
};

/** Findings by kind, as text: `2 bugs, 1 security finding`; empty if there are none. */
export const counted = (findings: readonly Finding[]): string =>
  COUNTED.flatMap((kind) => {
    const number = findings.filter((finding) => finding.kind === kind).length;
    return number === 0 ? [] : [count(number, ...NOUNS[kind])];
  }).join(', ');

/** The findings in the groups in which they are shown, the worst first. */
export function grouped({ found, failOn }: Pick<ReviewStory, 'found' | 'failOn'>) {
  const all = (found?.findings ?? []).toSorted((a, b) => REVIEW_KINDS.indexOf(a.kind) - REVIEW_KINDS.indexOf(b.kind));
  const blocking = blockingOf(all, failOn);
  return {
    blocking,
    others: all.filter((finding) => !finding.resolved && !blocking.includes(finding)),
    resolved: all.filter(({ resolved }) => resolved),
  };
}

/** The first characters of a hash, as people write it. */
export const shortCommit = (hash: string): string => hash.slice(0, 7);

const nameOf = ({ target }: ReviewStory) => `#${target.number}`;

/** How people call a status. */
const wordOf = (status: string) => (status === 'cancelled' ? 'canceled' : status);

function ofFindings(story: ReviewStory, status: string): Verdict {
  const found = counted(grouped(story).blocking);
  const headline = `${found} in ${nameOf(story)}`;
  const message = `Devin's review of ${nameOf(story)} (commit ${shortCommit(story.head)}) has ${found}.`;
  const error = new ActionError('review_findings', message, { title: headline });
  return { status, outcome: 'failure', headline, error };
}

function stillPending(story: ReviewStory): Verdict {
  const { status, onPending, durationMs } = story;
  const headline = `Devin's review of ${nameOf(story)} is still ${wordOf(status)}`;
  const note = 'The step passes without a verdict, as `on_pending: succeed` says.';
  if (onPending === 'succeed') return { status, outcome: 'success', headline, note };
  const fix =
    'Run the step again: it continues to wait for the same review. If the review never ends, `on_pending: succeed` lets the step pass.';
  const error = new ActionError('timeout', `${headline} after ${duration(durationMs)}.`, { title: headline, fix });
  return { status, outcome: 'failure', headline, error };
}

function failed(story: ReviewStory): Verdict {
  const { status } = story;
  const how = status === 'errored' ? 'ended with an error' : 'was canceled';
  const headline = `Devin's review of ${nameOf(story)} ${how}`;
  const fix = 'Run the step again: it requests one more review.';
  return {
    status,
    outcome: 'failure',
    headline,
    error: new ActionError('session_failed', `${headline}.`, { title: headline, fix }),
  };
}

function unreadable(story: ReviewStory): Verdict {
  const headline = `Devin's review of ${nameOf(story)} cannot be read`;
  const message = `The review of ${shortCommit(story.head)} is completed, but GitHub shows none that can be read.`;
  const fix =
    "Run the step again: it reads the pull request again. Check that Devin's GitHub app is installed on the repository and may write to pull requests.";
  const error = new ActionError('session_failed', message, { title: headline, fix });
  return { status: 'unknown', outcome: 'failure', headline, error };
}

function skipped(story: ReviewStory): Verdict {
  const headline = `Devin skipped the review of ${nameOf(story)}`;
  const skippedReason = `Devin skipped the review of the commit ${shortCommit(story.head)}`;
  const note = 'The step passes without a verdict: nothing was reviewed.';
  return { status: story.status, outcome: 'skipped', headline, note, skippedReason };
}

function clean(story: ReviewStory): Verdict {
  const { others } = grouped(story);
  const headline = `${others.length === 0 ? 'No' : 'No blocking'} findings in ${nameOf(story)}`;
  return { status: story.status, outcome: 'success', headline };
}

function cutShort(story: ReviewStory, error: ActionError): Verdict {
  const { status } = story;
  if (error.code === 'timeout' && !isEnd(status)) return stillPending(story);
  if (error.code !== 'cancelled') return { status, outcome: 'failure', headline: error.title, error };
  const headline = `Devin's review of ${nameOf(story)} was ${wordOf(status)} when the workflow was canceled`;
  const fix = 'Start a new run when you want the verdict: it uses the same review, which continues without the step.';
  const { message, title } = error;
  return {
    status,
    outcome: 'failure',
    headline,
    error: new ActionError('cancelled', message, { title, fix, cause: error }),
  };
}

/** What a review means for the step. Green needs a review that can be read, and that has no blocking finding. */
export function verdictOf(story: ReviewStory): Verdict {
  const { status, found, error } = story;
  if (error !== undefined) return cutShort(story, error);
  if (isFailed(status)) return failed(story);
  if (grouped(story).blocking.length > 0) return ofFindings(story, status);
  if (!isEnd(status)) return stillPending(story);
  if (status === 'skipped') return skipped(story);
  return found?.isReadable === true ? clean(story) : unreadable(story);
}
