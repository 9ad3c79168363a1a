import { invalidField } from '../request/problem.ts';
import type { World } from '../world/state.ts';
import { type ActivityFilter, searchesWhere, sessionsWhere } from './activity.ts';

/** How long a period is; each begins at midnight UTC. Weeks begin on Monday. */
export type Period = 'day' | 'week' | 'month';

/** What a caller asks of active users; times in Unix seconds. */
export interface ActiveUsersAsked {
  readonly time_after: number;
  readonly time_before: number;
  readonly min_sessions?: number | undefined;
  readonly min_searches?: number | undefined;
}

/** How many users were active from `start_time` to `end_time` (Unix seconds). */
export type ActiveUsersCount = {
  readonly start_time: number;
  readonly end_time: number;
  readonly active_users: number;
};

const DAY = 86_400;
/** Monday, 1969-12-29. */
const MONDAY = -3 * DAY;
/** Maximum number of periods in a response, and the last second that a date can express. */
const MOST_PERIODS = 20_000;
const LAST = 8_640_000_000_000;

/** Who did what when. */
interface Deed {
  readonly at: number;
  readonly userId: string;
  readonly kind: 'session' | 'search';
}

function startOf(period: Period, seconds: number): number {
  if (period === 'day') return Math.floor(seconds / DAY) * DAY;
  if (period === 'week') return Math.floor((seconds - MONDAY) / (7 * DAY)) * 7 * DAY + MONDAY;
  const date = new Date(seconds * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / 1000;
}

/** The start of the period behind one that begins at `start`. */
function nextStart(period: Period, start: number): number {
  if (period === 'day') return start + DAY;
  // A month has at most 31 days, so this lands in the next.
  return period === 'week' ? start + 7 * DAY : startOf(period, start + 31 * DAY);
}

function deedsIn(world: World, filter: ActivityFilter): Deed[] {
  const searches = searchesWhere(world, filter).map(({ at, userId }): Deed => ({ at, userId, kind: 'search' }));
  const sessions = sessionsWhere(world, filter).flatMap(({ session }): Deed[] =>
    session.user_id ? [{ at: session.created_at, userId: session.user_id, kind: 'session' }] : [],
  );
  return [...searches, ...sessions];
}

/** How many users did enough; one of each kind is enough where nothing else is asked for. */
function countActive(deeds: readonly Deed[], asked: ActiveUsersAsked): number {
  const least = { session: asked.min_sessions ?? 1, search: asked.min_searches ?? 1 };
  const byUser = Map.groupBy(deeds, ({ userId }) => userId);
  return [...byUser.values()].filter((own) => {
    const sessions = own.filter(({ kind }) => kind === 'session').length;
    return sessions >= least.session || own.length - sessions >= least.search;
  }).length;
}

const filterOf = ({ time_after: since, time_before: until }: ActiveUsersAsked, orgIds: ActivityFilter['orgIds']) => ({
  since,
  until,
  orgIds,
});

/** The users who were active at any time of the range. */
export function activeUsers(world: World, asked: ActiveUsersAsked, orgIds: ActivityFilter['orgIds']): ActiveUsersCount {
  const active = countActive(deedsIn(world, filterOf(asked, orgIds)), asked);
  return { start_time: asked.time_after, end_time: asked.time_before, active_users: active };
}

/**
 * The active users of each period that the range touches, ending with the period's last second. Only what was done in
 * the range counts. @throws a 422 for a range of too many periods.
 */
export function activeUsersBy(
  period: Period,
  world: World,
  asked: ActiveUsersAsked,
  orgIds: ActivityFilter['orgIds'],
): ActiveUsersCount[] {
  const { time_after: since, time_before: until } = asked;
  if (Math.abs(since) > LAST || Math.abs(until) > LAST || (until - since) / DAY > MOST_PERIODS) {
    throw invalidField(['query', 'time_before'], `The range should be at most ${MOST_PERIODS} days`, 'too_big');
  }
  const byStart = Map.groupBy(deedsIn(world, filterOf(asked, orgIds)), ({ at }) => startOf(period, at));
  const counts: ActiveUsersCount[] = [];
  for (let start = startOf(period, since), next = 0; start < until; start = next) {
    next = nextStart(period, start);
    const active = countActive(byStart.get(start) ?? [], asked);
    counts.push({ start_time: start, end_time: next - 1, active_users: active });
  }
  return counts;
}
