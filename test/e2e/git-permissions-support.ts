import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

/** Where the manifest is by default. */
export const FILE = '.devin/git-permissions.yml';

interface Row {
  readonly org_id: string;
  readonly name: string;
}

interface Permission {
  readonly git_permission_id: string;
  readonly repo_path: string | null;
  readonly group_prefix: string | null;
  readonly prefix_path: string | null;
  readonly read_only: boolean;
}

/** The sandbox of the test, and the ids of its first two organizations. */
export let sandbox: TestSandbox;
export let engineering = '';
export let data = '';

const itemsOf = (answer: unknown): readonly unknown[] => {
  const { items } = Object(answer);
  return Array.isArray(items) ? items : [];
};
const rowsOf = async () =>
  itemsOf(await sandbox.api('GET', '/v3/enterprise/organizations')).map((row): Row => Object(row));

/** Gives each test of a file a sandbox of its own. */
export function everyTestHasASandbox(): void {
  beforeEach(async () => {
    sandbox = await openSandbox();
    const [first, second] = await rowsOf();
    engineering = first?.org_id ?? '';
    data = second?.org_id ?? '';
    await forget();
  });
  afterEach(() => sandbox.close());
}

/** Forgets the requests so far. */
export const forget = () =>
  fetch(`${sandbox.url}/sandbox/requests`, { method: 'DELETE', headers: { 'x-sandbox-control': '1' } });
/** The path of an organization's permissions, without the version. */
export const path = (org: string) => `/enterprise/organizations/${org}/git-providers/permissions`;

/** What an organization may reach, as short texts: `repo acme/api`, `repo acme/docs!` for a read-only one. */
export async function entries(org = engineering): Promise<string[]> {
  const rows: Permission[] = [];
  let after = '';
  do {
    const page = Object(await sandbox.api('GET', `/v3${path(org)}?first=200${after}`));
    rows.push(...itemsOf(page).map((row): Permission => Object(row)));
    after = page.has_next_page === true ? `&after=${page.end_cursor}` : '';
  } while (after !== '');
  return rows.map(({ repo_path: repo, group_prefix: group, prefix_path: prefix, read_only: readOnly }) => {
    const what = repo !== null ? `repo ${repo}` : group !== null ? `group ${group}` : `prefix ${prefix}`;
    return `${what}${readOnly ? '!' : ''}`;
  });
}

/** Runs `sync-git-permissions` on a manifest. */
export const sync = (manifest: string, inputs: Record<string, string> = {}, more: Partial<StepOptions> = {}) =>
  runStep(syncStep(manifest, inputs, more));

const syncStep = (manifest: string, inputs: Record<string, string>, more: Partial<StepOptions>): StepOptions => ({
  files: { [FILE]: manifest },
  ...more,
  with: { operation: 'sync-git-permissions', api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', ...inputs },
});

/** The same with `mode: apply`. */
export const apply = (manifest: string, inputs: Record<string, string> = {}, more: Partial<StepOptions> = {}) =>
  sync(manifest, { mode: 'apply', max_removals: '100%', ...inputs }, more);

/** The requests so far: method and last part of the path. */
export const sent = async () =>
  (await sandbox.requests()).map(({ method, path: where }) => `${method} ${where.split('?')[0]?.split('/').at(-1)}`);
/** Those of them that change something. */
export const changes = async () => (await sent()).filter((one) => !one.startsWith('GET'));
/** The last error that a step showed. */
export const errorOf = ({ commands }: StepResult) => commands.findLast(({ name }) => name === 'error');

/** The entries that Engineering Team starts with. */
export const BASE = [
  '{ connection: main, repo: acme/api }',
  '{ connection: main, repo: acme/web-app, read_only: true }',
  '{ connection: main, repo: acme/web-admin }',
  '{ connection: lab, group: acme-lab }',
  '{ connection: main, prefix: acme/svc- }',
];
/** What a manifest begins with. */
export const HEAD = 'version: 1\nprune: true\nconnections: { main: acme-github-app, lab: acme-gitlab }\n';
/** A manifest out of entries by organization. */
export const manifestOf = (organizations: Readonly<Record<string, readonly string[]>>, head = HEAD) =>
  `${head}organizations:\n${Object.entries(organizations)
    .map(
      ([name, rows]) =>
        `  ${name}:\n    permissions:${rows.length === 0 ? ' []' : ''}\n${rows.map((row) => `      - ${row}\n`).join('')}`,
    )
    .join('')}`;
/** A manifest for Engineering Team alone. */
export const engineeringOf = (...rows: readonly string[]) => manifestOf({ 'Engineering Team': rows });

/** What Engineering Team starts with, as `entries` shows it. */
export const START = [
  'repo acme/api',
  'repo acme/web-app!',
  'repo acme/web-admin',
  'group acme-lab',
  'prefix acme/svc-',
];

/** The path of a repository that exists, from 0; the sandbox has 19 of them if it is not told otherwise. */
export const service = (at: number) => `acme/service-${String(at + 17).padStart(4, '0')}`;

/** The last entry is removed, a group is added, one repository gains write access, another loses it. */
export const CHANGED = [
  '{ connection: main, repo: acme/api, read_only: true }',
  '{ connection: main, repo: acme/web-app }',
  '{ connection: main, repo: acme/web-admin }',
  '{ connection: lab, group: acme-lab }',
  '{ connection: main, group: acme/platform }',
  '{ connection: main, repos: "acme/inf*" }',
];

/** What `export-git-permissions` writes. */
export async function exportAll(inputs: Record<string, string> = {}): Promise<string> {
  let text = '';
  const result = await runStep({
    with: {
      operation: 'export-git-permissions',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_enterprise',
      ...inputs,
    },
    after: (workspace) => {
      text = readFileSync(join(workspace, inputs['manifest'] ?? FILE), 'utf8');
    },
  });
  expect(result.outputs, result.stdout).toMatchObject({ outcome: 'success', manifest: inputs['manifest'] ?? FILE });
  return text;
}
