import {
  generateEnterpriseSessionInsights,
  getEnterpriseSessionInsights,
} from '../../../devin/endpoints/enterprise-sessions.ts';
import {
  generateSessionInsights,
  getSessionInsights,
  listSessionInsights,
} from '../../../devin/endpoints/session-insights.ts';
import { pageOf } from '../../request/page.ts';
import { type Analysis, analysisOf } from '../../views/analysis.ts';
import { sizeOf } from '../../views/session-facts.ts';
import { acusConsumed, habitsOf, messagesOf, show, shownId } from '../../views/session-view.ts';
import type { Change } from '../../world/changes.ts';
import { type Handler, loosely, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import type { SessionRecord } from '../../world/sessions.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { anySession, recordFor, sessionOf } from './session-access.ts';
import { sessionsWhere } from './session-list.ts';

/** How long it takes to generate insights, in milliseconds of the sandbox's time. */
const TAKES = 5000;
/** Of the seeded sessions, the second and then every fourth has insights from the start. */
const SEEDED = { first: 2, each: 4 };

/** When the generation of a session's insights began, in milliseconds, by session id. */
const begun = shelf(({ state, now }) => {
  const times = new Map<string, number>();
  for (const { id, n } of state.sessions.all()) {
    if (n <= state.counts.sessions && n % SEEDED.each === SEEDED.first) times.set(id, now - TAKES);
  }
  return times;
});

/** The insights of a session; null until they are generated. */
export function analysisAt(world: World, row: Row<SessionRecord>): Analysis | null {
  const started = begun(world).get(row.id);
  return started !== undefined && world.now >= started + TAKES ? analysisOf(world, row) : null;
}

/** A session with its figures and its insights. */
function insightsOf(world: World, row: Row<SessionRecord>): object {
  const messages = messagesOf(world, row);
  const fromUser = messages.filter(({ view }) => view.source === 'user').length;
  return {
    ...show(world, row),
    num_user_messages: fromUser,
    num_devin_messages: messages.length - fromUser,
    session_size: sizeOf(acusConsumed(world, row.value), messages.length),
    analysis: analysisAt(world, row),
  };
}

function generate(row: Row<SessionRecord>, change: Change): { session_id: string; status: string } {
  const times = begun(change.world);
  const session_id = shownId(habitsOf(change.world, row.value), row.id);
  if (times.has(row.id)) return { session_id, status: 'already_exists' };
  times.set(row.id, change.world.now);
  // The documented list has no action for insights; this one comes nearest.
  recordFor(row, change, 'update_org_settings', { change: 'generate_session_insights' });
  return { session_id, status: 'started' };
}

/** Generates and shows insights of sessions. */
export const insightHandlers: readonly Handler[] = [
  loosely(listSessionInsights, (call) => {
    const { world, query } = call;
    const organization = organizationOf(call);
    const rows = sessionsWhere(world, query).filter((row) => row.orgId === organization.id);
    return pageOf(listSessionInsights.id, rows, query, (row) => insightsOf(world, row), 'desc');
  }),
  loosely(getSessionInsights, (call) => insightsOf(call.world, sessionOf(call))),
  on(generateSessionInsights, (call) => generate(sessionOf(call), call)),
  loosely(getEnterpriseSessionInsights, (call) => insightsOf(call.world, anySession(call))),
  on(generateEnterpriseSessionInsights, (call) => generate(anySession(call), call)),
];
