import type { RemovalLimit } from '../contract/kinds.ts';
import { share } from '../report/units.ts';
import type { Effect, Plan, ScopePlan } from './kind.ts';

/** What a plan may change at most, of each kind. */
export interface Limits {
  /** Applies to each scope, and to all of them together. What is removed or restricted counts. */
  readonly maxRemovals: RemovalLimit;
  /** Applies to all scopes together; no limit if undefined. */
  readonly maxOpenings: number | undefined;
  /** Lets a scope for which nothing is desired lose everything. */
  readonly allowEmpty: boolean;
}

/** Why a plan must not be applied: the guard, and what exceeds it as one clause. */
export interface Violation {
  readonly guard: 'max_removals' | 'allow_empty' | 'max_openings';
  readonly message: string;
}

const percent = (share: number) => `${Math.round(share * 10_000) / 100}%`;
const entries = (count: number) => `${count} ${count === 1 ? 'entry' : 'entries'}`;

/** How many changes of each effect there are, and how many of them remove something. */
interface Tally {
  readonly name: string;
  /** What an update that restricts does: `lose write access`. */
  readonly verb: string;
  readonly existing: number;
  readonly removed: number;
  readonly restricted: number;
  readonly opened: number;
}

function tally({ scope, changes }: ScopePlan<unknown, unknown>): Tally {
  const of = (effect: Effect, isRemoval: boolean) =>
    changes.filter((change) => change.effect === effect && (change.action === 'delete') === isRemoval).length;
  return {
    name: scope.name,
    verb: scope.kind.restricted,
    existing: scope.observed.length,
    removed: of('restricts', true),
    restricted: of('restricts', false),
    opened: of('opens', false),
  };
}

/** `3 of 5 entries would be removed and 1 would lose write access (80 %)`. */
function lost({ existing, removed, restricted, verb }: Tally): string {
  const lostShare = share(removed + restricted, existing);
  if (restricted === 0) return `${removed} of ${entries(existing)} would be removed (${lostShare})`;
  if (removed === 0) return `${restricted} of ${entries(existing)} would ${verb} (${lostShare})`;
  return `${removed} of ${entries(existing)} would be removed and ${restricted} would ${verb} (${lostShare})`;
}

/**
 * Whether a limit permits the removals. A share of two or more entries permits at least one, since in a small scope it
 * would otherwise permit none; 0% permits none.
 */
function permits(limit: RemovalLimit, { existing, removed, restricted }: Tally): boolean {
  const all = removed + restricted;
  if ('count' in limit) return all <= limit.count;
  // Slightly more, because 0.07 * 100 is 7.000000000000001.
  const share = existing * limit.share + 1e-9;
  return all <= (limit.share > 0 && existing >= 2 ? Math.max(1, share) : share);
}

const shownLimit = (limit: RemovalLimit) => ('count' in limit ? String(limit.count) : percent(limit.share));

/** A plain count that permits to remove everything was hardly meant for a scope of this size. */
function unlimited({ name, existing }: Tally, limit: RemovalLimit): string | undefined {
  if (!('count' in limit) || limit.count < existing) return undefined;
  const share = limit.count > 0 && limit.count <= 100 ? limit.count : 25;
  return `${name}: \`max_removals: ${limit.count}\` would permit the removal of all ${entries(existing)}; write \`max_removals: ${share}%\` for a share, or \`max_removals: all\``;
}

function removals(one: Tally, limit: RemovalLimit): string | undefined {
  if (one.removed + one.restricted === 0 || permits(limit, one)) return undefined;
  return `${one.name}: ${lost(one)}, \`max_removals\` is ${shownLimit(limit)}`;
}

function total(name: string, scopes: readonly Tally[]): Tally {
  const sum = (of: (one: Tally) => number) => scopes.reduce((all, one) => all + of(one), 0);
  return {
    name,
    verb: scopes[0]?.verb ?? '',
    existing: sum(({ existing }) => existing),
    removed: sum(({ removed }) => removed),
    restricted: sum(({ restricted }) => restricted),
    opened: sum(({ opened }) => opened),
  };
}

/** What forbids applying the scopes of one kind, which `label` names if there are others. */
function ofKind(plans: readonly ScopePlan<unknown, unknown>[], label: string, limits: Limits): Violation[] {
  const { maxRemovals, maxOpenings, allowEmpty } = limits;
  const found: Violation[] = [];
  const report = (guard: Violation['guard'], message: string | undefined) => {
    if (message !== undefined) found.push({ guard, message });
  };
  const scopes = plans.map((plan) => {
    const one = tally(plan);
    return { ...one, name: `${one.name}${label}` };
  });
  for (const [at, one] of scopes.entries()) {
    const isEmptied = plans[at]?.scope.desired.length === 0 && one.removed > 0;
    if (isEmptied && !allowEmpty) {
      const all = entries(one.removed);
      const message = `${one.name}: the manifest lists nothing, so \`prune\` would remove ${all}; \`allow_empty\` is off`;
      report('allow_empty', message);
    }
    const problem = removals(one, maxRemovals);
    const isAnyLost = one.removed + one.restricted > 0;
    report('max_removals', problem ?? (isAnyLost ? unlimited(one, maxRemovals) : undefined));
  }
  const all = total(`In total${label}`, scopes);
  if (scopes.length > 1) report('max_removals', removals(all, maxRemovals));
  if (maxOpenings !== undefined && all.opened > maxOpenings) {
    for (const { name, opened } of scopes) {
      if (opened > 0) report('max_openings', `${name}: ${entries(opened)} would be opened`);
    }
    report('max_openings', `${all.name}: ${entries(all.opened)} would be opened, \`max_openings\` is ${maxOpenings}`);
  }
  return found;
}

/** What forbids applying a plan; nothing if it may be applied. Each kind is counted by itself. */
export const violations = ({ kinds, scopes }: Plan<unknown, unknown>, limits: Limits): Violation[] =>
  kinds.flatMap(({ name }) => {
    const own = scopes.filter(({ scope }) => scope.kind.name === name);
    return ofKind(own, kinds.length > 1 ? ` (${name})` : '', limits);
  });
