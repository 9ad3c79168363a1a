/** Runs a task when it is its turn. Rejects with the signal's reason if that aborts first; a running task continues. */
export type Turn = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** Runs what it is given, but never more than `most` at once; what comes later waits for its turn. */
export function pool(most: number): Turn {
  let free = most;
  const waiting: (() => void)[] = [];
  const wait = (signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        waiting.splice(waiting.indexOf(next), 1);
        reject(signal?.reason);
      };
      const next = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      waiting.push(next);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  return async (task, signal) => {
    signal?.throwIfAborted();
    if (free === 0) await wait(signal);
    else free -= 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The one that waits takes over the place, so that no other gets it in between.
      if (next === undefined) free += 1;
      else next();
    }
  };
}
