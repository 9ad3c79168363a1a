import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { atEnd } from './at-end.ts';
import { callWorkflow } from './called-workflow.ts';
import { COMMITS, type Doer, issueCommented, pullRequest, runFailed } from './e2e/events.ts';
import { ROOT } from './e2e/fake-runner.ts';
import { openSandbox } from './e2e/sandbox.ts';
import { postReview } from './github/server/devin-review.ts';
import { openGithub } from './github/server/index.ts';
import { lastOf, onlyHere, organizationsIn, quick, resultsOf, runWorkflow } from './workflow-runner.ts';

const page = readFileSync(join(ROOT, 'docs', 'reusable-workflows.md'), 'utf8');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocksOf = (text: string) => [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
const callers = blocksOf(page);

/** The lines with which a user calls a workflow, as the documentation shows them. */
function caller(name: string): string {
  const found = callers.find((text) => text.includes(`/workflows/${name}@`));
  if (found === undefined) throw new Error(`The documentation shows no caller of ${name}`);
  return found;
}

const called = readdirSync(join(ROOT, '.github', 'workflows')).filter((name) =>
  readFileSync(join(ROOT, '.github', 'workflows', name), 'utf8').includes('workflow_call:'),
);

const MAINTAINER: Doer = { login: 'maintainer', association: 'MEMBER' };

async function withPullRequest() {
  const github = await openGithub({ repository: 'acme/api' });
  atEnd(() => github.close());
  github.thread('issue', 128);
  github.collaborator('maintainer', 'maintain');
  github.pull(129, { head: COMMITS.head });
  return github;
}

describe('the documentation of reusable workflows', () => {
  test.each(called)('shows eight lines that call %s', (name) => {
    const lines = caller(name).trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(8);
    expect(page).toContain(`[\`${name}\`]`);
    const { inputs, outputs } = parse(readFileSync(join(ROOT, '.github', 'workflows', name), 'utf8')).on.workflow_call;
    for (const one of [...Object.keys(inputs), ...Object.keys(outputs)]) expect(page).toContain(`\`${one}\``);
  });

  test('is the same in the README', () => {
    const shown = blocksOf(readme).filter((text) => text.includes('/.github/workflows/'));
    expect(shown).toEqual([caller('comment-command.yml')]);
  });
});

test.each([
  ['comment-command.yml', 'devin'],
  ['apply-git-permissions.yml', 'apply'],
])('in %s, a run that waits for another is not canceled by a third', (name, job) => {
  const { jobs } = parse(readFileSync(join(ROOT, '.github', 'workflows', name), 'utf8'));
  const { queue, 'cancel-in-progress': cancels = false } = jobs[job].concurrency;
  expect([queue, cancels]).toEqual(['max', false]);
});

describe('a reusable workflow does what it says', onlyHere, () => {
  test('comment-command: a comment starts a session, with one comment about it', async () => {
    const [{ url }, github] = [await quick(), await withPullRequest()];
    const say = (body: string, by = MAINTAINER) =>
      callWorkflow(caller('comment-command.yml'), { url, github, event: issueCommented(128, body, by) });
    const { devin } = await say('/devin fix the parser');
    expect(lastOf(devin)).toMatchObject({ green: true, outputs: { session_outcome: 'finished', created: 'true' } });
    expect(devin?.[0]?.outputs['outcome']).toBe('success');
    expect(github.comments(128)).toHaveLength(1);
    expect(resultsOf(await say('Thank you!'))).toEqual({ devin: 'skipped' });
    const stranger = await say('/devin fix it', { login: 'stranger', association: 'NONE' });
    expect(lastOf(stranger['devin'])?.outputs).toMatchObject({ outcome: 'skipped' });
    expect(github.breaches()).toEqual([]);
  });

  test('repair-ci: a failed run starts a session, and one of a branch of Devin does not', async () => {
    const [{ url }, github] = [await quick(), await withPullRequest()];
    github.job(
      { run: 7, name: 'unit tests', steps: [{ name: 'Run npm test', conclusion: 'failure' }], log: 'x\n' },
      [],
    );
    const fail = (branch?: string) =>
      callWorkflow(caller('repair-ci.yml'), {
        url,
        github,
        event: runFailed(7, { by: MAINTAINER, ...(branch === undefined ? {} : { branch }) }),
      });
    expect(lastOf((await fail())['repair'])).toMatchObject({ green: true, outputs: { session_outcome: 'finished' } });
    expect(resultsOf(await fail('devin/1-fix'))).toEqual({ repair: 'skipped' });
    expect(github.breaches()).toEqual([]);
  });

  test('devin-review: a bug makes the check red, and a fork, which has no key, gets none', async () => {
    const [{ url }, github] = [await quick(), await withPullRequest()];
    postReview(github, 129, [{ kind: 'BUG', title: 'A bug' }]);
    const review = (event: ReturnType<typeof pullRequest>, secrets?: () => object) =>
      callWorkflow(caller('devin-review.yml'), {
        url,
        github,
        event,
        ...(secrets === undefined ? {} : { secrets: () => ({ ...secrets() }) }),
      });
    const by: Doer = { login: 'stranger', association: 'NONE' };
    const fork = await review(pullRequest('opened', 129, { by, fork: true }), () => ({}));
    expect(lastOf(fork['review'])?.outputs).toMatchObject({ outcome: 'skipped' });
    expect(github.state.checkRuns.size).toBe(0);
    expect(resultsOf(await review(pullRequest('opened', 129)))).toEqual({ review: 'failure' });
    const [check] = github.state.checkRuns.values();
    expect(check).toMatchObject({ name: 'Devin: review', conclusion: 'failure' });
    expect(github.breaches()).toEqual([]);
  });

  test('plan- and apply-git-permissions: the plan on the pull request is applied after the merge', async () => {
    const [sandbox, github] = [await quick(), await withPullRequest()];
    const manifest =
      'version: 1\norganizations:\n  Engineering Team:\n    permissions:\n      - { connection: acme-github-app, repo: acme/infra }\n';
    const setting = {
      url: sandbox.url,
      github,
      files: { '.devin/git-permissions.yml': manifest },
      secrets: (environment?: string) =>
        environment === 'devin-admin'
          ? { DEVIN_TOKEN: 'cog_sandbox_enterprise' }
          : { DEVIN_PLAN_TOKEN: 'cog_sandbox_enterprise' },
    };
    const planned = await callWorkflow(caller('plan-git-permissions.yml'), {
      ...setting,
      event: pullRequest('opened', 129),
    });
    expect(planned['plan']?.[0]?.outputs).toMatchObject({ has_changes: 'true' });
    expect(github.comments(129)[0]?.body).toContain('Plan: +1');
    github.state.now += 60_000;
    github.merge(129, 'c'.repeat(40));
    const { name, payload } = pullRequest('closed', 129);
    const event = { name, payload: { ...payload, pull_request: { ...payload.pull_request, merged: true } } };
    const { apply } = await callWorkflow(caller('apply-git-permissions.yml'), { ...setting, event });
    expect(lastOf(apply)?.outputs, lastOf(apply)?.output).toMatchObject({
      outcome: 'success',
      added: '1',
      converged: 'true',
    });
    const [organization] = await organizationsIn(sandbox);
    const path = `/v3/enterprise/organizations/${organization?.org_id}/git-providers/permissions`;
    expect(JSON.stringify(await sandbox.api('GET', path))).toContain('"repo_path":"acme/infra"');
    expect(github.breaches()).toEqual([]);
  });

  test('export-audit-logs: the second night continues where the first one ended', async () => {
    const sandbox = await openSandbox();
    atEnd(() => sandbox.close());
    const storage = mkdtempSync(join(tmpdir(), 'nights-'));
    atEnd(() => rmSync(storage, { recursive: true, force: true }));
    const night = (runId: string) =>
      callWorkflow(caller('export-audit-logs.yml'), {
        url: sandbox.url,
        storage,
        runId,
        event: { name: 'schedule', payload: {} },
        secrets: () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' }),
      });
    const { export: first } = await night('1');
    expect(first?.[0]?.result).toBe('success');
    expect(Number(first?.[0]?.outputs['events'])).toBeGreaterThan(5);
    expect(Number(first?.[0]?.outputs['alerts'])).toBeGreaterThan(0);
    expect(readdirSync(join(storage, 'artifacts', 'devin-audit-logs-1-1'))).toContain('manifests');
    const { export: second } = await night('2');
    expect(Number(second?.[0]?.outputs['events'])).toBeLessThan(5);
  });

  test('collect-sessions: announces a session that no runner waited for', async () => {
    const [{ url }, github] = [await quick(), await withPullRequest()];
    const start = `on: workflow_dispatch\npermissions: {}\njobs:\n  start:\n    runs-on: ubuntu-latest\n    permissions: { issues: write }\n    steps:\n      - uses: OWNER/devin-action@v1\n        with: { operation: create-session, devin_token: "\${{ secrets.DEVIN_TOKEN }}", prompt: Fix it., wait: later, comment: true, issue_number: "128" }\n`;
    await runWorkflow(start, { url, github });
    const event = { name: 'schedule', payload: {} };
    const { collect } = await callWorkflow(caller('collect-sessions.yml'), { url, github, event });
    expect(collect?.[0]?.outputs).toMatchObject({ count: '1' });
    expect(github.comments(128)[0]?.body).toContain('✅');
  });
});
