import * as v2 from '../../../devin/endpoints/v2-sessions.ts';
import { offsetPageOf } from '../../request/page.ts';
import { showSession, standing } from '../../views/session-view.ts';
import { type Handler, on } from '../../world/handler.ts';
import { type SessionRecord, sessionId } from '../../world/sessions.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { analysisAt } from '../sessions/insights.ts';
import { instant, iso } from './view.ts';

type Session = Row<SessionRecord>;

function shown(world: World, row: Session) {
  const session = showSession(world, row);
  return {
    session_id: session.session_id,
    url: session.url,
    status: session.status,
    title: session.title,
    org_id: session.org_id,
    user_id: row.value.userId,
    acus_consumed: session.acus_consumed,
    pull_requests: session.pull_requests.map(({ pr_url: url, pr_state: state }) => ({ url, state })),
    tags: [...session.tags],
    created_at: iso(session.created_at),
    updated_at: iso(session.updated_at),
  };
}

/** A test for a range of time, both ends included. */
function within(from: number | undefined, to: number | undefined, ms: (row: Session) => number) {
  return (row: Session) => ms(row) >= (from ?? Number.NEGATIVE_INFINITY) && ms(row) <= (to ?? Number.POSITIVE_INFINITY);
}

interface Ranges {
  readonly created_date_from?: string | null | undefined;
  readonly created_date_to?: string | null | undefined;
  readonly updated_date_from?: string | null | undefined;
  readonly updated_date_to?: string | null | undefined;
}

/** The sessions of organizations that exist, in the ranges of the query, newest first. */
function sessionsIn(world: World, query: Ranges): Session[] {
  const { state } = world;
  const end = (name: keyof Ranges) => instant(query[name], name);
  const tests = [
    ({ orgId }: Session) => state.organizations.get(orgId ?? '') !== undefined,
    within(end('created_date_from'), end('created_date_to'), ({ value }) => value.created),
    within(end('updated_date_from'), end('updated_date_to'), ({ value }) => standing(world, value).updatedAt),
  ];
  return state.sessions
    .all()
    .filter((row) => tests.every((test) => test(row)))
    .reverse();
}

/** The sessions of all organizations as v2 shows them. */
export const v2SessionHandlers: readonly Handler[] = [
  on(v2.v2ListSessions, ({ world, query }) => {
    const ids = query.session_ids?.map(sessionId);
    const rows = sessionsIn(world, query).filter(
      ({ id, orgId, value }) =>
        (ids?.includes(id) ?? true) &&
        (query.org_ids?.includes(orgId ?? '') ?? true) &&
        (query.user_ids?.includes(value.userId ?? '') ?? true),
    );
    return offsetPageOf(rows, query, (row) => shown(world, row));
  }),
  on(v2.v2ListSessionInsights, ({ world, query }) =>
    offsetPageOf(sessionsIn(world, query), query, (row) => {
      const analysis = analysisAt(world, row);
      const { suggested_prompt = null, action_items = [], issues = [], timeline = [] } = analysis ?? {};
      return {
        ...shown(world, row),
        initial_user_message: row.value.request.prompt,
        session_analysis: analysis ? { suggested_prompt, action_items, issues, timeline } : null,
      };
    }),
  ),
];
