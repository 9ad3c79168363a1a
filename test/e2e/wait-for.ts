import { vi } from 'vitest';

/** Waits until a check holds, such as for the end of a session: as with the real API, a terminated one runs on for a moment. */
export const waitFor = (check: () => Promise<void>): Promise<void> =>
  vi.waitFor(check, { interval: 50, timeout: 15_000 });
