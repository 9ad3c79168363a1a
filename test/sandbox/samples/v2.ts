import type { Bench } from '../support.ts';
import type { Samples } from './sample.ts';

const AS = { as: 'apk_user_sandbox' };
const PLAYBOOK = { title: 'x', body: 'y' };

async function v2(bench: Bench, path: string): Promise<ReturnType<typeof JSON.parse>> {
  return (await bench.ask(`/v2/enterprise/${path}`, AS)).body;
}

/** The last organization, which may be deleted. */
async function lastOrganization(bench: Bench): Promise<string> {
  return (await v2(bench, 'organizations')).items.at(-1).org_id;
}

async function firstMember(bench: Bench, path: string): Promise<string> {
  return (await v2(bench, path)).items[0].user_id;
}

/** Requests under `/v2` and `/beta/v2`. */
export const v2Samples: Samples = {
  params: {
    group_name: async () => 'engineering',
    permission_id: async (bench) =>
      (await v2(bench, `organizations/${bench.org}/git/permissions`)).items[0].permission_id,
  },
  requests: {
    v2ListOrganizations: () => ({ query: { skip: '1', limit: '1' } }),
    v2CreateOrganization: () => ({ body: { display_name: 'x', acu_limit: 10 } }),
    v2UpdateOrganization: () => ({ body: { display_name: 'y', max_acu_limit: null } }),
    v2DeleteOrganization: async (bench) => ({ params: { org_id: await lastOrganization(bench) } }),
    v2InviteMembers: () => ({ body: { emails: ['new@example.com'] } }),
    v2UpdateMemberRoles: async (bench) => ({
      body: { role_id: 'account_admin', user_ids: [await firstMember(bench, 'members')] },
    }),
    v2UpdateOrgMemberRoles: async (bench) => ({
      body: { role_id: 'org_member', user_ids: [await firstMember(bench, `organizations/${bench.org}/members`)] },
    }),
    v2AddOrgGroup: () => ({ body: { group_name: 'contractors', role: 'org_member' } }),
    v2AddOrgGitPermissions: async (bench) => {
      const { items } = await v2(bench, `organizations/${bench.org}/git/connections`);
      return { body: [{ connection_id: items[0].connection_id, repo_path: ['acme', 'infra'] }] };
    },
    v2SeedAddOrgPermission: () => ({ body: { provider: 'github', repository: 'org/repo-name', permission: 'read' } }),
    v2BulkIndexRepositories: (bench) => ({ body: { org_id: bench.org, repo_names: ['acme/api'] } }),
    v2RevokeApiKey: async (bench) => {
      const { items: users } = (await bench.ask('/v3/enterprise/members/service-users')).body;
      for (const { service_user_id: id } of users) {
        const { body } = await bench.ask(`/v3beta1/enterprise/service-users/${id}/api-keys`);
        if (body.items.length > 0) return { params: { api_key_id: body.items[0].api_key_id } };
      }
      return {};
    },
    v2CreatePlaybook: () => ({ body: PLAYBOOK }),
    v2UpdatePlaybook: async (bench) => ({
      params: { playbook_id: (await v2(bench, 'playbooks'))[0].playbook_id },
      body: PLAYBOOK,
    }),
    v2ListAuditLogs: () => ({ query: { limit: '5', after: '2026-01-20T08:00:00' } }),
    v2GetDailyConsumption: () => ({ query: { start_date: '2026-01-01T08:00:00Z', end_date: '2026-01-31' } }),
    v2GetUsageMetrics: () => ({ query: { start: '2026-01-01', end: '2026-01-31T08:00:00+00:00' } }),
    v2ListSessions: () => ({ query: { limit: '2', created_date_from: '2026-01-01' } }),
  },
};
