import { join } from 'node:path';
import { ActionError, type ErrorCode } from '../contract/errors.ts';
import type { InputName } from '../contract/inputs.ts';
import { applyPlan } from '../reconcile/apply.ts';
import { violations } from '../reconcile/guards.ts';
import type { Kind, Plan } from '../reconcile/kind.ts';
import { hasChanges } from '../reconcile/plan.ts';
import { planRecord, shownOf } from '../reconcile/record.ts';
import { byName, headline, renderPlan } from '../reconcile/render.ts';
import { goesOn } from '../reconcile/reviewed.ts';
import type { Applied, Limiter, Store } from '../reconcile/store.ts';
import { code } from '../report/markdown.ts';
import { count } from '../report/units.ts';
import { errorPart } from './failure.ts';
import type { Context, Report } from './operation.ts';

/** Inputs of every operation that plans and applies. */
export const PLAN_INPUTS = [
  'manifest',
  'mode',
  'prune',
  'max_removals',
  'allow_empty',
  'expected_plan_hash',
  'fail_on_drift',
  'plan_file',
] as const satisfies readonly InputName[];

/** Outputs of every operation that plans and applies. */
export const PLAN_OUTPUTS = [
  'has_changes',
  'added',
  'removed',
  'updated',
  'unchanged',
  'failed',
  'escalations',
  'plan_hash',
  'plan_file',
  'converged',
] as const;

/** The context of such an operation. */
export type PlanContext = Context<(typeof PLAN_INPUTS)[number]>;
/** The report of such an operation. */
export type PlanReport = Report<(typeof PLAN_OUTPUTS)[number]>;

/** What is planned, and by what it is carried out. */
export interface PlanStep<D, O> {
  readonly kind: Kind<D, O>;
  readonly store: Store<D, O>;
  readonly plan: Plan<D, O>;
  readonly limit: Limiter;
  /** What one scope is called: `organization`. */
  readonly scopeName: string;
}

const MAX_PLAN_BYTES = 200 * 1024 * 1024;
const LOGGED_CHANGES = 100;
const LISTED = 50;
const MARKS = { create: '+', update: '~', delete: '−', protected: '=', conflict: '✗' } as const;

/** Codes of errors that say more about the step than that some changes failed. */
const DECISIVE: readonly ErrorCode[] = ['cancelled', 'timeout', 'credential_invalid'];

/** A list that is cut, and says by how much. */
export const listed = (all: readonly string[]): string[] =>
  all.length <= LISTED ? [...all] : [...all.slice(0, LISTED), `and ${all.length - LISTED} more`];

const named = <D, O>({ kind }: PlanStep<D, O>, change: Plan<D, O>['scopes'][number]['changes'][number]) => {
  const { type, name, note } = shownOf(kind, change);
  const more = change.update ?? note;
  return `${MARKS[change.action]} ${type} ${name}${more === undefined ? '' : ` ${more}`}`;
};

function logPlan<D, O>({ log }: PlanContext, step: PlanStep<D, O>): void {
  const { plan, scopeName } = step;
  log.info(`Plan: ${headline(plan)} in ${count(plan.scopes.length, scopeName)} · ${plan.hash}`);
  const lines = byName(plan.scopes).flatMap(({ scope, changes }) =>
    changes
      .filter(({ action }) => action !== 'protected')
      .map((change) => `  ${scope.name}  ${change.escalation ? '⚠ ' : ''}${named(step, change)}  (${change.reason})`),
  );
  for (const line of lines.slice(0, LOGGED_CHANGES)) log.info(line.replaceAll('`', ''));
  if (lines.length > LOGGED_CHANGES) log.info(`  and ${lines.length - LOGGED_CHANGES} more, all in the plan file`);
}

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
  const emptied = found.some((one) => one.includes('`allow_empty`'));
  return new ActionError('removal_limit', 'The plan removes more than allowed; nothing was written.', {
    list: listed(found),
    fix: `Check the manifest. If the removals are meant, set \`max_removals\`${emptied ? ' and `allow_empty: true`' : ''} for this one change.`,
  });
}

function outputsOf<D, O>({ plan }: PlanStep<D, O>, file: string, applied?: Applied<D, O>): PlanReport['outputs'] {
  const { counts, hash } = plan;
  const done = (action: string) =>
    applied?.results.filter(({ change, error }) => change.action === action && error === undefined).length;
  const failed = applied?.results.filter(({ error }) => error !== undefined).length ?? 0;
  const converged = applied?.converged ?? (!hasChanges(counts) && counts.conflicts === 0);
  return {
    has_changes: String(hasChanges(counts)),
    added: String(done('create') ?? counts.added),
    removed: String(done('delete') ?? counts.removed),
    updated: String(done('update') ?? counts.updated),
    unchanged: String(counts.unchanged),
    failed: String(failed),
    escalations: String(counts.escalations),
    plan_hash: hash,
    plan_file: file,
    converged: String(converged),
  };
}

function dataOf<D, O>(step: PlanStep<D, O>, file: string, applied?: Applied<D, O>): Record<string, unknown> {
  const { plan } = step;
  const failures = applied?.results.filter(({ error }) => error !== undefined) ?? [];
  return {
    has_changes: hasChanges(plan.counts),
    counts: plan.counts,
    plan_hash: plan.hash,
    plan_file: file,
    converged: applied?.converged ?? (!hasChanges(plan.counts) && plan.counts.conflicts === 0),
    scopes: plan.scopes.slice(0, 1_000).map(({ scope, changes, unchanged }) => ({
      id: scope.id,
      name: scope.name,
      changes: changes.length,
      unchanged,
    })),
    ...(applied === undefined
      ? {}
      : {
          failures: failures.slice(0, 200).map(({ change, error, tried }) => ({
            action: change.action,
            ...shownOf(step.kind, change),
            tried,
            error_code: error?.code,
            error: error?.message,
          })),
        }),
  };
}

const short = (hash: string) => code(`plan ${hash.slice(0, 8)}…`);

function where<D, O>({ plan, scopeName }: PlanStep<D, O>): string {
  const changed = plan.scopes.filter(({ changes }) => changes.some(({ action }) => action !== 'protected')).length;
  const all = count(plan.scopes.length, scopeName);
  return changed === 0 ? all : `${changed} of ${all}`;
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
  const changed = hasChanges(plan.counts) || plan.counts.conflicts > 0;
  const drift = new ActionError('drift_found', `What is there differs from the manifest: ${headline(plan)}.`);
  const limit = tooMuch(context, step);
  const error = limit ?? (changed && inputs.fail_on_drift ? drift : undefined);
  const mark = error !== undefined ? '✗ ' : changed ? '' : '✓ ';
  const said = changed ? `Plan: ${headline(plan)}` : 'No changes';
  const title = `### ${mark}${said} · ${where(step)} · ${short(plan.hash)}`;
  const hint = `Apply this plan: \`mode: apply\` with \`expected_plan_hash: ${plan.hash}\`.`;
  const frame = {
    scopeName,
    notices: [...(error === undefined ? [] : [errorPart(error)]), ...notices],
    hints: changed && limit === undefined ? [hint] : [],
    planFile: file,
  };
  return {
    outcome: limit !== undefined ? 'failure' : changed ? 'changes' : 'success',
    ...(error === undefined ? {} : { error }),
    outputs: outputsOf(step, file),
    data: dataOf(step, file),
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
    outputs: { ...outputsOf(step, file), added: '0', removed: '0', updated: '0' },
    data: dataOf(step, file),
    summary: renderPlan(title, step.kind, step.plan, frame),
  };
}

/** Why an apply is not what it should be; undefined where everything is in place. */
function applyError<D, O>(step: PlanStep<D, O>, applied: Applied<D, O>): ActionError | undefined {
  if (applied.converged) return undefined;
  const failed = applied.results.flatMap(({ change, error }) => (error === undefined ? [] : [{ change, error }]));
  const errors = [...failed.map(({ error }) => error), ...applied.unread.map(({ error }) => error)];
  const conflicts = step.plan.scopes.flatMap(({ scope, changes }) =>
    changes
      .filter(({ action }) => action === 'conflict')
      .map((change) => `${scope.name}: ${named(step, change)}: ${change.reason}`),
  );
  const list = listed([
    ...failed.map(({ change, error }) => `${named(step, change)}: ${error.code}: ${error.message}`),
    ...conflicts,
    ...applied.unread.map(({ name, error }) => `${name} could not be read again: ${error.code}: ${error.message}`),
    ...(errors.length > 0
      ? []
      : applied.left.map(({ scope, changes }) => `${scope.name}: ${changes.length} left to do`)),
  ]);
  const decisive = errors.find(({ code: name }) => DECISIVE.includes(name));
  if (decisive !== undefined) return new ActionError(decisive.code, decisive.message, { list, fix: decisive.fix });
  const onlyChanged = conflicts.length === 0 && errors.every(({ code: name }) => name === 'plan_changed');
  if (onlyChanged) {
    return new ActionError('plan_changed', 'Somebody else changed the same entries while the plan was applied.', {
      list,
    });
  }
  const { results } = applied;
  const message = `${results.length - failed.length} of ${count(results.length, 'change')} were made.`;
  return new ActionError('apply_incomplete', message, { list });
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
  context.log.progress(`${good} of ${count(all, 'change')} made; ${applied.converged ? 'converged' : 'not converged'}`);
  const said =
    all === 0 ? 'Nothing to do' : good === all ? `Applied: ${headline(plan)}` : `Applied ${good} of ${all} changes`;
  const state = applied.converged ? 'converged' : 'not converged';
  const title = `### ${error === undefined ? '✓' : '✗'} ${said} · ${where(step)} · ${state} · ${short(plan.hash)}`;
  const frame = {
    scopeName,
    notices: [...(error === undefined ? [] : [errorPart(error)]), ...notices],
    hints: [],
    planFile: file,
  };
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    outputs: outputsOf(step, file, applied),
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
  return 'text' in file && goesOn(kind, plan, expected, file.text);
}

/**
 * Shows a plan, or carries it out: only the one that was reviewed, where a hash says which, and only within the guards.
 * `notices` are sentences for the summary, as Markdown. A plan that has nothing left to do is carried out whatever its
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
