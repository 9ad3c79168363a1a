import type { Handler } from '../../world/handler.ts';
import { memberServiceUserHandlers } from './member-service-users.ts';
import { memberUserHandlers } from './member-users.ts';
import { roleHandlers } from './roles.ts';

/** Roles, and who has them: users and service users of the enterprise and of its organizations. */
export const memberHandlers: readonly Handler[] = [
  ...roleHandlers,
  ...memberUserHandlers,
  ...memberServiceUserHandlers,
];
