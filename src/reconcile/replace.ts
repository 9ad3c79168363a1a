import { ActionError, asActionError } from '../contract/errors.ts';
import type { ScopePlan } from './kind.ts';
import { planScope } from './plan.ts';
import { type Replacing, type Run, type Store, settle, stops, type Unit } from './store.ts';

/** Another look at what is there, and the request itself. */
const REPLACE_REQUESTS = 2;
/** Every entry gets a new id and a new entry in the audit log by it, so it has to be worth that. */
const MIN_SAVED_REQUESTS = 8;

const isPending = (action: string) => action === 'create' || action === 'update' || action === 'delete';

/** The whole set as it should be, where one request may put it in place; undefined where the changes go one by one. */
function targetOf<D, O>({ changes, scope, unchanged }: ScopePlan<D, O>, store: Store<D, O>): readonly D[] | undefined {
  const { replacing, maxBatch } = store;
  if (replacing === undefined || !scope.prune || scope.desired.length === 0) return undefined;
  const of = (name: string) => changes.filter(({ action }) => action === name).length;
  // What only changes is changed in place, where nothing is gone for a moment.
  if (of('conflict') > 0 || of('update') > 0) return undefined;
  const oneByOne = Math.ceil(of('create') / maxBatch) + of('delete');
  if (oneByOne - REPLACE_REQUESTS < MIN_SAVED_REQUESTS || of('create') + of('delete') < unchanged) return undefined;
  const kept = changes.flatMap(({ action, observed }) =>
    action === 'protected' && observed !== undefined ? [replacing.asDesired(observed)] : [],
  );
  const target = [...scope.desired, ...kept.filter((one) => one !== undefined)];
  const isWhole = target.length === scope.desired.length + kept.length;
  return isWhole && target.length <= replacing.most ? target : undefined;
}

/**
 * Replaces the whole set of a scope, where that is cheaper and nothing has to be cut. False where it was not done and
 * the changes may still go one by one.
 */
export async function replaceSet<D, O>(run: Run<D, O>, unit: Unit<D, O>): Promise<boolean> {
  const { store } = run;
  const target = targetOf(unit.plan, store);
  if (target === undefined || store.replacing === undefined) return false;
  const stopped = run.stopped ?? unit.stopped;
  if (stopped !== undefined) return false;
  return await replaceBy(run, unit, target, store.replacing);
}

async function replaceBy<D, O>(
  run: Run<D, O>,
  unit: Unit<D, O>,
  target: readonly D[],
  replacing: Replacing<D, O>,
): Promise<boolean> {
  const { scope, observedDigest, changes } = unit.plan;
  const pending = changes.filter(({ action }) => isPending(action));
  const look = async () => planScope(run.kind, { ...scope, observed: await run.limit(() => run.store.list(scope.id)) });
  try {
    // What somebody else added since would go without a word.
    if ((await look()).observedDigest !== observedDigest) {
      settle(
        unit,
        pending,
        new ActionError('plan_changed', `What ${scope.name} has changed after the plan was made.`),
        false,
      );
      return true;
    }
    await run.limit(() => replacing.replace(scope.id, target));
    settle(unit, pending);
    return true;
  } catch (thrown) {
    const error = asActionError(thrown);
    if (!stops(run, unit, error) && !error.ambiguous) return false;
    settle(unit, pending, error);
    return true;
  }
}
