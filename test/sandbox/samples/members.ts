import type { Bench } from '../support.ts';
import type { Sample, Samples } from './sample.ts';

const items = async (bench: Bench, path: string) => (await bench.ask(`/v3/enterprise/${path}`)).body.items;

const firstUser = async (bench: Bench): Promise<string> => (await items(bench, 'members/users'))[0].user_id;

async function provisioned(bench: Bench): Promise<string> {
  const json = { name: 'Sample', role_id: 'org_member', ttl_seconds: 3600 };
  const path = `/v3beta1/organizations/${bench.org}/service-users`;
  const { body } = await bench.ask(path, { method: 'POST', json });
  return body.service_user.service_user_id;
}

async function provisionedForEnterprise(bench: Bench): Promise<string> {
  const json = { name: 'Sample', role_id: 'account_member', ttl_seconds: 3600 };
  const { body } = await bench.ask('/v3beta1/enterprise/service-users', { method: 'POST', json });
  return body.service_user.service_user_id;
}

async function withKey(bench: Bench): Promise<Record<string, string>> {
  const service_user_id = await provisioned(bench);
  const path = `/v3beta1/enterprise/service-users/${service_user_id}/api-keys`;
  const { body } = await bench.ask(path, { method: 'POST', json: { name: 'Sample' } });
  return { service_user_id, api_key_id: body.api_key_id };
}

/** The second organization, where the first user and the first service users have no role. */
const secondOrg = async (bench: Bench): Promise<string> => (await items(bench, 'organizations'))[1].org_id;

const orgMember = { role_id: 'org_member' };
const member = { role_id: 'account_member' };
const provision = (role_id: string): Sample => ({ body: { name: 'Sample', role_id, ttl_seconds: 3600 } });

/** Requests about roles, members, groups and service users. */
export const membersSamples: Samples = {
  params: {
    user_id: firstUser,
    service_user_id: provisioned,
    idp_group_name: async () => 'engineering',
  },
  requests: {
    inviteEnterpriseUsers: () => ({ body: { emails: ['new@example.com'], enterprise_role_id: 'account_member' } }),
    updateEnterpriseUserRole: () => ({ body: member }),
    assignOrgUserRole: async (bench) => ({ params: { org_id: await secondOrg(bench) }, body: orgMember }),
    updateOrgUserRole: () => ({ body: orgMember }),
    assignEnterpriseServiceUserRole: () => ({ body: member }),
    updateEnterpriseServiceUserRole: async (bench) => ({
      params: { service_user_id: await provisionedForEnterprise(bench) },
      body: member,
    }),
    assignOrgServiceUserRole: async (bench) => ({ params: { org_id: await secondOrg(bench) }, body: orgMember }),
    updateOrgServiceUserRole: async (bench) => ({
      params: { service_user_id: await provisioned(bench) },
      body: orgMember,
    }),
    removeOrgServiceUser: async (bench) => ({ params: { service_user_id: await provisioned(bench) } }),
    deleteEnterpriseServiceUser: async (bench) => ({ params: { service_user_id: await provisioned(bench) } }),
    registerIdpGroups: () => ({ body: { idp_group_names: ['platform'] } }),
    getEnterpriseIdpGroup: () => ({ params: { idp_group_name: 'security' } }),
    assignEnterpriseIdpGroupRole: () => ({ body: member }),
    updateEnterpriseIdpGroupRole: () => ({ params: { idp_group_name: 'security' }, body: member }),
    removeEnterpriseIdpGroup: () => ({ params: { idp_group_name: 'security' } }),
    assignOrgIdpGroupRole: () => ({ params: { idp_group_name: 'contractors' }, body: orgMember }),
    updateOrgIdpGroupRole: () => ({ body: orgMember }),
    provisionEnterpriseServiceUser: () => provision('account_member'),
    provisionOrgServiceUser: () => provision('org_member'),
    seedProvisionOrgServiceUser: () => ({ body: { name: 'CI/CD Bot', role: 'developer' } }),
    createServiceUserApiKey: () => ({ body: { name: 'Sample' } }),
    revokeServiceUserApiKey: async (bench) => ({ params: await withKey(bench) }),
    rotateServiceUserApiKey: async (bench) => ({ params: await withKey(bench), body: {} }),
  },
};
