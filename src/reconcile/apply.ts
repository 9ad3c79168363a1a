import { ActionError, asActionError } from '../contract/errors.ts';
import { createMissing } from './create.ts';
import type { Action, Change, Kind, ScopePlan } from './kind.ts';
import { planScope } from './plan.ts';
import { replaceSet } from './replace.ts';
import { type Applied, type Applying, type Result, type Run, settle, stops, type Unit } from './store.ts';

/** With more things that could not be given than this, nobody looks which removals they concern: all are held back. */
const MAX_LOOKED_AT = 100;

const pendingOf = <D, O>({ changes }: ScopePlan<D, O>) =>
  changes.filter(({ action }) => action !== 'protected' && action !== 'conflict');

async function each<D, O>(
  run: Run<D, O>,
  unit: Unit<D, O>,
  action: Action,
  work: (change: Change<D, O>) => Promise<void>,
): Promise<void> {
  const changes = unit.plan.changes.filter((change) => change.action === action && !unit.results.has(change));
  await Promise.all(
    changes.map((change) =>
      run.limit(async () => {
        const stopped = run.stopped ?? unit.stopped;
        if (stopped !== undefined) return settle(unit, [change], stopped, false);
        try {
          await work(change);
          settle(unit, [change]);
        } catch (thrown) {
          const error = asActionError(thrown);
          stops(run, unit, error);
          settle(unit, [change], error);
        }
      }),
    ),
  );
}

/** Makes what is missing and changes what differs: nothing is lost by it. */
async function give<D, O>(run: Run<D, O>, unit: Unit<D, O>): Promise<void> {
  if (await replaceSet(run, unit)) {
    unit.settled = true;
    return;
  }
  await createMissing(run, unit);
  await each(run, unit, 'update', async ({ desired, observed }) => {
    if (desired === undefined || observed === undefined || run.store.update === undefined) return;
    const { id } = unit.plan.scope;
    try {
      await run.store.update(id, desired, observed);
    } catch (thrown) {
      const error = asActionError(thrown);
      // The same once more leaves the same state, so a lost answer costs nothing but a request.
      if (!error.ambiguous || error.code === 'cancelled' || error.code === 'timeout') throw error;
      await run.store.update(id, desired, observed);
    }
  });
}

/** Why a removal has to wait: it would take away what a change that was not made was to give. */
function heldBack<D, O>(
  kind: Kind<D, O>,
  { observed }: Change<D, O>,
  failed: readonly Change<D, O>[],
): ActionError | undefined {
  if (kind.covers === undefined || observed === undefined || failed.length === 0) return undefined;
  const cause = failed.find(
    ({ desired }) => failed.length > MAX_LOOKED_AT || (desired !== undefined && kind.covers?.(observed, desired)),
  );
  if (cause?.desired === undefined) return undefined;
  const { type, name } = kind.showDesired(cause.desired);
  return new ActionError(
    'apply_incomplete',
    `Held back: ${type} ${name}, which it covers, could not be ${cause.observed === undefined ? 'added' : 'changed'}.`,
  );
}

/** Whether a change was to open something and did not, or cannot. */
function isNotGiven<D, O>({ results }: Unit<D, O>, change: Change<D, O>): boolean {
  const { action, escalation, observed } = change;
  if (action === 'conflict') return observed === undefined;
  const opens = action === 'create' || (action === 'update' && escalation);
  return opens && results.get(change)?.error !== undefined;
}

/** Removes what is not desired; only after everything else was given. */
async function take<D, O>(run: Run<D, O>, unit: Unit<D, O>): Promise<void> {
  if (unit.settled) return;
  const failed = unit.plan.changes.filter((change) => isNotGiven(unit, change));
  for (const change of unit.plan.changes.filter(({ action }) => action === 'delete')) {
    const why = heldBack(run.kind, change, failed);
    if (why !== undefined) settle(unit, [change], why, false);
  }
  await each(run, unit, 'delete', async ({ observed }) => {
    if (observed === undefined) return;
    try {
      await run.store.remove(unit.plan.scope.id, observed);
    } catch (thrown) {
      const error = asActionError(thrown);
      // Gone is gone, whoever removed it.
      if (error.code !== 'not_found') throw error;
    }
  });
}

/** Looks at a scope again. A change whose answer was lost counts as done where the look shows it. */
async function verify<D, O>(run: Run<D, O>, unit: Unit<D, O>): Promise<ScopePlan<D, O>> {
  const { scope } = unit.plan;
  const observed = await run.limit(() => run.store.list(scope.id));
  const now = planScope(run.kind, { ...scope, observed });
  const open = new Set(pendingOf(now).map(({ key }) => key));
  for (const { change, error, tried } of unit.results.values()) {
    if (tried && error?.ambiguous === true && !open.has(change.key)) settle(unit, [change]);
  }
  return now;
}

type Verified<D, O> = { readonly plan: ScopePlan<D, O> } | { readonly name: string; readonly error: ActionError };

async function verified<D, O>(run: Run<D, O>, unit: Unit<D, O>): Promise<Verified<D, O>> {
  const { name } = unit.plan.scope;
  if (run.stopped !== undefined) return { name, error: run.stopped };
  try {
    return { plan: await verify(run, unit) };
  } catch (thrown) {
    return { name, error: asActionError(thrown) };
  }
}

/**
 * Carries out a plan: in every scope what is added and changed comes before what is removed. One change that fails
 * stops no other, unless that would take access away or cannot succeed either. At the end it looks again.
 */
export async function applyPlan<D, O>({ kind, store, plan, limit }: Applying<D, O>): Promise<Applied<D, O>> {
  const run: Run<D, O> = { kind, store, limit, stopped: undefined };
  const units: Unit<D, O>[] = plan.scopes
    .filter((scope) => pendingOf(scope).length > 0)
    .map((scope) => ({ plan: scope, results: new Map(), stopped: undefined, settled: false }));
  await Promise.all(units.map((unit) => give(run, unit)));
  await Promise.all(units.map((unit) => take(run, unit)));
  const looks = await Promise.all(units.map((unit) => verified(run, unit)));
  const left = looks.flatMap((look) => ('plan' in look && pendingOf(look.plan).length > 0 ? [look.plan] : []));
  const unread = looks.flatMap((look) => ('error' in look ? [look] : []));
  const results: Result<D, O>[] = units.flatMap((unit) =>
    pendingOf(unit.plan).flatMap((change) => unit.results.get(change) ?? []),
  );
  const converged = left.length === 0 && unread.length === 0 && plan.counts.conflicts === 0;
  return { results, converged, left, unread };
}
