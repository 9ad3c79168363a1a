/** Time and chance, as the world gives them to a run; a test gives others. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A signal that aborts after `ms` and does not keep the process alive. */
  deadline(ms: number): AbortSignal;
  /** A number from 0 up to, not including, 1. */
  random(): number;
}

/** A signal that aborts `ms` after another one did, with its reason. */
export function later(
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
  ms: number,
): AbortSignal {
  const late = new AbortController();
  const follow = () => clock.deadline(ms).addEventListener('abort', () => late.abort(signal.reason));
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  return late.signal;
}

/** A signal that aborts with the workflow, for its reason, or after `ms`, for the reason `over`. */
export function stopping(
  { cancelled, clock }: { readonly cancelled: AbortSignal; readonly clock: Clock },
  ms: number,
  over: Error,
): AbortSignal {
  const stop = new AbortController();
  if (cancelled.aborted) stop.abort(cancelled.reason);
  cancelled.addEventListener('abort', () => stop.abort(cancelled.reason), { once: true });
  clock.deadline(ms).addEventListener('abort', () => stop.abort(over), { once: true });
  return stop.signal;
}

/** The result of some work, unless a signal aborts first: then its reason is thrown, whatever becomes of the work. */
export function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, stopped]);
}
