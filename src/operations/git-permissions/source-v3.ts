import { asActionError } from '../../contract/errors.ts';
import type { Devin } from '../../devin/client.ts';
import type { ItemOf } from '../../devin/endpoint.ts';
import {
  createGitPermissions,
  deleteGitPermission,
  listGitConnectionRepositories,
  listGitConnections,
  listGitPermissions,
  MAX_PERMISSIONS,
  PERMISSION_PATHS,
  replaceGitPermissions,
  updateGitPermission,
} from '../../devin/endpoints/git-providers.ts';
import { LARGEST_PAGE } from '../../devin/pagination.ts';
import { wholeList } from '../../devin/whole-list.ts';
import { visibleOrganizations } from '../visible-organizations.ts';
import type { Connection, Desired, Observed, Subject } from './permission.ts';
import type { PermissionSource } from './source.ts';

const FIELDS = { repo: 'repo_path', group: 'group_prefix', prefix: 'prefix_path' } as const;
const SUBJECT_OF = { repo_path: 'repo', group_prefix: 'group', prefix_path: 'prefix' } as const;

const request = ({ connection, subject, path, readOnly }: Desired) => ({
  git_connection_id: connection.id,
  [FIELDS[subject]]: path,
  read_only: readOnly,
});

const isKnown = (subject: Observed['subject']): subject is Subject => subject !== 'unknown';

/** Git permissions through v3 of the API. */
export function sourceV3(devin: Devin): PermissionSource {
  const names = new Map<string, Connection>();
  const observed = (row: ItemOf<typeof listGitPermissions>): Observed => {
    const field = PERMISSION_PATHS.find((name) => row[name]);
    return {
      id: row.git_permission_id,
      subject: field === undefined ? 'unknown' : SUBJECT_OF[field],
      path: field === undefined ? row.git_permission_id : (row[field] ?? ''),
      connection: {
        key: row.git_connection_id,
        name: names.get(row.git_connection_id)?.name ?? row.git_connection_id,
      },
      readOnly: row.read_only ?? false,
    };
  };
  return {
    knowsReadOnly: true,
    maxBatch: MAX_PERMISSIONS,
    async organizations() {
      try {
        const { organizations, ownOnly } = await visibleOrganizations(devin);
        return ownOnly ? undefined : organizations.map(({ org_id: id, name }) => ({ id, name }));
      } catch (thrown) {
        if (asActionError(thrown).code === 'permission_denied') return undefined;
        throw thrown;
      }
    },
    async connections() {
      const call = { params: {}, query: { first: LARGEST_PAGE } };
      const rows = await wholeList(devin, listGitConnections, call, (row) => row.git_connection_id);
      const found = rows.map(({ git_connection_id: id, name, host }) => ({
        id,
        name: name || id,
        host: host ?? '',
        key: id,
      }));
      for (const one of found) names.set(one.id, one);
      return found;
    },
    async repositories(id) {
      const call = { params: { connection_id: id }, query: { first: 100 } };
      const idOf = (row: ItemOf<typeof listGitConnectionRepositories>) =>
        JSON.stringify([row.provider_repository_id, row.repo_path]);
      const rows = await wholeList(devin, listGitConnectionRepositories, call, idOf);
      return [...new Set(rows.map(({ repo_path: path }) => path))];
    },
    async list(org) {
      const call = { params: { org_id: org }, query: { first: LARGEST_PAGE } };
      return (await wholeList(devin, listGitPermissions, call, (row) => row.git_permission_id)).map(observed);
    },
    async create(org, batch) {
      const call = { params: { org_id: org }, body: { permissions: batch.map(request) } };
      const made = await devin.call(createGitPermissions, call);
      return made.length === batch.length ? made.map(({ git_permission_id: id }) => id) : [];
    },
    async update(org, { readOnly }, { id }) {
      const params = { org_id: org, git_permission_id: id };
      await devin.call(updateGitPermission, { params, body: { read_only: readOnly } });
    },
    async remove(org, { id }) {
      await devin.call(deleteGitPermission, { params: { org_id: org, git_permission_id: id } });
    },
    replacing: {
      max: MAX_PERMISSIONS,
      asDesired({ subject, path, connection, readOnly = false }) {
        const whole = names.get(connection.key);
        if (whole === undefined || !isKnown(subject)) return undefined;
        return { subject, path, connection: whole, readOnly, position: { file: '', line: 0 } };
      },
      async replace(org, entries) {
        await devin.call(replaceGitPermissions, {
          params: { org_id: org },
          body: { permissions: entries.map(request) },
          once: true,
        });
      },
    },
  };
}
