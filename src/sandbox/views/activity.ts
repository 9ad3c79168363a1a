import { momentOf } from '../world/session-life.ts';
import type { SessionView } from '../world/sessions.ts';
import { shelf } from '../world/shelf.ts';
import type { World } from '../world/state.ts';
import { acusConsumed, showSession } from './session-view.ts';
import { billingDay, HISTORY_DAYS, type Worker, workers } from './usage.ts';

/** What to count. What is left out does not narrow. Times in Unix seconds: from `since` up to before `until`. */
export interface ActivityFilter {
  readonly orgIds?: readonly string[] | null | undefined;
  readonly since?: number | null | undefined;
  readonly until?: number | null | undefined;
  readonly playbookId?: string | null | undefined;
  readonly userIds?: readonly string[] | null | undefined;
  readonly serviceUserIds?: readonly string[] | null | undefined;
}

/** A search that a user started; `at` in Unix seconds. */
export interface Search extends Worker {
  readonly at: number;
}

/** A pull request that a session opened; `at` in Unix seconds. */
export interface OpenedPullRequest {
  readonly at: number;
  readonly state: string;
}

/** A session as the API shows it, but for its user and its ACUs, with the number of its messages. */
export interface CountedSession {
  readonly session: SessionView;
  readonly messages: number;
  readonly pullRequests: readonly OpenedPullRequest[];
}

const DAY = 86_400;

/** The searches of the days before today, which are always the same for a day. */
const history = shelf((world): readonly Search[] => {
  const { seeded, now } = world;
  const today = billingDay(now / 1000);
  const searches: Search[] = [];
  for (const [i, worker] of workers(world).entries()) {
    for (let day = today - HISTORY_DAYS * DAY; day < today; day += DAY) {
      const n = Math.floor(day / DAY) + i * 100_000;
      const count = Math.max(0, seeded.below(6, 'searches', n) - 2);
      for (let k = 0; k < count; k += 1) {
        searches.push({ ...worker, at: day + seeded.below(DAY, `search-time-${k}`, n) });
      }
    }
  }
  return searches;
});

function inRange(at: number, { since, until }: ActivityFilter): boolean {
  return at >= (since ?? Number.NEGATIVE_INFINITY) && at < (until ?? Number.POSITIVE_INFINITY);
}

const among = (value: string | null | undefined, wanted: readonly string[] | null | undefined) =>
  !wanted || (typeof value === 'string' && wanted.includes(value));

/** The searches that a filter lets through. */
export function searchesWhere(world: World, filter: ActivityFilter): Search[] {
  return history(world).filter((search) => among(search.orgId, filter.orgIds) && inRange(search.at, filter));
}

/** The sessions that a filter lets through but for their time. */
function sessionsOf(world: World, filter: ActivityFilter): CountedSession[] {
  const { state, now } = world;
  const found: CountedSession[] = [];
  for (const row of state.sessions.all()) {
    const { orgId, value } = row;
    if (!among(orgId, filter.orgIds)) continue;
    if (!among(value.userId, filter.userIds) || !among(value.serviceUserId, filter.serviceUserIds)) continue;
    if (typeof filter.playbookId === 'string' && value.request.playbook_id !== filter.playbookId) continue;
    const shown = showSession(world, row);
    const session = { ...shown, user_id: value.userId, acus_consumed: acusConsumed(world, value) };
    const opened = momentOf(value.steps, now).pullRequest ? value.steps.find((step) => step.pullRequest) : undefined;
    const at = Math.floor((opened?.at ?? value.created) / 1000);
    found.push({
      session,
      messages: value.steps.filter((step) => step.message && step.at <= now).length,
      pullRequests: session.pull_requests.map(({ pr_state: state }) => ({ at, state: state ?? 'open' })),
    });
  }
  return found;
}

/** The sessions that were created when and where a filter says. */
export function sessionsWhere(world: World, filter: ActivityFilter): CountedSession[] {
  return sessionsOf(world, filter).filter(({ session }) => inRange(session.created_at, filter));
}

/** The pull requests that were opened when a filter says, by sessions of any time. */
export function pullRequestsWhere(world: World, filter: ActivityFilter): OpenedPullRequest[] {
  return sessionsOf(world, filter).flatMap(({ pullRequests }) => pullRequests.filter(({ at }) => inRange(at, filter)));
}
