import { existing } from '../handler.ts';
import { type SessionRecord, type SessionView, sessionId, showSession } from '../sessions.ts';
import type { World } from '../state.ts';
import type { Row } from '../table.ts';
import { type Change, recordChange } from './changes.ts';
import { organizationOf, rowOf } from './rows.ts';

/** The two parameters by which a path names a session. */
interface SessionCall {
  readonly world: World;
  param(name: 'org_id' | 'devin_id'): string;
}

/** A session as the API shows it now. */
export function show(world: World, row: Row<SessionRecord>): SessionView {
  return showSession(row.id, row.orgId ?? '', row.n, row.value, world.now);
}

/** The session that a path names, with or without `devin-`. @throws a 404, also for one of another organization. */
export function sessionOf({ world, param }: SessionCall): Row<SessionRecord> {
  const organization = organizationOf({ world, param });
  return rowOf(world.state.sessions, sessionId(param('devin_id')), organization.id, 'Session');
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
  const row = existing(world.state.sessions.get(sessionId(param('devin_id'))), 'Session');
  return existing(row.orgId === (query.org_id ?? row.orgId) ? row : undefined, 'Session');
}

/** Writes an audit event about a session. */
export function recordFor(row: Row<SessionRecord>, change: Change, action: string, data = {}): void {
  recordChange(change, action, row.orgId, { session_id: row.id, ...data });
}
