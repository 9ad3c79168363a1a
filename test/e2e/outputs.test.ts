import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadOperation, OPERATION_NAMES, type OperationName } from '../../src/step/registry.ts';
import { postReview } from '../github/server/devin-review.ts';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import { expectAgreement } from './agreement.ts';
import type { StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

const MANIFEST = '.devin/git-permissions.yml';
/** Takes everything away. */
const GONE = 'version: 1\nprune: true\norganizations:\n  Engineering Team: { permissions: [] }\n';

let sandbox: TestSandbox;
let orgId = '';
let root = '';

beforeAll(async () => {
  sandbox = await openSandbox({ speed: 30, habits: 'turn_end:finished,sleep_ms:0' });
  orgId = await sandbox.orgId();
  root = mkdtempSync(join(tmpdir(), 'outputs-'));
  mkdirSync(join(root, '.devin'));
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await sandbox.close();
});

/** Runs an operation, whose outputs must be what its result says. */
async function step(
  operation: OperationName,
  inputs: Record<string, string> = {},
  github?: LocalGithub,
): Promise<StepResult> {
  const result = await runStep({
    ...(github === undefined ? {} : { github }),
    with: { operation, api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', ...inputs },
    env: { GITHUB_WORKSPACE: root },
  });
  expectAgreement(result.outputs, (await loadOperation(operation)).outputs, `of ${operation}`);
  return result;
}

const data = ({ outputs }: StepResult): Record<string, unknown> => JSON.parse(outputs['result'] ?? '').data;

/** What each operation is run with, and the members of its result that an earlier release left out. */
const CASES: Readonly<Record<OperationName, () => Promise<void>>> = {
  async 'create-session'() {
    const inputs = { prompt: 'Fix it.', tags: 'sandbox:pr', org_id: orgId, poll_interval: '1s' };
    const one = await step('create-session', { ...inputs, wait: 'finished' });
    expect(data(one), one.stdout).toMatchObject({ session_outcome: 'finished', created: true, count: 1 });
    const all = await step('create-session', { ...inputs, org_id: '*', wait: 'started', title: 'another' });
    expect(data(all), all.stdout).toMatchObject({ session_id: expect.stringMatching(/^devin-/), created: true });
  },
  'send-message': () => onSession('send-message', { message: 'And the lexer.' }),
  'wait-for-session': () => onSession('wait-for-session', { poll_interval: '1s' }),
  'get-session': () => onSession('get-session'),
  'terminate-session': () => onSession('terminate-session'),
  'archive-session': () => onSession('archive-session'),
  'collect-sessions': () => green('collect-sessions', { org_id: orgId }),
  'list-sessions': () => green('list-sessions', { org_id: orgId }),
  'list-session-insights': () => green('list-session-insights', { org_id: orgId }),
  async 'sync-git-permissions'() {
    writeFileSync(join(root, 'gone.yml'), GONE);
    const inputs = { manifest: 'gone.yml', max_removals: '100%', allow_empty: 'true' };
    const planned = await step('sync-git-permissions', inputs);
    const { removed } = data(planned);
    expect(Number(removed), planned.stdout).toBeGreaterThan(1);
    expect(data(planned)).toMatchObject({ added: 0, failed: 0, escalations: 0, counts: { removed } });
    const other = '0'.repeat(64);
    const refused = await step('sync-git-permissions', { ...inputs, mode: 'apply', expected_plan_hash: other });
    const counts = { removed: 0, added: 0, updated: 0 };
    expect(data(refused), refused.stdout).toMatchObject({ ...counts, counts, planned: { removed } });
    const path = `/enterprise/organizations/${orgId}/git-providers/permissions/*`;
    await sandbox.control('faults', [{ method: 'DELETE', path, status: 422 }]);
    const partial = await step('sync-git-permissions', { ...inputs, mode: 'apply' });
    expect(data(partial), partial.stdout).toMatchObject({ removed: Number(removed) - 1, failed: 1, converged: false });
  },
  'export-git-permissions': () => green('export-git-permissions', { manifest: MANIFEST }),
  'export-audit-logs': () => green('export-audit-logs', { output_dir: 'exported', since: '2d' }),
  async 'verify-audit-export'() {
    await green('export-audit-logs', { output_dir: 'checked', since: '30d' });
    const verified = await step('verify-audit-export', { output_dir: 'checked' });
    expect(data(verified), verified.stdout).toMatchObject({
      manifest_file: expect.stringContaining('checked/manifests/'),
      oldest: expect.stringMatching(/Z$/),
      newest: expect.stringMatching(/Z$/),
    });
  },
  async 'review-pull-request'() {
    const github = await openGithub({ repository: 'acme/api' });
    try {
      github.pull(128);
      postReview(github, 128, [{ kind: 'BUG', title: 'A bug' }]);
      const red = await step(
        'review-pull-request',
        { org_id: orgId, issue_number: '128', poll_interval: '1s' },
        github,
      );
      expect(data(red), red.stdout).toMatchObject({ review_status: 'completed', findings_count: 1, blocking_count: 1 });
    } finally {
      await github.close();
    }
  },
  'list-organizations': () => green('list-organizations'),
  whoami: () => green('whoami'),
  async 'call-api'() {
    const endpoint = 'GET /v3/enterprise/organizations';
    await green('call-api', { endpoint, paginate: 'true' });
    await green('call-api', { endpoint, body_file: 'organizations.json' });
  },
};

async function green(operation: OperationName, inputs: Record<string, string> = {}): Promise<void> {
  const { outputs, stdout } = await step(operation, inputs);
  expect(outputs, stdout).toMatchObject({ outcome: 'success' });
}

async function onSession(operation: OperationName, inputs: Record<string, string> = {}): Promise<void> {
  const created = await sandbox.api('POST', `/v3/organizations/${orgId}/sessions`, { prompt: 'Fix it.', tags: ['x'] });
  await green(operation, { org_id: orgId, session_id: Object(created).session_id, ...inputs });
}

describe('outputs and result of a step agree', { concurrent: true }, () => {
  test.each(OPERATION_NAMES)('after %s', (name) => CASES[name]());
});
