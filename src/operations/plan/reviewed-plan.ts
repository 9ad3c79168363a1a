import { ActionError } from '../../contract/errors.ts';
import type { MergeReference, OwnText } from '../../github/comment/reviewed.ts';
import type { GithubEvent } from '../../github/event/shape.ts';
import { type CarriedPlan, carriedPlan, carriesPlan } from '../../reconcile/carried.ts';
import type { ReviewedPlan } from '../../reconcile/reviewed.ts';
import type { PlanContext } from './report.ts';

const PULL_EVENTS = ['pull_request', 'pull_request_target'];

/** Whether an event is the end of a pull request, merged or not. */
const isClosed = ({ name, action }: GithubEvent) => PULL_EVENTS.includes(name) && action === 'closed';

const changed = (message: string, fix: string) => new ActionError('plan_changed', message, { fix });

/** Warns of an apply that runs before the review: for a pull request that is not merged yet. */
export async function warnBeforeMerge({ event, log }: PlanContext): Promise<void> {
  const read = await event();
  if (!read.ok || !PULL_EVENTS.includes(read.event.name)) return;
  const { merged } = read.event;
  if (isClosed(read.event) && merged === true) return;
  const advice = 'Use `mode: plan` here, and apply on `pull_request: closed` if it is merged, or on a push.';
  log.annotate('warning', 'This apply runs before the merge', `The pull request is not merged. ${advice}`);
}

/** The pull request that the run is about. */
async function referenceOf({ event, facts }: PlanContext): Promise<MergeReference> {
  const read = await event();
  if (read.ok && isClosed(read.event) && read.event.thread !== undefined) {
    return { number: read.event.thread.number };
  }
  const [, branch] = /^refs\/heads\/(.+)$/s.exec(facts.ref ?? '') ?? [];
  if (facts.commit !== undefined && branch !== undefined) return { commit: facts.commit, branch };
  throw changed(
    'The run has no branch, so the reviewed plan cannot be found.',
    'Run the apply on `pull_request: closed` or on a push to the branch that pull requests are merged into.',
  );
}

/** The one plan in the comments, if it is the one that was reviewed. */
function planIn(comments: readonly OwnText[], kind: string, page: string, pull: { head: string; mergedAt: number }) {
  const plans = comments
    .map(({ body, writtenAt }) => ({ plan: carriedPlan(body), writtenAt }))
    .filter(({ plan }) => plan === undefined || plan.kind === kind);
  const [only] = plans;
  const again = 'Open a new pull request whose plan job has `comment: true`, review its plan, and merge it.';
  if (only === undefined) throw changed(`${page} has no plan comment by the user of \`github_token\`.`, again);
  if (plans.length > 1)
    throw changed(`${page} has ${plans.length} plan comments, so the reviewed one is unknown.`, again);
  const { plan, writtenAt } = only;
  if (plan === undefined) throw changed(`The plan in the comment on ${page} is damaged.`, again);
  if (writtenAt > pull.mergedAt)
    throw changed(`The plan comment on ${page} was written or edited after the merge.`, again);
  if (plan.head !== pull.head) {
    throw changed(`The plan comment on ${page} is for ${plan.head.slice(0, 7)}, not for its last commit.`, again);
  }
  return plan;
}

/**
 * The plan in the comment on the merged pull request that this run is about. Throws `plan_changed` if the pull request or
 * its plan cannot be found without doubt.
 */
export async function reviewedPlan(context: PlanContext, kind: string): Promise<ReviewedPlan> {
  const { facts, github } = context;
  const client = await github();
  if (client === undefined || facts.repository === undefined) {
    throw new ActionError('credential_missing', '`expected_plan_hash: reviewed` needs `github_token`.', {
      title: 'No GitHub token',
      fix: 'Pass `github_token: ${{ github.token }}`, and grant the job `pull-requests: read`.',
    });
  }
  const { mergedPulls, ownComments } = await import('../../github/comment/reviewed.ts');
  const asked = await referenceOf(context);
  const pulls = await mergedPulls(client, facts.repository, asked);
  const [pull] = pulls;
  if (pull === undefined || pulls.length > 1) {
    const which = 'number' in asked ? `#${asked.number} is` : `${pulls.length} pull requests are`;
    const how = 'number' in asked ? 'not merged' : `merged as the commit of this run, ${asked.commit.slice(0, 7)}`;
    const fix = 'Merge the manifest with a pull request, and apply it in the run for that merge.';
    throw changed(`${which} ${how}, so there is no reviewed plan.`, fix);
  }
  const comments = await ownComments(client, facts.repository, pull.number, carriesPlan);
  const plan: CarriedPlan = planIn(comments, kind, `#${pull.number}`, pull);
  context.log.info(`The reviewed plan is in the comment on #${pull.number}: ${plan.hash}`);
  return plan;
}
