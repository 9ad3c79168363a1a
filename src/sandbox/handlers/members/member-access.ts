import { existing } from '../../world/handler.ts';
import { type ServiceUser, serviceUsers } from '../../world/service-users.ts';
import type { User, World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';

interface Asked<Name extends string> {
  readonly world: World;
  param(name: Name): string;
}

/** The user that a path names. @throws a 404 */
export function userOf({ world, param }: Asked<'user_id'>): Row<User> {
  return existing(world.state.users.get(param('user_id')), 'User');
}

/** The service user that a path names. @throws a 404, also for one that was removed */
export function serviceUserOf({ world, param }: Asked<'service_user_id'>): Row<ServiceUser> {
  const row = serviceUsers(world).get(param('service_user_id'));
  return existing(row?.value.deletedAt === null ? row : undefined, 'Service user');
}
