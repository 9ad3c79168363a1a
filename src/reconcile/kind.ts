/**
 * What comparing a desired thing with the one that is there gives: nothing to do, a change (`update` says which, such as
 * `read-only → writable`), or what forbids one.
 */
export type Difference =
  | undefined
  | { readonly update: string; readonly reason: string; readonly escalation: boolean }
  | { readonly conflict: string };

/** Whether a thing can be created, and what is to be said of it. */
export type Creation = { readonly reason: string; readonly escalation: boolean } | { readonly conflict: string };

/** How a thing appears in a plan: `repo`, `acme/api`, `read-only`. */
export interface Shown {
  readonly type: string;
  readonly name: string;
  readonly note?: string;
  /** The connection or other owner by which it is reached; shown where there are several. */
  readonly via?: string;
}

/**
 * What one kind of resource is like: how its things are told apart, compared and shown. It sends nothing. `D` is a
 * thing as it is wanted, `O` one that is there.
 */
export interface Kind<D, O> {
  /** Name of one thing, such as `git permission`. */
  readonly name: string;
  /** Under which a desired thing and one that is there are the same, within their scope. */
  desiredKey(desired: D): string;
  observedKey(observed: O): string;
  /** All that a plan depends on, in one line, without ids and times that the server gives. */
  desiredText(desired: D): string;
  observedText(observed: O): string;
  compare(desired: D, observed: O): Difference;
  create(desired: D): Creation;
  showDesired(desired: D): Shown;
  showObserved(observed: O): Shown;
  /** True where a thing that is there gives what `desired` asks for: it must not go while that could not be created. */
  covers?(observed: O, desired: D): boolean;
}

/** The things of one owner, such as an organization, as they should be and as they are. */
export interface Scope<D, O> {
  readonly id: string;
  readonly name: string;
  /** Takes away what is there and not desired. */
  readonly prune: boolean;
  /** Each key once. */
  readonly desired: readonly D[];
  readonly observed: readonly O[];
  /** True for what must stay, whatever is desired. */
  isProtected(observed: O): boolean;
}

/** What is done with one thing. `protected` and `conflict` change nothing. */
export type Action = 'create' | 'update' | 'delete' | 'protected' | 'conflict';

/** One line of a plan. */
export interface Change<D, O> {
  readonly action: Action;
  readonly key: string;
  /** Absent where only the other side has it. */
  readonly desired?: D;
  readonly observed?: O;
  /** What an update changes. */
  readonly update?: string;
  readonly reason: string;
  /** It opens more than it seems to, so somebody should look twice. */
  readonly escalation: boolean;
}

/** What a scope needs. */
export interface ScopePlan<D, O> {
  readonly scope: Scope<D, O>;
  /** Ordered by action and key: conflicts, creations, updates, removals, and what is protected. */
  readonly changes: readonly Change<D, O>[];
  readonly unchanged: number;
  /** There, not desired, and left alone since `prune` is off. */
  readonly unmanaged: number;
  /** SHA-256 of what is desired and of what is there, hexadecimal. */
  readonly desiredDigest: string;
  readonly observedDigest: string;
}

/** How many of each there are. */
export interface Counts {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly unmanaged: number;
  readonly protected: number;
  readonly conflicts: number;
  readonly escalations: number;
}

/** What has to be done so that what is there becomes what is desired. */
export interface Plan<D, O> {
  /** Ordered by id. */
  readonly scopes: readonly ScopePlan<D, O>[];
  readonly counts: Counts;
  /** SHA-256 over what is desired, what is there and the changes, hexadecimal: equal for equal worlds. */
  readonly hash: string;
}
