import { beginningOf, organizationId, serviceUserId } from '../world/seed.ts';
import { shelf } from '../world/shelf.ts';
import type { World } from '../world/state.ts';
import { acusConsumed } from './session-view.ts';

/** The products that use ACUs. */
type Product = 'devin' | 'cascade' | 'terminal' | 'review';

/** What one user or service user used of one product at one time. Every figure about consumption is a sum of these. */
export interface UsageEntry {
  /** Unix seconds. */
  readonly at: number;
  readonly orgId: string;
  /** Exactly one of `userId` and `serviceUserId` is set: whoever is asked to pay for it. */
  readonly userId: string | null;
  readonly serviceUserId: string | null;
  /** The session, where it is one that the sandbox still knows. */
  readonly sessionId: string | null;
  readonly product: Product;
  /** Tenths of an ACU, so that sums are exact. */
  readonly tenths: number;
}

/** Which entries to count. What is left out does not narrow. Times in Unix seconds: from `since` up to before `until`. */
export interface UsageFilter {
  readonly orgIds?: readonly string[] | null | undefined;
  readonly userId?: string | undefined;
  readonly serviceUserId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly products?: readonly Product[] | undefined;
  readonly since?: number | null | undefined;
  readonly until?: number | null | undefined;
}

/** ACUs of one day, whose `date` is its start in Unix seconds. `review` is null where there was none. */
type DailyConsumption = {
  readonly date: number;
  readonly acus: number;
  readonly acus_by_product: {
    readonly devin: number;
    readonly cascade: number;
    readonly terminal: number;
    readonly review: number | null;
  };
};

/** ACUs in all and day by day; days without any are left out. */
export type Consumption = { readonly total_acus: number; readonly consumption_by_date: DailyConsumption[] };

/** Days of usage before the sandbox's sessions. */
export const HISTORY_DAYS = 60;

const DAY = 86_400;
/** Midnight PST, where a billing day begins, in seconds after midnight UTC. */
const BOUNDARY = 8 * 3600;
/** The day of the month on which a billing cycle begins. */
const CYCLE_DAY = 5;
/** Maximum number of users and of organizations that have a history. */
const MOST = 100;

/** The start of the billing day in which a time lies; both in Unix seconds. */
export function billingDay(seconds: number): number {
  return Math.floor((seconds - BOUNDARY) / DAY) * DAY + BOUNDARY;
}

/** A seeded user and the organization in which they work. */
export interface Worker {
  readonly userId: string;
  readonly orgId: string;
}

/** The users who have a history, whatever became of them since. */
export function workers({ state, seeded }: World): Worker[] {
  const { users, organizations } = state.counts;
  return Array.from({ length: Math.min(MOST, organizations > 0 ? users : 0) }, (_, i) => ({
    userId: `user-${seeded.hex('user', i)}`,
    orgId: organizationId(seeded, i % organizations),
  }));
}

type Draft = Pick<UsageEntry, 'orgId' | 'userId' | 'serviceUserId'>;

interface Habit extends Draft {
  /** Out of seven days, on how many it is used. */
  readonly days: number;
  readonly product: Product;
  /** Tenths of an ACU on a day, at most. */
  readonly most: number;
}

function habits(world: World): Habit[] {
  const { state, seeded } = world;
  const all: Habit[] = [];
  for (const [i, { orgId, userId }] of workers(world).entries()) {
    const who = { orgId, userId, serviceUserId: null };
    all.push({ ...who, product: 'devin', days: 5, most: 80 });
    if (i % 2 === 0) all.push({ ...who, product: 'cascade', days: 3, most: 20 });
    if (i % 4 === 1) all.push({ ...who, product: 'terminal', days: 2, most: 8 });
  }
  const robot = { userId: null, serviceUserId: serviceUserId(seeded, 'cog_sandbox_enterprise') };
  for (let i = 0; i < Math.min(MOST, state.counts.organizations); i += 1) {
    const who = { ...robot, orgId: organizationId(seeded, i) };
    all.push({ ...who, product: 'devin', days: 6, most: 60 }, { ...who, product: 'review', days: 3, most: 25 });
    if (i > 0) continue;
    const own = serviceUserId(seeded, 'cog_sandbox_org');
    all.push({ ...who, serviceUserId: own, product: 'devin', days: 4, most: 40 });
  }
  return all;
}

/** What was used on the days before today, by sessions that are no longer kept. A day's figures are always the same. */
const history = shelf((world): readonly UsageEntry[] => {
  const { seeded, now } = world;
  const today = billingDay(now / 1000);
  const entries: UsageEntry[] = [];
  for (const [i, { days, product, most, ...who }] of habits(world).entries()) {
    for (let ago = HISTORY_DAYS; ago > 0; ago -= 1) {
      const day = today - ago * DAY;
      const n = (day - BOUNDARY) / DAY + i * 100_000;
      if (seeded.below(7, 'usage-day', n) >= days) continue;
      const at = day + seeded.below(DAY, 'usage-time', n);
      entries.push({ ...who, at, product, sessionId: null, tenths: 1 + seeded.below(most, 'usage', n) });
    }
  }
  return entries;
});

function sessionEntries(world: World): UsageEntry[] {
  return world.state.sessions.all().map(({ id, orgId, value }) => ({
    at: Math.floor(value.created / 1000),
    orgId: orgId ?? '',
    userId: value.userId,
    serviceUserId: value.userId === null ? value.serviceUserId : null,
    sessionId: id,
    product: 'devin',
    tenths: Math.round(acusConsumed(world, value) * 10),
  }));
}

/** The entries that a filter lets through, in no certain order. A session's ACUs fall on the day of its creation. */
export function usageEntries(world: World, filter: UsageFilter = {}): UsageEntry[] {
  const { orgIds, userId, serviceUserId: robot, sessionId, products, since, until } = filter;
  const orgs = orgIds && new Set(orgIds);
  const wanted = (entry: UsageEntry) =>
    (!orgs || orgs.has(entry.orgId)) &&
    (userId === undefined || entry.userId === userId) &&
    (robot === undefined || entry.serviceUserId === robot) &&
    (sessionId === undefined || entry.sessionId === sessionId) &&
    (!products || products.includes(entry.product)) &&
    entry.at >= (since ?? Number.NEGATIVE_INFINITY) &&
    entry.at < (until ?? Number.POSITIVE_INFINITY);
  return [...history(world), ...sessionEntries(world)].filter(wanted);
}

/** The ACUs of entries. */
export function acusOf(entries: readonly UsageEntry[]): number {
  return entries.reduce((sum, { tenths }) => sum + tenths, 0) / 10;
}

function dayOf(date: number, entries: readonly UsageEntry[]): DailyConsumption {
  const of = (product: Product) => acusOf(entries.filter((entry) => entry.product === product));
  const [devin, cascade, terminal] = [of('devin'), of('cascade'), of('terminal')];
  return { date, acus: acusOf(entries), acus_by_product: { devin, cascade, terminal, review: of('review') || null } };
}

/** The consumption of what a filter lets through, oldest day first. */
export function consumption(world: World, filter: UsageFilter = {}): Consumption {
  const entries = usageEntries(world, filter).filter(({ tenths }) => tenths > 0);
  const days = Map.groupBy(entries, ({ at }) => billingDay(at));
  return {
    total_acus: acusOf(entries),
    consumption_by_date: [...days].sort(([a], [b]) => a - b).map(([date, part]) => dayOf(date, part)),
  };
}

/** A billing cycle in Unix seconds: from `after` up to before `before`. */
export interface Cycle {
  readonly n: number;
  readonly after: number;
  readonly before: number;
}

/** The cycles from the first organization's beginning on, without a gap, oldest first; the last one is running. */
export function billingCycles({ state, now }: World): Cycle[] {
  const current = Math.floor(now / 1000);
  const beginning = beginningOf(state);
  const date = new Date(beginning * 1000);
  // The cycle in which the beginning lies starts in its month, or in the one before.
  let month = date.getUTCFullYear() * 12 + date.getUTCMonth() - 1;
  const startOf = (months: number) => Date.UTC(Math.floor(months / 12), months % 12, CYCLE_DAY, 8) / 1000;
  while (startOf(month + 1) <= beginning) month += 1;
  const cycles: Cycle[] = [];
  for (; startOf(month) <= current; month += 1) {
    cycles.push({ n: cycles.length + 1, after: startOf(month), before: startOf(month + 1) });
  }
  return cycles;
}
