import { unauthorized } from '../../request/problem.ts';
import { habitsOf, isPathId } from '../../views/session-view.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { existing } from '../../world/handler.ts';
import { organizationOf, rowOf } from '../../world/rows.ts';
import { type SessionRecord, sessionId } from '../../world/sessions.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';

/** The two parameters by which a path names a session. */
interface SessionCall {
  readonly world: World;
  param(name: 'org_id' | 'devin_id'): string;
}

/** The key of the session that a path names. @throws a 403 for an ID without `devin-` where it is needed. */
export function pathSession(world: World, id: string): string {
  const key = sessionId(id);
  const record = world.state.sessions.get(key)?.value;
  const habits = record === undefined ? world.habits : habitsOf(world, record);
  if (!isPathId(habits, id)) throw unauthorized();
  return key;
}

/** The session that a path names. @throws a 404, also for one of another organization. */
export function sessionOf({ world, param }: SessionCall): Row<SessionRecord> {
  const organization = organizationOf({ world, param });
  return rowOf(world.state.sessions, pathSession(world, param('devin_id')), organization.id, 'Session');
}

/**
 * The session that an enterprise path names. @throws a 404, also for one of another organization than the query's
 * `org_id`.
 */
export function anySession({
  world,
  query,
  param,
}: {
  readonly world: World;
  readonly query: { readonly org_id?: string | null | undefined };
  param(name: 'devin_id'): string;
}): Row<SessionRecord> {
  const row = existing(world.state.sessions.get(pathSession(world, param('devin_id'))), 'Session');
  return existing(row.orgId === (query.org_id ?? row.orgId) ? row : undefined, 'Session');
}

/** Writes an audit event about a session. */
export function recordFor(row: Row<SessionRecord>, change: Change, action: string, data = {}): void {
  recordChange(change, action, row.orgId, { session_id: row.id, ...data });
}
