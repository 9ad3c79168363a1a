import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { INPUTS } from '../src/contract/inputs.ts';
import { atEnd } from './at-end.ts';
import { openSandbox, type TestSandbox } from './e2e/sandbox.ts';
import { EXAMPLES, type JobDone, lastOf, onlyHere, quick, resultsOf, runExample } from './workflow-runner.ts';

const ENTERPRISE = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });

/** The bodies with which sessions were created, as the sandbox keeps them. */
async function sessionsOf(sandbox: TestSandbox): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { items } = Object(await sandbox.api('GET', `/v3/organizations/${await sandbox.orgId()}/sessions`));
  return items;
}
const story = (jobs: readonly JobDone[] | undefined) =>
  jobs?.map(({ steps }) => steps.map(({ output }) => output)).join();

/** The steps of this action in all examples, by file. */
function stepsOfExamples() {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yml'));
  return files.flatMap((file) => {
    const { jobs }: { jobs: Record<string, { steps?: { uses?: string; with?: Record<string, unknown> }[] }> } = parse(
      readFileSync(join(EXAMPLES, file), 'utf8'),
    );
    const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);
    return steps.filter(({ uses }) => uses?.startsWith('OWNER/')).map((step) => ({ file, with: step.with ?? {} }));
  });
}

describe('the examples', () => {
  const steps = stepsOfExamples();

  test('show every input that users set', () => {
    const shown = new Set(steps.flatMap((step) => Object.keys(step.with)));
    const inputs = Object.entries(INPUTS).filter(([, input]) => !('internal' in input));
    expect(inputs.map(([name]) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  test('limit the ACUs of every session that they create', () => {
    const costly = steps.filter(
      (step) => step.with['operation'] === 'create-session' && step.with['api_url'] !== 'sandbox',
    );
    expect(costly.filter((step) => !('max_acu_limit' in step.with)).map(({ file }) => file)).toEqual([]);
  });
});

describe('an example of a session does what it says', onlyHere, () => {
  test('session-with-files sends the task of the repository and keeps the whole result', async () => {
    const sandbox = await quick();
    const schema = { type: 'object', required: ['failures'], properties: { failures: { type: 'integer' } } };
    const { report } = await runExample('session-with-files.yml', {
      url: sandbox.url,
      life: 'sandbox:structured',
      files: {
        '.devin/tasks/report.md': 'Count the failures in the attached logs.',
        '.devin/tasks/report.schema.json': JSON.stringify(schema),
        'logs/one/a.txt': 'ok',
        'logs/b.txt': 'failed',
      },
    });
    expect(report?.[0]?.result, story(report)).toBe('success');
    const result = JSON.parse(lastOf(report)?.output ?? '');
    expect(result).toMatchObject({ outcome: 'success', data: { structured_output: { failures: expect.any(Number) } } });
    const requests = (await sandbox.requests()).map(({ method, path }) => `${method} ${path}`);
    expect(requests.filter((one) => /POST .*\/attachments$/.test(one))).toHaveLength(2);
  });

  test('every-setting starts a session with each of them', async () => {
    const sandbox = await quick();
    const org = await sandbox.orgId();
    const id = async (path: string, body: unknown, name: string): Promise<string> =>
      Object(await sandbox.api('POST', `/v3/organizations/${org}/${path}`, body))[name];
    const playbook = await id('playbooks', { title: 'Fix', body: 'Fix it.' }, 'playbook_id');
    const note = await id('knowledge/notes', { name: 'Style', body: 'Two spaces.', trigger: 'always' }, 'note_id');
    const secret = await id('secrets', { key: 'TOKEN', value: 'a-made-up-value', type: 'key-value' }, 'secret_id');
    const { items } = Object(await sandbox.api('GET', '/v3/enterprise/members/users'));
    const { devin } = await runExample('every-setting.yml', {
      url: sandbox.url,
      inputs: { task: 'Fix it' },
      secrets: () => ({ ...ENTERPRISE(), REGISTRY_TOKEN: 'made-up-registry-token' }),
      vars: {
        DEVIN_ORG_ID: org,
        DEVIN_PLAYBOOK_ID: playbook,
        DEVIN_CHILD_PLAYBOOK_ID: playbook,
        DEVIN_NOTE_IDS: note,
        DEVIN_SECRET_IDS: secret,
        DEVIN_SESSION_LINKS: 'https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef',
        DEVIN_ATTACHMENT_URLS: '',
        DEVIN_USER_ID: items[0]?.user_id,
      },
    });
    expect(devin?.[0]?.result, story(devin)).toBe('success');
    expect(story(devin)?.replace('::add-mask::made-up-registry-token', '')).not.toContain('made-up-registry-token');
    const [session] = await sessionsOf(sandbox);
    expect(session).toMatchObject({ title: 'Task from a workflow', playbook_id: playbook });
  });

  test('error-watch sends its second request to the session of the first', async () => {
    const sandbox = await quick();
    const first = await runExample('error-watch.yml', { url: sandbox.url, runId: '1' });
    const second = await runExample('error-watch.yml', { url: sandbox.url, runId: '2' });
    const of = ({ watch }: typeof first) => lastOf(watch)?.outputs;
    expect(of(second)).toMatchObject({ reused: 'true', session_id: of(first)?.['session_id'] });
    const paths = (await sandbox.requests()).filter(({ method }) => method === 'POST').map(({ path }) => path);
    expect(paths.filter((path) => path.endsWith('/sessions'))).toHaveLength(1);
  });

  test('session-facts says how a session stands', async () => {
    const sandbox = await quick();
    const made = await sandbox.api('POST', `/v3/organizations/${await sandbox.orgId()}/sessions`, { prompt: 'Work' });
    const inputs = { session: Object(made).url };
    const { session } = await runExample('session-facts.yml', { url: sandbox.url, inputs });
    expect(lastOf(session)?.output).toMatch(
      /^The session is \w+ and has used (?:[\d.]+|an unknown number of) ACUs\.\n$/,
    );
  });

  test('weekly-insights shows the sessions of workflows, with insights', async () => {
    const sandbox = await quick();
    await sandbox.api('POST', `/v3/organizations/${await sandbox.orgId()}/sessions`, {
      prompt: 'A',
      tags: ['workflow'],
    });
    const { insights } = await runExample('weekly-insights.yml', { url: sandbox.url });
    expect(lastOf(insights), story(insights)).toMatchObject({ green: true, outputs: { count: '1' } });
  });

  test('organizations-in-groups starts one session in each organization', async () => {
    const sandbox = await quick();
    const all = await runExample('organizations-in-groups.yml', {
      url: sandbox.url,
      secrets: ENTERPRISE,
      inputs: { task: 'Tidy up' },
    });
    expect(resultsOf(all), story(all['list'])).toEqual({ list: 'success', devin: 'success' });
    const started = (await sandbox.requests()).filter(
      ({ method, path }) => method === 'POST' && /sessions$/.test(path),
    );
    expect(started).toHaveLength(3);
  });
});

describe('an example of settings as code does what it says', onlyHere, () => {
  test('first-git-permissions writes a manifest that restore-git-permissions plans without a change', async () => {
    const sandbox = await quick();
    // Entries inside of a group or a prefix would be warnings.
    await sandbox.control('seed', { organizations: 2, permissions_per_org: 2, repositories: 20 });
    const setting = { url: sandbox.url, secrets: ENTERPRISE };
    const plans = () => ({ DEVIN_PLAN_TOKEN: 'cog_sandbox_enterprise' });
    const { export: job } = await runExample('first-git-permissions.yml', { ...setting, secrets: plans });
    const manifest = lastOf(job)?.output ?? '';
    expect(manifest, story(job)).toContain('organizations:');
    const inputs = { manifest: 'old.yml', mode: 'plan', plan_hash: '' };
    const { restore } = await runExample('restore-git-permissions.yml', {
      ...setting,
      inputs,
      files: { 'old.yml': manifest },
    });
    expect(lastOf(restore), story(restore)).toMatchObject({ green: true, outputs: { has_changes: 'false' } });
  });

  test('audit-logs-for-analysts writes Parquet', async () => {
    // A fast sandbox would be hours ahead of the runner, of which the step warns.
    const sandbox = await openSandbox();
    atEnd(() => sandbox.close());
    const { export: job } = await runExample('audit-logs-for-analysts.yml', { url: sandbox.url, secrets: ENTERPRISE });
    expect(job?.[0]?.result, story(job)).toBe('success');
    const [file] = JSON.parse(job?.[0]?.steps[0]?.outputs['files'] ?? '[]');
    expect(file.path).toMatch(/\.parquet$/);
  });
});
