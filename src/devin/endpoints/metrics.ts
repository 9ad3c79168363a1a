import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, seconds, tolerant } from '../tolerant.ts';
import { optionalRange, optionalText, requiredRange, texts } from './shapes.ts';

const count = () => z.int();
const optionalCount = () => z.optional(z.int());

/** How many users were active from `start_time` to `end_time` (Unix seconds). */
export const ActiveUsers = lazy(() => tolerant({ start_time: seconds(), end_time: seconds(), active_users: count() }));

/** One entry per day, week or month of UTC; weeks begin on Monday. */
const ActiveUsersByPeriod = lazy(() => list(ActiveUsers()));

/** Pull requests by their state. Those that a person took over are counted separately. */
export const PullRequestMetrics = lazy(() =>
  tolerant({
    prs_created_count: count(),
    prs_opened_count: count(),
    prs_merged_count: count(),
    prs_closed_count: count(),
    prs_taken_over_count: optionalCount(),
    prs_taken_over_opened_count: optionalCount(),
    prs_taken_over_merged_count: optionalCount(),
    prs_taken_over_closed_count: optionalCount(),
  }),
);

/** Searches that were started. */
export const SearchMetrics = lazy(() => tolerant({ searches_created_count: count() }));

const CountsBySize = lazy(() =>
  tolerant({
    xs: optionalCount(),
    s: optionalCount(),
    m: optionalCount(),
    l: optionalCount(),
    xl: optionalCount(),
  }),
);

/** Sessions by origin, of which only these are counted; those of schedules are under `automation`. */
const CountsByOrigin = lazy(() =>
  tolerant({
    api: optionalCount(),
    automation: optionalCount(),
    desktop: optionalCount(),
    jira: optionalCount(),
    linear: optionalCount(),
    slack: optionalCount(),
    teams: optionalCount(),
    webapp: optionalCount(),
  }),
);

/** Sessions that were started, by origin and size, and what they brought. */
export const SessionMetrics = lazy(() =>
  tolerant({
    avg_acus_per_session: z.number(),
    sessions_created_by_origin: CountsByOrigin(),
    sessions_created_by_size: CountsBySize(),
    sessions_created_count: count(),
    sessions_created_with_playbook_count: count(),
    sessions_created_with_search_count: count(),
    sessions_with_merged_prs_by_size: CountsBySize(),
    sessions_with_merged_prs_count: count(),
  }),
);

/** Sessions and their ACUs by category and subcategory. */
export const SessionsByCategory = lazy(() =>
  tolerant({
    categories: z.array(
      tolerant({
        category: z.string(),
        acus: z.number(),
        sessions_count: count(),
        subcategories: z.array(
          tolerant({
            subcategory_id: z.nullable(z.string()),
            display_name: z.string(),
            acus: z.number(),
            sessions_count: count(),
          }),
        ),
      }),
    ),
  }),
);

/** Sessions, searches and pull requests in one answer. */
export const UsageMetrics = lazy(() =>
  tolerant({
    prs_created_count: count(),
    prs_merged_count: count(),
    searches_count: count(),
    sessions_count: count(),
  }),
);

/** A user is active who started at least this many sessions or searches. */
const threshold = { min_sessions: optionalCount(), min_searches: optionalCount() };
const people = { playbook_id: optionalText(), user_ids: texts(), service_user_ids: texts() };
const organizations = { org_ids: texts() };

const ActiveUsersQuery = lazy(() => z.strictObject({ ...requiredRange, ...threshold, ...organizations }));
const OrgActiveUsersQuery = lazy(() => z.strictObject({ ...requiredRange, ...threshold }));
const SessionsQuery = lazy(() => z.strictObject({ ...requiredRange, ...organizations, ...people }));
const OrgSessionsQuery = lazy(() => z.strictObject({ ...requiredRange, ...people }));
const RangeQuery = lazy(() => z.strictObject({ ...requiredRange, ...organizations }));
const OrgRangeQuery = lazy(() => z.strictObject(requiredRange));
const UsageQuery = lazy(() => z.strictObject(optionalRange));

const ENTERPRISE = ['ViewAccountMetrics'];

/** https://docs.devin.ai/api-reference/v3/metrics */
export const getEnterpriseActiveUsers = endpoint(
  'getEnterpriseActiveUsers',
  'GET /v3/enterprise/metrics/active-users',
  {
    summary: 'Count the active users of the enterprise',
    permission: ENTERPRISE,
    query: ActiveUsersQuery,
    answer: ActiveUsers,
  },
);

/** Active users, day by day. */
export const getEnterpriseDau = endpoint('getEnterpriseDau', 'GET /v3/enterprise/metrics/dau', {
  summary: 'Count the active users of the enterprise by day',
  permission: ENTERPRISE,
  query: ActiveUsersQuery,
  answer: ActiveUsersByPeriod,
});

/** Active users, week by week. */
export const getEnterpriseWau = endpoint('getEnterpriseWau', 'GET /v3/enterprise/metrics/wau', {
  summary: 'Count the active users of the enterprise by week',
  permission: ENTERPRISE,
  query: ActiveUsersQuery,
  answer: ActiveUsersByPeriod,
});

/** Active users, month by month. */
export const getEnterpriseMau = endpoint('getEnterpriseMau', 'GET /v3/enterprise/metrics/mau', {
  summary: 'Count the active users of the enterprise by month',
  permission: ENTERPRISE,
  query: ActiveUsersQuery,
  answer: ActiveUsersByPeriod,
});

/** Pull requests of all organizations, or of some. */
export const getEnterprisePrMetrics = endpoint('getEnterprisePrMetrics', 'GET /v3/enterprise/metrics/prs', {
  summary: 'Count the pull requests of the enterprise',
  permission: ENTERPRISE,
  query: SessionsQuery,
  answer: PullRequestMetrics,
});

/** Searches of all organizations, or of some. */
export const getEnterpriseSearchMetrics = endpoint(
  'getEnterpriseSearchMetrics',
  'GET /v3/enterprise/metrics/searches',
  { summary: 'Count the searches of the enterprise', permission: ENTERPRISE, query: RangeQuery, answer: SearchMetrics },
);

/** Sessions of all organizations, or of some. */
export const getEnterpriseSessionMetrics = endpoint(
  'getEnterpriseSessionMetrics',
  'GET /v3/enterprise/metrics/sessions',
  {
    summary: 'Count the sessions of the enterprise',
    permission: ENTERPRISE,
    query: SessionsQuery,
    answer: SessionMetrics,
    beta: true,
  },
);

/** Sessions and ACUs of all organizations, or of some, by category. */
export const getEnterpriseSessionsByCategory = endpoint(
  'getEnterpriseSessionsByCategory',
  'GET /v3/enterprise/metrics/sessions-by-category',
  {
    summary: 'Count the sessions of the enterprise by category',
    permission: ENTERPRISE,
    query: RangeQuery,
    answer: SessionsByCategory,
  },
);

/** Sessions, searches and pull requests; the range may be left out. */
export const getEnterpriseUsageMetrics = endpoint('getEnterpriseUsageMetrics', 'GET /v3/enterprise/metrics/usage', {
  summary: 'Show the usage of the enterprise',
  permission: ENTERPRISE,
  query: UsageQuery,
  answer: UsageMetrics,
});

/** The same of one organization, by an enterprise permission. */
export const getOrgUsageMetricsAsEnterprise = endpoint(
  'getOrgUsageMetricsAsEnterprise',
  'GET /v3/enterprise/organizations/{org_id}/metrics/usage',
  {
    summary: 'Show the usage of one organization of the enterprise',
    permission: ENTERPRISE,
    query: UsageQuery,
    answer: UsageMetrics,
  },
);

/** Active users of one organization. No permission is documented for the metrics of an organization. */
export const getOrgActiveUsers = endpoint('getOrgActiveUsers', 'GET /v3/organizations/{org_id}/metrics/active-users', {
  summary: 'Count the active users of an organization',
  permission: [],
  query: OrgActiveUsersQuery,
  answer: ActiveUsers,
});

/** Active users of one organization, day by day. */
export const getOrgDau = endpoint('getOrgDau', 'GET /v3/organizations/{org_id}/metrics/dau', {
  summary: 'Count the active users of an organization by day',
  permission: [],
  query: OrgActiveUsersQuery,
  answer: ActiveUsersByPeriod,
});

/** Active users of one organization, week by week. */
export const getOrgWau = endpoint('getOrgWau', 'GET /v3/organizations/{org_id}/metrics/wau', {
  summary: 'Count the active users of an organization by week',
  permission: [],
  query: OrgActiveUsersQuery,
  answer: ActiveUsersByPeriod,
});

/** Active users of one organization, month by month. */
export const getOrgMau = endpoint('getOrgMau', 'GET /v3/organizations/{org_id}/metrics/mau', {
  summary: 'Count the active users of an organization by month',
  permission: [],
  query: OrgActiveUsersQuery,
  answer: ActiveUsersByPeriod,
});

/** Pull requests of one organization. */
export const getOrgPrMetrics = endpoint('getOrgPrMetrics', 'GET /v3/organizations/{org_id}/metrics/prs', {
  summary: 'Count the pull requests of an organization',
  permission: [],
  query: OrgSessionsQuery,
  answer: PullRequestMetrics,
});

/** Searches of one organization. */
export const getOrgSearchMetrics = endpoint('getOrgSearchMetrics', 'GET /v3/organizations/{org_id}/metrics/searches', {
  summary: 'Count the searches of an organization',
  permission: [],
  query: OrgRangeQuery,
  answer: SearchMetrics,
});

/** Sessions of one organization. */
export const getOrgSessionMetrics = endpoint(
  'getOrgSessionMetrics',
  'GET /v3/organizations/{org_id}/metrics/sessions',
  {
    summary: 'Count the sessions of an organization',
    permission: [],
    query: OrgSessionsQuery,
    answer: SessionMetrics,
  },
);

/** Sessions, searches and pull requests of one organization; the range may be left out. */
export const getOrgUsageMetrics = endpoint('getOrgUsageMetrics', 'GET /v3/organizations/{org_id}/metrics/usage', {
  summary: 'Show the usage of an organization',
  permission: [],
  query: UsageQuery,
  answer: UsageMetrics,
});
