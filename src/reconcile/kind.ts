/** What a change does to access: it gives some, takes some, or neither. The guards count both. */
export type Effect = 'opens' | 'restricts';

/**
 * The result of comparing a desired thing with an existing one: nothing to do, a change (`update` says which, such as
 * `read-only → writable`), or what prevents one.
 */
type Difference =
  | undefined
  | { readonly update: string; readonly reason: string; readonly escalation: boolean; readonly effect?: Effect }
  | { readonly conflict: string };

/** Whether a thing can be created, and what a plan says about it. */
type Creation =
  | { readonly reason: string; readonly escalation: boolean; readonly effect?: Effect }
  | { readonly conflict: string };

/** How a thing appears in a plan: `repo`, `acme/api`, `read-only`. */
interface Shown {
  readonly type: string;
  readonly name: string;
  readonly note?: string;
  /** The connection or other owner that it is reached by; shown if there are several. */
  readonly via?: string;
}

/** A thing of some kind that another one refers to: by its key, since it may not exist yet. */
export interface Reference {
  /** Name of its kind. */
  readonly kind: string;
  readonly scopeId: string;
  readonly key: string;
}

/**
 * What one kind of resource is like: how its things are told apart, compared and shown. It sends nothing. `D` is a
 * desired thing, `O` an existing one. Only the texts, the names and the sentences that a kind returns become part of a
 * plan, its hash and its file: a sensitive value stays inside `D`.
 */
export interface Kind<D, O> {
  /** Name of one thing, such as `git permission`. */
  readonly name: string;
  /** Names of the kinds whose things must exist first; they are also removed later. */
  readonly dependsOn?: readonly string[];
  /** Why its things are never removed, as a clause; absent if they can be. */
  readonly irremovable?: string;
  /** What an update with the effect `restricts` does to an entry: `lose write access`. */
  readonly restricted: string;
  /** A desired thing and an existing one with the same key are the same, within their scope. */
  desiredKey(desired: D): string;
  observedKey(observed: O): string;
  /** The server's own ID. Two rows of a list with one ID are one thing, whatever else they say. */
  observedId(observed: O): string;
  /** Everything that a plan depends on, in one line, without IDs and times that the server assigns. */
  desiredText(desired: D): string;
  observedText(observed: O): string;
  compare(desired: D, observed: O): Difference;
  /** Earlier keys of a desired thing: an existing one with such a key is renamed, if it is not desired itself. */
  earlierKeys?(desired: D): readonly string[];
  /** What a desired thing refers to. It is not sent while one of them could not be created. */
  references?(desired: D): readonly Reference[];
  create(desired: D): Creation;
  showDesired(desired: D): Shown;
  showObserved(observed: O): Shown;
  /** True if an existing thing grants what `desired` asks for: it must stay while that could not be created. */
  covers?(observed: O, desired: D): boolean;
}

/** The things of one kind and one owner, such as an organization, as they should be and as they are. */
export interface Scope<D, O> {
  readonly kind: Kind<D, O>;
  readonly id: string;
  readonly name: string;
  /** Removes what exists and is not desired. */
  readonly prune: boolean;
  /** Each key once. */
  readonly desired: readonly D[];
  readonly observed: readonly O[];
  /** True for what is neither removed nor restricted, whatever is desired. */
  isProtected(observed: O): boolean;
}

/** What is done with one thing. `protected` and `conflict` change nothing. */
export type Action = 'create' | 'update' | 'delete' | 'protected' | 'conflict';

/** One line of a plan. */
export interface Change<D, O> {
  readonly action: Action;
  readonly key: string;
  /** Absent if only the other side has it. */
  readonly desired?: D;
  readonly observed?: O;
  /** What an update changes. */
  readonly update?: string;
  readonly reason: string;
  /** It opens more than it seems to, so a reviewer should check it. */
  readonly escalation: boolean;
  readonly effect?: Effect;
  readonly shown: Shown;
  /** All that the plan depends on of the existing and of the desired thing; absent like them. */
  readonly from?: string;
  readonly to?: string;
  /** Of a removal of something that exists more than once: the one that remains. */
  readonly twin?: O;
}

/** What a scope needs. */
export interface ScopePlan<D, O> {
  readonly scope: Scope<D, O>;
  /** Ordered by action and key: conflicts, creations, updates, removals, and what is protected. */
  readonly changes: readonly Change<D, O>[];
  readonly unchanged: number;
  /** Exists, is not desired, and is left alone since `prune` is off. */
  readonly unmanaged: number;
  /** SHA-256 of the desired and of the existing things, hexadecimal. */
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

/** What has to be done so that the existing things become the desired ones. */
export interface Plan<D, O> {
  /** What it is about, as its file and its comment name it, such as `git permission`. */
  readonly name: string;
  /** Ordered by their dependencies. */
  readonly kinds: readonly Kind<D, O>[];
  /** Ordered by kind and ID. */
  readonly scopes: readonly ScopePlan<D, O>[];
  readonly counts: Counts;
  /** SHA-256 over the desired things, the existing ones and the changes, hexadecimal: equal for equal worlds. */
  readonly hash: string;
}
