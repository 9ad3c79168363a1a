import { getUserAcuLimits, updateUserAcuLimits } from '../../../devin/endpoints/user-acu-limits.ts';
import { recordChange } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';

/** By user ID. */
const kept = shelf(() => new Map<string, Record<string, unknown>>());

const userId = (world: World, id: string) => existing(world.state.users.get(id), 'User').id;

/** ACU limits of users. They are kept, but stop nothing. */
export const userAcuLimitHandlers: readonly Handler[] = [
  on(getUserAcuLimits, ({ world, param }) => kept(world).get(userId(world, param('user_id'))) ?? {}),
  on(updateUserAcuLimits, (call) => {
    const { world, body } = call;
    const id = userId(world, call.param('user_id'));
    const limits = { ...kept(world).get(id), ...body };
    kept(world).set(id, limits);
    recordChange(call, 'update_org_settings', null, { change: 'set_user_acu_limit', user_id: id, ...body });
    return limits;
  }),
];
