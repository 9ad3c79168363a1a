import { asActionError } from '../../../contract/errors.ts';
import { isRecord } from '../../../contract/json.ts';
import type { RawAnswer } from '../../../devin/client.ts';
import type { Endpoint } from '../../../devin/endpoint.ts';
import { listAuditLogs, listOrgAuditLogs } from '../../../devin/endpoints/audit-logs.ts';
import { LARGEST_PAGE, readPages } from '../../../devin/pagination.ts';
import { TooLarge } from '../../../http/body.ts';
import type { ExportScope } from '../chain/scope.ts';
import type { WaitingEvent } from '../events/event.ts';
import { eventsOf } from '../events/parse-event.ts';
import { type AuditSource, inside, patiently, type ReadRange } from './range.ts';

/** Events of a piece: a little less than some full pages, because one more page for a few events takes as long. */
export const PIECE_EVENTS = 5 * LARGEST_PAGE - 20;

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

/** Bytes that the pages of a piece should have at most: events may be a thousand times larger than usual. */
const PIECE_BYTES = 16 * 1024 * 1024;
/** A piece with this many times more events, or bytes, is given up. */
const [MAX_OVERRUN, MAX_BYTE_OVERRUN] = [4, 2];

/**
 * Reads v3 with its cursor. A request begins one second early, and ends with the second after the range: so the result
 * does not depend on whether the API includes the borders of a range.
 */
export function v3Reader(source: AuditSource, pieceBytes = PIECE_BYTES): ReadRange {
  const { endpoint, params, query } = v3Request(source.scope);
  /** Events of a page; fewer after a page that was too large to be read. */
  let rows = LARGEST_PAGE;
  const ask = async (asked: Fields, signal: AbortSignal): Promise<RawAnswer> => {
    const first = rows;
    try {
      return await source.devin.raw(endpoint, { params, query: { ...asked, first }, signal });
    } catch (thrown) {
      if (first === 1 || !(asActionError(thrown).cause instanceof TooLarge)) throw thrown;
      rows = Math.min(rows, Math.ceil(first / 4));
      return await ask(asked, signal);
    }
  };
  return async (range, isProbe, signal) => {
    const limit = isProbe ? 1 : PIECE_EVENTS * MAX_OVERRUN;
    let page: readonly WaitingEvent[] = [];
    let bytes = 0;
    const fetch = (asked: Fields) =>
      patiently(source, signal, async () => {
        const response = await ask(asked, signal);
        page = eventsOf(response, 'items');
        bytes += response.bytes.length;
        return withFlag(response.body, asked);
      });
    const events: WaitingEvent[] = [];
    const share = () => Math.max(events.length / PIECE_EVENTS, bytes / pieceBytes);
    const first = { ...query, time_after: range.from - 1, time_before: range.to };
    for await (const { next } of readPages(endpoint, first, fetch)) {
      for (const event of inside(page, range)) events.push(event);
      if (next === undefined || range.to - range.from <= 1) continue;
      const isTooMuch = events.length >= limit || bytes > pieceBytes * MAX_BYTE_OVERRUN;
      if (!isTooMuch || events.length === 0) continue;
      return { times: events.map(({ at }) => at), enough: Math.ceil(events.length / share()) };
    }
    return { events, share: share() };
  };
}
