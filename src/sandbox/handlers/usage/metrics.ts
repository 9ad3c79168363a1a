import * as metrics from '../../../devin/endpoints/metrics.ts';
import { activeUsers, activeUsersBy } from '../../views/active-users.ts';
import { type ActivityFilter, pullRequestsWhere, searchesWhere, sessionsWhere } from '../../views/activity.ts';
import { SIZES, sizeOf } from '../../views/session-facts.ts';
import { type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import type { World } from '../../world/state.ts';

/** Origins that are counted; those of other sessions are in the total only. */
const ORIGINS = ['api', 'automation', 'desktop', 'jira', 'linear', 'slack', 'teams', 'webapp'];

interface Range {
  readonly time_after?: number | null | undefined;
  readonly time_before?: number | null | undefined;
}

interface People {
  readonly playbook_id?: string | null | undefined;
  readonly user_ids?: string[] | null | undefined;
  readonly service_user_ids?: string[] | null | undefined;
}

function filterOf(query: Range & People, orgIds: ActivityFilter['orgIds']): ActivityFilter {
  return {
    orgIds,
    since: query.time_after,
    until: query.time_before,
    playbookId: query.playbook_id,
    userIds: query.user_ids,
    serviceUserIds: query.service_user_ids,
  };
}

/** The organization of a path, as a filter. @throws a 404 */
function ofPath(call: { readonly world: World; param(name: 'org_id'): string }): string[] {
  return [organizationOf(call).id];
}

/** How often each of `names` occurs among `values`. */
function tally(names: readonly string[], values: readonly (string | null | undefined)[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, values.filter((value) => value === name).length]));
}

/** Sums of decimals to the tenth, in which the sandbox counts ACUs. */
function sum(acus: readonly number[]): number {
  return acus.reduce((total, one) => total + Math.round(one * 10), 0) / 10;
}

function pullRequests(world: World, filter: ActivityFilter) {
  const found = pullRequestsWhere(world, filter);
  const states = tally(
    ['open', 'merged', 'closed'],
    found.map(({ state }) => state),
  );
  return {
    prs_created_count: found.length,
    prs_opened_count: states['open'] ?? 0,
    prs_merged_count: states['merged'] ?? 0,
    prs_closed_count: states['closed'] ?? 0,
    prs_taken_over_count: 0,
    prs_taken_over_opened_count: 0,
    prs_taken_over_merged_count: 0,
    prs_taken_over_closed_count: 0,
  };
}

function searches(world: World, filter: ActivityFilter) {
  return { searches_created_count: searchesWhere(world, filter).length };
}

function sessions(world: World, filter: ActivityFilter) {
  const found = sessionsWhere(world, filter).map(({ session, messages, pullRequests: opened }) => ({
    ...session,
    size: sizeOf(session.acus_consumed, messages),
    merged: opened.some(({ state }) => state === 'merged'),
  }));
  const merged = found.filter((session) => session.merged);
  const acus = sum(found.map(({ acus_consumed }) => acus_consumed));
  return {
    avg_acus_per_session: Math.round((acus * 100) / Math.max(1, found.length)) / 100,
    sessions_created_by_origin: tally(
      ORIGINS,
      found.map(({ origin }) => origin),
    ),
    sessions_created_by_size: tally(
      SIZES,
      found.map(({ size }) => size),
    ),
    sessions_created_count: found.length,
    sessions_created_with_playbook_count: found.filter(({ playbook_id }) => typeof playbook_id === 'string').length,
    // The sandbox starts no session out of a search.
    sessions_created_with_search_count: 0,
    sessions_with_merged_prs_by_size: tally(
      SIZES,
      merged.map(({ size }) => size),
    ),
    sessions_with_merged_prs_count: merged.length,
  };
}

function byCategory(world: World, filter: ActivityFilter) {
  const found = sessionsWhere(world, filter).map(({ session }) => session);
  const groups = Map.groupBy(found, ({ category }) => category ?? 'other');
  const categories = [...groups].map(([category, group]) => {
    const figures = { acus: sum(group.map(({ acus_consumed }) => acus_consumed)), sessions_count: group.length };
    // The sandbox's sessions have no subcategory.
    const none = { subcategory_id: null, display_name: 'Uncategorized', ...figures };
    return { category, ...figures, subcategories: [none] };
  });
  return { categories: categories.sort((a, b) => (a.category < b.category ? -1 : 1)) };
}

function usage(world: World, filter: ActivityFilter) {
  const opened = pullRequestsWhere(world, filter);
  return {
    prs_created_count: opened.length,
    prs_merged_count: opened.filter(({ state }) => state === 'merged').length,
    searches_count: searchesWhere(world, filter).length,
    sessions_count: sessionsWhere(world, filter).length,
  };
}

/** Figures about users, sessions, searches and pull requests, of the enterprise and of one organization. */
export const metricHandlers: readonly Handler[] = [
  on(metrics.getEnterpriseActiveUsers, ({ world, query }) => activeUsers(world, query, query.org_ids)),
  on(metrics.getEnterpriseDau, ({ world, query }) => activeUsersBy('day', world, query, query.org_ids)),
  on(metrics.getEnterpriseWau, ({ world, query }) => activeUsersBy('week', world, query, query.org_ids)),
  on(metrics.getEnterpriseMau, ({ world, query }) => activeUsersBy('month', world, query, query.org_ids)),
  on(metrics.getEnterprisePrMetrics, ({ world, query }) => pullRequests(world, filterOf(query, query.org_ids))),
  on(metrics.getEnterpriseSearchMetrics, ({ world, query }) => searches(world, filterOf(query, query.org_ids))),
  on(metrics.getEnterpriseSessionMetrics, ({ world, query }) => sessions(world, filterOf(query, query.org_ids))),
  on(metrics.getEnterpriseSessionsByCategory, ({ world, query }) => byCategory(world, filterOf(query, query.org_ids))),
  on(metrics.getEnterpriseUsageMetrics, ({ world, query }) => usage(world, filterOf(query, null))),
  on(metrics.getOrgUsageMetricsAsEnterprise, (call) => usage(call.world, filterOf(call.query, ofPath(call)))),
  on(metrics.getOrgActiveUsers, (call) => activeUsers(call.world, call.query, ofPath(call))),
  on(metrics.getOrgDau, (call) => activeUsersBy('day', call.world, call.query, ofPath(call))),
  on(metrics.getOrgWau, (call) => activeUsersBy('week', call.world, call.query, ofPath(call))),
  on(metrics.getOrgMau, (call) => activeUsersBy('month', call.world, call.query, ofPath(call))),
  on(metrics.getOrgPrMetrics, (call) => pullRequests(call.world, filterOf(call.query, ofPath(call)))),
  on(metrics.getOrgSearchMetrics, (call) => searches(call.world, filterOf(call.query, ofPath(call)))),
  on(metrics.getOrgSessionMetrics, (call) => sessions(call.world, filterOf(call.query, ofPath(call)))),
  on(metrics.getOrgUsageMetrics, (call) => usage(call.world, filterOf(call.query, ofPath(call)))),
];
