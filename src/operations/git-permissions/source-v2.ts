import type { Devin } from '../../devin/client.ts';
import type { ItemOf } from '../../devin/endpoint.ts';
import {
  v2AddOrgGitPermissions,
  v2DeleteOrgGitPermission,
  v2ListOrgGitConnections,
  v2ListOrgGitPermissions,
} from '../../devin/endpoints/v2-git.ts';
import { v2ListOrganizations } from '../../devin/endpoints/v2-organizations.ts';
import { LARGEST_PAGE } from '../../devin/pagination.ts';
import { wholeList } from '../../devin/whole-list.ts';
import type { Connection, Desired, Observed } from './permission.ts';
import type { PermissionSource } from './source.ts';

/** No limit of a request is documented for v2; v3 takes as many. */
const MAX_BATCH = 200;

function request({ connection, subject, path }: Desired) {
  const connection_id = connection.id;
  if (subject === 'repo') return { connection_id, repo_path: path.split('/') };
  if (subject === 'group') return { connection_id, group_prefix: path.split('/') };
  return { connection_id, prefix_path: path };
}

function observed(row: ItemOf<typeof v2ListOrgGitPermissions>): Observed {
  const { permission_id: id, host, repo_path: repo, group_prefix: group, prefix_path: prefix } = row;
  const common = { id, connection: { key: host, name: host }, readOnly: undefined };
  if (repo) return { ...common, subject: 'repo', path: repo };
  if (group) return { ...common, subject: 'group', path: group };
  if (prefix) return { ...common, subject: 'prefix', path: prefix };
  return { ...common, subject: 'unknown', path: id };
}

/** Git permissions through the legacy v2: no `read_only`, no update in place, no replacement, no list of repositories. */
export function sourceV2(devin: Devin): PermissionSource {
  return {
    knowsReadOnly: false,
    maxBatch: MAX_BATCH,
    async organizations() {
      const rows = await wholeList(
        devin,
        v2ListOrganizations,
        { params: {}, query: { limit: LARGEST_PAGE } },
        (row) => row.org_id,
      );
      return rows.map(({ org_id: id, org_name: name }) => ({ id, name: name || id }));
    },
    async connections(organizationIds) {
      const found = new Map<string, Connection>();
      const read = async (org_id: string) => {
        const call = { params: { org_id }, query: { limit: LARGEST_PAGE } };
        const rows = await wholeList(devin, v2ListOrgGitConnections, call, (row) => row.connection_id);
        for (const { connection_id: id, name, host } of rows) found.set(id, { id, name: name || id, host, key: host });
      };
      await Promise.all(organizationIds.map(read));
      return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    repositories: () => undefined,
    async list(org_id) {
      const call = { params: { org_id }, query: { limit: LARGEST_PAGE } };
      return (await wholeList(devin, v2ListOrgGitPermissions, call, (row) => row.permission_id)).map(observed);
    },
    async create(org_id, batch) {
      // The body is a bare list, which only a raw call takes.
      await devin.raw(v2AddOrgGitPermissions, { params: { org_id }, body: batch.map(request) });
      return [];
    },
    async remove(org_id, { id }) {
      await devin.call(v2DeleteOrgGitPermission, { params: { org_id, permission_id: id } });
    },
  };
}
