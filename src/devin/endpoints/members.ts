import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, secondsAs, tolerant } from '../tolerant.ts';
import { CursorQuery, cursorQuery, open, optionalText, page } from './shapes.ts';

/** What every endpoint of this file needs, for an organization's members too. */
const permission = ['ManageAccountMembership'];

/** An invitation holds at most this many addresses. */
export const MAX_INVITED_EMAILS = 100;

/** A role: what its holders may do, either in the whole enterprise or in one organization. */
export const Role = lazy(() =>
  tolerant({ role_id: z.string(), role_name: z.string(), role_type: open(['enterprise', 'org']) }, ['role_id']),
);

/** A role of a member; without `org_id`, in the whole enterprise. */
export const RoleAssignment = lazy(() => tolerant({ org_id: optionalText(), role: Role() }, ['role']));

/** A role that a person has as a member of a group of the identity provider. */
export const IdpRoleAssignment = lazy(() =>
  tolerant({ idp_group_name: z.string(), org_id: optionalText(), role: Role() }, ['idp_group_name', 'role']),
);

const userShape = () => ({
  user_id: z.string(),
  email: z.nullable(z.string()),
  name: z.nullable(z.string()),
  role_assignments: z.array(RoleAssignment()),
});

/** A user with the roles that were assigned to them directly. */
export const User = lazy(() => tolerant(userShape(), ['user_id']));

/** A user with their direct roles and those that come from their groups. */
export const UserWithIdpRoles = lazy(() =>
  tolerant({ ...userShape(), idp_role_assignments: z.optional(z.array(IdpRoleAssignment())) }, ['user_id']),
);

/** A service user. Times are Unix seconds; null: it never expires, or is not removed. */
export const ServiceUser = lazy(() =>
  tolerant(
    {
      service_user_id: z.string(),
      name: z.string(),
      expires_at: secondsAs(z.nullable(z.int())),
      deleted_at: secondsAs(z.nullable(z.int())),
      role_assignments: z.array(RoleAssignment()),
    },
    ['service_user_id'],
  ),
);

/** Which role to assign: one of the enterprise or one of an organization, as the path says. */
export const RoleChoice = lazy(() => z.strictObject({ role_id: z.string() }));

/** Whom to invite, at most 100 addresses, and the enterprise role that they all get. */
export const UserInvitation = lazy(() =>
  z.strictObject({
    emails: z.array(z.string()).check(z.maxLength(MAX_INVITED_EMAILS)),
    enterprise_role_id: z.string(),
  }),
);

/** `email` leaves only the user with exactly that address. */
export const UserQuery = lazy(() => z.strictObject({ ...cursorQuery, email: optionalText() }));

/** `include_inactive` adds service users that have expired or were removed. */
export const ServiceUserQuery = lazy(() =>
  z.strictObject({ ...cursorQuery, include_inactive: z.optional(z.boolean()) }),
);

/** https://docs.devin.ai/api-reference/v3/roles/roles */
export const listRoles = endpoint('listRoles', 'GET /v3/enterprise/roles', {
  summary: 'List the roles of the enterprise',
  permission,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(Role),
});

/** Every user who is a member directly. https://docs.devin.ai/api-reference/v3/users/members-users */
export const listEnterpriseUsers = endpoint('listEnterpriseUsers', 'GET /v3/enterprise/members/users', {
  summary: 'List the users of the enterprise',
  permission,
  paging: 'cursor',
  query: UserQuery,
  answer: page(User),
  beta: true,
});

/** Invites users by mail with a direct enterprise role. https://docs.devin.ai/api-reference/v3/users/post-members-users */
export const inviteEnterpriseUsers = endpoint('inviteEnterpriseUsers', 'POST /v3/enterprise/members/users', {
  summary: 'Invite users to the enterprise',
  permission,
  body: UserInvitation,
  answer: lazy(() => list(User())),
  beta: true,
});

/** One user. No endpoint shows a user of one organization: their roles there are in this answer. */
export const getEnterpriseUser = endpoint('getEnterpriseUser', 'GET /v3/enterprise/members/users/{user_id}', {
  summary: 'Show one user',
  permission,
  answer: UserWithIdpRoles,
});

/** Puts another enterprise role in the place of the user's present one. */
export const updateEnterpriseUserRole = endpoint(
  'updateEnterpriseUserRole',
  'PATCH /v3/enterprise/members/users/{user_id}',
  { summary: "Change a user's enterprise role", permission, body: RoleChoice, answer: User },
);

/** Takes a user out of the enterprise, and so out of all its organizations. */
export const removeEnterpriseUser = endpoint('removeEnterpriseUser', 'DELETE /v3/enterprise/members/users/{user_id}', {
  summary: 'Remove a user from the enterprise',
  permission,
  answer: User,
});

/** The users who hold a direct role in the organization. */
export const listOrgUsers = endpoint('listOrgUsers', 'GET /v3/enterprise/organizations/{org_id}/members/users', {
  summary: 'List the users of an organization',
  permission,
  paging: 'cursor',
  query: UserQuery,
  answer: page(User),
  beta: true,
});

/** Adds a user of the enterprise, who has no direct role in the organization yet. */
export const assignOrgUserRole = endpoint(
  'assignOrgUserRole',
  'POST /v3/enterprise/organizations/{org_id}/members/users/{user_id}',
  { summary: 'Add a user to an organization', permission, body: RoleChoice, answer: User },
);

/** Puts another role in the place of the user's present one in the organization. */
export const updateOrgUserRole = endpoint(
  'updateOrgUserRole',
  'PATCH /v3/enterprise/organizations/{org_id}/members/users/{user_id}',
  { summary: "Change a user's role in an organization", permission, body: RoleChoice, answer: User },
);

/** Takes a user out of the organization only. */
export const removeOrgUser = endpoint(
  'removeOrgUser',
  'DELETE /v3/enterprise/organizations/{org_id}/members/users/{user_id}',
  { summary: 'Remove a user from an organization', permission, answer: User },
);

/** All service users, those of organizations too. https://docs.devin.ai/api-reference/v3/service-users/members-service-users */
export const listEnterpriseServiceUsers = endpoint(
  'listEnterpriseServiceUsers',
  'GET /v3/enterprise/members/service-users',
  {
    summary: 'List the service users of the enterprise',
    permission,
    paging: 'cursor',
    query: ServiceUserQuery,
    answer: page(ServiceUser),
    beta: true,
  },
);

/** One service user with all its roles. */
export const getEnterpriseServiceUser = endpoint(
  'getEnterpriseServiceUser',
  'GET /v3/enterprise/members/service-users/{service_user_id}',
  { summary: 'Show one service user', permission, answer: ServiceUser },
);

/** Gives an enterprise role to a service user that has none yet. */
export const assignEnterpriseServiceUserRole = endpoint(
  'assignEnterpriseServiceUserRole',
  'POST /v3/enterprise/members/service-users/{service_user_id}',
  { summary: 'Give a service user an enterprise role', permission, body: RoleChoice, answer: ServiceUser },
);

/** Puts another enterprise role in the place of the service user's present one. */
export const updateEnterpriseServiceUserRole = endpoint(
  'updateEnterpriseServiceUserRole',
  'PATCH /v3/enterprise/members/service-users/{service_user_id}',
  { summary: "Change a service user's enterprise role", permission, body: RoleChoice, answer: ServiceUser },
);

/** Removes a service user for good; there is no way to take only its enterprise role away. */
export const deleteEnterpriseServiceUser = endpoint(
  'deleteEnterpriseServiceUser',
  'DELETE /v3/enterprise/members/service-users/{service_user_id}',
  { summary: 'Delete a service user', permission, answer: ServiceUser },
);

/** The service users that hold a role in the organization. */
export const listOrgServiceUsers = endpoint(
  'listOrgServiceUsers',
  'GET /v3/enterprise/organizations/{org_id}/members/service-users',
  {
    summary: 'List the service users of an organization',
    permission,
    paging: 'cursor',
    query: ServiceUserQuery,
    answer: page(ServiceUser),
  },
);

/** Gives a role in the organization to a service user that has none there yet. */
export const assignOrgServiceUserRole = endpoint(
  'assignOrgServiceUserRole',
  'POST /v3/enterprise/organizations/{org_id}/members/service-users/{service_user_id}',
  { summary: 'Give a service user a role in an organization', permission, body: RoleChoice, answer: ServiceUser },
);

/** Puts another role in the place of the service user's present one in the organization. */
export const updateOrgServiceUserRole = endpoint(
  'updateOrgServiceUserRole',
  'PATCH /v3/enterprise/organizations/{org_id}/members/service-users/{service_user_id}',
  {
    summary: "Change a service user's role in an organization",
    permission,
    body: RoleChoice,
    answer: ServiceUser,
    beta: true,
  },
);

/** Takes away a service user's role in the organization; the service user stays. */
export const removeOrgServiceUser = endpoint(
  'removeOrgServiceUser',
  'DELETE /v3/enterprise/organizations/{org_id}/members/service-users/{service_user_id}',
  { summary: 'Remove a service user from an organization', permission, answer: ServiceUser },
);
