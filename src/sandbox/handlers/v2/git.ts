import type * as z from 'zod/mini';
import * as v3 from '../../../devin/endpoints/git-providers.ts';
import * as v2 from '../../../devin/endpoints/v2-git.ts';
import { offsetPageOf } from '../../request/page.ts';
import { invalidField, notFound } from '../../request/problem.ts';
import type { Change } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import type { World } from '../../world/state.ts';
import { gitPermissionHandlers } from '../git/git-permissions.ts';
import { type Permission, permissionsOf } from '../git/git-permissions-set.ts';
import { repositoriesOf, repositoryOf, startIndexing, statusOf } from '../git/repository-indexing.ts';
import { iso, SUCCESS, viaV3 } from './view.ts';

type Wanted = z.output<ReturnType<typeof v2.V2GitPermissionRequest>>;
type NewPermission = z.input<ReturnType<typeof v3.GitPermissionCreateRequest>>;

function show(world: World, permission: Permission) {
  return {
    permission_id: permission.git_permission_id,
    host: world.state.connections.get(permission.git_connection_id)?.value.host ?? '',
    repo_path: permission.repo_path ?? null,
    group_prefix: permission.group_prefix ?? null,
    prefix_path: permission.prefix_path ?? null,
  };
}

/** The path of a URL on the connection's host. @throws a 422 for another host, or for none */
function pathOn(host: string, url: string, loc: ReadonlyArray<string | number>): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const path = parsed?.pathname.replace(/^\/+|(\.git)?\/*$/g, '') ?? '';
  if (parsed?.host === host && path !== '') return path;
  throw invalidField(loc, `Input should be a URL on ${host}`, 'url_parsing');
}

/** A v2 permission in the words of v3. */
function translated({ state }: World, wanted: Wanted, i: number): NewPermission {
  const { connection_id, repo_path, repo_url, group_prefix, group_prefix_url, prefix_path } = wanted;
  const { host } = existing(state.connections.get(connection_id), `Git connection ${connection_id}`).value;
  const path = (url: string, name: string) => pathOn(host, url, ['body', i, name]);
  const base = { git_connection_id: connection_id };
  if (repo_path) return { ...base, repo_path: repo_path.join('/') };
  if (typeof repo_url === 'string') return { ...base, repo_path: path(repo_url, 'repo_url') };
  if (group_prefix) return { ...base, group_prefix: group_prefix.join('/') };
  if (typeof group_prefix_url === 'string') {
    return { ...base, group_prefix: path(group_prefix_url, 'group_prefix_url') };
  }
  return { ...base, prefix_path: prefix_path ?? null };
}

function add(call: Change, org_id: string, permissions: readonly NewPermission[]): Permission[] {
  return viaV3(gitPermissionHandlers, v3.createGitPermissions, call, { params: { org_id }, body: { permissions } });
}

const nameOf = (permission: Permission) =>
  permission.repo_path ?? permission.group_prefix ?? permission.prefix_path ?? '';

const permissionHandlers: readonly Handler[] = [
  on(v2.v2ListOrgGitConnections, (call) => {
    organizationOf(call);
    return offsetPageOf(call.world.state.connections.all(), call.query, ({ id, value }) => ({
      connection_id: id,
      host: value.host,
      name: value.name ?? '',
      type: value.git_provider_type,
      created_at: iso(value.created_at),
    }));
  }),
  on(v2.v2ListOrgGitPermissions, (call) => {
    const { table } = permissionsOf(call.world, organizationOf(call));
    return offsetPageOf(table.all(), call.query, ({ value }) => show(call.world, value));
  }),
  on(v2.v2AddOrgGitPermissions, (call) => {
    const { id } = organizationOf(call);
    const made = add(
      call,
      id,
      call.body.map((wanted, i) => translated(call.world, wanted, i)),
    );
    return {
      permission_ids: made.map((permission) => permission.git_permission_id),
      permission_names: Object.fromEntries(made.map((one) => [one.git_permission_id, nameOf(one)])),
      ...SUCCESS,
    };
  }),
  on(v2.v2DeleteOrgGitPermission, (call) => {
    const params = { org_id: organizationOf(call).id, git_permission_id: call.param('permission_id') };
    viaV3(gitPermissionHandlers, v3.deleteGitPermission, call, { params });
    return SUCCESS;
  }),
  on(v2.v2SeedAddOrgPermission, (call) => {
    const { provider, repository, permission } = call.body;
    const { id } = organizationOf(call);
    const connection = call.world.state.connections.all().find(({ value }) => {
      return value.git_provider_type.startsWith(provider.toLowerCase());
    });
    if (!connection) throw notFound(`Git connection of the provider ${provider}`);
    const read_only = permission === 'read';
    const [made] = add(call, id, [{ git_connection_id: connection.id, repo_path: repository, read_only }]);
    return { permission_id: made?.git_permission_id ?? '', provider, repository, permission, ...SUCCESS };
  }),
];

const job = (run: { job_id: string; commit: string; created_at: number; status: string } | null | undefined) =>
  run ? { job_id: run.job_id, commit: run.commit, created_at: iso(run.created_at), status: run.status } : null;

const indexingHandlers: readonly Handler[] = [
  on(v2.v2BulkIndexRepositories, (call) => {
    const { org_id, repo_names } = call.body;
    const orgId = existing(call.world.state.organizations.get(org_id), 'Organization').id;
    const paths = repo_names.map((name) => repositoryOf(call.world, orgId, name).repo_path);
    for (const path of paths) startIndexing(call, orgId, path);
    return SUCCESS;
  }),
  on(v2.v2GetRepositoryStatus, (call) => {
    const { world } = call;
    const { id } = organizationOf(call);
    return repositoriesOf(world, id).map(({ value }) => {
      const status = statusOf(world, id, value.repo_path);
      return {
        name: value.repo_path,
        indexing_enabled: status.indexing_enabled,
        latest_index: job(status.latest_indexes.at(-1)),
        latest_completed_search_index_job: job(status.latest_completed_search_index_job),
        latest_completed_wiki_index_job: job(status.latest_completed_wiki_index_job),
      };
    });
  }),
];

/** Git connections, Git permissions and repository indexing as v2 shows them. */
export const v2GitHandlers: readonly Handler[] = [...permissionHandlers, ...indexingHandlers];
