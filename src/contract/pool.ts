/** Runs what it is given, but never more than `most` at once; what comes later waits for its turn. */
export function pool(most: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // Whoever waits takes over the place, so that nobody else gets it in between.
      if (next === undefined) free += 1;
      else next();
    }
  };
}
