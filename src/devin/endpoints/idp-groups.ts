import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';
import { IdpRoleAssignment, RoleAssignment, RoleChoice, UserQuery } from './members.ts';
import { CursorQuery, page } from './shapes.ts';

/** What every endpoint of this file needs, for an organization's groups too. */
const permission = ['ManageAccountMembership'];

/** One request registers at most this many groups. */
export const MAX_REGISTERED_GROUPS = 100;

/** A group of the identity provider with the roles that its members get. */
export const IdpGroup = lazy(() =>
  tolerant({ idp_group_name: z.string(), role_assignments: z.array(RoleAssignment()) }, ['idp_group_name']),
);

/** A group that the enterprise has registered, with or without roles. */
export const RegisteredIdpGroup = lazy(() => tolerant({ idp_group_name: z.string() }, ['idp_group_name']));

/** A user who is a member by their groups, with the roles that those give. */
export const IdpGroupUser = lazy(() =>
  tolerant(
    {
      user_id: z.string(),
      email: z.nullable(z.string()),
      name: z.nullable(z.string()),
      idp_role_assignments: z.array(IdpRoleAssignment()),
    },
    ['user_id'],
  ),
);

/** The names of 1 to 100 groups. */
export const IdpGroupRegistration = lazy(() =>
  z.strictObject({
    idp_group_names: z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_REGISTERED_GROUPS)),
  }),
);

/** Only a registered group can get roles. https://docs.devin.ai/api-reference/v3/idp-groups/idp-groups */
export const listRegisteredIdpGroups = endpoint('listRegisteredIdpGroups', 'GET /v3/enterprise/idp-groups', {
  summary: 'List the registered groups',
  permission,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(RegisteredIdpGroup),
});

/** Registers groups by name; one that is registered already is ignored. */
export const registerIdpGroups = endpoint('registerIdpGroups', 'POST /v3/enterprise/idp-groups', {
  summary: 'Register groups',
  permission,
  body: IdpGroupRegistration,
  answer: lazy(() => list(RegisteredIdpGroup())),
});

/** Ends the registration of a group, and with it the roles that it gives. */
export const deleteRegisteredIdpGroup = endpoint(
  'deleteRegisteredIdpGroup',
  'DELETE /v3/enterprise/idp-groups/{idp_group_name}',
  { summary: 'Remove a registered group', permission, answer: RegisteredIdpGroup },
);

/** The groups that give an enterprise role. https://docs.devin.ai/api-reference/v3/idp-groups/members-idp-groups */
export const listEnterpriseIdpGroups = endpoint('listEnterpriseIdpGroups', 'GET /v3/enterprise/members/idp-groups', {
  summary: 'List the groups with an enterprise role',
  permission,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(IdpGroup),
});

/** One group with an enterprise role. */
export const getEnterpriseIdpGroup = endpoint(
  'getEnterpriseIdpGroup',
  'GET /v3/enterprise/members/idp-groups/{idp_group_name}',
  { summary: 'Show a group with an enterprise role', permission, answer: IdpGroup },
);

/** Gives an enterprise role to a registered group that has none yet. */
export const assignEnterpriseIdpGroupRole = endpoint(
  'assignEnterpriseIdpGroupRole',
  'POST /v3/enterprise/members/idp-groups/{idp_group_name}',
  { summary: 'Give a group an enterprise role', permission, body: RoleChoice, answer: IdpGroup },
);

/** Puts another enterprise role in the place of the group's present one. */
export const updateEnterpriseIdpGroupRole = endpoint(
  'updateEnterpriseIdpGroupRole',
  'PATCH /v3/enterprise/members/idp-groups/{idp_group_name}',
  { summary: "Change a group's enterprise role", permission, body: RoleChoice, answer: IdpGroup, beta: true },
);

/** Takes a group's enterprise role away; the group stays registered. */
export const removeEnterpriseIdpGroup = endpoint(
  'removeEnterpriseIdpGroup',
  'DELETE /v3/enterprise/members/idp-groups/{idp_group_name}',
  { summary: "Remove a group's enterprise role", permission, answer: IdpGroup },
);

/** The users whom their groups make members of the enterprise. */
export const listEnterpriseIdpUsers = endpoint('listEnterpriseIdpUsers', 'GET /v3/enterprise/members/idp-users', {
  summary: 'List the users who are in the enterprise by their groups',
  permission,
  paging: 'cursor',
  query: UserQuery,
  answer: page(IdpGroupUser),
});

/** The groups that give a role in the organization. */
export const listOrgIdpGroups = endpoint(
  'listOrgIdpGroups',
  'GET /v3/enterprise/organizations/{org_id}/members/idp-groups',
  {
    summary: 'List the groups of an organization',
    permission,
    paging: 'cursor',
    query: CursorQuery,
    answer: page(IdpGroup),
  },
);

/** One group with a role in the organization. */
export const getOrgIdpGroup = endpoint(
  'getOrgIdpGroup',
  'GET /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}',
  { summary: 'Show a group of an organization', permission, answer: IdpGroup },
);

/** Gives a role in the organization to a registered group that has none there yet. */
export const assignOrgIdpGroupRole = endpoint(
  'assignOrgIdpGroupRole',
  'POST /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}',
  { summary: 'Give a group a role in an organization', permission, body: RoleChoice, answer: IdpGroup },
);

/** Puts another role in the place of the group's present one in the organization. */
export const updateOrgIdpGroupRole = endpoint(
  'updateOrgIdpGroupRole',
  'PATCH /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}',
  { summary: "Change a group's role in an organization", permission, body: RoleChoice, answer: IdpGroup, beta: true },
);

/** Takes away a group's role in the organization; the group stays registered. */
export const removeOrgIdpGroup = endpoint(
  'removeOrgIdpGroup',
  'DELETE /v3/enterprise/organizations/{org_id}/members/idp-groups/{idp_group_name}',
  { summary: 'Remove a group from an organization', permission, answer: IdpGroup },
);

/** The users whom their groups make members of the organization. */
export const listOrgIdpUsers = endpoint(
  'listOrgIdpUsers',
  'GET /v3/enterprise/organizations/{org_id}/members/idp-users',
  {
    summary: 'List the users who are in an organization by their groups',
    permission,
    paging: 'cursor',
    query: UserQuery,
    answer: page(IdpGroupUser),
  },
);
