import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atEnd } from './at-end.ts';
import { pullRequest } from './e2e/events.ts';
import { openGithub } from './github/server/index.ts';
import { lastOf, onlyHere, quick, resultsOf, runExample } from './workflow-runner.ts';

const MANIFEST = '.devin/git-permissions.yml';
const enterprise = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise', DEVIN_PLAN_TOKEN: 'cog_sandbox_enterprise' });
const permissionFile = (...repos: readonly string[]) => ({
  [MANIFEST]: `version: 1\nprune: true\norganizations:\n  Engineering Team:\n    permissions:\n${[
    '{ connection: acme-github-app, repo: acme/api }',
    '{ connection: acme-github-app, repo: acme/web-app, read_only: true }',
    '{ connection: acme-github-app, repo: acme/web-admin }',
    '{ connection: acme-gitlab, group: acme-lab }',
    ...repos.map((repo) => `{ connection: acme-github-app, repo: ${repo} }`),
  ]
    .map((row) => `      - ${row}\n`)
    .join('')}`,
});
const MERGE = 'c'.repeat(40);

/** A pull request that is open for review. */
async function underReview() {
  const github = await openGithub({ repository: 'acme/api' });
  atEnd(() => github.close());
  github.thread('pull_request', 129);
  return { github, event: pullRequest('opened', 129) };
}

/** The same when it is closed. */
function closed(merged: boolean) {
  const { name, payload } = pullRequest('closed', 129);
  return { event: { name, payload: { ...payload, pull_request: { ...payload.pull_request, merged } } } };
}

describe('git permissions as code, as the examples do it', onlyHere, () => {
  test('plan-git-permissions shows the plan and keeps it, and apply-git-permissions applies just that', async () => {
    const { url, api } = await quick();
    const setting = { url, secrets: enterprise, files: permissionFile('acme/infra') };
    const review = await underReview();
    const { plan } = await runExample('plan-git-permissions.yml', { ...setting, ...review });
    const { github } = review;
    expect(github.comments(129).map(({ body }) => body.split('\n')[1])).toEqual([
      expect.stringMatching(/^### ⚠️ Plan: \+1 −1 in 1 organization/),
    ]);
    expect(plan?.[0]?.steps[1]?.summary).toMatch(/^### ⚠️ Plan: \+1 −1 in 1 organization/);
    expect(JSON.parse(lastOf(plan)?.output ?? '')).toMatchObject({ has_changes: true });

    github.state.now += 60_000;
    github.merge(129, MERGE);
    const merge = { github, ...closed(true) };
    const late = { ...setting, ...merge, files: permissionFile('acme/infra', 'acme/docs') };
    const refused = await runExample('apply-git-permissions.yml', late);
    expect(lastOf(refused['apply'])?.outputs).toMatchObject({ error_code: 'plan_changed' });

    const done = await runExample('apply-git-permissions.yml', { ...setting, ...merge });
    expect(lastOf(done['apply'])?.outputs).toMatchObject({
      outcome: 'success',
      added: '1',
      removed: '1',
      converged: 'true',
    });
    expect(github.breaches()).toEqual([]);
    const { items } = Object(await api('GET', '/v3/enterprise/organizations'));
    const now = await api('GET', `/v3/enterprise/organizations/${items[0].org_id}/git-providers/permissions`);
    expect(JSON.stringify(now)).toContain('"repo_path":"acme/infra"');
  });

  test('apply-git-permissions does nothing for a pull request that was closed, or without its plan', async () => {
    const sandbox = await quick();
    const { github } = await underReview();
    const setting = { url: sandbox.url, secrets: enterprise, files: permissionFile('acme/infra'), github };
    const skipped = await runExample('apply-git-permissions.yml', { ...setting, ...closed(false) });
    expect(resultsOf(skipped)).toEqual({ apply: 'skipped' });
    github.merge(129, MERGE);
    const without = await runExample('apply-git-permissions.yml', { ...setting, ...closed(true) });
    expect(resultsOf(without)).toEqual({ apply: 'failure' });
    expect(lastOf(without['apply'])?.outputs).toMatchObject({ error_code: 'plan_changed' });
    expect((await sandbox.requests()).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('git-permissions-drift opens one issue, brings it up to date, and closes it', async () => {
    const { url } = await quick();
    const home = mkdtempSync(join(tmpdir(), 'gh-'));
    atEnd(() => rmSync(home, { recursive: true, force: true }));
    const script = `#!/bin/sh\necho "$1 $2 $3" >> '${home}/asked'\ncase "$1 $2" in\n  'issue list') cat '${home}/open' 2>/dev/null ;;\n  'issue create') echo 7 > '${home}/open' ; cp issue.md '${home}/body' ;;\n  'issue edit') cp issue.md '${home}/body' ;;\n  'issue close') rm '${home}/open' ;;\nesac\ntrue\n`;
    writeFileSync(join(home, 'gh'), script, { mode: 0o755 });
    const github = { token: 'ghs_x', server_url: 'https://github.com', run_id: '42' };
    const night = (...repos: readonly string[]) =>
      runExample('git-permissions-drift.yml', {
        url,
        secrets: enterprise,
        files: permissionFile(...repos),
        programs: home,
        context: github,
      });
    const drifted = await night('acme/infra');
    expect(resultsOf(drifted)).toEqual({ drift: 'failure' });
    expect(drifted['drift']?.[0]?.steps[1]?.outputs).toMatchObject({ outcome: 'changes', error_code: 'drift_found' });
    expect(readFileSync(join(home, 'body'), 'utf8')).toBe(
      'An apply of the manifest would change: `+1 −1 ~0`. The whole plan: https://github.com/acme/api/actions/runs/42\n\n' +
        '    create  Engineering Team  repo acme/infra\n    delete  Engineering Team  prefix acme/svc-\n',
    );
    await night('acme/infra', 'acme/docs');
    expect(readFileSync(join(home, 'body'), 'utf8')).toContain('`+2 −1 ~0`');
    const plain = await runExample('plan-git-permissions.yml', {
      url,
      secrets: enterprise,
      files: permissionFile(),
      ...(await underReview()),
    });
    expect(resultsOf(plain)).toEqual({ plan: 'success' });
    const exported = permissionFile();
    const same = { [MANIFEST]: `${exported[MANIFEST]}      - { connection: acme-github-app, prefix: acme/svc- }\n` };
    const calm = await runExample('git-permissions-drift.yml', {
      url,
      secrets: enterprise,
      files: same,
      programs: home,
      context: github,
    });
    expect(resultsOf(calm)).toEqual({ drift: 'success' });
    const asked = readFileSync(join(home, 'asked'), 'utf8').trim().split('\n');
    expect(asked.filter((one) => !one.startsWith('issue list'))).toEqual([
      'issue create --title',
      'issue edit 7',
      'issue close 7',
    ]);
  });
});
