import type { Caller } from '../credentials.ts';
import { existing } from '../handler.ts';
import { type SessionRecord, type SessionView, sessionId, showSession } from '../sessions.ts';
import type { World } from '../state.ts';
import type { Row } from '../table.ts';

/** The two parameters by which a path names a session. */
interface SessionCall {
  readonly world: World;
  readonly caller: Caller;
  param(name: 'org_id' | 'devin_id'): string;
}

/** A session as the API shows it now. */
export function show(world: World, row: Row<SessionRecord>): SessionView {
  return showSession(row.id, row.orgId ?? '', row.n, row.value, world.now);
}

/** The session that a path names, with or without `devin-`. @throws a 404, also for one of another organization. */
export function sessionOf({ world, param }: SessionCall): Row<SessionRecord> {
  const organization = existing(world.state.organizations.get(param('org_id')), 'Organization');
  const row = world.state.sessions.get(sessionId(param('devin_id')));
  return existing(row?.orgId === organization.id ? row : undefined, 'Session');
}

/** Writes an audit event for a change that a service user made in an organization. */
export function record(
  world: World,
  caller: Caller,
  orgId: string | null,
  action: string,
  data: Record<string, unknown>,
): void {
  world.state.audit.add(world.now, {
    action,
    data,
    org_id: orgId,
    user_id: null,
    user_email: null,
    service_user_id: caller.serviceUserId,
    service_user_name: caller.serviceUserName,
  });
}

/** Writes an audit event about a session. */
export function recordFor(row: Row<SessionRecord>, { world, caller }: SessionCall, action: string, data = {}): void {
  record(world, caller, row.orgId, action, { session_id: row.id, ...data });
}
