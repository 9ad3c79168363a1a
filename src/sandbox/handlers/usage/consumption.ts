import * as api from '../../../devin/endpoints/consumption.ts';
import { pageOf } from '../../request/page.ts';
import { acusOf, billingCycles, billingDay, consumption, type UsageFilter, usageEntries } from '../../views/usage.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { organizationOf, rowOf } from '../../world/rows.ts';
import { serviceUsers } from '../../world/service-users.ts';
import type { World } from '../../world/state.ts';
import { pathSession } from '../sessions/session-access.ts';
import { acuLimitHandlers } from './acu-limits.ts';

interface Range {
  readonly time_after?: number | null | undefined;
  readonly time_before?: number | null | undefined;
}

const DAY = 86_400;

function show(world: World, { time_after: since, time_before: until }: Range, filter: UsageFilter = {}) {
  return consumption(world, { ...filter, since, until });
}

/** @throws a 404 for a user that there is not */
function user(world: World, id: string): string {
  return existing(world.state.users.get(id), 'User').id;
}

/** @throws a 404 for a service user that there never was; what a removed one used stays known */
function serviceUser(world: World, id: string): string {
  return existing(serviceUsers(world).get(id), 'Service user').id;
}

/** The start of the billing day that a `YYYY-MM-DD` names, in Unix seconds. */
function dayNamed(date: string | null | undefined): number | undefined {
  return typeof date === 'string' ? billingDay(Date.parse(date) / 1000 + DAY / 2) : undefined;
}

/** Cycles, and what was used: of the enterprise, an organization, a user, a service user or a session. */
export const consumptionHandlers: readonly Handler[] = [
  on(api.listConsumptionCycles, ({ world, query }) =>
    pageOf(api.listConsumptionCycles.id, billingCycles(world), query, ({ after, before }) => ({ after, before })),
  ),
  on(api.getEnterpriseDailyConsumption, ({ world, query }) => show(world, query)),
  on(api.getOrgDailyConsumptionAsEnterprise, (call) =>
    show(call.world, call.query, { orgIds: [organizationOf(call).id] }),
  ),
  on(api.getServiceUserDailyConsumption, ({ world, query, param }) =>
    show(world, query, { serviceUserId: serviceUser(world, param('service_user_id')) }),
  ),
  on(api.getSessionDailyConsumption, ({ world, query, param }) => {
    const row = existing(world.state.sessions.get(pathSession(world, param('session_id'))), 'Session');
    return show(world, query, { sessionId: row.id });
  }),
  on(api.getUserDailyConsumption, ({ world, query, param }) =>
    show(world, query, { userId: user(world, param('user_id')) }),
  ),
  on(api.getOrgDailyConsumption, (call) => show(call.world, call.query, { orgIds: [organizationOf(call).id] })),
  on(api.getOrgServiceUserDailyConsumption, (call) => {
    const orgIds = [organizationOf(call).id];
    return show(call.world, call.query, {
      orgIds,
      serviceUserId: serviceUser(call.world, call.param('service_user_id')),
    });
  }),
  on(api.getOrgSessionDailyConsumption, (call) => {
    const { id } = organizationOf(call);
    const row = rowOf(call.world.state.sessions, pathSession(call.world, call.param('session_id')), id, 'Session');
    return show(call.world, call.query, { sessionId: row.id });
  }),
  on(api.getOrgUserDailyConsumption, (call) => {
    const orgIds = [organizationOf(call).id];
    return show(call.world, call.query, { orgIds, userId: user(call.world, call.param('user_id')) });
  }),
  on(api.seedListOrganizationsDailyConsumption, ({ world, query }) => {
    const last = dayNamed(query.end_date);
    const entries = usageEntries(world, {
      since: dayNamed(query.start_date),
      until: last === undefined ? undefined : last + DAY,
    });
    const byOrg = Map.groupBy(entries, ({ orgId }) => orgId);
    const data = world.state.organizations.all().map(({ id, value }) => ({
      organization_name: value.name,
      acus_used: acusOf(byOrg.get(id) ?? []),
      organization_id: id,
    }));
    return { data };
  }),
  ...acuLimitHandlers,
];
