import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, seconds, tolerant } from '../tolerant.ts';
import { CursorQuery, Nothing, open, optionalRange, optionalText, page } from './shapes.ts';

/** The documentation's table names the first; newer translations of its pages the second. */
const READ = ['ManageBilling', 'ViewAccountConsumption'];

/**
 * A billing cycle in Unix seconds: from `after` up to before `before`. Days begin at midnight PST, 08:00:00 UTC, all
 * year round.
 */
export const ConsumptionCycle = lazy(() => tolerant({ after: seconds(), before: seconds() }));

/**
 * ACUs of one day. `date` is the day's start in Unix seconds. A product without data has 0.0; `review` is newer and may
 * be absent or null.
 */
export const ConsumptionByDate = lazy(() =>
  tolerant({
    date: seconds(),
    acus: z.number(),
    acus_by_product: tolerant({
      devin: z.number(),
      cascade: z.number(),
      terminal: z.number(),
      review: z.nullish(z.number()),
    }),
  }),
);

/** ACUs of a range of time, in all and day by day. */
export const Consumption = lazy(() =>
  tolerant({ total_acus: z.number(), consumption_by_date: z.array(ConsumptionByDate()) }),
);

/** A range of Unix seconds. Ends at 08:00:00 UTC match the days of the dashboard. */
export const ConsumptionQuery = lazy(() => z.strictObject(optionalRange));

/** What every endpoint of daily consumption has in common. */
const daily = { permission: READ, query: ConsumptionQuery, answer: Consumption } as const;

/** https://docs.devin.ai/api-reference/v3/consumption/consumption-cycles */
export const listConsumptionCycles = endpoint('listConsumptionCycles', 'GET /v3/enterprise/consumption/cycles', {
  summary: 'List the billing cycles',
  permission: READ,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(ConsumptionCycle),
  beta: true,
});

/** https://docs.devin.ai/api-reference/v3/consumption/consumption-daily */
export const getEnterpriseDailyConsumption = endpoint(
  'getEnterpriseDailyConsumption',
  'GET /v3/enterprise/consumption/daily',
  { summary: 'Show the daily ACUs of the enterprise', ...daily, beta: true },
);

/** Daily ACUs of one organization, by an enterprise permission. */
export const getOrgDailyConsumptionAsEnterprise = endpoint(
  'getOrgDailyConsumptionAsEnterprise',
  'GET /v3/enterprise/consumption/daily/organizations/{org_id}',
  { summary: 'Show the daily ACUs of one organization of the enterprise', ...daily, beta: true },
);

/** Daily ACUs of the sessions that a service user started, in all organizations. */
export const getServiceUserDailyConsumption = endpoint(
  'getServiceUserDailyConsumption',
  'GET /v3/enterprise/consumption/daily/service-users/{service_user_id}',
  { summary: 'Show the daily ACUs of a service user', ...daily },
);

/** Daily ACUs of one session of any organization. */
export const getSessionDailyConsumption = endpoint(
  'getSessionDailyConsumption',
  'GET /v3/enterprise/consumption/daily/sessions/{session_id}',
  { summary: 'Show the daily ACUs of a session', ...daily },
);

/** Daily ACUs of a user, in all organizations. */
export const getUserDailyConsumption = endpoint(
  'getUserDailyConsumption',
  'GET /v3/enterprise/consumption/daily/users/{user_id}',
  { summary: 'Show the daily ACUs of a user', ...daily },
);

/** Daily ACUs of one organization. */
export const getOrgDailyConsumption = endpoint(
  'getOrgDailyConsumption',
  'GET /v3/organizations/{org_id}/consumption/daily',
  { summary: 'Show the daily ACUs of an organization', ...daily },
);

/** Daily ACUs of the sessions that a service user started in one organization. */
export const getOrgServiceUserDailyConsumption = endpoint(
  'getOrgServiceUserDailyConsumption',
  'GET /v3/organizations/{org_id}/consumption/daily/service-users/{service_user_id}',
  { summary: 'Show the daily ACUs of a service user in an organization', ...daily },
);

/** Daily ACUs of one session of an organization. */
export const getOrgSessionDailyConsumption = endpoint(
  'getOrgSessionDailyConsumption',
  'GET /v3/organizations/{org_id}/consumption/daily/sessions/{session_id}',
  { summary: 'Show the daily ACUs of a session of an organization', ...daily },
);

/** Daily ACUs of a user in one organization. */
export const getOrgUserDailyConsumption = endpoint(
  'getOrgUserDailyConsumption',
  'GET /v3/organizations/{org_id}/consumption/daily/users/{user_id}',
  { summary: 'Show the daily ACUs of a user in an organization', ...daily },
);

/**
 * ACUs of every organization, each in one figure. This path is only in the documentation's examples, never in its
 * reference, so it may not exist any more; `getOrgDailyConsumptionAsEnterprise` is the documented one. The dates are
 * `YYYY-MM-DD`.
 */
export const seedListOrganizationsDailyConsumption = endpoint(
  'seedListOrganizationsDailyConsumption',
  'GET /v3beta1/enterprise/consumption/daily/organizations',
  {
    summary: 'List the ACUs of each organization (only in examples)',
    permission: READ,
    query: lazy(() => z.strictObject({ start_date: z.nullish(z.iso.date()), end_date: z.nullish(z.iso.date()) })),
    answer: lazy(() =>
      tolerant(
        {
          data: list(
            tolerant({
              organization_name: z.string(),
              acus_used: z.number(),
              organization_id: z.optional(z.string()),
            }),
          ),
        },
        ['data'],
      ),
    ),
  },
);

/** A limit of Devin ACUs per billing cycle, in whole ACUs. `scope` says to whom it applies. */
export const AcuLimit = lazy(() =>
  tolerant({
    cycle_acu_limit: z.int(),
    org_id: optionalText(),
    scope: open(['enterprise', 'org', 'user']),
    user_id: optionalText(),
  }),
);

/** https://docs.devin.ai/api-reference/v3/consumption/acu-limits */
export const listDevinAcuLimits = endpoint('listDevinAcuLimits', 'GET /v3/enterprise/consumption/acu-limits/devin', {
  summary: 'List the ACU limits of the organizations',
  permission: ['ManageBilling'],
  paging: 'cursor',
  query: CursorQuery,
  answer: page(AcuLimit),
  beta: true,
});

/** Sets the limit of an organization, whether it had one or not. */
export const setOrgDevinAcuLimit = endpoint(
  'setOrgDevinAcuLimit',
  'PUT /v3/enterprise/consumption/acu-limits/devin/organizations/{org_id}',
  {
    summary: 'Set the ACU limit of an organization',
    permission: ['ManageBilling'],
    body: lazy(() => z.strictObject({ cycle_acu_limit: z.int().check(z.gte(0)) })),
    answer: Nothing,
    beta: true,
  },
);

/** Takes the limit of an organization away. */
export const deleteOrgDevinAcuLimit = endpoint(
  'deleteOrgDevinAcuLimit',
  'DELETE /v3/enterprise/consumption/acu-limits/devin/organizations/{org_id}',
  { summary: 'Remove the ACU limit of an organization', permission: ['ManageBilling'], answer: Nothing },
);
