import { createHash } from 'node:crypto';
import type { Action, Change, Counts, Kind, Plan, Scope, ScopePlan } from './kind.ts';

const NOT_DESIRED = 'not in the manifest, `prune`';
const ORDER: Readonly<Record<Action, number>> = { conflict: 0, create: 1, update: 2, delete: 3, protected: 4 };

interface Keyed<T> {
  readonly key: string;
  readonly value: T;
}

// Code units, not a language's order: a plan is the same on every machine.
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Rows by key; of equal keys by their text, so that the order of the response has no effect. */
function sorted<T>(values: readonly T[], keyOf: (value: T) => string, textOf: (value: T) => string): Keyed<T>[] {
  const rows = values.map((value) => ({ key: keyOf(value), value }));
  return rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : order(textOf(a.value), textOf(b.value))));
}

/** Lines that are hashed at once: building a text piece by piece costs more than the hash. */
const HASHED_LINES = 4_096;

function digest<T>(rows: readonly Keyed<T>[], textOf: (value: T) => string): string {
  const hash = createHash('sha256');
  let lines: string[] = [];
  for (const { value } of rows) {
    lines.push(textOf(value));
    if (lines.length < HASHED_LINES) continue;
    hash.update(`${lines.join('\n')}\n`);
    lines = [];
  }
  return hash.update(lines.join('\n')).digest('hex');
}

type Found<D, O> = Omit<Change<D, O>, 'key' | 'shown' | 'from' | 'to'> | 'unchanged' | 'unmanaged';

/** What is done with something that exists and is not desired. */
function surplus<D, O>(scope: Scope<D, O>, observed: O, reason: string): Found<D, O> {
  if (!scope.prune) return 'unmanaged';
  const kept = scope.kind.irremovable ?? (scope.isProtected(observed) ? 'protected' : undefined);
  return kept === undefined
    ? { action: 'delete', observed, reason, escalation: false, effect: 'restricts' }
    : { action: 'protected', observed, reason: `${kept}; ${reason}`, escalation: false };
}

function missing<D, O>({ kind }: Scope<D, O>, desired: D): Found<D, O> {
  const made = kind.create(desired);
  if ('conflict' in made) return { action: 'conflict', desired, reason: made.conflict, escalation: false };
  return { action: 'create', desired, ...made };
}

function present<D, O>(scope: Scope<D, O>, desired: D, observed: O): Found<D, O> {
  const difference = scope.kind.compare(desired, observed);
  if (difference === undefined) return 'unchanged';
  const both = { desired, observed };
  if ('conflict' in difference) return { action: 'conflict', ...both, reason: difference.conflict, escalation: false };
  if (difference.effect !== 'restricts' || !scope.isProtected(observed)) {
    return { action: 'update', ...both, ...difference };
  }
  const { update, reason } = difference;
  return { action: 'protected', ...both, update, reason: `protected; ${reason}`, escalation: false };
}

/** What exists more than once under one desired key: the one that needs no change remains, otherwise the first. */
function matched<D, O>(scope: Scope<D, O>, desired: D, found: readonly O[]): Found<D, O>[] {
  const kept = found.find((one) => scope.kind.compare(desired, one) === undefined) ?? found[0];
  if (kept === undefined) return [missing(scope, desired)];
  const rest = found.filter((one) => one !== kept);
  return [present(scope, desired, kept), ...rest.map((one) => repeated(scope, desired, kept, one))];
}

/** Something that exists once more. If it must not be removed, and gives more than is desired, a person has to decide. */
function repeated<D, O>(scope: Scope<D, O>, desired: D, twin: O, observed: O): Found<D, O> {
  const found = surplus(scope, observed, 'exists more than once');
  if (typeof found === 'object' && found.action === 'delete') return { ...found, twin };
  const difference = scope.kind.compare(desired, observed);
  if (difference === undefined || ('effect' in difference && difference.effect === 'opens')) return found;
  const reason = 'exists more than once, with different values; remove one by hand';
  return { action: 'conflict', desired, observed, reason, escalation: false };
}

/** Each row once, even if pages of its list repeated it. */
const eachOnce = <D, O>({ observedId }: Kind<D, O>, rows: readonly O[]): readonly O[] => [
  ...new Map(rows.map((row) => [observedId(row), row])).values(),
];

/** The key that an existing thing is compared under: that of the desired thing that it was renamed to, if there is one. */
function keyFinder<D, O>({ kind, desired, observed }: Scope<D, O>): (row: O) => string {
  const { earlierKeys } = kind;
  if (earlierKeys === undefined) return kind.observedKey;
  const existing = new Set(observed.map(kind.observedKey));
  const wanted = new Set(desired.map(kind.desiredKey));
  const renamed = new Map<string, string>();
  for (const one of desired) {
    const key = kind.desiredKey(one);
    const before = earlierKeys(one).find((old) => existing.has(old) && !wanted.has(old) && !renamed.has(old));
    if (!existing.has(key) && before !== undefined) renamed.set(before, key);
  }
  return (row) => renamed.get(kind.observedKey(row)) ?? kind.observedKey(row);
}

/** A line of a plan with its texts. */
function changeOf<D, O>(kind: Kind<D, O>, key: string, found: Exclude<Found<D, O>, string>): Change<D, O> {
  const { desired, observed } = found;
  const shown =
    desired !== undefined
      ? kind.showDesired(desired)
      : observed !== undefined
        ? kind.showObserved(observed)
        : { type: kind.name, name: '' };
  const from = observed === undefined ? {} : { from: kind.observedText(observed) };
  return { key, ...found, shown, ...from, ...(desired === undefined ? {} : { to: kind.desiredText(desired) }) };
}

/** Compares the desired things of a scope with the existing ones. Both are read once, in the order of their keys. */
export function planScope<D, O>(given: Scope<D, O>): ScopePlan<D, O> {
  const { kind } = given;
  const scope = { ...given, observed: eachOnce(kind, given.observed) };
  const desired = sorted(scope.desired, kind.desiredKey, kind.desiredText);
  const observed = sorted(scope.observed, keyFinder(scope), kind.observedText);
  const changes: Change<D, O>[] = [];
  const counts = { unchanged: 0, unmanaged: 0 };
  const take = (key: string, found: Found<D, O>) => {
    if (typeof found === 'string') counts[found] += 1;
    else changes.push(changeOf(kind, key, found));
  };
  let at = 0;
  for (const { key, value } of desired) {
    let row = observed[at];
    for (; row !== undefined && row.key < key; row = observed[at]) {
      take(row.key, surplus(scope, row.value, NOT_DESIRED));
      at += 1;
    }
    if (row?.key !== key) {
      take(key, missing(scope, value));
      continue;
    }
    const from = at;
    while (observed[at]?.key === key) at += 1;
    if (at === from + 1) {
      take(key, present(scope, value, row.value));
      continue;
    }
    const same = observed.slice(from, at).map((one) => one.value);
    for (const found of matched(scope, value, same)) take(key, found);
  }
  for (const row of observed.slice(at)) take(row.key, surplus(scope, row.value, NOT_DESIRED));
  changes.sort((a, b) => ORDER[a.action] - ORDER[b.action]);
  const desiredDigest = digest(desired, kind.desiredText);
  return { scope, changes, ...counts, desiredDigest, observedDigest: digest(observed, kind.observedText) };
}

/** What of a plan is part of its hash; `changes` are digests of changes. */
export interface HashedScope {
  /** Name of its kind. */
  readonly kind: string;
  readonly id: string;
  readonly prune: boolean;
  readonly desiredDigest: string;
  readonly observedDigest: string;
  readonly changes: readonly string[];
}

/** Characters of the digest of a change: 96 bits, so that a comment can carry thousands. */
export const DIGEST_LENGTH = 16;

/** A digest of a change that does not depend on IDs, in the URL-safe Base64 alphabet. */
export const changeDigest = (action: string, from = '', to = ''): string =>
  createHash('sha256')
    .update(JSON.stringify([action, from, to]))
    .digest('base64url')
    .slice(0, DIGEST_LENGTH);

/** The hash of a plan with a name; its scopes in their order. */
export function planHash(name: string, scopes: Iterable<HashedScope>): string {
  const hash = createHash('sha256').update(`plan 2 ${name}\n`);
  for (const { kind, id, prune, desiredDigest, observedDigest, changes } of scopes) {
    hash.update(`${JSON.stringify([kind, id, prune, desiredDigest, observedDigest])}\n${changes.join('\n')}\n`);
  }
  return hash.digest('hex');
}

/** What of the scopes of a plan is part of its hash. */
export const hashedScopes = (scopes: readonly ScopePlan<unknown, unknown>[]): HashedScope[] =>
  scopes.map(({ scope, changes, desiredDigest, observedDigest }) => ({
    kind: scope.kind.name,
    id: scope.id,
    prune: scope.prune,
    desiredDigest,
    observedDigest,
    changes: changes.map(({ action, from, to }) => changeDigest(action, from, to)),
  }));

function countsOf(scopes: readonly ScopePlan<unknown, unknown>[]): Counts {
  const of: Record<Action | 'escalations' | 'unchanged' | 'unmanaged', number> = {
    create: 0,
    update: 0,
    delete: 0,
    protected: 0,
    conflict: 0,
    escalations: 0,
    unchanged: 0,
    unmanaged: 0,
  };
  for (const { changes, unchanged, unmanaged } of scopes) {
    of.unchanged += unchanged;
    of.unmanaged += unmanaged;
    for (const { action, escalation } of changes) {
      of[action] += 1;
      if (escalation) of.escalations += 1;
    }
  }
  const { create: added, update: updated, delete: removed, conflict: conflicts, ...rest } = of;
  return { added, updated, removed, conflicts, ...rest };
}

/** Kinds in an order in which each comes after those that it depends on; otherwise by name. */
function inOrderOfNeed<D, O>(kinds: readonly Kind<D, O>[]): Kind<D, O>[] {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  const done = new Set<Kind<D, O>>();
  const add = (kind: Kind<D, O>, above: readonly string[]) => {
    if (done.has(kind)) return;
    if (above.includes(kind.name)) throw new Error(`${kind.name} depends on itself`);
    for (const name of [...(kind.dependsOn ?? [])].sort(order)) {
      const needed = byName.get(name);
      if (needed !== undefined) add(needed, [...above, kind.name]);
    }
    done.add(kind);
  };
  for (const kind of [...byName.values()].sort((a, b) => order(a.name, b.name))) add(kind, []);
  return [...done];
}

/**
 * Compares all scopes, of one or of several kinds: one plan with one hash. Equal worlds give plans that are equal byte
 * for byte, whatever the order of their parts.
 */
export function planAll<D, O>(name: string, given: readonly Scope<D, O>[]): Plan<D, O> {
  const kinds = inOrderOfNeed(given.map(({ kind }) => kind));
  const ranks = new Map(kinds.map((kind, at) => [kind.name, at]));
  const rank = ({ scope }: ScopePlan<D, O>) => ranks.get(scope.kind.name) ?? 0;
  const scopes = given
    .map((scope) => planScope(scope))
    .sort((a, b) => rank(a) - rank(b) || order(a.scope.id, b.scope.id));
  return { name, kinds, scopes, counts: countsOf(scopes), hash: planHash(name, hashedScopes(scopes)) };
}

/** Whether a plan changes anything. */
export const hasChanges = ({ added, updated, removed }: Counts): boolean => added + updated + removed > 0;

/** Whether the existing things differ from the desired ones, even if no change can fix that. */
export const differs = (counts: Counts): boolean => hasChanges(counts) || counts.conflicts > 0;
