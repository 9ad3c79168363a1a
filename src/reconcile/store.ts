import type { ActionError } from '../contract/errors.ts';
import type { Change, Kind, Plan, ScopePlan } from './kind.ts';

/** Where things of a kind are kept. Every call may throw an `ActionError`; one that is ambiguous may have been done. */
export interface Store<D, O> {
  /** All that is there, read to the end. */
  list(scopeId: string): Promise<readonly O[]>;
  /** Creates at most `maxBatch` things with one request. */
  create(scopeId: string, batch: readonly D[]): Promise<void>;
  readonly maxBatch: number;
  /** Changes a thing in place; absent where nothing can be changed. */
  update?(scopeId: string, desired: D, observed: O): Promise<void>;
  remove(scopeId: string, observed: O): Promise<void>;
  /** Puts a whole set in the place of what is there; absent where there is no such request. */
  readonly replacing?: Replacing<D, O> | undefined;
}

/** How a whole set is replaced with one request. */
export interface Replacing<D, O> {
  /** Most things that one request takes. A larger set is never cut to fit. */
  readonly most: number;
  /** What to ask for so that this stays; undefined where that cannot be said. */
  asDesired(observed: O): D | undefined;
  replace(scopeId: string, entries: readonly D[]): Promise<void>;
}

/** Runs tasks, but never too many at once. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** What became of one change. `error` says why it was not made; it was not even `tried` where something before it failed. */
export interface Result<D, O> {
  readonly change: Change<D, O>;
  readonly tried: boolean;
  readonly error?: ActionError;
}

/** A scope that is being changed. */
export interface Unit<D, O> {
  readonly plan: ScopePlan<D, O>;
  readonly results: Map<Change<D, O>, Result<D, O>>;
  /** Why nothing more is sent for this scope. */
  stopped: ActionError | undefined;
  /** The whole set was replaced, or is not to be touched. */
  settled: boolean;
}

/** An apply on its way. */
export interface Run<D, O> {
  readonly kind: Kind<D, O>;
  readonly store: Store<D, O>;
  readonly limit: Limiter;
  /** Why nothing more is sent at all. */
  stopped: ActionError | undefined;
}

/** How an apply ended. */
export interface Applied<D, O> {
  /** One for each creation, update and removal, in the order of the plan. */
  readonly results: readonly Result<D, O>[];
  /** Everything is as desired; looked up after the last change. */
  readonly converged: boolean;
  /** What is still to be done, by another look at the scopes that were changed. */
  readonly left: readonly ScopePlan<D, O>[];
  /** Scopes that could not be read again. */
  readonly unread: readonly { readonly name: string; readonly error: ActionError }[];
}

/** What an apply needs. */
export interface Applying<D, O> {
  readonly kind: Kind<D, O>;
  readonly store: Store<D, O>;
  readonly plan: Plan<D, O>;
  readonly limit: Limiter;
}

/** Notes what became of changes. */
export function settle<D, O>(
  { results }: Unit<D, O>,
  changes: readonly Change<D, O>[],
  error?: ActionError,
  tried = true,
): void {
  for (const change of changes) results.set(change, { change, tried, ...(error === undefined ? {} : { error }) });
}

/**
 * Whether an error ends more than its own request: a credential that is refused, a cancelled workflow and the end of
 * the time end everything; a missing permission, and a server that keeps asking to slow down, end their scope.
 */
export function stops<D, O>(run: Run<D, O>, unit: Unit<D, O>, error: ActionError): boolean {
  if (['credential_invalid', 'cancelled', 'timeout', 'gate_closed'].includes(error.code)) run.stopped ??= error;
  else if (['permission_denied', 'rate_limited'].includes(error.code)) unit.stopped ??= error;
  else return false;
  return true;
}
