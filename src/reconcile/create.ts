import { ActionError, asActionError } from '../contract/errors.ts';
import type { Change } from './kind.ts';
import { lacksReference, type Run, settle, stops, type Unit } from './store.ts';

type Batch<D, O> = readonly Change<D, O>[];

/** Errors that may be about a single entry of a batch. */
const ABOUT_ENTRIES = new Set(['api_rejected', 'conflict', 'not_found']);

const wanted = <D, O>(batch: Batch<D, O>) => batch.flatMap(({ desired }) => (desired === undefined ? [] : [desired]));

/** Creates what is missing in a scope, in batches; as many at once as the limit of the apply permits. */
export async function createMissing<D, O>(run: Run, unit: Unit<D, O>): Promise<void> {
  const { changes } = unit.plan;
  const missing = changes.filter((change) => change.action === 'create' && !lacksReference(run, unit, change));
  const { maxBatch } = unit.store;
  const batches = Array.from({ length: Math.ceil(missing.length / maxBatch) }, (_, at) =>
    missing.slice(at * maxBatch, (at + 1) * maxBatch),
  );
  await Promise.all(batches.map((batch) => createBatch(run, unit, batch, false)));
}

/** Records the IDs of what was created, so that others can refer to it. */
function record<D, O>(
  { ids }: Run,
  { plan: { scope } }: Unit<D, O>,
  batch: Batch<D, O>,
  made: readonly string[],
): void {
  for (const [at, { key }] of batch.entries()) {
    const id = made[at];
    if (id !== undefined) ids.set({ kind: scope.kind.name, scopeId: scope.id, key }, id);
  }
}

/** Creates a batch, and finds the cause of a failure; `checked` after the check that a lost response needs. */
async function createBatch<D, O>(run: Run, unit: Unit<D, O>, batch: Batch<D, O>, checked: boolean): Promise<void> {
  if (batch.length === 0) return;
  try {
    const stopped = await run.limit(async () => {
      const reason = run.stopped ?? unit.stopped;
      if (reason !== undefined) return reason;
      record(run, unit, batch, await unit.store.create(unit.plan.scope.id, wanted(batch), run.ids));
      return undefined;
    });
    settle(unit, batch, stopped, stopped === undefined);
  } catch (thrown) {
    await recover(run, unit, batch, asActionError(thrown), checked);
  }
}

async function recover<D, O>(
  run: Run,
  unit: Unit<D, O>,
  batch: Batch<D, O>,
  error: ActionError,
  checked: boolean,
): Promise<void> {
  if (stops(run, unit, error)) return settle(unit, batch, error);
  let rest = batch;
  if (error.ambiguous || error.code === 'conflict') {
    // Nothing is repeated before a check: it may exist already, by this request or by another run.
    const absent = await absentOf(run, unit, batch);
    if (absent === undefined) return settle(unit, batch, error);
    rest = absent;
    const again = rest.length < batch.length || (error.ambiguous && !checked);
    if (again) return await createBatch(run, unit, rest, checked || error.ambiguous);
  }
  if (!ABOUT_ENTRIES.has(error.code) || rest.length === 1) return settle(unit, rest, error);
  // One entry may fail the whole batch: halves lead to it, and everything else is created.
  const middle = rest.length >> 1;
  await createBatch(run, unit, rest.slice(0, middle), checked);
  await createBatch(run, unit, rest.slice(middle), checked);
}

/** What of a batch does not exist. What exists as desired is done. Undefined if the scope cannot be read. */
async function absentOf<D, O>(run: Run, unit: Unit<D, O>, batch: Batch<D, O>): Promise<Batch<D, O> | undefined> {
  const { scope } = unit.plan;
  const { kind } = scope;
  const existing = new Map<string, O[]>();
  try {
    for (const row of await run.limit(() => unit.store.list(scope.id))) {
      const key = kind.observedKey(row);
      existing.set(key, [...(existing.get(key) ?? []), row]);
    }
  } catch {
    return undefined;
  }
  const absent: Change<D, O>[] = [];
  for (const change of batch) {
    const { desired } = change;
    const rows = existing.get(change.key) ?? [];
    const same = desired === undefined ? undefined : rows.find((row) => kind.compare(desired, row) === undefined);
    if (rows.length === 0) absent.push(change);
    else if (same !== undefined) {
      record(run, unit, [change], [kind.observedId(same)]);
      settle(unit, [change]);
    } else
      settle(unit, [change], new ActionError('plan_changed', 'It was created in the meantime, with other values.'));
  }
  return absent;
}
