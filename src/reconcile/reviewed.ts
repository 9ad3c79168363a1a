import * as z from 'zod/mini';
import type { Plan } from './kind.ts';
import { changeDigest, type HashedScope, hashedScopes, planHash } from './plan.ts';

/** A plan that was reviewed, as far as it binds an apply. */
export interface ReviewedPlan {
  /** SHA-256 of the plan, hexadecimal. */
  readonly hash: string;
  /** What its hash covers; undefined if only the hash is known. */
  readonly scopes: readonly HashedScope[] | undefined;
}

/** What of a plan's file is bound to its hash. */
const PlanFile = z.object({
  kind: z.string(),
  scopes: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      prune: z.boolean(),
      desired_sha256: z.string(),
      observed_sha256: z.string(),
      changes: z.array(z.object({ action: z.string(), from: z.optional(z.string()), to: z.optional(z.string()) })),
    }),
  ),
});

function parsed(text: string): z.output<typeof PlanFile> | undefined {
  try {
    return z.safeParse(PlanFile, JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The scopes of a plan's file, if it is the file of the plan with this hash. */
export function scopesOfFile(name: string, hash: string, text: string): readonly HashedScope[] | undefined {
  const file = parsed(text);
  if (file === undefined || file.kind !== name) return undefined;
  const scopes = file.scopes.map((scope) => ({
    kind: scope.kind,
    id: scope.id,
    prune: scope.prune,
    desiredDigest: scope.desired_sha256,
    observedDigest: scope.observed_sha256,
    changes: scope.changes.map(({ action, from, to }) => changeDigest(action, from, to)),
  }));
  return planHash(name, scopes) === hash ? scopes : undefined;
}

/**
 * Whether a plan only continues one that was reviewed: nothing else is desired, and each remaining change was in it. So
 * an apply that made only a part of its changes can be run again.
 */
export function continues(plan: Plan<unknown, unknown>, reviewed: readonly HashedScope[]): boolean {
  const keyOf = ({ kind, id }: Pick<HashedScope, 'kind' | 'id'>) => JSON.stringify([kind, id]);
  const scopes = new Map(reviewed.map((scope) => [keyOf(scope), scope]));
  if (scopes.size !== reviewed.length) return false;
  return hashedScopes(plan.scopes).every(({ prune, desiredDigest, changes, ...scope }) => {
    const before = scopes.get(keyOf(scope));
    if (before?.prune !== prune || before.desiredDigest !== desiredDigest) return false;
    const known = new Set(before.changes);
    return changes.every((change) => known.has(change));
  });
}
