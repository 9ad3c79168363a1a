import { getEnterpriseSelf, getSelf } from '../../../devin/endpoints/self.ts';
import { type Handler, on } from '../../world/handler.ts';

/** Who the credential is. */
export const selfHandlers: readonly Handler[] = [
  on(getSelf, ({ caller }) => ({
    principal_type: 'service_user',
    service_user_id: caller.serviceUserId,
    service_user_name: caller.serviceUserName,
    org_id: caller.orgId,
  })),
  on(getEnterpriseSelf, ({ caller }) => ({
    org_id: caller.orgId,
    service_user_id: caller.serviceUserId,
    service_user_name: caller.serviceUserName,
  })),
];
