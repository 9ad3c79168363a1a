import { ActionError, asActionError } from '../contract/errors.ts';
import type { Change } from './kind.ts';
import { type Run, settle, stops, type Unit } from './store.ts';

type Batch<D, O> = readonly Change<D, O>[];

/** Errors that may be about a single entry of a batch. */
const ABOUT_ENTRIES = new Set(['api_rejected', 'conflict', 'not_found']);

const wanted = <D, O>(batch: Batch<D, O>) => batch.flatMap(({ desired }) => (desired === undefined ? [] : [desired]));

/** Creates what is missing in a scope, in batches. */
export async function createMissing<D, O>(run: Run<D, O>, unit: Unit<D, O>): Promise<void> {
  const missing = unit.plan.changes.filter(({ action }) => action === 'create');
  for (let at = 0; at < missing.length; at += run.store.maxBatch) {
    await createBatch(run, unit, missing.slice(at, at + run.store.maxBatch), false);
  }
}

/** Creates a batch, and gets to the bottom of a failure: `looked` after a look that a lost answer asked for. */
async function createBatch<D, O>(run: Run<D, O>, unit: Unit<D, O>, batch: Batch<D, O>, looked: boolean): Promise<void> {
  if (batch.length === 0) return;
  const stopped = run.stopped ?? unit.stopped;
  if (stopped !== undefined) return settle(unit, batch, stopped, false);
  try {
    await run.limit(() => run.store.create(unit.plan.scope.id, wanted(batch)));
    settle(unit, batch);
  } catch (thrown) {
    await recover(run, unit, batch, asActionError(thrown), looked);
  }
}

async function recover<D, O>(
  run: Run<D, O>,
  unit: Unit<D, O>,
  batch: Batch<D, O>,
  error: ActionError,
  looked: boolean,
): Promise<void> {
  if (stops(run, unit, error)) return settle(unit, batch, error);
  let rest = batch;
  if (error.ambiguous || error.code === 'conflict') {
    // Nothing is repeated before a look: it may be there already, by this request or by another run.
    const absent = await absentOf(run, unit, batch);
    if (absent === undefined) return settle(unit, batch, error);
    rest = absent;
    const again = rest.length < batch.length || (error.ambiguous && !looked);
    if (again) return await createBatch(run, unit, rest, looked || error.ambiguous);
  }
  if (!ABOUT_ENTRIES.has(error.code) || rest.length === 1) return settle(unit, rest, error);
  // One entry may spoil the whole batch: halves lead to it, and everything else is created.
  const middle = rest.length >> 1;
  await createBatch(run, unit, rest.slice(0, middle), looked);
  await createBatch(run, unit, rest.slice(middle), looked);
}

/** What of a batch is not there. What is there as desired is done; undefined where nobody can tell. */
async function absentOf<D, O>(run: Run<D, O>, unit: Unit<D, O>, batch: Batch<D, O>): Promise<Batch<D, O> | undefined> {
  const { kind, store, limit } = run;
  let there: ReadonlyMap<string, O>;
  try {
    const rows = await limit(() => store.list(unit.plan.scope.id));
    there = new Map(rows.map((row) => [kind.observedKey(row), row]));
  } catch {
    return undefined;
  }
  const absent: Change<D, O>[] = [];
  for (const change of batch) {
    const row = there.get(change.key);
    if (row === undefined || change.desired === undefined) absent.push(change);
    else if (kind.compare(change.desired, row) === undefined) settle(unit, [change]);
    else settle(unit, [change], new ActionError('plan_changed', 'It was created meanwhile, and not as desired.'));
  }
  return absent;
}
