import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Limits, violations as violationsOf } from '../../src/reconcile/guards.ts';
import { planRecord } from '../../src/reconcile/record.ts';
import { kept, planOf, scopeOf, wanted } from './support.ts';

const actions = (plan: ReturnType<typeof planOf>) =>
  plan.scopes.flatMap(({ changes }) => changes.map(({ action, key }) => `${action} ${key}`));

describe('a plan', () => {
  test('adds, changes and removes what differs, and counts the rest', () => {
    const plan = planOf(scopeOf(wanted('a', 'b!', 'c'), kept('b', 'c', 'd')));
    expect(actions(plan)).toEqual(['create thing a', 'update thing b', 'delete thing d']);
    expect(plan.counts).toMatchObject({ added: 1, updated: 1, removed: 1, unchanged: 1, escalations: 0 });
  });

  test('leaves what is not desired alone where it does not prune', () => {
    const plan = planOf(scopeOf(wanted('a'), kept('a', 'b'), { prune: false }));
    expect(plan.counts).toMatchObject({ removed: 0, unchanged: 1, unmanaged: 1 });
  });

  test('keeps what is protected, and says so', () => {
    const plan = planOf(scopeOf([], kept('a', 'b'), { isProtected: ({ name }) => name === 'a' }));
    expect(actions(plan)).toEqual(['delete thing b', 'protected thing a']);
    expect(plan.scopes[0]?.changes[1]?.reason).toBe('protected; not in the manifest, `prune`');
  });

  test('counts a new group, and one that may write again, as escalations', () => {
    const plan = planOf(scopeOf(wanted('g/', 'a', 'b!'), kept('a!', 'b')));
    expect(plan.counts).toMatchObject({ added: 1, updated: 2, escalations: 2 });
  });

  test('takes two spellings for one thing', () => {
    expect(planOf(scopeOf(wanted('Api'), kept('api'))).counts).toMatchObject({ added: 0, removed: 0, unchanged: 1 });
  });

  test('of things that are there twice keeps the one that fits', () => {
    const twice = [...kept('a'), { name: 'a', readOnly: true, id: 2 }];
    const plan = planOf(scopeOf(wanted('a!'), twice));
    expect(plan.scopes[0]?.changes).toMatchObject([{ action: 'delete', observed: { id: 1 } }]);
    const careful = planOf(scopeOf(wanted('a!'), twice, { prune: false }));
    expect(careful.counts).toMatchObject({ conflicts: 1, removed: 0, unchanged: 1 });
    // The one that remains gives more than the other, so nobody gets more than is desired.
    const wide = planOf(scopeOf(wanted('a'), twice, { prune: false }));
    expect(wide.counts).toMatchObject({ conflicts: 0, removed: 0, unchanged: 1, unmanaged: 1 });
  });

  test('takes two rows with one ID for one thing, so that its only copy is never removed', () => {
    const [row] = kept('a');
    if (row === undefined) throw new Error('no row');
    const plan = planOf(scopeOf(wanted('a'), [row, { ...row }, { ...row, readOnly: true }]));
    expect(plan.counts).toMatchObject({ added: 0, removed: 0, conflicts: 0 });
    expect(plan.scopes[0]?.scope.observed).toHaveLength(1);
  });

  test('is the same, byte for byte, in whatever order the world comes', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}!?$/), { selector: (name) => name.replace('!', '') });
    fc.assert(
      fc.property(names, names, fc.infiniteStream(fc.nat()), (desired, observed, numbers) => {
        const shuffled = <T>(rows: readonly T[]) =>
          rows
            .map((row) => [numbers.next().value ?? 0, row] as const)
            .sort(([a], [b]) => a - b)
            .map(([, row]) => row);
        const other = { id: 'b', name: 'B' };
        const one = planOf(
          scopeOf(wanted(...desired), kept(...observed)),
          scopeOf(wanted(...observed), kept(...desired), other),
        );
        const two = planOf(
          scopeOf(shuffled(wanted(...observed)), shuffled(kept(...desired)), other),
          scopeOf(
            shuffled(wanted(...desired)),
            shuffled(kept(...observed)).map((row) => ({ ...row, id: row.id + 7 })),
          ),
        );
        expect(JSON.stringify(planRecord(two))).toBe(JSON.stringify(planRecord(one)));
      }),
    );
  });

  test('has another hash when anything of the world differs', () => {
    const base = scopeOf(wanted('a', 'b'), kept('b', 'c'));
    const { hash } = planOf(base);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const others = [
      scopeOf(wanted('a', 'b', 'd'), kept('b', 'c')),
      scopeOf(wanted('a', 'b'), kept('b', 'c', 'd')),
      scopeOf(wanted('a', 'b'), kept('b', 'c!')),
      scopeOf(wanted('a', 'b', 'd'), kept('b', 'c', 'd')),
      { ...base, prune: false },
      { ...base, id: 'b' },
      { ...base, isProtected: () => true },
    ];
    const hashes = new Set([hash, ...others.map((scope) => planOf(scope).hash)]);
    expect(hashes.size).toBe(others.length + 1);
  });
});

describe('the guards', () => {
  const limits = (more: Partial<Limits> = {}): Limits => ({
    maxRemovals: { share: 0.25 },
    maxOpenings: undefined,
    allowEmpty: false,
    ...more,
  });
  const violations = (plan: ReturnType<typeof planOf>, given: Limits) =>
    violationsOf(plan, given).map(({ message }) => message);
  const removing = (removed: number, present: number, id = 'a') => {
    const all = Array.from({ length: present }, (_, at) => `n${at}`);
    return scopeOf(wanted(...all.slice(removed)), kept(...all), { id, name: id.toUpperCase() });
  };

  test('permit a share of the existing entries, up to the limit and no further', () => {
    expect(violations(planOf(removing(25, 100)), limits())).toEqual([]);
    expect(violations(planOf(removing(26, 100)), limits())).toEqual([
      'A: 26 of 100 entries would be removed (26 %), `max_removals` is 25%',
    ]);
    expect(violations(planOf(removing(7, 100)), limits({ maxRemovals: { share: 0.07 } }))).toEqual([]);
  });

  test('hold for each scope, and a count for all together', () => {
    const plan = planOf(removing(3, 100, 'a'), removing(3, 4, 'b'));
    expect(violations(plan, limits())).toEqual(['B: 3 of 4 entries would be removed (75 %), `max_removals` is 25%']);
    const large = planOf(removing(3, 100, 'a'), removing(3, 40, 'b'));
    expect(violations(large, limits({ maxRemovals: { count: 5 } }))).toEqual([
      'In total: 6 of 140 entries would be removed (4.3 %), `max_removals` is 5',
    ]);
  });

  test('permit no removal with a limit of zero, and no removal is never too many', () => {
    expect(violations(planOf(removing(1, 100)), limits({ maxRemovals: { count: 0 } }))).toHaveLength(1);
    expect(violations(planOf(removing(0, 0)), limits({ maxRemovals: { count: 0 } }))).toEqual([]);
  });

  test('count what loses write access like what is removed, and protect it', () => {
    const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
    const scope = scopeOf(wanted(...names.map((name) => `${name}!`)), kept(...names));
    expect(violations(planOf(scope), limits({ maxRemovals: { count: 0 } }))).toEqual([
      'A: 20 of 20 entries would lose write access (100 %), `max_removals` is 0',
    ]);
    const mixed = scopeOf(wanted('n0!', ...names.slice(2)), kept(...names));
    expect(violations(planOf(mixed), limits({ maxRemovals: { share: 0.05 } }))).toEqual([
      'A: 1 of 20 entries would be removed and 1 would lose write access (10 %), `max_removals` is 5%',
    ]);
    const guarded = planOf({ ...scope, isProtected: ({ name }) => name !== 'n0' });
    expect(guarded.counts).toMatchObject({ updated: 1, protected: 19 });
    expect(guarded.scopes[0]?.changes[1]).toMatchObject({ action: 'protected', reason: 'protected; the list says so' });
    expect(violations(guarded, limits())).toEqual([]);
  });

  test('of a share permit one removal of two or more entries, and of 0% none', () => {
    expect(violations(planOf(removing(1, 2)), limits())).toEqual([]);
    expect(violations(planOf(removing(1, 2, 'a'), removing(0, 1, 'b')), limits())).toEqual([]);
    expect(violations(planOf(removing(1, 1)), limits({ allowEmpty: true }))).toHaveLength(1);
    expect(violations(planOf(removing(2, 4)), limits())).toHaveLength(1);
    expect(violations(planOf(removing(1, 2)), limits({ maxRemovals: { share: 0 } }))).toHaveLength(1);
  });

  test('take a count that reaches all entries for a mistake', () => {
    expect(violations(planOf(removing(1, 4)), limits({ maxRemovals: { count: 25 } }))).toEqual([
      'A: `max_removals: 25` would permit the removal of all 4 entries; write `max_removals: 25%` for a share, or `max_removals: all`',
    ]);
    expect(violations(planOf(removing(1, 4)), limits({ maxRemovals: { count: 400 } }))[0]).toContain('25%');
    expect(violations(planOf(removing(0, 4)), limits({ maxRemovals: { count: 25 } }))).toEqual([]);
    expect(violations(planOf(removing(1, 4)), limits({ maxRemovals: { count: 3 } }))).toEqual([]);
  });

  test('count what is opened over all scopes, and have no limit by default', () => {
    const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
    const plan = planOf(
      scopeOf(wanted(...names), kept(...names.map((name) => `${name}!`))),
      scopeOf(wanted('g/', 'x!', 'y'), [], { id: 'b', name: 'B' }),
    );
    expect(violations(plan, limits())).toEqual([]);
    expect(violations(plan, limits({ maxOpenings: 22 }))).toEqual([]);
    expect(violations(plan, limits({ maxOpenings: 21 }))).toEqual([
      'A: 20 entries would be opened',
      'B: 2 entries would be opened',
      'In total: 22 entries would be opened, `max_openings` is 21',
    ]);
  });

  test('need `allow_empty` before everything of a scope is removed', () => {
    const all = { maxRemovals: { share: 1 } };
    expect(violations(planOf(removing(2, 2)), limits(all))).toEqual([
      'A: the manifest lists nothing, so `prune` would remove 2 entries; `allow_empty` is off',
    ]);
    expect(violations(planOf(removing(2, 2)), limits({ ...all, allowEmpty: true }))).toEqual([]);
  });
});
