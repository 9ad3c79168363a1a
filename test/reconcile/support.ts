import { ActionError, type ErrorCode } from '../../src/contract/errors.ts';
import type { Kind, Plan, Scope } from '../../src/reconcile/kind.ts';
import { planAll } from '../../src/reconcile/plan.ts';
import type { Store } from '../../src/reconcile/store.ts';

/** A made-up thing: a name and a setting, and a group that covers what begins with its name. */
export interface Wanted {
  readonly name: string;
  readonly readOnly: boolean;
  readonly isGroup?: boolean;
}

/** The same, as it is kept. */
export interface Kept extends Wanted {
  readonly id: number;
}

const text = ({ name, readOnly, isGroup = false }: Wanted) => `${isGroup ? 'group' : 'thing'} ${name} ${readOnly}`;
const show = ({ name, readOnly, isGroup = false }: Wanted) => ({
  type: isGroup ? 'group' : 'thing',
  name,
  ...(readOnly ? { note: 'read-only' } : {}),
});
const keyOf = ({ name, isGroup = false }: Wanted) => `${isGroup ? 'group' : 'thing'} ${name.toLowerCase()}`;

/** What these things are like. */
export const things: Kind<Wanted, Kept> = {
  name: 'thing',
  restricted: 'lose write access',
  observedId: ({ id }) => String(id),
  desiredKey: keyOf,
  observedKey: keyOf,
  desiredText: text,
  observedText: text,
  compare: (desired, observed) =>
    desired.readOnly === observed.readOnly
      ? undefined
      : {
          update: desired.readOnly ? 'writable → read-only' : 'read-only → writable',
          reason: 'the list says so',
          escalation: !desired.readOnly,
          effect: desired.readOnly ? 'restricts' : 'opens',
        },
  create: ({ isGroup = false, readOnly }) => ({
    reason: 'the list says so',
    escalation: isGroup,
    ...(isGroup || !readOnly ? { effect: 'opens' } : {}),
  }),
  showDesired: show,
  showObserved: show,
  covers: (observed, desired) => observed.isGroup === true && desired.name.startsWith(observed.name),
};

/** A scope of these things. */
export const scopeOf = (
  desired: readonly Wanted[],
  observed: readonly Kept[],
  more: Partial<Scope<Wanted, Kept>> = {},
): Scope<Wanted, Kept> => ({
  kind: things,
  id: 'a',
  name: 'A',
  prune: true,
  desired,
  observed,
  isProtected: () => false,
  ...more,
});

/** A plan for one scope. */
export const planOf = (...scopes: Scope<Wanted, Kept>[]): Plan<Wanted, Kept> => planAll('thing', scopes);

/** Where the things of plans are kept. */
export const storesOf = (shelf: Shelf) => new Map([['thing', shelf]]);

/** What goes wrong with one request: it is rejected, or its response is lost before or after the change was made. */
export type Fault = 'none' | 'refused' | 'lost before' | 'lost after' | ErrorCode;

/** Things in memory, behind requests that can fail. */
export class Shelf implements Store<Wanted, Kept> {
  readonly rows = new Map<string, Kept[]>();
  readonly calls: string[] = [];
  readonly maxBatch: number;
  /** The next request gets the first of them. */
  readonly faults: Fault[];
  /** Names that the server never takes. */
  readonly unwelcome = new Set<string>();
  /** Looks at what is kept after each change. */
  watch: (rows: readonly Kept[]) => void = () => {};
  readonly replacing: NonNullable<Store<Wanted, Kept>['replacing']> | undefined;
  #next = 1_000_000;

  constructor(
    rows: Readonly<Record<string, readonly Kept[]>>,
    {
      maxBatch = 3,
      faults = [],
      replaces = 0,
    }: { maxBatch?: number; faults?: readonly Fault[]; replaces?: number } = {},
  ) {
    for (const [scope, kept] of Object.entries(rows)) this.rows.set(scope, [...kept]);
    this.maxBatch = maxBatch;
    this.faults = [...faults];
    this.replacing =
      replaces === 0
        ? undefined
        : {
            max: replaces,
            asDesired: ({ id: _, ...wanted }) => wanted,
            replace: (scope, entries) =>
              this.#change(`replace ${entries.length}`, () =>
                this.#set(
                  scope,
                  entries.map((one) => this.#made(one)),
                ),
              ),
          };
  }

  in(scope: string): Kept[] {
    return this.rows.get(scope) ?? [];
  }

  #set(scope: string, rows: Kept[]): void {
    this.rows.set(scope, rows);
    this.watch(rows);
  }

  #made(wanted: Wanted): Kept {
    this.#next += 1;
    return { ...wanted, id: this.#next };
  }

  async #change(name: string, work: () => void): Promise<void> {
    this.calls.push(name);
    await Promise.resolve();
    const fault = this.faults.shift() ?? 'none';
    if (fault === 'refused') throw new ActionError('api_rejected', 'refused');
    if (fault === 'lost before') throw new ActionError('api_unavailable', 'lost', { ambiguous: true });
    if (fault !== 'none' && fault !== 'lost after') throw new ActionError(fault, 'refused');
    work();
    if (fault === 'lost after') throw new ActionError('api_unavailable', 'lost', { ambiguous: true });
  }

  async list(scope: string): Promise<readonly Kept[]> {
    this.calls.push('list');
    return [...this.in(scope)];
  }

  async create(scope: string, batch: readonly Wanted[]): Promise<readonly string[]> {
    await this.#change(`create ${batch.length}`, () => {
      if (batch.some(({ name }) => this.unwelcome.has(name))) throw new ActionError('api_rejected', 'no such thing');
      const taken = new Set(this.in(scope).map(keyOf));
      if (batch.some((one) => taken.has(keyOf(one)))) throw new ActionError('conflict', 'there already');
      this.#set(scope, [...this.in(scope), ...batch.map((one) => this.#made(one))]);
    });
    return this.in(scope)
      .slice(-batch.length)
      .map(({ id }) => String(id));
  }

  update(scope: string, { readOnly }: Wanted, { id }: Kept): Promise<void> {
    return this.#change('update', () => {
      if (!this.in(scope).some((row) => row.id === id)) throw new ActionError('not_found', 'gone');
      this.#set(
        scope,
        this.in(scope).map((row) => (row.id === id ? { ...row, readOnly } : row)),
      );
    });
  }

  remove(scope: string, { id }: Kept): Promise<void> {
    return this.#change('remove', () => {
      if (!this.in(scope).some((row) => row.id === id)) throw new ActionError('not_found', 'gone');
      this.#set(
        scope,
        this.in(scope).filter((row) => row.id !== id),
      );
    });
  }
}

/** Things without their ids, in the order of their names. */
export const textsOf = (rows: readonly Wanted[]): string[] => rows.map(text).sort();

/** Things from `name` or `name!` for a read-only one, `name/` for a group, with ids from 1. */
export function kept(...names: readonly string[]): Kept[] {
  return wanted(...names).map((one, at) => ({ ...one, id: at + 1 }));
}

/** The same without ids. */
export function wanted(...names: readonly string[]): Wanted[] {
  return names.map((name) => ({
    name: name.replace(/!$/, ''),
    readOnly: name.endsWith('!'),
    ...(name.includes('/') ? { isGroup: true } : {}),
  }));
}
