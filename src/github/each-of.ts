/** Maps a list, at most `width` entries at a time; the results come in the order of the list. */
export async function eachOf<T, R>(list: readonly T[], width: number, map: (entry: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < list.length; at = next++) {
      const entry = list[at];
      if (entry !== undefined) results[at] = await map(entry);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, list.length) }, worker));
  return results;
}
