import { organizationId } from '../seed.ts';
import type { World } from '../state.ts';

/** Seconds of a day. */
export const DAY = 86_400;
const HOUR = 3600;

/** When the first organization was made, in Unix seconds: 200 days before the sandbox's own beginning. */
export function beginningOf({ state, now }: World): number {
  const [oldest] = state.organizations.all();
  if (!oldest || oldest.n > state.counts.organizations) return Math.floor(now / 1000) - 200 * DAY;
  return oldest.value.created_at - (oldest.n - 1) * HOUR;
}

/** The id of the nth organization, counted from 0, that the sandbox began with, be it deleted since or not. */
export function seededOrganization({ seeded, state }: World, n: number): string | undefined {
  return n < state.counts.organizations ? organizationId(seeded, n) : undefined;
}
