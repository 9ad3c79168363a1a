import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';

/** The ACU limits of a user; an empty object if there are none. */
export const UserAcuLimits = lazy(() => tolerant({}));

const permission = ['ManageBilling'];
const PATH = '/v3beta1/enterprise/users/{user_id}/consumption/acu-limits';

/** The ACU limits of a user per cycle. */
export const getUserAcuLimits = endpoint('getUserAcuLimits', `GET ${PATH}`, {
  summary: 'Show the ACU limits of a user',
  permission,
  answer: UserAcuLimits,
  seen: 'field',
});

/** Sets the ACU limits of a user. */
export const updateUserAcuLimits = endpoint('updateUserAcuLimits', `PATCH ${PATH}`, {
  summary: 'Set the ACU limits of a user',
  permission,
  body: lazy(() =>
    z.strictObject({ local_agent: z.looseObject({ cycle_acu_limit: z.nullable(z.number().check(z.gte(0))) }) }),
  ),
  answer: UserAcuLimits,
  seen: 'field',
});
