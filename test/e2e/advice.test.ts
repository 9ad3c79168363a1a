import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../devin/support.ts';
import { openGithub } from '../github/server/index.ts';
import { errorOf, warningsOf } from './event-support.ts';
import { issueOpened, pullRequest } from './events.ts';
import type { StepOptions } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId = '';

beforeAll(async () => {
  sandbox = await openSandbox();
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

const step = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({
    ...more,
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      prompt: 'Fix it.',
      ...inputs,
    },
  });

describe('a file that is missing', () => {
  const MANIFEST = { operation: 'sync-git-permissions', prompt: '', devin_token: 'cog_sandbox_enterprise' };
  const file = { 'README.md': 'x' };
  const git = (workspace: string) => mkdirSync(join(workspace, '.git'));

  test.each<[string, Record<string, string>]>([
    ['a prompt file', { prompt: '', prompt_file: 'tasks/a.md' }],
    ['a schema', { structured_output_schema_file: 'schema.yml' }],
    ['an attachment', { attachments: 'logs/**/*.txt' }],
    ['a manifest', MANIFEST],
    ['manifests of a pattern', { ...MANIFEST, manifest: 'teams/*.yml' }],
    [
      'a file for call-api',
      {
        operation: 'call-api',
        prompt: '',
        endpoint: 'POST /v3/organizations/{org_id}/attachments',
        params: `org_id: ${orgId || 'org-1'}`,
        body: 'file: logs/a.txt',
      },
    ],
  ])('%s: the advice is on the checkout, if there was none', async (_name, inputs) => {
    expect(errorOf(await step(inputs, { files: file }))).toMatch(
      /step of this job check out the repository \(actions\/c/,
    );
    expect(errorOf(await step(inputs))).toContain(
      'check out the repository (actions/checkout)? The workspace is empty.',
    );
    const there = errorOf(await step(inputs, { before: git }));
    expect(there).toContain('begins at the root of the repository');
    expect(there).not.toContain('actions/checkout');
  });

  test('outside of the workspace has nothing to do with a checkout', async () => {
    for (const path of ['/etc/no', '../no.md', '/tmp/no.md']) {
      expect(errorOf(await step({ prompt: '', prompt_file: path }))).not.toContain('check out');
    }
  });
});

test.each<[string, Record<string, string>, (string | RegExp)[]]>([
  ['the macro of a playbook', { playbook_id: '!release' }, ['playbook_id is "!release"', 'belongs in `prompt`']],
  ['that of a child', { child_playbook_id: ' !a-b ' }, ['child_playbook_id', 'belongs in `prompt`']],
  ['two documents of YAML', { extra_body: 'a: 1\n---\nb: 2' }, ['extra_body', 'a second document', '(line 2)']],
  [
    'two documents in a schema',
    { structured_output_schema: 'type: object\n---\ntype: object' },
    ['structured_output_schema', 'a second document'],
  ],
  [
    'the key of the enterprise without an organization',
    { devin_token: 'cog_sandbox_enterprise' },
    ['org_id is empty', '`list-organizations` shows the IDs', 'org_id: "*"'],
  ],
  [
    'the key of an organization for the enterprise',
    { operation: 'call-api', prompt: '', endpoint: 'listEnterpriseUsers' },
    ['at enterprise level', 'use the key of a service user that was created for the enterprise'],
  ],
])('%s: the error names what to do', async (_name, inputs, words) => {
  const result = await step(inputs);
  expect(result.exitCode).toBe(1);
  for (const word of words) expect(errorOf(result)).toMatch(word);
});

test('an operation for one organization does not advise several', async () => {
  const result = await step({ operation: 'list-sessions', prompt: '', devin_token: 'cog_sandbox_enterprise' });
  expect(errorOf(result)).toContain('`list-organizations` shows the IDs');
  expect(errorOf(result)).not.toContain('"*"');
});

test('two documents in a manifest are named with the line of the second', async () => {
  const files = { '.devin/git-permissions.yml': 'version: 1\norganizations: {}\n---\nversion: 1\n' };
  const result = await step({ operation: 'sync-git-permissions', prompt: '' }, { files });
  expect(result.stdout + errorOf(result)).toContain('a second document begins here');
  expect(result.stdout + result.summary).toMatch(/git-permissions\.yml:3|line=3/);
});

describe('an empty key', () => {
  const EMPTY = { operation: 'whoami', prompt: '', devin_token: '' };

  test('in a run of Dependabot is one of the Dependabot secrets', async () => {
    const event = pullRequest('opened', 7, { by: { login: 'dependabot[bot]', association: 'CONTRIBUTOR' } });
    const result = await step(EMPTY, { event, env: { GITHUB_ACTOR: 'dependabot[bot]' } });
    expect(result.outputs['error_code']).toBe('credential_missing');
    expect(errorOf(result)).toMatch(/missing.*A run that Dependabot starts gets only Dependabot secrets: add the key/s);
  });

  test('for a pull request from a fork is withheld by GitHub', async () => {
    const result = await step(EMPTY, { event: pullRequest('opened', 7, { fork: true }) });
    expect(errorOf(result)).toMatch(/missing.*A pull request from a fork gets no secrets.*docs\/security\.md#pull/s);
    const own = errorOf(await step(EMPTY, { event: pullRequest('opened', 7) }));
    expect(own.indexOf('misspelled')).toBeLessThan(own.indexOf('fork'));
  });
});

describe('a request that is redirected', () => {
  test('to the new address of the API: the error names it, and nothing is sent there', async () => {
    const elsewhere = await serve(() => ({ body: {} }));
    const moved = await serve(({ url }) => ({ status: 308, headers: { location: `${elsewhere.origin}/api${url}` } }));
    const result = await step({ api_url: moved.origin, org_id: 'org-1', idempotency: 'none' });
    expect(errorOf(result)).toContain(`set \`api_url\` to \`${elsewhere.origin}/api\``);
    expect(elsewhere.seen).toEqual([]);
  });

  test('to a login page: the error names the page, without its query', async () => {
    const moved = await serve(() => ({ status: 302, headers: { location: '/login?next=secret' } }));
    const error = errorOf(await step({ api_url: moved.origin, org_id: 'org-1' }));
    expect(error).toContain(`redirects to ${moved.origin}/login. Set it to the address of the API`);
    expect(error).not.toContain('next=secret');
  });

  test('by GitHub, since the repository was renamed: the warning names the new address', async () => {
    const github = await openGithub({ repository: 'acme/api' });
    github.thread('issue', 7);
    const location = 'https://api.github.com/repos/acme/web/issues/7/comments';
    const path = '/repos/acme/api/issues/7/comments';
    github.fault({ method: 'POST', path, status: 301, headers: { location }, times: 9 });
    const result = await step({ comment: 'true', org_id: orgId }, { github, event: issueOpened(7) });
    const warning = warningsOf(result).find((text) => text.startsWith('The comment was not written'));
    expect(warning).toContain(`it redirects to ${location}`);
    expect(warning).toContain('It is `acme/web` now');
    await github.close();
  });
});
