import { describe, expect, test } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { pool } from '../../src/contract/pool.ts';
import { applyPlan } from '../../src/reconcile/apply.ts';
import { carriedPlan, carriedText } from '../../src/reconcile/carried.ts';
import { violations } from '../../src/reconcile/guards.ts';
import type { Kind, Plan, Scope } from '../../src/reconcile/kind.ts';
import { planAll } from '../../src/reconcile/plan.ts';
import { planRecord } from '../../src/reconcile/record.ts';
import { renderPlan } from '../../src/reconcile/render.ts';
import { continues, scopesOfFile } from '../../src/reconcile/reviewed.ts';
import type { Ids, Store } from '../../src/reconcile/store.ts';
import { type Kept, kept, Shelf, scopeOf, type Wanted, wanted } from './support.ts';

/** A team, which may have had another name. */
interface Team {
  readonly name: string;
  readonly formerly?: string;
}

/** A member of a team, with a token that must not be seen anywhere. */
interface Member {
  readonly name: string;
  readonly team: string;
  readonly token: string;
}

/** A row of a server; a member has the ID of its team. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly team?: string;
}

const TEAM: Kind<Team, Row> = {
  name: 'team',
  restricted: 'be restricted',
  desiredKey: ({ name }) => name,
  observedKey: ({ name }) => name,
  observedId: ({ id }) => id,
  desiredText: ({ name }) => name,
  observedText: ({ name }) => name,
  earlierKeys: ({ formerly }) => (formerly === undefined ? [] : [formerly]),
  compare: (desired, { name }) =>
    desired.name === name ? undefined : { update: `${name} → ${desired.name}`, reason: 'renamed', escalation: false },
  create: () => ({ reason: 'new', escalation: false }),
  showDesired: ({ name }) => ({ type: 'team', name }),
  showObserved: ({ name }) => ({ type: 'team', name }),
};

const MEMBER: Kind<Member, Row> = {
  name: 'member',
  restricted: 'be restricted',
  dependsOn: ['team', 'thing'],
  desiredKey: ({ name }) => name,
  observedKey: ({ name }) => name,
  observedId: ({ id }) => id,
  // The team is told by its name, which exists before its ID does.
  desiredText: ({ name }) => name,
  observedText: ({ name }) => name,
  compare: () => undefined,
  create: () => ({ reason: 'new', escalation: false, effect: 'opens' }),
  references: ({ team }) => [{ kind: 'team', scopeId: 'all', key: team }],
  showDesired: ({ name, team }) => ({ type: 'member', name, note: `of ${team}` }),
  showObserved: ({ name }) => ({ type: 'member', name }),
};

/** Rows in memory: what is created one by one, with a wait in which others may begin. */
class Rows<D extends { readonly name: string }> implements Store<D, Row> {
  readonly maxBatch = 1;
  readonly rows: Row[];
  readonly calls: string[];
  readonly unwelcome = new Set<string>();
  inFlight = 0;
  maxInFlight = 0;
  readonly #name: string;
  readonly #teamOf: (desired: D, ids: Ids) => string | undefined;

  constructor(
    name: string,
    rows: readonly Row[],
    calls: string[],
    teamOf: (desired: D, ids: Ids) => string | undefined,
  ) {
    this.#name = name;
    this.rows = [...rows];
    this.calls = calls;
    this.#teamOf = teamOf;
  }

  async list(): Promise<readonly Row[]> {
    return [...this.rows];
  }

  async create(_: string, [desired]: readonly D[], ids: Ids): Promise<readonly string[]> {
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    this.inFlight -= 1;
    if (desired === undefined || this.unwelcome.has(desired.name)) throw new ActionError('api_rejected', 'no');
    const team = this.#teamOf(desired, ids);
    const id = `${this.#name}-${this.rows.length + 1}`;
    this.calls.push(`create ${this.#name} ${desired.name}${team === undefined ? '' : ` in ${team}`}`);
    this.rows.push({ id, name: desired.name, ...(team === undefined ? {} : { team }) });
    return [id];
  }

  async update(_: string, { name }: D, { id }: Row): Promise<void> {
    this.calls.push(`update ${this.#name} ${name}`);
    const at = this.rows.findIndex((row) => row.id === id);
    this.rows[at] = { id, name };
  }

  async remove(_: string, { id, name }: Row): Promise<void> {
    this.calls.push(`remove ${this.#name} ${name}`);
    this.rows.splice(
      this.rows.findIndex((row) => row.id === id),
      1,
    );
  }
}

/** A made-up server with three kinds. */
class Enterprise {
  readonly calls: string[] = [];
  readonly shelf: Shelf;
  readonly teams: Rows<Team>;
  readonly members: Rows<Member>;

  constructor(rows: { things?: readonly Kept[]; teams?: readonly Row[]; members?: readonly Row[] } = {}) {
    this.shelf = new Shelf({ a: rows.things ?? [] });
    this.teams = new Rows('team', rows.teams ?? [], this.calls, () => undefined);
    this.members = new Rows('member', rows.members ?? [], this.calls, ({ team }, ids) =>
      ids.of({ kind: 'team', scopeId: 'all', key: team }),
    );
  }

  plan(desired: Desired): Plan<unknown, unknown> {
    const common = { prune: true, isProtected: () => false };
    const team: Scope<Team, Row> = {
      ...common,
      kind: desired.teamKind ?? TEAM,
      id: 'all',
      name: 'Enterprise',
      desired: desired.teams ?? [],
      observed: this.teams.rows,
    };
    const member: Scope<Member, Row> = {
      ...common,
      kind: MEMBER,
      id: 'all',
      name: 'Enterprise',
      desired: desired.members ?? [],
      observed: this.members.rows,
    };
    const thing = scopeOf(desired.things ?? [], this.shelf.in('a'));
    return planAll<unknown, unknown>('enterprise', [member, thing, team]);
  }

  async apply(plan: Plan<unknown, unknown>, concurrency = 4) {
    const stores = new Map<string, Store<unknown, unknown>>([
      ['thing', this.shelf],
      ['team', this.teams],
      ['member', this.members],
    ]);
    return await applyPlan({ plan, stores, limit: pool(concurrency) });
  }
}

interface Desired {
  readonly things?: readonly Wanted[];
  readonly teams?: readonly Team[];
  readonly members?: readonly Member[];
  readonly teamKind?: Kind<Team, Row>;
}

const TOKEN = 'made-up-token-4711';
const member = (name: string, team: string, token = TOKEN): Member => ({ name, team, token });
const DESIRED = {
  things: wanted('x', 'g/'),
  teams: [{ name: 'red' }, { name: 'blue' }],
  members: [member('ann', 'red'), member('bob', 'blue')],
};

describe('a plan of several kinds', () => {
  test('has one order, one hash, one file, one review and one comment', () => {
    const plan = new Enterprise().plan(DESIRED);
    expect(plan.kinds.map(({ name }) => name)).toEqual(['team', 'thing', 'member']);
    expect(plan.scopes.map(({ scope }) => scope.kind.name)).toEqual(['team', 'thing', 'member']);
    expect(plan.counts).toMatchObject({ added: 6, escalations: 1 });
    const file = JSON.stringify(planRecord(plan));
    expect(JSON.parse(file)).toMatchObject({ kind: 'enterprise', plan_hash: plan.hash });
    expect(continues(plan, scopesOfFile('enterprise', plan.hash, file) ?? [])).toBe(true);
    const comment = carriedPlan(carriedText(plan, 'abc').text);
    expect(comment).toMatchObject({ kind: 'enterprise', hash: plan.hash });
    expect(continues(plan, comment?.scopes ?? [])).toBe(true);
    const frame = { scopeName: 'organization', notices: [], hints: [], planFile: '' };
    const review = renderPlan('### Plan', plan, frame);
    expect(review.match(/^\*\*.*$/gm)).toEqual([
      '**A** · thing · +2',
      '**Enterprise** · team · +2',
      '**Enterprise** · member · +2',
    ]);
    // Another thing of any kind is another plan, whatever the order in which the kinds come.
    const others: Desired[] = [
      { ...DESIRED, things: wanted('x') },
      { ...DESIRED, teams: [{ name: 'red' }] },
      { ...DESIRED, members: [] },
    ];
    const hashes = others.map((desired) => new Enterprise().plan(desired).hash);
    expect(new Set([plan.hash, ...hashes]).size).toBe(4);
  });

  test('is applied in the order of its dependencies, with the IDs of what was just created', async () => {
    const enterprise = new Enterprise();
    const plan = enterprise.plan(DESIRED);
    const applied = await enterprise.apply(plan);
    expect(applied).toMatchObject({ converged: true, left: [], unread: [] });
    expect(applied.results).toHaveLength(6);
    expect(enterprise.calls).toEqual([
      'create team blue',
      'create team red',
      'create member ann in team-2',
      'create member bob in team-1',
    ]);
    expect(enterprise.shelf.calls).toEqual(['create 2', 'list']);
    expect(enterprise.plan(DESIRED).counts).toMatchObject({ added: 0, updated: 0, removed: 0, unchanged: 6 });
  });

  test('removes what depends on others before them', async () => {
    const enterprise = new Enterprise();
    await enterprise.apply(enterprise.plan(DESIRED));
    enterprise.calls.length = 0;
    const applied = await enterprise.apply(enterprise.plan({}));
    expect(applied.converged).toBe(true);
    expect(enterprise.calls).toEqual(['remove member ann', 'remove member bob', 'remove team blue', 'remove team red']);
  });

  test('creates things of one kind as many at once as the limit permits', async () => {
    const enterprise = new Enterprise({ teams: [{ id: 't', name: 'red' }] });
    const members = Array.from({ length: 30 }, (_, at) => member(`m${at}`, 'red'));
    const applied = await enterprise.apply(enterprise.plan({ teams: [{ name: 'red' }], members }), 6);
    expect(applied.converged).toBe(true);
    expect(enterprise.members.maxInFlight).toBe(6);
    expect(enterprise.members.rows.every(({ team }) => team === 't')).toBe(true);
  });

  test('holds back what refers to something that could not be created', async () => {
    const enterprise = new Enterprise();
    enterprise.teams.unwelcome.add('red');
    const applied = await enterprise.apply(enterprise.plan(DESIRED));
    const failed = applied.results.filter(({ error }) => error !== undefined);
    expect(failed).toMatchObject([
      { tried: true, error: { code: 'api_rejected' }, change: { shown: { name: 'red' } } },
      {
        tried: false,
        error: { code: 'apply_incomplete', message: 'Not attempted: team red, which it refers to, does not exist.' },
        change: { shown: { name: 'ann' } },
      },
    ]);
    expect(enterprise.members.rows.map(({ name }) => name)).toEqual(['bob']);
    enterprise.teams.unwelcome.clear();
    expect((await enterprise.apply(enterprise.plan(DESIRED))).converged).toBe(true);
  });

  test('renames a thing if its kind says so, and others refer to it by its new name', async () => {
    const enterprise = new Enterprise({ teams: [{ id: 't7', name: 'old' }] });
    const desired = { teams: [{ name: 'new', formerly: 'old' }], members: [member('ann', 'new')] };
    const plan = enterprise.plan(desired);
    expect(plan.counts).toMatchObject({ added: 1, updated: 1, removed: 0 });
    expect((await enterprise.apply(plan)).converged).toBe(true);
    expect(enterprise.calls).toEqual(['update team new', 'create member ann in t7']);
    // The old name that is still desired is another thing.
    const both = new Enterprise({ teams: [{ id: 't7', name: 'old' }] });
    const counts = both.plan({ teams: [{ name: 'new', formerly: 'old' }, { name: 'old' }] }).counts;
    expect(counts).toMatchObject({ added: 1, updated: 0, unchanged: 1 });
  });

  test('keeps things that cannot be removed, and says why', () => {
    const enterprise = new Enterprise({ teams: [{ id: 't', name: 'red' }] });
    const teamKind = { ...TEAM, irremovable: 'the API cannot remove teams' };
    const [team] = enterprise.plan({ teamKind }).scopes;
    expect(team?.changes).toMatchObject([
      { action: 'protected', reason: 'the API cannot remove teams; not in the manifest, `prune`' },
    ]);
  });

  test('never shows a sensitive value', async () => {
    const enterprise = new Enterprise();
    const plan = enterprise.plan(DESIRED);
    const applied = await enterprise.apply(plan);
    const frame = { scopeName: 'organization', notices: [], hints: [], planFile: '' };
    const written = [
      JSON.stringify(planRecord(plan, applied)),
      renderPlan('### Plan', plan, frame, applied),
      JSON.stringify(carriedPlan(carriedText(plan, 'abc').text)),
    ];
    for (const text of written) expect(text).not.toContain(TOKEN);
    const other = { ...DESIRED, members: DESIRED.members.map(({ name, team }) => member(name, team, 'another')) };
    expect(new Enterprise().plan(other).hash).toBe(plan.hash);
  });

  test('is guarded kind by kind', () => {
    const members = Array.from({ length: 10 }, (_, at) => ({ id: `m${at}`, name: `m${at}` }));
    const enterprise = new Enterprise({ things: kept('a', 'b', 'c', 'd'), members });
    const desired = members.map(({ name }) => member(name, 'red'));
    const limits = { maxRemovals: { share: 0.25 }, maxOpenings: 2, allowEmpty: false };
    const plan = enterprise.plan({ things: wanted('a', 'b'), members: [...desired, member('new', 'red')] });
    // Two of four things are too many, even though they are two of fourteen entries.
    expect(violations(plan, limits).map(({ message }) => message)).toEqual([
      'A (thing): 2 of 4 entries would be removed (50 %), `max_removals` is 25%',
    ]);
    const opening = enterprise.plan({ things: wanted('a', 'b', 'c', 'd', 'e', 'f', 'g'), members: desired });
    expect(violations(opening, limits).map(({ message }) => message)).toEqual([
      'A (thing): 3 entries would be opened',
      'In total (thing): 3 entries would be opened, `max_openings` is 2',
    ]);
  });

  test('of kinds that need each other is a fault of the program', () => {
    const teamKind = { ...TEAM, dependsOn: ['member'] };
    expect(() => new Enterprise().plan({ teamKind })).toThrow('depends on itself');
  });
});
