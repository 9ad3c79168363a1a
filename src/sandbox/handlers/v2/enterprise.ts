import { listHypervisors } from '../../../devin/endpoints/infrastructure.ts';
import * as v2 from '../../../devin/endpoints/v2-enterprise.ts';
import { DEFAULT_FIRST } from '../../request/page.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { type ActivityFilter, pullRequestsWhere, searchesWhere, sessionsWhere } from '../../views/activity.ts';
import { acusOf, billingCycles, billingDay, usageEntries } from '../../views/usage.ts';
import type { AuditEvent } from '../../world/audit-log.ts';
import { recordChange } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { apiKeys, nowSeconds } from '../../world/service-users.ts';
import type { World } from '../../world/state.ts';
import { infrastructureHandlers } from '../settings/infrastructure.ts';
import { instant, iso, SUCCESS, viaV3 } from './view.ts';

interface Range {
  readonly start_date?: string | null | undefined;
  readonly end_date?: string | null | undefined;
  readonly start?: string | null | undefined;
  readonly end?: string | null | undefined;
}

/** The range of a query in Unix seconds; of two names for the same end, the longer one wins. */
function rangeOf(query: Range): { since: number | undefined; until: number | undefined } {
  const one = (long: keyof Range, short: keyof Range) => {
    const ms = instant(query[long], long) ?? instant(query[short], short);
    return ms === undefined ? undefined : Math.floor(ms / 1000);
  };
  return { since: one('start_date', 'start'), until: one('end_date', 'end') };
}

const keyHandlers: readonly Handler[] = [
  on(v2.v2RevokeAllApiKeys, (call) => {
    const active = apiKeys(call.world)
      .all()
      .filter(({ value }) => value.revokedAt === null);
    for (const { value } of active) value.revokedAt = nowSeconds(call.world);
    recordChange(call, 'revoke_all_enterprise_api_keys', null, { count: active.length });
    return SUCCESS;
  }),
  on(v2.v2RevokeApiKey, (call) => {
    const { id, value } = existing(apiKeys(call.world).get(call.param('api_key_id')), 'API key');
    if (value.revokedAt !== null) throw new Problem(409, 'The API key is already revoked');
    value.revokedAt = nowSeconds(call.world);
    recordChange(call, 'revoke_enterprise_api_key', null, { api_key_id: id });
    return SUCCESS;
  }),
];

/** An end of a range of audit events: an instant that is itself outside of the range, in whole seconds. */
function auditBound(text: string | null | undefined, name: string, round: (seconds: number) => number) {
  const ms = instant(text, name);
  return ms === undefined ? undefined : round(ms / 1000);
}

const showEvent = ({ created_at, ...event }: AuditEvent) => ({ ...event, created_at: iso(created_at) });

/** ACUs summed by what `name` gives of an entry; one without is left out. */
function acusBy(entries: ReturnType<typeof usageEntries>, name: (entry: (typeof entries)[number]) => string | null) {
  const groups = Map.groupBy(
    entries.filter(({ tenths }) => tenths > 0),
    name,
  );
  return Object.fromEntries([...groups].flatMap(([key, part]) => (key === null ? [] : [[key, acusOf(part)] as const])));
}

const consumptionHandlers: readonly Handler[] = [
  on(v2.v2ListConsumptionCycles, ({ world }) =>
    billingCycles(world).map(({ after, before }) => {
      const [start, end] = [iso(after), iso(before)];
      // The last three are what the documentation's examples read; the reference has no figure of usage here.
      return {
        start,
        end,
        start_date: start,
        end_date: end,
        acus_used: acusOf(usageEntries(world, { since: after, until: before })),
      };
    }),
  ),
  on(v2.v2GetDailyConsumption, ({ world, query }) => {
    const { org_ids: orgIds } = query;
    const entries = usageEntries(world, { ...rangeOf(query), orgIds, ...(orgIds && { products: ['devin'] }) });
    return {
      total_acus: acusOf(entries),
      consumption_by_date: acusBy(entries, ({ at }) => iso(billingDay(at)).slice(0, 10)),
      consumption_by_org_id: acusBy(entries, ({ orgId }) => orgId),
      consumption_by_user: acusBy(entries, ({ userId }) => userId),
    };
  }),
];

interface People extends Range {
  readonly org_ids?: string[] | null | undefined;
  readonly user_ids?: string[] | null | undefined;
}

function activityFilter(query: People): ActivityFilter {
  return { ...rangeOf(query), orgIds: query.org_ids, userIds: query.user_ids };
}

function usage(world: World, filter: ActivityFilter) {
  const states = pullRequestsWhere(world, filter).map(({ state }) => state);
  const count = (wanted: string) => states.filter((state) => state === wanted).length;
  const { userIds } = filter;
  const searches = searchesWhere(world, filter).filter(({ userId }) => userIds?.includes(userId ?? '') ?? true);
  return {
    sessions_count: sessionsWhere(world, filter).length,
    searches_count: searches.length,
    prs_opened: states.length,
    prs_closed: count('closed'),
    prs_merged: count('merged'),
  };
}

/** What v2 shows of the whole enterprise: keys, audit events, consumption, machines and figures. */
export const v2EnterpriseHandlers: readonly Handler[] = [
  ...keyHandlers,
  on(v2.v2ListAuditLogs, ({ world, query }) => {
    const { limit = DEFAULT_FIRST } = query;
    if (limit < 1) throw invalidField(['query', 'limit'], 'Input should be at least 1', 'too_small');
    const page = world.state.audit.page(
      v2.v2ListAuditLogs.id,
      {
        first: limit,
        time_after: auditBound(query.after, 'after', (seconds) => Math.floor(seconds) + 1),
        time_before: auditBound(query.before, 'before', (seconds) => Math.ceil(seconds) - 1),
      },
      null,
    );
    return { audit_logs: page.items.map(showEvent) };
  }),
  ...consumptionHandlers,
  on(v2.v2ListHypervisorsHealth, (call) => {
    const ask = { query: { status: 'all', first: '200' } };
    return viaV3(infrastructureHandlers, listHypervisors, call, ask).items.map((machine) => ({
      hypervisor_id: machine.hypervisor_id,
      status: machine.status,
      seconds_since_report:
        machine.last_heartbeat === null ? null : Math.max(0, nowSeconds(call.world) - machine.last_heartbeat),
    }));
  }),
  on(v2.v2GetSessionsMetrics, ({ world, query }) => ({
    sessions_count: sessionsWhere(world, activityFilter(query)).length,
  })),
  on(v2.v2GetUsageMetrics, ({ world, query }) => usage(world, activityFilter(query))),
];
