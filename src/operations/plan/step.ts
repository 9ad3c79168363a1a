import { join } from 'node:path';
import { ActionError, asActionError, ERROR_CODES } from '../../contract/errors.ts';
import { applyPlan } from '../../reconcile/apply.ts';
import { carriedText } from '../../reconcile/carried.ts';
import { violations } from '../../reconcile/guards.ts';
import { differs, hasChanges } from '../../reconcile/plan.ts';
import { planRecord } from '../../reconcile/record.ts';
import { planHeadline, renderPlan } from '../../reconcile/render.ts';
import { continues, type ReviewedPlan, scopesOfFile } from '../../reconcile/reviewed.ts';
import type { Applied } from '../../reconcile/store.ts';
import { fence, prose, sections } from '../../report/markdown.ts';
import { markOf, title } from '../../report/marks.ts';
import { count } from '../../report/units.ts';
import { errorPart } from '../failure.ts';
import {
  applyError,
  dataOf,
  listed,
  logPlan,
  type PlanContext,
  type PlanReport,
  type PlanStep,
  short,
  where,
} from './report.ts';
import { reviewedPlan, warnBeforeMerge } from './reviewed-plan.ts';

const MAX_PLAN_BYTES = 200 * 1024 * 1024;

/** Writes the plan: to `plan_file`, or to the runner's temporary folder. */
async function writePlan<D, O>(
  { inputs, workspace, temp, facts }: PlanContext,
  { plan }: PlanStep<D, O>,
  applied?: Applied<D, O>,
): Promise<string> {
  const json = `${JSON.stringify(planRecord(plan, applied), null, 2)}\n`;
  if (inputs.plan_file !== undefined) return await workspace.writeFile(inputs.plan_file, json);
  const name = `devin-plan-${facts.runId ?? 'local'}-${facts.step ?? 'step'}.json`;
  return join(temp.root, await temp.writeFile(name.replaceAll(/[^\w.-]/g, '_'), json));
}

function tooMuch<D, O>({ inputs }: PlanContext, { plan }: PlanStep<D, O>): ActionError | undefined {
  const limits = {
    maxRemovals: inputs.max_removals,
    maxOpenings: inputs.max_openings,
    allowEmpty: inputs.allow_empty,
  };
  const found = violations(plan, limits);
  if (found.length === 0) return undefined;
  const guards = [...new Set(found.map(({ guard }) => guard))];
  const inputsToSet = guards.map((guard) => (guard === 'allow_empty' ? '`allow_empty: true`' : `\`${guard}\``));
  const isOpening = guards.every((guard) => guard === 'max_openings');
  const message = isOpening
    ? 'The plan opens more than allowed; nothing was written.'
    : 'The plan removes more than allowed; nothing was written.';
  return new ActionError(isOpening ? 'opening_limit' : 'removal_limit', message, {
    list: listed(found.map((one) => one.message)),
    fix: `Check the manifest. If the changes are intended, set ${inputsToSet.join(' and ')} for this run only.`,
  });
}

/** What the comment of a plan ends with, so that `expected_plan_hash: reviewed` finds it; and a note if it is too large. */
async function carried<D, O>({ event, facts, inputs }: PlanContext, { plan }: PlanStep<D, O>) {
  const read = inputs.comment ? await event() : undefined;
  const head = read?.ok ? (read.event.commits?.head ?? facts.commit) : undefined;
  if (head === undefined) return {};
  const { text, isWhole } = carriedText(plan, head);
  if (isWhole) return { commentEnd: text };
  const changes = count(
    plan.scopes.reduce((sum, scope) => sum + scope.changes.length, 0),
    'change',
  );
  const note = `The plan has ${changes}, too many for a comment. Keep its \`plan_file\`: to continue a partial apply, the apply needs it.`;
  return { commentEnd: text, note };
}

/** What a plan would do, in one line. */
function told<D, O>(step: PlanStep<D, O>, name = 'Plan'): string {
  const { plan } = step;
  const said = differs(plan.counts) ? `${name}: ${planHeadline(plan, where(step))}` : `No changes in ${where(step)}`;
  return `${said} · ${short(plan.hash)}`;
}

/** The first line of a plan that may not be applied: the reason comes before the plan's numbers. */
function refusal({ code, message, list }: ActionError): string {
  const [only = '', ...others] = list;
  const first = message.replace(/^The plan /, '').replace(/[;.].*$/s, '');
  const reason = code === 'plan_changed' ? 'it is not the reviewed one' : others.length === 0 && only ? only : first;
  return title('failed', `Plan refused: ${prose(reason)}`);
}

/** What the first line does not say of why a plan is refused, and what it would have done. */
function whyRefused<D, O>({ code, message, list, fix }: ActionError, step: PlanStep<D, O>): string {
  const isSaid = code !== 'plan_changed' && list.length < 2;
  const rest = isSaid ? { message: 'Nothing was written.', list: [] } : { message, list };
  return `${errorPart(new ActionError(code, rest.message, { list: rest.list, fix }))}\n\n${told(step)}`;
}

/** An error without the numbers that the first line has; its only finding is what it says then. */
function unsaid(error: ActionError): ActionError {
  const { code, list, fix } = error;
  const [only, ...others] = list;
  if (code === 'drift_found') return new ActionError(code, ERROR_CODES[code].meaning, { list, fix });
  if (code !== 'apply_incomplete' || only === undefined) return error;
  return others.length === 0
    ? new ActionError(code, only, { fix })
    : new ActionError(code, 'These changes were not made:', { list, fix });
}

/** Nothing was written: what would be done. */
async function planned<D, O>(
  context: PlanContext,
  step: PlanStep<D, O>,
  notices: readonly string[],
): Promise<PlanReport> {
  const { inputs } = context;
  const { plan, scopeName } = step;
  const file = await writePlan(context, step);
  const changed = differs(plan.counts);
  const limit = tooMuch(context, step);
  const isDrift = changed && inputs.fail_on_drift;
  const drift = new ActionError('drift_found', `The current state differs from the manifest: ${planHeadline(plan)}.`, {
    list: limit?.list ?? [],
  });
  const error = isDrift ? drift : limit;
  const mark = changed ? 'attention' : 'done';
  const heading =
    error === limit && error !== undefined
      ? refusal(error)
      : isDrift
        ? title('failed', told(step, 'Drift'))
        : title(mark, told(step));
  const { note, commentEnd } = await carried(context, step);
  // In a comment, the plan is found by its pull request.
  const expected = commentEnd === undefined ? plan.hash : 'reviewed';
  const hint = sections(
    'To apply exactly this plan:',
    fence(`mode: apply\nexpected_plan_hash: ${expected}`, 'yaml'),
  ).trim();
  const frame = {
    scopeName,
    notices: [
      ...(error === undefined ? [] : [error === limit ? whyRefused(error, step) : errorPart(unsaid(error))]),
      ...(note === undefined ? [] : [prose(note)]),
    ],
    hints: [...notices, ...(changed && limit === undefined ? [hint] : [])],
    planFile: file,
  };
  return {
    outcome: !isDrift && limit !== undefined ? 'failure' : changed ? 'changes' : 'success',
    ...(error === undefined ? {} : { error }),
    data: dataOf(step, file, 'planned'),
    summary: renderPlan(heading, plan, frame),
    ...(commentEnd === undefined ? {} : { commentEnd }),
  };
}

/** Nothing is applied: the error says why, and the plan shows what it is about. */
async function refused<D, O>(context: PlanContext, step: PlanStep<D, O>, error: ActionError): Promise<PlanReport> {
  const file = await writePlan(context, step);
  const frame = { scopeName: step.scopeName, notices: [whyRefused(error, step)], hints: [], planFile: file };
  return {
    outcome: 'failure',
    error,
    data: dataOf(step, file, 'refused'),
    summary: renderPlan(refusal(error), step.plan, frame),
  };
}

async function carriedOut<D, O>(
  context: PlanContext,
  step: PlanStep<D, O>,
  notices: readonly string[],
): Promise<PlanReport> {
  const { plan, scopeName } = step;
  // If the plan cannot be written, nothing is changed.
  await writePlan(context, step);
  const applied = await applyPlan(step);
  const file = await writePlan(context, step, applied);
  const error = applyError(step, applied);
  const good = applied.results.filter((result) => result.error === undefined).length;
  const all = applied.results.length;
  const state = applied.converged ? 'converged' : 'not converged';
  context.log.progress(`${all === 0 ? 'Nothing to do' : `${good} of ${count(all, 'change')} made`}; ${state}`);
  const said =
    all === 0
      ? `Nothing to do in ${where(step)}`
      : good === all
        ? `Applied: ${planHeadline(plan, where(step))}`
        : `Applied ${good} of ${count(all, 'change')} in ${where(step)}`;
  const isKnown = error === undefined || good < all;
  const heading = title(markOf(error), `${said}${isKnown ? '' : ` · ${state}`} · ${short(plan.hash)}`);
  const frame = {
    scopeName,
    notices: error === undefined ? [] : [errorPart(unsaid(error))],
    hints: notices,
    planFile: file,
  };
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    data: dataOf(step, file, applied),
    summary: renderPlan(heading, plan, frame, applied),
  };
}

/** Whether this plan only does what is left of the reviewed one, which a comment or `plan_file` contains. */
async function isRest<D, O>(
  { inputs, workspace }: PlanContext,
  { plan }: PlanStep<D, O>,
  { hash, scopes }: ReviewedPlan,
): Promise<boolean> {
  if (scopes !== undefined) return continues(plan, scopes);
  if (inputs.plan_file === undefined) return false;
  const file = await workspace.readText(inputs.plan_file, MAX_PLAN_BYTES);
  const reviewed = file.ok ? scopesOfFile(plan.name, hash, file.text) : undefined;
  return reviewed !== undefined && continues(plan, reviewed);
}

/** Why the plan is not the one that was reviewed. A plan without changes needs no review. */
async function whyNotReviewed<D, O>(context: PlanContext, step: PlanStep<D, O>): Promise<ActionError | undefined> {
  const { expected_plan_hash: expected } = context.inputs;
  const { hash, counts } = step.plan;
  if (expected === undefined || !hasChanges(counts)) return undefined;
  try {
    const reviewed =
      expected === 'reviewed'
        ? await reviewedPlan(context, step.plan.name)
        : { hash: expected.hash, scopes: undefined };
    if (reviewed.hash === hash || (await isRest(context, step, reviewed))) return undefined;
    const message = `The plan is ${hash}, not the reviewed ${reviewed.hash}: the manifest or the current state changed. Nothing was written.`;
    return new ActionError('plan_changed', message);
  } catch (thrown) {
    const error = asActionError(thrown);
    if (error.code === 'plan_changed') return error;
    throw thrown;
  }
}

/**
 * Shows a plan, or applies it: only the reviewed one, if `expected_plan_hash` says which, and only within the guards.
 * `notices` are parts that end the summary, as Markdown. A plan without changes is applied whatever its hash, and so is
 * one that continues the reviewed plan: an apply can be repeated.
 */
export async function runPlan<D, O>(
  context: PlanContext,
  step: PlanStep<D, O>,
  notices: readonly string[],
): Promise<PlanReport> {
  const { inputs } = context;
  logPlan(context, step);
  if (inputs.mode === 'plan' || inputs.dry_run) return await planned(context, step, notices);
  await warnBeforeMerge(context);
  const error = (await whyNotReviewed(context, step)) ?? tooMuch(context, step);
  if (error !== undefined) return await refused(context, step, error);
  return await carriedOut(context, step, notices);
}
