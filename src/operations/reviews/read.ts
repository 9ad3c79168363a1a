import type { ReviewKind } from '../../contract/review-kinds.ts';
import type { Github } from '../../github/client/client.ts';
import { reviewsOf } from '../../github/review/reviews.ts';
import type { Context } from '../operation.ts';
import { type Finding, type Findings, findingsOf } from './findings.ts';
import type { Target } from './target.ts';
import { lastPollAt } from './watch.ts';

/** The review may reach GitHub this long after it is completed, in milliseconds. */
const LATE_MS = 180_000;
/** What was read counts once it is the same this much later, in milliseconds: comments may follow their review. */
const CONFIRM_MS = 2_000;

type ReadContext = Pick<Context<'poll_interval'>, 'clock' | 'signal' | 'inputs' | 'log' | 'startedAt'>;

/** Kinds that fail the step. A comment that cannot be read may be anything, so it counts with any of them. */
const blockingKinds = (failOn: readonly ReviewKind[]): readonly ReviewKind[] =>
  failOn.length === 0 ? [] : [...failOn, 'unknown'];

/** The unresolved findings that fail the step. */
export const blockingOf = (findings: readonly Finding[], failOn: readonly ReviewKind[]): readonly Finding[] =>
  findings.filter(({ kind, resolved }) => !resolved && blockingKinds(failOn).includes(kind));

/** Where the findings of one commit are. */
export interface Source {
  readonly github: Github;
  readonly target: Target;
  readonly head: string;
}

/** Reads what the reviews of the commit say now. */
export const readFindings = async ({ github, target, head }: Source): Promise<Findings> =>
  findingsOf(await reviewsOf(github, target.repository, target.number, head));

/**
 * Reads the findings of a review that is completed: polls GitHub until it can be read, three minutes at most, and once
 * more to see that it is whole. The result may be one that cannot be read.
 */
export async function untilReadable(
  context: ReadContext,
  source: Source,
  failOn: readonly ReviewKind[],
): Promise<Findings> {
  const { clock, signal, inputs, log } = context;
  const lastAt = lastPollAt(context);
  const lateAt = clock.now() + LATE_MS;
  let before: string | undefined;
  let isTold = false;
  for (;;) {
    const found = await readFindings(source);
    const isThere = found.isReadable || blockingOf(found.findings, failOn).length > 0;
    const now = JSON.stringify(found);
    if (isThere && now === before) return found;
    before = isThere ? now : undefined;
    const left = (isThere ? lastAt : Math.min(lateAt, lastAt)) - clock.now();
    if (left <= 0) return found;
    if (!isThere && !isTold) log.progress('the review is not on GitHub yet; polling for up to 3 min');
    isTold ||= !isThere;
    await clock.sleep(Math.min(isThere ? CONFIRM_MS : inputs.poll_interval, left), signal);
  }
}
