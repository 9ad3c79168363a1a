import type { RemovalLimit } from '../contract/kinds.ts';
import type { Plan, ScopePlan } from './kind.ts';

/** What keeps a plan from taking away more than somebody meant. */
export interface Limits {
  /** Holds for each scope, and for all of them together. */
  readonly maxRemovals: RemovalLimit;
  /** Lets a scope for which nothing is desired lose all it has. */
  readonly allowEmpty: boolean;
}

const percent = (share: number) => `${Math.round(share * 10_000) / 100}%`;
const entries = (count: number) => `${count} ${count === 1 ? 'entry' : 'entries'}`;

function tooMany(name: string, removed: number, present: number, limit: RemovalLimit): string | undefined {
  if (removed === 0) return undefined;
  const share = present === 0 ? 0 : removed / present;
  // A hair more, because 0.07 * 100 is 7.000000000000001.
  const fine = 'count' in limit ? removed <= limit.count : removed <= present * limit.share + 1e-9;
  if (fine) return undefined;
  const allowed = 'count' in limit ? String(limit.count) : percent(limit.share);
  return `${name}: ${removed} of ${entries(present)} would go (${percent(share)}), \`max_removals\` is ${allowed}`;
}

const removalsOf = ({ changes }: ScopePlan<unknown, unknown>) =>
  changes.reduce((sum, { action }) => sum + (action === 'delete' ? 1 : 0), 0);

/** What forbids to apply a plan, one clause each; none where it may be applied. */
export function violations(plan: Plan<unknown, unknown>, { maxRemovals, allowEmpty }: Limits): string[] {
  const found: string[] = [];
  let [all, removed] = [0, 0];
  for (const one of plan.scopes) {
    const removals = removalsOf(one);
    const present = one.scope.observed.length;
    all += present;
    removed += removals;
    if (one.scope.desired.length === 0 && removals > 0 && !allowEmpty) {
      found.push(
        `${one.scope.name}: nothing is listed, so \`prune\` would remove ${entries(removals)}; \`allow_empty\` is off`,
      );
    }
    const problem = tooMany(one.scope.name, removals, present, maxRemovals);
    if (problem !== undefined) found.push(problem);
  }
  const total = plan.scopes.length > 1 ? tooMany('In total', removed, all, maxRemovals) : undefined;
  return total === undefined ? found : [...found, total];
}
