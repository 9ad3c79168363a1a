import { ActionError, asActionError, endsStep } from '../contract/errors.ts';
import { type Fallible, failed } from '../contract/fallible.ts';
import { createMissing } from './create.ts';
import type { Action, Change, Kind, Plan, ScopePlan } from './kind.ts';
import { planScope } from './plan.ts';
import { replaceSet } from './replace.ts';
import {
  type Applied,
  type Applying,
  type ChangeResult,
  Ids,
  lacksReference,
  type Run,
  settle,
  stops,
  type Unit,
} from './store.ts';

/** With more failed additions than this, it is not checked which removals they concern: all removals are held back. */
const MAX_CHECKED = 100;

const pendingOf = <D, O>({ changes }: ScopePlan<D, O>) =>
  changes.filter(({ action }) => action !== 'protected' && action !== 'conflict');

async function each<D, O>(
  run: Run,
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

/** Creates what is missing and changes what differs: nothing is lost by it. */
async function give<D, O>(run: Run, unit: Unit<D, O>): Promise<void> {
  if (await replaceSet(run, unit)) {
    unit.settled = true;
    return;
  }
  await createMissing(run, unit);
  const { store } = unit;
  for (const change of unit.plan.changes) if (change.action === 'update') lacksReference(run, unit, change);
  await each(run, unit, 'update', async ({ desired, observed }) => {
    if (desired === undefined || observed === undefined || store.update === undefined) return;
    const { id } = unit.plan.scope;
    try {
      await store.update(id, desired, observed, run.ids);
    } catch (thrown) {
      const error = asActionError(thrown);
      // The same change twice leaves the same state, so a lost response costs only a request.
      if (!error.ambiguous || endsStep(error)) throw error;
      await store.update(id, desired, observed, run.ids);
    }
  });
}

/** Why a removal has to wait: it would remove the access that a failed change was to replace. */
function heldBack<D, O>(
  kind: Kind<D, O>,
  { observed }: Change<D, O>,
  failed: readonly Change<D, O>[],
): ActionError | undefined {
  if (kind.covers === undefined || observed === undefined || failed.length === 0) return undefined;
  const cause = failed.find(
    ({ desired }) => failed.length > MAX_CHECKED || (desired !== undefined && kind.covers?.(observed, desired)),
  );
  if (cause?.desired === undefined) return undefined;
  const { type, name } = kind.showDesired(cause.desired);
  return new ActionError(
    'apply_incomplete',
    `Not removed: ${type} ${name}, which it covers, could not be ${cause.observed === undefined ? 'added' : 'changed'}.`,
  );
}

/** Whether a change was to open something and did not, or cannot. */
function isNotGiven<D, O>({ results }: Unit<D, O>, change: Change<D, O>): boolean {
  const { action, effect, observed } = change;
  if (action === 'conflict') return observed === undefined;
  const opens = action === 'create' || (action === 'update' && effect === 'opens');
  return opens && results.get(change)?.error !== undefined;
}

/**
 * Checks the removals of what exists more than once: while the list was read, the one that should remain may have been
 * removed, and then the other is the only one.
 */
async function checkTwins<D, O>(run: Run, unit: Unit<D, O>): Promise<void> {
  const { scope } = unit.plan;
  const { kind } = scope;
  const twins = unit.plan.changes.filter(({ twin }) => twin !== undefined);
  if (twins.length === 0 || run.stopped !== undefined || unit.stopped !== undefined) return;
  try {
    const ids = new Set((await run.limit(() => unit.store.list(scope.id))).map(kind.observedId));
    const alone = twins.filter(({ twin }) => twin !== undefined && !ids.has(kind.observedId(twin)));
    settle(
      unit,
      alone,
      new ActionError('plan_changed', 'The entry that should remain was removed in the meantime.'),
      false,
    );
  } catch (thrown) {
    settle(unit, twins, asActionError(thrown), false);
  }
}

/** Removes what is not desired; only after everything else exists. */
async function take<D, O>(run: Run, unit: Unit<D, O>): Promise<void> {
  if (unit.settled) return;
  const failed = unit.plan.changes.filter((change) => isNotGiven(unit, change));
  for (const change of unit.plan.changes.filter(({ action }) => action === 'delete')) {
    const why = heldBack(unit.plan.scope.kind, change, failed);
    if (why !== undefined) settle(unit, [change], why, false);
  }
  await checkTwins(run, unit);
  await each(run, unit, 'delete', async ({ observed }) => {
    if (observed === undefined) return;
    try {
      await unit.store.remove?.(unit.plan.scope.id, observed);
    } catch (thrown) {
      const error = asActionError(thrown);
      // What does not exist is removed, by this request or by another.
      if (error.code !== 'not_found') throw error;
    }
  });
}

/** Reads a scope again. A change whose response was lost counts as made if the scope shows it. */
async function verify<D, O>(run: Run, unit: Unit<D, O>): Promise<ScopePlan<D, O>> {
  const { scope } = unit.plan;
  const observed = await run.limit(() => unit.store.list(scope.id));
  const now = planScope({ ...scope, observed });
  const open = new Set(pendingOf(now).map(({ key }) => key));
  for (const { change, error, tried } of unit.results.values()) {
    if (tried && error?.ambiguous === true && !open.has(change.key)) settle(unit, [change]);
  }
  return now;
}

type Verified<D, O> = Fallible<{ readonly plan: ScopePlan<D, O> }, Applied<D, O>['unread'][number]>;

async function verified<D, O>(run: Run, unit: Unit<D, O>): Promise<Verified<D, O>> {
  const { name } = unit.plan.scope;
  if (run.stopped !== undefined) return failed({ name, error: run.stopped });
  try {
    return { ok: true, plan: await verify(run, unit) };
  } catch (thrown) {
    return failed({ name, error: asActionError(thrown) });
  }
}

/** IDs of everything that exists, under its key and, if it is renamed, under its new one. */
function existingIds<D, O>(plan: Plan<D, O>): Ids {
  const ids = new Ids();
  for (const { scope, changes } of plan.scopes) {
    const { kind, id: scopeId, observed } = scope;
    for (const row of observed) ids.set({ kind: kind.name, scopeId, key: kind.observedKey(row) }, kind.observedId(row));
    for (const { key, desired, observed: row } of changes) {
      if (desired !== undefined && row !== undefined) ids.set({ kind: kind.name, scopeId, key }, kind.observedId(row));
    }
  }
  return ids;
}

/** The scopes of a plan that have something to do, each with its store. */
function unitsOf<D, O>({ plan, stores }: Applying<D, O>): Unit<D, O>[] {
  return plan.scopes.flatMap((one): Unit<D, O>[] => {
    if (pendingOf(one).length === 0) return [];
    const { name } = one.scope.kind;
    const store = stores.get(name);
    if (store === undefined) throw new Error(`no store for ${name}`);
    return [{ plan: one, store, results: new Map(), stopped: undefined, settled: false }];
  });
}

/**
 * Applies a plan. Kinds come in the order of their dependencies, removals in reverse and after everything else; in every
 * scope, additions and changes come before removals. One change that fails stops no other, unless the other would remove
 * access or cannot succeed either. At the end, everything changed is read again.
 */
export async function applyPlan<D, O>(applying: Applying<D, O>): Promise<Applied<D, O>> {
  const { plan, limit } = applying;
  const run: Run = { limit, ids: existingIds(plan), stopped: undefined };
  const units = unitsOf(applying);
  const of = ({ name }: Kind<D, O>) => units.filter((unit) => unit.plan.scope.kind.name === name);
  for (const kind of plan.kinds) await Promise.all(of(kind).map((unit) => give(run, unit)));
  for (const kind of plan.kinds.toReversed()) await Promise.all(of(kind).map((unit) => take(run, unit)));
  const checks = await Promise.all(units.map((unit) => verified(run, unit)));
  const left = checks.flatMap((one) => (one.ok && pendingOf(one.plan).length > 0 ? [one.plan] : []));
  const unread = checks.flatMap((one) => (one.ok ? [] : [one.problem]));
  const results: ChangeResult<D, O>[] = units.flatMap((unit) =>
    pendingOf(unit.plan).flatMap((change) => unit.results.get(change) ?? []),
  );
  const converged = left.length === 0 && unread.length === 0 && plan.counts.conflicts === 0;
  return { results, converged, left, unread };
}
