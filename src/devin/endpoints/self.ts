import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';
import { optionalText } from './shapes.ts';

/** Who a credential is. Service users of an organization carry their `org_id`. */
export const Self = lazy(() =>
  tolerant({
    principal_type: z.string(),
    service_user_id: z.optional(z.string()),
    service_user_name: z.optional(z.string()),
    user_id: z.optional(z.string()),
    user_name: optionalText(),
    org_id: optionalText(),
  }),
);

/** https://docs.devin.ai/api-reference/v3/self */
export const getSelf = endpoint('getSelf', 'GET /v3/self', {
  summary: 'Show the identity of the credential',
  permission: ['ReadAccountMeta'],
  answer: Self,
});

/** The older form of getSelf, for enterprise service users. */
export const getEnterpriseSelf = endpoint('getEnterpriseSelf', 'GET /v3beta1/enterprise/self', {
  summary: 'Show the enterprise service user',
  permission: ['ReadAccountMeta'],
  answer: lazy(() =>
    tolerant({ org_id: z.nullable(z.string()), service_user_id: z.string(), service_user_name: z.string() }),
  ),
});
