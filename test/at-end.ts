/** What the tests of a file have opened, and nobody has ended yet. */
const ends: (() => unknown)[] = [];

/**
 * Does something when all tests of the file are over: while several run at the same time, none of them can tell which one
 * `onTestFinished` means.
 */
export const atEnd = (end: () => unknown): void => void ends.push(end);

/** Ends what is open, and fails with what failed first. */
export async function endAll(): Promise<void> {
  for (const end of ends.splice(0)) await end();
}
