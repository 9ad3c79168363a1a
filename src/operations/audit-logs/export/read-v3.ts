import { isRecord } from '../../../contract/json.ts';
import type { Endpoint } from '../../../devin/endpoint.ts';
import { listAuditLogs, listOrgAuditLogs } from '../../../devin/endpoints/audit-logs.ts';
import { LARGEST_PAGE, readPages } from '../../../devin/pagination.ts';
import type { ExportScope } from '../chain/scope.ts';
import type { WaitingEvent } from '../events/event.ts';
import { eventsOf } from '../events/parse-event.ts';
import { type AuditSource, inside, patiently, type ReadRange, secondsPerEvent } from './range.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The request that lists the events of a scope in v3, without a range. */
export function v3Request({ orgId, actions }: ExportScope): {
  endpoint: Endpoint;
  params: Record<string, string>;
  query: Fields;
} {
  const [only] = actions;
  return {
    endpoint: orgId === undefined ? listAuditLogs : listOrgAuditLogs,
    params: orgId === undefined ? {} : { org_id: orgId },
    // The API filters by one action; several actions, and patterns, are filtered here.
    query: {
      order: 'asc',
      ...(actions.length === 1 && only !== undefined && !only.includes('*') ? { action: only } : {}),
    },
  };
}

/** If a page does not say whether more follow, its cursor does; an empty page whose own cursor comes back is the end. */
function withFlag(body: unknown, asked: Fields): unknown {
  if (!isRecord(body) || typeof body['has_next_page'] === 'boolean') return body;
  const { items, end_cursor: cursor } = body;
  const isOver = Array.isArray(items) && items.length === 0 && String(cursor) === String(asked['after']);
  return { ...body, has_next_page: Boolean(cursor) && !isOver };
}

/**
 * Reads v3 with its cursor. A request begins one second early, and ends with the second after the range: so the result
 * does not depend on whether the API includes the borders of a range.
 */
export function v3Reader(source: AuditSource): ReadRange {
  const { endpoint, params, query } = v3Request(source.scope);
  return async (range, limit, signal) => {
    let page: readonly WaitingEvent[] = [];
    const fetch = (asked: Fields) =>
      patiently(source, signal, async () => {
        const response = await source.devin.raw(endpoint, { params, query: asked, signal });
        page = eventsOf(response, 'items');
        return withFlag(response.body, asked);
      });
    const events: WaitingEvent[] = [];
    const first = { ...query, first: LARGEST_PAGE, time_after: range.from - 1, time_before: range.to };
    for await (const { next } of readPages(endpoint, first, fetch)) {
      for (const event of inside(page, range)) events.push(event);
      if (next !== undefined && events.length >= limit && range.to - range.from > 1) {
        return { secondsPerEvent: secondsPerEvent(events) };
      }
    }
    return { events };
  };
}
