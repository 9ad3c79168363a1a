import { ActionError, asActionError, endsStep } from '../../contract/errors.ts';
import { createPrReview, getPrReview, type PrReviewState } from '../../devin/endpoints/pr-reviews.ts';
import type { Context } from '../operation.ts';
import type { Target } from './target.ts';

/** The review that a step is about. */
export interface Subject {
  readonly orgId: string;
  readonly target: Target;
  /** Hash of the commit that has to be reviewed. */
  readonly head: string;
}

/** A review of the commit that exists, or that was requested. */
export interface Requested {
  /** As the API reports it; `pending` if it says nothing. */
  readonly status: string;
  /** How the review before it failed, which may still be shown for a moment; undefined if none did. */
  readonly before: string | undefined;
  /** The request may not have been carried out: the error to end with if no review appears. */
  readonly unsure?: ActionError;
  /** Commit that the API says it reviews, if it says so. */
  readonly commit: string | null;
}

type RequestContext = Pick<Context<never>, 'devin' | 'log' | 'inputs'>;

const ENDS = ['completed', 'errored', 'cancelled', 'skipped'] as const;
/** Ends without a verdict, after which one more review may be requested. */
const FAILED = ['errored', 'cancelled'];

/** Whether a status is an end. A word that this release does not know is none, so that nothing is requested twice. */
export const isEnd = (status: string): boolean => ENDS.some((end) => end === status);

/** Whether a review ended without a verdict. */
export const isFailed = (status: string): boolean => FAILED.includes(status);

const SHORTEST_HASH = 7;

/** Whether two hashes are of one commit; one of them may be shortened. */
export function isSameCommit(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  const length = Math.min(a.length, b.length);
  return length >= SHORTEST_HASH && a.slice(0, length) === b.slice(0, length);
}

/** The status of a review of this commit; undefined if the response is about none, or about another commit. */
function statusFor({ status, commit_sha: commit }: PrReviewState, head: string): string | undefined {
  if (commit !== null && !isSameCommit(commit, head)) return undefined;
  if (status === null) return commit === null ? undefined : 'pending';
  return status === 'canceled' ? 'cancelled' : status;
}

/** Asks the API for the review of the commit; a single attempt if the caller is what repeats it. */
export async function findReview(
  { devin }: Pick<Context, 'devin'>,
  { orgId, target, head }: Subject,
  deadlineAt?: number,
): Promise<string | undefined> {
  const call = { params: { org_id: orgId }, query: { pr_url: target.url, commit_sha: head } };
  try {
    return statusFor(await devin.call(getPrReview, deadlineAt === undefined ? call : { ...call, deadlineAt }), head);
  } catch (thrown) {
    if (thrown instanceof ActionError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** There was no review, and none can be requested. */
const noProduct = (cause: ActionError) =>
  new ActionError(
    'not_found',
    `${cause.message} The organization does not have Devin Review, or does not know the pull request.`,
    {
      title: 'Devin Review is not available',
      fix: "Check that Devin Review is enabled for the organization, that `org_id` is the organization that has the repository, and that Devin's GitHub app is installed on it.",
      status: 404,
      cause,
    },
  );

/** Requests a review. What may have been carried out is never sent again: the polls that follow tell. */
async function post(
  context: RequestContext,
  { orgId, target }: Subject,
  before: string | undefined,
): Promise<Requested> {
  const { devin, log } = context;
  const body = { pr_url: target.url };
  try {
    const { status, commit_sha: commit } = await devin.call(createPrReview, { params: { org_id: orgId }, body });
    log.progress('review requested');
    return { status: status ?? 'pending', before, commit };
  } catch (thrown) {
    const error = asActionError(thrown);
    if (error.status === 404) throw noProduct(error);
    if (error.status === 409) {
      log.progress('a review of this commit is pending already');
      return { status: 'pending', before, commit: null };
    }
    if (!error.ambiguous || endsStep(error)) throw error;
    log.progress(`the request for the review has no clear response: ${error.message}`);
    return { status: 'pending', before, unsure: error, commit: null };
  }
}

/**
 * Makes sure that there is a review of the commit: one that is pending, running, completed, or skipped is used, and
 * nothing is sent. Otherwise one is requested, at most once in a step.
 */
export async function ensureReview(context: RequestContext, subject: Subject): Promise<Requested> {
  const found = await findReview(context, subject);
  if (found !== undefined && !isFailed(found)) {
    context.log.progress(`a review of this commit exists: ${found}`);
    return { status: found, before: undefined, commit: null };
  }
  if (found !== undefined) context.log.progress(`the last review of this commit was ${found}; requesting another one`);
  return await post(context, subject, found);
}
