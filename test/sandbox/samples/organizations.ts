import type { Bench } from '../support.ts';
import type { Samples } from './sample.ts';

const GIT = '/v3/enterprise/git-providers/connections';

async function first(bench: Bench, path: string): Promise<Record<string, string>> {
  return (await bench.ask(`${path}?first=1`)).body.items[0];
}

async function permission(bench: Bench) {
  const { git_connection_id } = await first(bench, GIT);
  return { body: { permissions: [{ git_connection_id, repo_path: 'acme/of-a-sample', read_only: true }] } };
}

const ipRanges = () => ({ body: { ip_ranges: ['203.0.113.0/24', '2001:db8::/32'] } });

/** Requests about organizations and what an enterprise sets for them. */
export const organizationsSamples: Samples = {
  params: {
    connection_id: async (bench) => (await first(bench, GIT))['git_connection_id'] ?? '',
    async git_permission_id(bench) {
      const path = `/v3/enterprise/organizations/${bench.org}/git-providers/permissions`;
      return (await first(bench, path))['git_permission_id'] ?? '';
    },
    secret_id: async (bench) => (await first(bench, bench.path('secrets')))['secret_id'] ?? '',
    async schedule_id(bench) {
      return (await bench.ask(bench.path('schedules'))).body.items[0].scheduled_session_id;
    },
    tag: async () => 'bugfix',
  },
  requests: {
    createOrganization: () => ({ body: { name: 'Mobile', max_cycle_acu_limit: 100 } }),
    updateOrganization: () => ({ body: { name: 'Platform', max_session_acu_limit: null } }),
    replaceOrgGroupLimits: ({ org }) => ({ body: { groups: { all: { max_cycle_acus: 5000, org_ids: [org] } } } }),
    appendOrgTags: () => ({ body: { tags: ['experiment'] } }),
    replaceOrgTags: () => ({ body: { tags: ['experiment'] } }),
    setOrgDefaultTag: () => ({ body: { tag: 'bugfix' } }),
    createGitPermissions: permission,
    replaceGitPermissions: permission,
    updateGitPermission: () => ({ body: { read_only: true } }),
    addIpAccessList: ipRanges,
    replaceIpAccessList: ipRanges,
    createSecret: () => ({ body: { type: 'key-value', key: 'API_TOKEN', value: 'made up', note: 'For a sample' } }),
    listSchedules: () => ({ query: { limit: '1', offset: '0' } }),
    createSchedule: () => ({ body: { name: 'Triage', prompt: 'Triage new issues.', frequency: '0 6 * * 1-5' } }),
    updateSchedule: () => ({ body: { enabled: false } }),
    listHypervisors: () => ({ query: { status: 'all' } }),
  },
};
