import { ActionError } from '../contract/errors.ts';
import type { Change, Plan, Reference, ScopePlan } from './kind.ts';

/** IDs of things of all kinds of an apply: those that existed, and those that were created. */
export class Ids {
  readonly #ids = new Map<string, string>();

  /** The ID of a thing; undefined if it does not exist. */
  of({ kind, scopeId, key }: Reference): string | undefined {
    return this.#ids.get(JSON.stringify([kind, scopeId, key]));
  }

  /** Records the ID of a thing that exists. */
  set({ kind, scopeId, key }: Reference, id: string): void {
    this.#ids.set(JSON.stringify([kind, scopeId, key]), id);
  }
}

/** Where things of a kind are kept. Every call may throw an `ActionError`; an ambiguous one may have been executed. */
export interface Store<D, O> {
  /** Everything that exists, read to the end, and again if it changed meanwhile. */
  list(scopeId: string): Promise<readonly O[]>;
  /** Creates at most `maxBatch` things with one request; returns their IDs in the same order, or none of them. */
  create(scopeId: string, batch: readonly D[], ids: Ids): Promise<readonly string[]>;
  readonly maxBatch: number;
  /** Changes a thing in place; absent if nothing can be changed. */
  update?(scopeId: string, desired: D, observed: O, ids: Ids): Promise<void>;
  /** Absent if nothing can be removed; then the kind is `irremovable`. */
  remove?(scopeId: string, observed: O): Promise<void>;
  /** Replaces everything that exists by a whole set; absent if there is no such request. */
  readonly replacing?: Replacing<D, O> | undefined;
}

/** How a whole set is replaced with one request. */
export interface Replacing<D, O> {
  /** Maximum number of things that one request takes. A larger set is never cut to fit. */
  readonly max: number;
  /** What to request so that this remains; undefined if no request can say that. */
  asDesired(observed: O): D | undefined;
  /** Sends the request exactly once, and never again by itself: each time needs a check before it. */
  replace(scopeId: string, entries: readonly D[]): Promise<void>;
}

/** Runs tasks, but never too many at once. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** The result of one change. `error` says why it was not made; it was not even `tried` if something before it failed. */
export interface ChangeResult<D, O> {
  readonly change: Change<D, O>;
  readonly tried: boolean;
  readonly error?: ActionError;
}

/** A scope that is being changed. */
export interface Unit<D, O> {
  readonly plan: ScopePlan<D, O>;
  readonly store: Store<D, O>;
  readonly results: Map<Change<D, O>, ChangeResult<D, O>>;
  /** Why nothing more is sent for this scope. */
  stopped: ActionError | undefined;
  /** The whole set was replaced, or must not be changed. */
  settled: boolean;
}

/** An apply in progress. */
export interface Run {
  readonly limit: Limiter;
  readonly ids: Ids;
  /** Why nothing more is sent at all. */
  stopped: ActionError | undefined;
}

/** How an apply ended. */
export interface Applied<D, O> {
  /** One for each creation, update and removal, in the order of the plan. */
  readonly results: readonly ChangeResult<D, O>[];
  /** Everything is as desired; read again after the last change. */
  readonly converged: boolean;
  /** What remains to be done in the scopes that were changed, after they were read again. */
  readonly left: readonly ScopePlan<D, O>[];
  /** Scopes that could not be read again. */
  readonly unread: readonly { readonly name: string; readonly error: ActionError }[];
}

/** What an apply needs. */
export interface Applying<D, O> {
  readonly plan: Plan<D, O>;
  /** By the name of the kind. */
  readonly stores: ReadonlyMap<string, Store<D, O>>;
  readonly limit: Limiter;
}

/** Records the result of changes. */
export function settle<D, O>(
  { results }: Unit<D, O>,
  changes: readonly Change<D, O>[],
  error?: ActionError,
  tried = true,
): void {
  for (const change of changes) results.set(change, { change, tried, ...(error === undefined ? {} : { error }) });
}

/**
 * Whether an error ends more than its own request: a rejected credential, a cancelled workflow and a timeout end
 * everything; a missing permission, and a rate limit that outlasts the retries, end their scope.
 */
export function stops<D, O>(run: Run, unit: Unit<D, O>, error: ActionError): boolean {
  if (['credential_invalid', 'cancelled', 'timeout', 'gate_closed'].includes(error.code)) run.stopped ??= error;
  else if (['permission_denied', 'rate_limited'].includes(error.code)) unit.stopped ??= error;
  else return false;
  return true;
}

/**
 * Whether a change has to wait for something that it refers to and that does not exist. Records why, and that it was not
 * tried.
 */
export function lacksReference<D, O>({ ids }: Run, unit: Unit<D, O>, change: Change<D, O>): boolean {
  const { desired } = change;
  const { kind } = unit.plan.scope;
  const unmet = desired === undefined ? undefined : kind.references?.(desired).find((one) => ids.of(one) === undefined);
  if (unmet === undefined) return false;
  const message = `Not attempted: ${unmet.kind} ${unmet.key}, which it refers to, does not exist.`;
  settle(unit, [change], new ActionError('apply_incomplete', message), false);
  return true;
}
