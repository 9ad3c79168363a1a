import type { Caller } from './credentials.ts';
import type { User, World } from './state.ts';
import type { Row } from './table.ts';

/** Where a change happens and who makes it; every `Call` is one. */
export interface Change {
  readonly world: World;
  readonly caller: Caller;
}

/** The user for whom a personal key of v2 acts: the first one, who is an admin. Undefined for a service user. */
export function userBehind({ world, caller }: Change): Row<User> | undefined {
  return caller.reach === 'legacy' ? world.state.users.all()[0] : undefined;
}

/**
 * Writes the audit event of a change by the caller. `action` is one of the documented ones; `orgId` is null for a
 * change of the whole enterprise.
 */
export function recordChange(
  { world, caller }: Change,
  action: string,
  orgId: string | null,
  data: Record<string, unknown> = {},
): void {
  const user = userBehind({ world, caller });
  world.state.audit.add(world.now, {
    action,
    data,
    org_id: orgId,
    user_id: user?.id ?? null,
    user_email: user?.value.email ?? null,
    service_user_id: user ? null : caller.serviceUserId,
    service_user_name: user ? null : caller.serviceUserName,
  });
}
