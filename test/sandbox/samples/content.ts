import type { Bench } from '../support.ts';
import type { Samples } from './sample.ts';

const NOTE = { name: 'x', body: 'y', trigger: 'z' };
const PLAYBOOK = { title: 'x', body: 'y' };
const REPOSITORY = 'acme/api';

async function made(bench: Bench, path: string, json: unknown): Promise<Record<string, string>> {
  return (await bench.ask(bench.path(path), { method: 'POST', json })).body;
}

/** Requests about knowledge, playbooks and repositories. */
export const contentSamples: Samples = {
  params: {
    note_id: async (bench) => (await made(bench, 'knowledge/notes', NOTE))['note_id'] ?? '',
    playbook_id: async (bench) => (await made(bench, 'playbooks', PLAYBOOK))['playbook_id'] ?? '',
    repository_path: async () => REPOSITORY,
    branch_name: async () => 'main',
  },
  requests: {
    listEnterpriseNotes: () => ({ query: { access_type: 'org', search: 'deploy' } }),
    createEnterpriseNote: () => ({ body: NOTE }),
    updateEnterpriseNote: () => ({ body: NOTE }),
    createOrgNote: () => ({ body: { ...NOTE, pinned_repo: REPOSITORY } }),
    updateOrgNote: () => ({ body: NOTE }),
    createEnterprisePlaybook: () => ({ body: { ...PLAYBOOK, macro: '!x' } }),
    updateEnterprisePlaybook: () => ({ body: PLAYBOOK }),
    createOrgPlaybook: () => ({ body: { ...PLAYBOOK, structured_output_schema: { type: 'object' } } }),
    updateOrgPlaybook: () => ({ body: PLAYBOOK }),
    listOrgRepositories: () => ({ query: { load_indexing_status: 'true' } }),
    bulkIndexRepositories: () => ({ body: { repositories: [{ repository_path: REPOSITORY }] } }),
    bulkRemoveRepositoryIndexing: () => ({ body: { repository_paths: [REPOSITORY] } }),
    indexRepository: () => ({ body: { branch_names: ['main', 'release/1'] } }),
  },
};
