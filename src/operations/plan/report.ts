import { ActionError, type ErrorCode } from '../../contract/errors.ts';
import type { InputName } from '../../contract/inputs.ts';
import type { Action, Change, Counts, Plan } from '../../reconcile/kind.ts';
import { differs } from '../../reconcile/plan.ts';
import { byName, planHeadline } from '../../reconcile/render.ts';
import type { Applied, Limiter, Store } from '../../reconcile/store.ts';
import { code } from '../../report/markdown.ts';
import { count } from '../../report/units.ts';
import type { Context, Report } from '../operation.ts';

/** Inputs of every operation that plans and applies. */
export const PLAN_INPUTS = [
  'manifest',
  'mode',
  'prune',
  'max_removals',
  'max_openings',
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

/** What is planned, and where it is applied. */
export interface PlanStep<D, O> {
  readonly plan: Plan<D, O>;
  /** By the name of the kind. */
  readonly stores: ReadonlyMap<string, Store<D, O>>;
  readonly limit: Limiter;
  /** Name of one scope: `organization`. */
  readonly scopeName: string;
}

const LOGGED_CHANGES = 100;
const LISTED = 50;
const MARKS = { create: '+', update: '~', delete: '−', protected: '=', conflict: '!' } as const;

/** Codes of errors that say more about the step than that some changes failed. */
const DECISIVE: readonly ErrorCode[] = ['cancelled', 'timeout', 'credential_invalid'];

/** A list that is cut, and says by how much. */
export const listed = (all: readonly string[]): string[] =>
  all.length <= LISTED ? [...all] : [...all.slice(0, LISTED), `and ${all.length - LISTED} more`];

const named = (change: Change<unknown, unknown>) => {
  const { type, name, note } = change.shown;
  const more = change.update ?? note;
  return `${MARKS[change.action]} ${type} ${name}${more === undefined ? '' : ` ${more}`}`;
};

/** Prints the changes of a plan. */
export function logPlan<D, O>({ log }: PlanContext, step: PlanStep<D, O>): void {
  const { plan, scopeName } = step;
  log.info(`Plan: ${planHeadline(plan, count(plan.scopes.length, scopeName))} · ${plan.hash}`);
  const lines = byName(plan.scopes).flatMap(({ scope, changes }) =>
    changes
      .filter(({ action }) => action !== 'protected')
      .map((change) => `  ${scope.name}  ${change.escalation ? '⚠ ' : ''}${named(change)}  (${change.reason})`),
  );
  for (const line of lines.slice(0, LOGGED_CHANGES)) log.info(line.replaceAll('`', ''));
  if (lines.length > LOGGED_CHANGES) log.info(`  and ${lines.length - LOGGED_CHANGES} more, all in the plan file`);
}

/** The result of a plan: it was only made, it was refused, or it was applied. */
export type Fate<D, O> = 'planned' | 'refused' | Applied<D, O>;

/** How many entries were added, removed and updated, or would be. */
function changed<D, O>({ added, removed, updated }: Counts, fate: Fate<D, O>) {
  if (fate === 'planned') return { added, removed, updated };
  const done = (action: Action) =>
    fate === 'refused'
      ? 0
      : fate.results.filter(({ change, error }) => change.action === action && error === undefined).length;
  return { added: done('create'), removed: done('delete'), updated: done('update') };
}

/** The result of a plan or of its apply as data, with the failures one by one. */
export function dataOf<D, O>(step: PlanStep<D, O>, file: string, fate: Fate<D, O>): PlanReport['data'] {
  const { counts, hash, scopes } = step.plan;
  const applied = typeof fate === 'string' ? undefined : fate;
  const failures = applied?.results.filter(({ error }) => error !== undefined) ?? [];
  const numbers = changed(counts, fate);
  return {
    has_changes: differs(counts),
    ...numbers,
    unchanged: counts.unchanged,
    failed: failures.length,
    escalations: counts.escalations,
    plan_hash: hash,
    plan_file: file,
    converged: applied?.converged ?? !differs(counts),
    counts: { ...counts, ...numbers },
    planned: counts,
    scopes: scopes.slice(0, 1_000).map(({ scope, changes, unchanged }) => ({
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
            ...change.shown,
            tried,
            error_code: error?.code,
            error: error?.message,
          })),
        }),
  };
}

/** The beginning of a plan's hash, to tell plans apart. */
export const short = (hash: string) => code(`${hash.slice(0, 8)}…`);

/** In how many scopes something changes. */
export function where<D, O>({ plan, scopeName }: PlanStep<D, O>): string {
  const changed = plan.scopes.filter(({ changes }) => changes.some(({ action }) => action !== 'protected')).length;
  const all = count(plan.scopes.length, scopeName);
  return changed === 0 || changed === plan.scopes.length ? all : `${changed} of ${all}`;
}

/** The failures of changes, each cause once: a change that fails alone is named, several are counted. */
function causesOf(failed: readonly { readonly name: string; readonly error: ActionError }[]): string[] {
  const byCause = Map.groupBy(failed, ({ error }) => `${error.code}: ${error.message}`);
  return [...byCause].map(([cause, [first, ...others]]) =>
    others.length === 0 ? `${first?.name}: ${cause}` : `${count(others.length + 1, 'change')}: ${cause}`,
  );
}

/** Why an apply failed; undefined if everything is as desired. */
export function applyError<D, O>(step: PlanStep<D, O>, applied: Applied<D, O>): ActionError | undefined {
  if (applied.converged) return undefined;
  const failed = applied.results.flatMap(({ change, error }) => (error === undefined ? [] : [{ change, error }]));
  const errors = [...failed.map(({ error }) => error), ...applied.unread.map(({ error }) => error)];
  const conflicts = step.plan.scopes.flatMap(({ scope, changes }) =>
    changes
      .filter(({ action }) => action === 'conflict')
      .map((change) => `${scope.name}: ${named(change)}: ${change.reason}`),
  );
  const scopeOf = new Map(
    step.plan.scopes.flatMap(({ scope, changes }) => changes.map((one) => [one, scope.name] as const)),
  );
  const list = listed([
    ...causesOf(failed.map(({ change, error }) => ({ name: `${scopeOf.get(change)}: ${named(change)}`, error }))),
    ...conflicts,
    ...applied.unread.map(({ name, error }) => `${name} could not be read again: ${error.code}: ${error.message}`),
    ...(errors.length > 0
      ? []
      : applied.left.map(({ scope, changes }) => `${scope.name}: ${count(changes.length, 'change')} left`)),
  ]);
  const decisive = errors.find(({ code: name }) => DECISIVE.includes(name));
  if (decisive !== undefined) return new ActionError(decisive.code, decisive.message, { list, fix: decisive.fix });
  const onlyChanged = conflicts.length === 0 && errors.every(({ code: name }) => name === 'plan_changed');
  if (onlyChanged) {
    return new ActionError('plan_changed', 'Someone else changed the same entries while the plan was applied.', {
      list,
    });
  }
  const { results } = applied;
  const message = `${results.length - failed.length} of ${count(results.length, 'change')} were made.`;
  // One cause has one remedy.
  const [first, ...others] = [...new Set(failed.map(({ error }) => error.fix))];
  const again = 'Then run the step again: it applies only the missing changes.';
  const fix = first !== undefined && others.length === 0 ? { fix: `${first} ${again}` } : {};
  return new ActionError('apply_incomplete', message, { list, ...fix });
}
