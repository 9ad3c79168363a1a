import type { Change, Plan } from './kind.ts';
import { differs } from './plan.ts';
import type { Applied, ChangeResult } from './store.ts';

type Results<D, O> = ReadonlyMap<Change<D, O>, ChangeResult<D, O>>;

/** The results of an apply by their change. */
export const resultsByChange = <D, O>(applied: Applied<D, O> | undefined): Results<D, O> =>
  new Map(applied?.results.map((result) => [result.change, result]));

function resultOf<D, O>(result: ChangeResult<D, O> | undefined) {
  if (result === undefined) return {};
  const { error, tried } = result;
  if (error === undefined) return { result: 'done' };
  return { result: tried ? 'failed' : 'not tried', error_code: error.code, error: error.message };
}

/** A plan as JSON values: the same for the same world, with neither times nor ids that the server gives. */
export function planRecord<D, O>(plan: Plan<D, O>, applied?: Applied<D, O>) {
  const results = resultsByChange(applied);
  return {
    schema_version: 1,
    kind: plan.name,
    plan_hash: plan.hash,
    has_changes: differs(plan.counts),
    counts: plan.counts,
    ...(applied === undefined ? {} : { converged: applied.converged }),
    scopes: plan.scopes.map(({ scope, changes, unchanged, unmanaged, desiredDigest, observedDigest }) => ({
      kind: scope.kind.name,
      id: scope.id,
      name: scope.name,
      prune: scope.prune,
      desired: scope.desired.length,
      desired_sha256: desiredDigest,
      observed: scope.observed.length,
      observed_sha256: observedDigest,
      unchanged,
      unmanaged,
      changes: changes.map((change) => ({
        action: change.action,
        ...change.shown,
        ...(change.update === undefined ? {} : { update: change.update }),
        reason: change.reason,
        escalation: change.escalation,
        ...(change.from === undefined ? {} : { from: change.from }),
        ...(change.to === undefined ? {} : { to: change.to }),
        ...resultOf(results.get(change)),
      })),
    })),
  };
}
