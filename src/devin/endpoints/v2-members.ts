import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';
import { OffsetQuery, offsetPage, offsetQuery, optionalText } from './shapes.ts';
import { V2Success } from './v2-shapes.ts';

/** A member of the enterprise; `enterprise_role` is a role's id such as `account_admin`; times are ISO date-times. */
export const V2EnterpriseUser = lazy(() =>
  tolerant(
    {
      user_id: z.string(),
      email: z.string(),
      name: z.string(),
      enterprise_role: z.string(),
      created_at: z.string(),
      last_login: optionalText(),
      login_count: z.nullish(z.int()),
      saml_id: optionalText(),
      sessions_created_count: z.optional(z.int()),
      searches_created_count: z.optional(z.int()),
    },
    ['user_id'],
  ),
);

/** A group of the identity provider and the role that it has in each organization. */
export const V2Group = lazy(() =>
  tolerant({ group_name: z.string(), org_count: z.int(), role_by_org_id: z.record(z.string(), z.string()) }, [
    'group_name',
  ]),
);

/** The role that a group has in one organization. */
export const V2OrgGroup = lazy(() =>
  tolerant({ group_name: z.string(), org_id: z.string(), role: z.string() }, ['group_name']),
);

/** A member of one organization. */
export const V2UserOrg = lazy(() =>
  tolerant(
    {
      user_id: z.string(),
      email: z.string(),
      name: z.string(),
      org_id: z.string(),
      org_name: z.string(),
      org_role: z.string(),
      enterprise_role: optionalText(),
      org_role_name: optionalText(),
    },
    ['user_id'],
  ),
);

/** One role for several users. */
const RoleChange = lazy(() => z.strictObject({ role_id: z.string(), user_ids: z.array(z.string()) }));

/** https://docs.devin.ai/api-reference/v2/members */
export const v2ListMembers = endpoint('v2ListMembers', 'GET /v2/enterprise/members', {
  summary: 'List the members of the enterprise (v2)',
  permission: [],
  paging: 'offset',
  query: lazy(() => z.strictObject({ ...offsetQuery, email: optionalText() })),
  answer: offsetPage(V2EnterpriseUser),
});

/** One member. */
export const v2GetMember = endpoint('v2GetMember', 'GET /v2/enterprise/members/{user_id}', {
  summary: 'Show one member of the enterprise (v2)',
  permission: [],
  answer: V2EnterpriseUser,
});

/** Invites up to 100 addresses. */
export const v2InviteMembers = endpoint('v2InviteMembers', 'POST /v2/enterprise/members/invite', {
  summary: 'Invite members to the enterprise (v2)',
  permission: [],
  body: lazy(() => z.strictObject({ emails: z.array(z.email()).check(z.maxLength(100)) })),
  answer: lazy(() =>
    tolerant({
      invited_count: z.int(),
      invitee_user_id_to_email: z.record(z.string(), z.string()),
      status: z.optional(z.string()),
    }),
  ),
});

/** Gives several members the same enterprise role. */
export const v2UpdateMemberRoles = endpoint('v2UpdateMemberRoles', 'PATCH /v2/enterprise/members/roles', {
  summary: 'Change the enterprise role of members (v2)',
  permission: [],
  body: RoleChange,
  answer: V2Success,
});

/** The members of one organization. */
export const v2ListOrgMembers = endpoint('v2ListOrgMembers', 'GET /v2/enterprise/organizations/{org_id}/members', {
  summary: 'List the members of an organization (v2)',
  permission: [],
  paging: 'offset',
  query: OffsetQuery,
  answer: offsetPage(V2UserOrg),
});

/** Gives several members of an organization the same role in it. */
export const v2UpdateOrgMemberRoles = endpoint(
  'v2UpdateOrgMemberRoles',
  'PATCH /v2/enterprise/organizations/{org_id}/members/roles',
  {
    summary: 'Change the role of members of an organization (v2)',
    permission: [],
    body: RoleChange,
    answer: V2Success,
  },
);

/** https://docs.devin.ai/api-reference/v2/groups */
export const v2ListGroups = endpoint('v2ListGroups', 'GET /v2/enterprise/groups', {
  summary: 'List the groups (v2)',
  permission: [],
  paging: 'offset',
  query: OffsetQuery,
  answer: offsetPage(V2Group),
});

/** One group, by its name. */
export const v2GetGroup = endpoint('v2GetGroup', 'GET /v2/enterprise/groups/{group_name}', {
  summary: 'Show one group (v2)',
  permission: [],
  answer: V2Group,
});

/** The groups that have a role in an organization. */
export const v2ListOrgGroups = endpoint('v2ListOrgGroups', 'GET /v2/enterprise/organizations/{org_id}/groups', {
  summary: 'List the groups of an organization (v2)',
  permission: [],
  paging: 'offset',
  query: OffsetQuery,
  answer: offsetPage(V2OrgGroup),
});

/** Gives a group a role in an organization. */
export const v2AddOrgGroup = endpoint('v2AddOrgGroup', 'POST /v2/enterprise/organizations/{org_id}/groups', {
  summary: 'Add a group to an organization (v2)',
  permission: [],
  body: lazy(() => z.strictObject({ group_name: z.string(), role: z.string() })),
  answer: V2OrgGroup,
});
