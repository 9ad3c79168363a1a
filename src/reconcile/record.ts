import * as z from 'zod/mini';
import type { Change, Plan } from './kind.ts';
import { differs } from './plan.ts';
import type { Applied, ChangeResult } from './store.ts';

type Results<D, O> = ReadonlyMap<Change<D, O>, ChangeResult<D, O>>;

const count = () => z.int().check(z.gte(0));
const sha256 = () => z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** One line of a plan's file. `result` and what follows it exist after an apply. */
const PlanChange = z.object({
  action: z.enum(['create', 'update', 'delete', 'protected', 'conflict']),
  type: z.string(),
  name: z.string(),
  note: z.optional(z.string()),
  via: z.optional(z.string()),
  update: z.optional(z.string()),
  reason: z.string(),
  escalation: z.boolean(),
  from: z.optional(z.string()),
  to: z.optional(z.string()),
  result: z.optional(z.enum(['done', 'failed', 'not tried'])),
  error_code: z.optional(z.string()),
  error: z.optional(z.string()),
});

/** The file of a plan (`plan_file`); `schemas/plan.schema.json` is generated from here. */
export const PlanRecord = z.object({
  schema_version: z.literal(1),
  kind: z.string(),
  plan_hash: sha256(),
  has_changes: z.boolean(),
  counts: z.object({
    added: count(),
    updated: count(),
    removed: count(),
    unchanged: count(),
    unmanaged: count(),
    protected: count(),
    conflicts: count(),
    escalations: count(),
  }),
  converged: z.optional(z.boolean()),
  scopes: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      name: z.string(),
      prune: z.boolean(),
      desired: count(),
      desired_sha256: sha256(),
      observed: count(),
      observed_sha256: sha256(),
      unchanged: count(),
      unmanaged: count(),
      changes: z.array(PlanChange),
    }),
  ),
});

/** The results of an apply by their change. */
export const resultsByChange = <D, O>(applied: Applied<D, O> | undefined): Results<D, O> =>
  new Map(applied?.results.map((result) => [result.change, result]));

function resultOf<D, O>(
  result: ChangeResult<D, O> | undefined,
): Pick<z.output<typeof PlanChange>, 'result' | 'error_code' | 'error'> {
  if (result === undefined) return {};
  const { error, tried } = result;
  if (error === undefined) return { result: 'done' };
  return { result: tried ? 'failed' : 'not tried', error_code: error.code, error: error.message };
}

/** A plan as JSON values: the same for the same world, with neither times nor ids that the server gives. */
export function planRecord<D, O>(plan: Plan<D, O>, applied?: Applied<D, O>): z.output<typeof PlanRecord> {
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
