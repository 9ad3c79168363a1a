/** What went wrong, as a value: a clause that follows the name of what it is about. */
export interface Failed<P = string> {
  readonly ok: false;
  readonly problem: P;
}

/** What was found, or what went wrong. The other form of a failure is an `ActionError` that is thrown. */
export type Fallible<T, P = string> = ({ readonly ok: true } & T) | Failed<P>;

/** A failure as a value. */
export const failed = <const P>(problem: P): Failed<P> => ({ ok: false, problem });
