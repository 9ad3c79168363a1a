import * as z from 'zod/mini';
import type { Kind, Plan } from './kind.ts';
import { changeText, planHash, textOfChange } from './plan.ts';

/** What of a plan's file is bound to its hash. */
const PlanFile = z.object({
  kind: z.string(),
  scopes: z.array(
    z.object({
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

/**
 * Whether a plan only goes on with one that was reviewed: nothing else is desired, and every change that is left was
 * in it. `text` is the file of the reviewed plan, which counts only if it is the one with the hash `expected`.
 */
export function goesOn<D, O>(kind: Kind<D, O>, plan: Plan<D, O>, expected: string, text: string): boolean {
  const reviewed = parsed(text);
  if (reviewed === undefined || reviewed.kind !== kind.name) return false;
  const scopes = new Map(
    reviewed.scopes.map(({ id, prune, desired_sha256: desiredDigest, observed_sha256: observedDigest, changes }) => [
      id,
      {
        id,
        prune,
        desiredDigest,
        observedDigest,
        changes: changes.map(({ action, from, to }) => changeText(action, from, to)),
      },
    ]),
  );
  if (scopes.size !== reviewed.scopes.length || planHash(reviewed.kind, scopes.values()) !== expected) return false;
  return plan.scopes.every(({ scope, changes, desiredDigest }) => {
    const before = scopes.get(scope.id);
    if (before?.prune !== scope.prune || before.desiredDigest !== desiredDigest) return false;
    const known = new Set(before.changes);
    return changes.every((change) => known.has(textOfChange(kind, change)));
  });
}
