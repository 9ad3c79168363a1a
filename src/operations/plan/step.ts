import { join } from 'node:path';
import { ActionError } from '../../contract/errors.ts';
import { applyPlan } from '../../reconcile/apply.ts';
import { violations } from '../../reconcile/guards.ts';
import { differs, hasChanges } from '../../reconcile/plan.ts';
import { planRecord } from '../../reconcile/record.ts';
import { headline, renderPlan } from '../../reconcile/render.ts';
import { goesOn } from '../../reconcile/reviewed.ts';
import type { Applied } from '../../reconcile/store.ts';
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

const MAX_PLAN_BYTES = 200 * 1024 * 1024;
/** Writes the plan: to the file that was asked for, or to the runner's temporary folder. */
async function writePlan<D, O>(
  { inputs, workspace, temp, facts }: PlanContext,
  { kind, plan }: PlanStep<D, O>,
  applied?: Applied<D, O>,
): Promise<string> {
  const json = `${JSON.stringify(planRecord(kind, plan, applied), null, 2)}\n`;
  if (inputs.plan_file !== undefined) return await workspace.writeFile(inputs.plan_file, json);
  const name = `devin-plan-${facts.runId ?? 'local'}-${facts.step ?? 'step'}.json`;
  return join(temp.root, await temp.writeFile(name.replaceAll(/[^\w.-]/g, '_'), json));
}

function tooMuch<D, O>({ inputs }: PlanContext, { plan }: PlanStep<D, O>): ActionError | undefined {
  const found = violations(plan, { maxRemovals: inputs.max_removals, allowEmpty: inputs.allow_empty });
  if (found.length === 0) return undefined;
  const emptied =
    !inputs.allow_empty &&
    plan.scopes.some(
      ({ scope, changes }) => scope.desired.length === 0 && changes.some(({ action }) => action === 'delete'),
    );
  return new ActionError('removal_limit', 'The plan removes more than allowed; nothing was written.', {
    list: listed(found),
    fix: `Check the manifest. If the removals are meant, set \`max_removals\`${emptied ? ' and `allow_empty: true`' : ''} for this one change.`,
  });
}

/** Nothing was written: what would be done. */
async function planned<D, O>(
  context: PlanContext,
  step: PlanStep<D, O>,
  notices: readonly string[],
): Promise<PlanReport> {
  const { inputs } = context;
  const { plan, kind, scopeName } = step;
  const file = await writePlan(context, step);
  const changed = differs(plan.counts);
  const drift = new ActionError('drift_found', `What is there differs from the manifest: ${headline(plan)}.`);
  const limit = tooMuch(context, step);
  const error = limit ?? (changed && inputs.fail_on_drift ? drift : undefined);
  const mark = error !== undefined ? '✗ ' : changed ? '' : '✓ ';
  const said = changed ? `Plan: ${headline(plan)}` : 'No changes';
  const title = `### ${mark}${said} · ${where(step)} · ${short(plan.hash)}`;
  const hint = `Apply this plan: \`mode: apply\` with \`expected_plan_hash: ${plan.hash}\`.`;
  const frame = {
    scopeName,
    notices: error === undefined ? [] : [errorPart(error)],
    hints: [...notices, ...(changed && limit === undefined ? [hint] : [])],
    planFile: file,
  };
  return {
    outcome: limit !== undefined ? 'failure' : changed ? 'changes' : 'success',
    ...(error === undefined ? {} : { error }),
    data: dataOf(step, file, 'planned'),
    summary: renderPlan(title, kind, plan, frame),
  };
}

/** Nothing is applied: the error says why, and the plan shows what it is about. */
async function refused<D, O>(context: PlanContext, step: PlanStep<D, O>, error: ActionError): Promise<PlanReport> {
  const file = await writePlan(context, step);
  const title = `### ✗ Not applied: ${headline(step.plan)} · ${where(step)} · ${short(step.plan.hash)}`;
  const frame = { scopeName: step.scopeName, notices: [errorPart(error)], hints: [], planFile: file };
  return {
    outcome: 'failure',
    error,
    data: dataOf(step, file, 'refused'),
    summary: renderPlan(title, step.kind, step.plan, frame),
  };
}

async function carriedOut<D, O>(
  context: PlanContext,
  step: PlanStep<D, O>,
  notices: readonly string[],
): Promise<PlanReport> {
  const { plan, kind, scopeName } = step;
  // Where the plan cannot be written, nothing else is either.
  await writePlan(context, step);
  const applied = await applyPlan(step);
  const file = await writePlan(context, step, applied);
  const error = applyError(step, applied);
  const good = applied.results.filter((result) => result.error === undefined).length;
  const all = applied.results.length;
  const state = applied.converged ? 'converged' : 'not converged';
  context.log.progress(`${all === 0 ? 'Nothing to do' : `${good} of ${count(all, 'change')} made`}; ${state}`);
  const said =
    all === 0 ? 'Nothing to do' : good === all ? `Applied: ${headline(plan)}` : `Applied ${good} of ${all} changes`;
  const title = `### ${error === undefined ? '✓' : '✗'} ${said} · ${where(step)} · ${state} · ${short(plan.hash)}`;
  const frame = {
    scopeName,
    notices: error === undefined ? [] : [errorPart(error)],
    hints: notices,
    planFile: file,
  };
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    data: dataOf(step, file, applied),
    summary: renderPlan(title, kind, plan, frame, applied),
  };
}

/** Whether the file of the reviewed plan is there, and this plan only does what of it is left to do. */
async function isRest<D, O>(
  { inputs, workspace }: PlanContext,
  { kind, plan }: PlanStep<D, O>,
  expected: string,
): Promise<boolean> {
  if (inputs.plan_file === undefined) return false;
  const file = await workspace.readText(inputs.plan_file, MAX_PLAN_BYTES);
  return file.ok && goesOn(kind, plan, expected, file.text);
}

/**
 * Shows a plan, or carries it out: only the one that was reviewed, where a hash says which, and only within the guards.
 * `notices` are parts that end the summary, as Markdown. A plan that has nothing left to do is carried out whatever its
 * hash, and one that goes on with the reviewed plan, of which `plan_file` holds the text: so an apply can be repeated.
 */
export async function runPlan<D, O>(
  context: PlanContext,
  step: PlanStep<D, O>,
  notices: readonly string[],
): Promise<PlanReport> {
  const { inputs } = context;
  logPlan(context, step);
  if (inputs.mode === 'plan' || inputs.dry_run) return await planned(context, step, notices);
  const expected = inputs.expected_plan_hash;
  const { hash, counts } = step.plan;
  const isOther = expected !== undefined && expected !== hash && hasChanges(counts);
  if (isOther && !(await isRest(context, step, expected))) {
    const message = `The plan is ${hash}, not the reviewed ${expected}: manifest or present state changed. Nothing was written.`;
    return await refused(context, step, new ActionError('plan_changed', message));
  }
  const limit = tooMuch(context, step);
  if (limit !== undefined) return await refused(context, step, limit);
  return await carriedOut(context, step, notices);
}
