import { ActionError, asActionError, endsStep } from '../contract/errors.ts';
import type { ScopePlan } from './kind.ts';
import { planScope } from './plan.ts';
import { type Replacing, type Run, type Store, settle, stops, type Unit } from './store.ts';

/** The check before the replacement, and the request itself. */
const REPLACE_REQUESTS = 2;
/** Every entry gets a new ID and a new entry in the audit log by it, so it has to be worth that. */
const MIN_SAVED_REQUESTS = 8;
/** How often the request is sent at most, each time after a check. */
const MAX_ATTEMPTS = 3;

const isPending = (action: string) => action === 'create' || action === 'update' || action === 'delete';

/** The whole set as it should be, if one request can put it in place; undefined if the changes are made one by one. */
function targetOf<D, O>({ changes, scope, unchanged }: ScopePlan<D, O>, store: Store<D, O>): readonly D[] | undefined {
  const { replacing, maxBatch } = store;
  if (replacing === undefined || !scope.prune || scope.desired.length === 0) return undefined;
  const of = (name: string) => changes.filter(({ action }) => action === name).length;
  // What only changes is changed in place, where it never disappears for a moment.
  if (of('conflict') > 0 || of('update') > 0) return undefined;
  const kept = changes.filter(({ action }) => action === 'protected');
  // The set of desired things would restrict what is protected.
  if (kept.some(({ desired }) => desired !== undefined)) return undefined;
  const oneByOne = Math.ceil(of('create') / maxBatch) + of('delete');
  if (oneByOne - REPLACE_REQUESTS < MIN_SAVED_REQUESTS || of('create') + of('delete') < unchanged) return undefined;
  const added = kept.flatMap(({ observed }) => (observed === undefined ? [] : (replacing.asDesired(observed) ?? [])));
  const isWhole = added.length === kept.length && scope.desired.length + added.length <= replacing.max;
  return isWhole ? [...scope.desired, ...added] : undefined;
}

/**
 * Replaces the whole set of a scope, if that is cheaper and nothing has to be cut. False if it was not done and the
 * changes may still be made one by one.
 */
export async function replaceSet<D, O>(run: Run, unit: Unit<D, O>): Promise<boolean> {
  const { replacing } = unit.store;
  const target = targetOf(unit.plan, unit.store);
  if (target === undefined || replacing === undefined) return false;
  const pending = unit.plan.changes.filter(({ action }) => isPending(action));
  // After a lost response, the set may be either one: what is made one by one would rely on a state of long ago.
  let isLost = false;
  for (let attempt = 1; run.stopped === undefined && unit.stopped === undefined; attempt += 1) {
    try {
      settle(unit, pending, await replaceOnce(run, unit, target, replacing), isLost);
      return true;
    } catch (thrown) {
      const error = asActionError(thrown);
      isLost ||= error.ambiguous;
      const again = attempt < MAX_ATTEMPTS && (error.ambiguous || error.code === 'rate_limited');
      if (again && !endsStep(error)) continue;
      if (!stops(run, unit, error) && !isLost) return false;
      settle(unit, pending, error);
      return true;
    }
  }
  return false;
}

/**
 * Sends the request directly after a check: an entry that someone else added since the plan would be removed by it. Both
 * take one turn, so that no other request comes between them. Returns why it was not sent, if it was not.
 */
async function replaceOnce<D, O>(
  { limit }: Run,
  { plan: { scope, observedDigest }, store }: Unit<D, O>,
  target: readonly D[],
  replacing: Replacing<D, O>,
): Promise<ActionError | undefined> {
  return await limit(async () => {
    const observed = await store.list(scope.id);
    const now = planScope({ ...scope, observed });
    if (!now.changes.some(({ action }) => isPending(action))) return undefined;
    if (now.observedDigest !== observedDigest) {
      return new ActionError('plan_changed', `The entries of ${scope.name} changed after the plan was made.`);
    }
    await replacing.replace(scope.id, target);
    return undefined;
  });
}
