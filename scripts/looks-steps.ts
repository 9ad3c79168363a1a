// The steps whose summaries and comments `npm run looks` draws. All of them run on the shipped bundle and the sandbox.
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMITS, issueCommented, pullRequest } from '../test/e2e/events.ts';
import { runProcess, type StepOptions } from '../test/e2e/fake-runner.ts';
import { openSandbox } from '../test/e2e/sandbox.ts';
import { postReview } from '../test/github/server/devin-review.ts';
import { openGithub } from '../test/github/server/index.ts';

/** What a picture shows. */
export interface Look {
  /** Name of the picture: that of the operation, or the operation and what happened. */
  readonly name: string;
  readonly markdown: string;
  readonly log: string;
}

type Inputs = Readonly<Record<string, string>>;

const PROMPT = 'Fix the parser so that it keeps a trailing comma, and add a test that fails without the fix.';
const SCHEMA = [
  'type: object',
  'required: [approve, findings]',
  'properties:',
  '  approve: { type: boolean }',
  '  findings: { type: array, minItems: 2, maxItems: 3, items: { type: string } }',
].join('\n');

async function step(name: string, inputs: Inputs, more: Partial<StepOptions> = {}): Promise<Look> {
  const { summary, stdout } = await runProcess({ ...more, with: { api_url: 'sandbox', ...inputs } });
  return { name, markdown: summary, log: stdout };
}

/** A sandbox that is fast, and in which a session that waits does not fall asleep. */
const fast = () => openSandbox({ speed: 200, habits: 'sleep_ms:0' });

async function sessions(): Promise<Look[]> {
  const sandbox = await fast();
  const create = (name: string, inputs: Inputs) =>
    step(`create-session${name}`, {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_enterprise',
      prompt: PROMPT,
      max_acu_limit: '10',
      wait: 'finished',
      poll_interval: '1s',
      ...inputs,
    });
  const org_id = await sandbox.orgId();
  const made = await Promise.all([
    create('', { org_id, tags: 'sandbox:pr' }),
    create('-question', { org_id, tags: 'sandbox:waiting' }),
    create('-failed', { org_id, tags: 'sandbox:out-of-credits' }),
    create('-output', { org_id, structured_output_schema: SCHEMA }),
    create('-organizations', { org_id: '*', tags: 'sandbox:pr' }),
    create('-timeout', { org_id, tags: 'sandbox:slow', timeout: '10s' }),
    create('-dry-run', { org_id, dry_run: 'true', wait: 'none' }),
    step('list-sessions', { operation: 'list-sessions', api_url: sandbox.url, devin_token: 'cog_sandbox_org' }),
    step('list-session-insights', {
      operation: 'list-session-insights',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
    }),
  ]);
  await sandbox.close();
  return made;
}

/** What can be done with a session that exists. */
async function oneSession(): Promise<Look[]> {
  const sandbox = await fast();
  const common = { api_url: sandbox.url, devin_token: 'cog_sandbox_org' };
  const start = { ...common, operation: 'create-session', prompt: PROMPT, tags: 'sandbox:pr', max_acu_limit: '10' };
  const { outputs } = await runProcess({ with: { ...start, title: 'Keep a trailing comma', wait: 'none' } });
  const session_id = outputs['session_id'] ?? '';
  const wait = { wait: 'finished', poll_interval: '1s' };
  const made = [];
  for (const [operation, inputs] of [
    ['wait-for-session', wait],
    ['send-message', { ...wait, message: 'Also mention the fix in the changelog.' }],
    ['get-session', {}],
    ['archive-session', {}],
    ['terminate-session', {}],
  ] as const)
    made.push(await step(operation, { ...common, operation, session_id, ...inputs }));
  await sandbox.close();
  return made;
}

/** The comment of a session on an issue, as it is at the end. */
async function comments(): Promise<Look[]> {
  const made = [];
  for (const [name, tags] of [
    ['comment', 'sandbox:pr'],
    ['comment-question', 'sandbox:waiting'],
  ] as const) {
    const sandbox = await fast();
    const github = await openGithub({ repository: 'acme/api' });
    github.thread('issue', 128);
    github.collaborator('maintainer', 'write');
    const inputs = {
      context: 'event',
      trigger_phrase: '/devin',
      comment: 'true',
      wait: 'finished',
      poll_interval: '1s',
    };
    const { stdout } = await runProcess({
      github,
      event: issueCommented(128, '/devin fix the parser', { login: 'maintainer', association: 'MEMBER' }),
      with: {
        operation: 'create-session',
        api_url: sandbox.url,
        devin_token: 'cog_sandbox_org',
        prompt: 'Carry out the request below.',
        max_acu_limit: '10',
        tags,
        ...inputs,
      },
    });
    const markdown = github
      .comments(128)
      .map(({ body }) => body)
      .join('\n\n---\n\n');
    made.push({ name, markdown, log: stdout });
    await Promise.all([sandbox.close(), github.close()]);
  }
  return made;
}

const manifestOf = (name: string, entries: readonly string[]) =>
  `version: 1\nprune: true\nconnections: { main: acme-github-app }\norganizations:\n  "${name}":\n    permissions:\n${entries.map((entry) => `      - { connection: main, ${entry} }`).join('\n')}\n`;

async function permissions(): Promise<Look[]> {
  const sandbox = await openSandbox();
  const FILE = '.devin/git-permissions.yml';
  const inputs = {
    operation: 'sync-git-permissions',
    api_url: sandbox.url,
    devin_token: 'cog_sandbox_enterprise',
    max_removals: '90%',
  };
  const entries = ['repo: acme/api', 'repo: acme/docs, read_only: true', 'group: acme/platform', 'repo: acme/web-app'];
  const files = { [FILE]: manifestOf('Engineering Team', entries) };
  const look = (name: string, given: Inputs, manifest = files) =>
    step(name, { ...inputs, ...given }, { files: manifest });
  const plan = await look('sync-git-permissions', {});
  const refused = await look('sync-git-permissions-refused', { mode: 'apply', max_removals: '1' });
  await sandbox.control('faults', [
    { path: '/enterprise/organizations/*/git-providers/permissions', method: 'POST', status: 403 },
  ]);
  const failed = await look('sync-git-permissions-failed', { mode: 'apply', max_retries: '0' });
  const exported = await step(
    'export-git-permissions',
    { ...inputs, operation: 'export-git-permissions', manifest: 'permissions.yml', max_removals: '' },
    {},
  );
  await sandbox.close();
  return [plan, refused, failed, exported];
}

async function audit(): Promise<Look[]> {
  const sandbox = await openSandbox();
  await sandbox.control('seed', { audit_logs: 4_000, audit_log_days: 3 });
  const kept = mkdtempSync(join(tmpdir(), 'looks-'));
  const inputs = { api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', operation: 'export-audit-logs' };
  const keep = { after: (workspace: string) => cpSync(join(workspace, 'devin-audit-logs'), kept, { recursive: true }) };
  const exported = await step(
    'export-audit-logs',
    { ...inputs, since: '2d', partition: 'day', compression: 'gzip' },
    keep,
  );
  const alert_on = '*_api_key*, assign_roles';
  const alerts = await step('export-audit-logs-alerts', { ...inputs, since: '1d', alert_on });
  const restore = (change: boolean) => ({
    before(workspace: string) {
      const folder = join(workspace, 'devin-audit-logs');
      cpSync(kept, folder, { recursive: true });
      const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.gz'));
      if (change && file !== undefined) writeFileSync(join(folder, file), 'not what was exported');
    },
  });
  const operation = 'verify-audit-export';
  const good = await step('verify-audit-export', { operation }, restore(false));
  const bad = await step('verify-audit-export-faults', { operation }, restore(true));
  rmSync(kept, { recursive: true });
  await sandbox.close();
  return [exported, alerts, good, bad];
}

async function reviews(): Promise<Look[]> {
  const sandbox = await openSandbox({ speed: 1_000 });
  const github = await openGithub({ repository: 'acme/api' });
  github.pull(128, { head: COMMITS.head });
  postReview(github, 128, [
    { kind: 'BUG', title: 'The parser drops a trailing comma', start: 12 },
    { kind: 'BUG', title: 'An empty list is parsed as null', start: 31, end: 34 },
    { kind: 'SECURITY', title: 'The token is written to the log', path: 'src/log.ts', start: 40 },
    { kind: 'FLAG', title: 'The name of this function is unclear', start: 3 },
  ]);
  const made = await step(
    'review-pull-request',
    {
      operation: 'review-pull-request',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      poll_interval: '1s',
    },
    { github, event: pullRequest('opened', 128) },
  );
  await Promise.all([sandbox.close(), github.close()]);
  return [made];
}

const others = (): Promise<Look[]> =>
  Promise.all([
    step('whoami', { operation: 'whoami' }),
    step('whoami-viewer', { operation: 'whoami', devin_token: 'cog_sandbox_viewer' }),
    step('list-organizations', { operation: 'list-organizations' }),
    step('call-api', { operation: 'call-api', endpoint: 'listEnterpriseUsers' }),
    step('call-api-rejected', { operation: 'call-api', endpoint: 'createOrgNote', body: 'title: A note' }),
    step('invalid', { operation: 'create-session', max_acu_limit: 'many', wait: 'finish' }),
  ]);

/** The steps, by the beginnings of the names of their pictures. */
const GROUPS = [
  [['create-session', 'list-session'], sessions],
  [['wait-for-session', 'send-message', 'get-session', 'archive-session', 'terminate-session'], oneSession],
  [['comment'], comments],
  [['sync-git-permissions', 'export-git-permissions'], permissions],
  [['export-audit-logs', 'verify-audit-export'], audit],
  [['review-pull-request'], reviews],
  [['whoami', 'list-organizations', 'call-api', 'invalid'], others],
] as const;

/** Runs all steps, or those that some of the pictures need. */
export async function looks(only?: readonly string[]): Promise<Look[]> {
  const all: Look[] = [];
  for (const [beginnings, run] of GROUPS) {
    const isWanted = only?.some((name) => beginnings.some((beginning) => name.startsWith(beginning))) ?? true;
    if (isWanted) all.push(...(await run()));
  }
  return all.filter(({ name }) => only?.includes(name) ?? true);
}
