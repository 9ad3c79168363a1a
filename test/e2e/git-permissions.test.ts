import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, type StepOptions } from './fake-runner.ts';
import {
  apply,
  BASE,
  CHANGED,
  changes,
  data,
  engineering,
  engineeringOf,
  entries,
  errorOf,
  everyTestHasASandbox,
  exportAll,
  FILE,
  forget,
  HEAD,
  manifestOf,
  path,
  START,
  sandbox,
  sent,
  service,
  sync,
} from './git-permissions-support.ts';

const MAX_SUMMARY = 300_000;

everyTestHasASandbox();

describe('a plan', () => {
  test('shows what would change, escalations first, and writes nothing', async () => {
    expect(await entries()).toEqual(START);
    await forget();
    const result = await sync(engineeringOf(...CHANGED), { max_removals: '50%' });
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toMatchObject({
      outcome: 'changes',
      error_code: '',
      has_changes: 'true',
      added: '2',
      removed: '1',
      updated: '2',
      unchanged: '2',
      failed: '0',
      escalations: '2',
      converged: 'false',
      plan_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      plan_file: expect.stringContaining('devin-plan-4242'),
    });
    const lines = result.summary.split('\n').filter((line) => line !== '');
    expect(lines.slice(0, 9)).toEqual([
      expect.stringMatching(/^### ⚠️ Plan: \+2 −1 ~2 in 1 organization, 2 broad grants · `[0-9a-f]{8}…`$/),
      '**Engineering Team** · +2 −1 ~2',
      '| Change | Entry | Why |',
      '|:--|:--|:--|',
      '| ⚠\u00a0+ | group `acme/platform` | line 11\\: opens every repository of the group |',
      '| ⚠\u00a0~ | repo `acme/web-app` read\\-only → writable | line 8\\: gives write access |',
      '| + | repo `acme/infra` | line 12\\: matches `acme/inf*` |',
      '| ~ | repo `acme/api` writable → read\\-only | line 7 |',
      '| − | prefix `acme/svc-` | not in the manifest, `prune` |',
    ]);
    expect(result.summary).toContain('<sub>⚠ broad grant, check it first · + add · ~ change · − remove</sub>');
    const fence = `\`\`\`yaml\nmode: apply\nexpected_plan_hash: ${result.outputs['plan_hash']}\n\`\`\``;
    expect(result.summary).toContain(fence);
    expect(await changes()).toEqual([]);
    expect(await entries()).toEqual(START);
  });

  test('is the same, byte for byte, for the same world, and goes to the file that was asked for', async () => {
    const read: string[] = [];
    const more: Partial<StepOptions> = {
      after: (workspace) => read.push(readFileSync(join(workspace, 'out/plan.json'), 'utf8')),
    };
    const one = await sync(engineeringOf(...CHANGED), { plan_file: 'out/plan.json' }, more);
    const two = await sync(
      engineeringOf(...CHANGED.toReversed()).replace('version: 1', 'version: 1 # again'),
      { plan_file: 'out/plan.json' },
      more,
    );
    await sync(engineeringOf(...CHANGED), { plan_file: 'out/plan.json' }, more);
    expect(one.outputs['plan_file']).toBe('out/plan.json');
    expect(read[2]).toBe(read[0]);
    // Another order of lines is the same plan, even if its reasons name other lines.
    expect(two.outputs['plan_hash']).toBe(one.outputs['plan_hash']);
    const plan = JSON.parse(read[0] ?? '');
    expect(plan).toMatchObject({ schema_version: 1, plan_hash: one.outputs['plan_hash'], has_changes: true });
    expect(plan.scopes[0].changes).toContainEqual({
      action: 'create',
      type: 'group',
      name: 'acme/platform',
      via: 'acme-github-app',
      reason: 'line 11: opens every repository of the group',
      escalation: true,
      to: expect.stringMatching(/^git-connection-\w+ group acme\/platform writable$/),
    });
  });

  test('without changes is green and says so', async () => {
    const result = await sync(engineeringOf(...BASE));
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      has_changes: 'false',
      converged: 'true',
      unchanged: '5',
    });
    expect(result.summary).toMatch(/^### ✅ No changes in 1 organization · `/);
  });

  test('with fail_on_drift is red where something changed, and still tells changes from an error', async () => {
    const drifted = await sync(engineeringOf(...BASE.slice(0, 4)), { fail_on_drift: 'true' });
    expect(drifted.exitCode).toBe(1);
    expect(drifted.outputs).toMatchObject({ outcome: 'changes', error_code: 'drift_found', removed: '1' });
    expect(drifted.summary).toMatch(/^### ❌ Drift: −1 in 1 organization · `/);
    expect(drifted.summary).toContain('| − | prefix `acme/svc-`');
    expect((await sync(engineeringOf(...BASE), { fail_on_drift: 'true' })).exitCode).toBe(0);
  });

  test('of 10,000 changes is cut in whole rows, and the file has all of it', async () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => `{ connection: main, repo: ${service(at)} }`);
    await sandbox.control('seed', { repositories: 11_500 });
    let plan = '';
    const result = await sync(
      engineeringOf(...BASE, ...rows),
      { plan_file: 'plan.json' },
      { after: (workspace) => (plan = readFileSync(join(workspace, 'plan.json'), 'utf8')) },
    );
    expect(result.outputs).toMatchObject({ outcome: 'changes', added: '10000', unchanged: '5' });
    expect(Buffer.byteLength(result.summary)).toBeLessThan(MAX_SUMMARY);
    expect(result.summary).toMatch(/^### ⚠️ Plan: \+10,000 in 1 organization/);
    const shown = result.summary.split('\n').filter((line) => line.startsWith('| + |'));
    expect(shown.length).toBeGreaterThan(1_000);
    for (const line of shown) expect(line).toMatch(/^\| \+ \| repo `acme\/service-\d+` \| line \d+ \|$/);
    const [, cut = ''] =
      /> ([\d,]+) more changes do not fit here\. All of them are in `plan\.json`\./.exec(result.summary) ?? [];
    expect(shown.length + Number(cut.replaceAll(',', ''))).toBe(10_000);
    expect(JSON.parse(plan).scopes[0].changes).toHaveLength(10_000);
  });

  test('shows names that look like markup as they are', async () => {
    await sandbox.api('PATCH', `/v3/enterprise/organizations/${engineering}`, { name: '<b>|::error::@all [x](y)' });
    const result = await sync(
      manifestOf({ [engineering]: [...BASE, '{ connection: main, group: "acme/a|b`c</details>" }'] }),
    );
    expect(result.summary).toContain('**&lt;b&gt;\\|\\:\\:error\\:\\:\\@\u200ball \\[x\\]\\(y\\)** · +1');
    expect(result.summary).toContain('| ⚠\u00a0+ | group <code>acme/a\\|b\\`c&lt;/details&gt;</code> | line 12');
    expect(result.commands.filter(({ name }) => name === 'error')).toEqual([]);
  });

  test('of a pull request of a fork checks the manifest without a credential', async () => {
    const event = {
      name: 'pull_request',
      payload: { pull_request: { head: { repo: { full_name: 'somebody/api' } } } },
    };
    const good = await sync(engineeringOf(...CHANGED), { devin_token: '' }, { event });
    expect(good.exitCode).toBe(0);
    expect(good.outputs).toMatchObject({
      outcome: 'skipped',
      error_code: '',
      skipped_reason: expect.stringContaining('6 entries of 1 organization'),
    });
    expect(good.summary).toMatch(/^### ⚠️ The manifest is valid, but was not compared with Devin\n/);
    const bad = await sync(engineeringOf('{ connection: mian, repo: a/b }'), { devin_token: '' }, { event });
    expect(bad.outputs).toMatchObject({ outcome: 'failure', error_code: 'manifest_invalid' });
    expect(bad.commands).toContainEqual(
      expect.objectContaining({ name: 'error', properties: expect.objectContaining({ file: FILE, line: '7' }) }),
    );
    expect(await sent()).toEqual([]);
  });

  test('is not let off without a credential anywhere else', async () => {
    const own = { name: 'pull_request', payload: { pull_request: { head: { repo: { full_name: 'acme/api' } } } } };
    const fork = { name: 'pull_request', payload: { pull_request: { head: { repo: { full_name: 'somebody/api' } } } } };
    const results = [
      await sync(engineeringOf(...BASE), { devin_token: '' }, { event: own }),
      await sync(engineeringOf(...BASE), { devin_token: '' }),
      await sync(engineeringOf(...BASE), { devin_token: '', mode: 'apply' }, { event: fork }),
      await sync(engineeringOf(...BASE), { devin_token: '' }, { event: { ...fork, name: 'pull_request_target' } }),
    ];
    expect(results.map(({ outputs }) => outputs['error_code'])).toEqual(Array(4).fill('credential_missing'));
  });
});

describe('the guards', () => {
  test('stop a plan and an apply that remove more than allowed, and show what it is', async () => {
    const manifest = engineeringOf(...BASE.slice(0, 2));
    for (const mode of ['plan', 'apply']) {
      const result = await sync(manifest, { mode });
      expect(result.exitCode).toBe(1);
      expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'removal_limit', has_changes: 'true' });
      expect(errorOf(result)?.message).toContain(
        'Engineering Team: 3 of 5 entries would be removed (60 %), `max_removals` is 25%',
      );
      // The reason is the first line; what the plan would do comes below.
      const [first, what, , next] = result.summary.replaceAll('\\', '').split('\n\n');
      expect(first).toBe(
        '### ❌ Plan refused: Engineering Team: 3 of 5 entries would be removed (60 %), `max_removals` is 25%',
      );
      expect(what).toBe('`removal_limit` · Nothing was written.');
      expect(next).toMatch(/^Plan: −3 in 1 organization · `[0-9a-f]{8}…`$/);
      expect(result.summary).toContain('| − | prefix `acme/svc-`');
    }
    expect(await changes()).toEqual([]);
    expect((await sync(manifest, { mode: 'apply', max_removals: '3' })).outputs).toMatchObject({
      outcome: 'success',
      removed: '3',
    });
  });

  test('count over all organizations together', async () => {
    const manifest = manifestOf({ 'Engineering Team': BASE.slice(0, 4), 'Data Platform': [] });
    const result = await sync(manifest, { mode: 'apply', max_removals: '5' });
    expect(result.outputs['error_code']).toBe('removal_limit');
    expect(errorOf(result)?.message).toContain(
      'Data Platform: the manifest lists nothing, so `prune` would remove 5 entries',
    );
    expect(errorOf(result)?.message).toContain(
      'In total: 6 of 10 entries would be removed (60 %), `max_removals` is 5',
    );
    const allowed = await sync(manifest, { mode: 'apply', max_removals: 'all', allow_empty: 'true' });
    expect(allowed.outputs).toMatchObject({ outcome: 'success', removed: '6' });
    expect(await entries(data)).toEqual([]);
  });

  test('keep what is protected, and leave organizations alone that are not listed', async () => {
    const head = `${HEAD}protected:\n  - { connection: main, repo: Acme/API }\n  - { connection: main, repos: "acme/web-*" }\n`;
    const before = await entries(data);
    const result = await apply(manifestOf({ 'Engineering Team': ['{ connection: lab, group: acme-lab }'] }, head));
    expect(result.outputs).toMatchObject({ outcome: 'success', removed: '1', converged: 'true' });
    expect((await entries()).toSorted()).toEqual([
      'group acme-lab',
      'repo acme/api',
      'repo acme/web-admin',
      'repo acme/web-app!',
    ]);
    expect(result.summary).toContain('3 protected');
    expect(await entries(data)).toEqual(before);
  });

  test('without prune add and change, but remove nothing', async () => {
    const manifest = engineeringOf(
      `{ connection: main, repo: ${service(0)} }`,
      '{ connection: main, repo: acme/api, read_only: true }',
    );
    const result = await apply(manifest, { prune: 'false' });
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      added: '1',
      updated: '1',
      removed: '0',
      converged: 'true',
    });
    expect(await entries()).toHaveLength(6);
    expect(result.summary).toContain('4 not managed');
  });

  test('stop before any write where an organization cannot be read', async () => {
    const manifest = manifestOf({ 'Engineering Team': CHANGED, 'Data Platform': BASE });
    await sandbox.control('faults', [{ method: 'GET', path: path(data), status: 403 }]);
    const result = await apply(manifest);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'permission_denied' });
    expect(errorOf(result)?.message).toContain(
      'The permissions of Data Platform cannot be read, so nothing was written.',
    );
    expect(errorOf(result)?.message).toContain('ManageGitIntegrations');
    expect(await changes()).toEqual([]);
  });

  test('stop before any write where a page comes again and again', async () => {
    const page = {
      items: [{ git_permission_id: 'p', git_connection_id: 'c', repo_path: 'a/b' }],
      end_cursor: 'x',
      has_next_page: true,
    };
    await sandbox.control('faults', [
      {
        method: 'GET',
        path: path(engineering),
        status: 200,
        times: 5,
        body: JSON.stringify(page),
        content_type: 'application/json',
      },
    ]);
    const result = await apply(engineeringOf(...CHANGED));
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'api_contract' });
    expect(await changes()).toEqual([]);
  });
});

describe('an export', () => {
  test('plans to nothing, for all organizations and for chosen ones', async () => {
    const all = await exportAll();
    const plan = await sync(all);
    expect(plan.outputs).toMatchObject({
      outcome: 'success',
      has_changes: 'false',
      unchanged: '15',
      converged: 'true',
    });
    const one = await exportAll({ org_id: data, manifest: 'out/data.yml' });
    expect(one).toContain('  "Data Platform":\n');
    expect(one).not.toContain('Engineering');
    expect(one).not.toMatch(/git-permission-|git-connection-|org-/);
    expect((await sync(one)).outputs).toMatchObject({ outcome: 'success', has_changes: 'false', unchanged: '5' });
    expect(await changes()).toEqual([]);
  });

  test('of 200 organizations reads each of them once', async () => {
    await sandbox.control('seed', { organizations: 200, permissions_per_org: 3 });
    const text = await exportAll({ concurrency: '20' });
    expect(text.match(/ {4}permissions:/g)).toHaveLength(200);
    expect(await sent()).toHaveLength(202);
    await forget();
    expect((await sync(text, { concurrency: '20' })).outputs).toMatchObject({ outcome: 'success', unchanged: '600' });
    expect(await sent()).toHaveLength(202);
  });
});

describe('the legacy API v2', () => {
  const v2 = { devin_token: 'apk_user_sandbox' };

  test('plans and applies the same manifest, by adding and removing', async () => {
    const rows = [
      ...BASE.slice(0, 3),
      '{ connection: main, group: acme/platform }',
      '{ connection: lab, repo: acme-lab/x/y }',
      '{ connection: main, prefix: acme/svc- }',
    ];
    const plan = await sync(engineeringOf(...rows), v2);
    expect(plan.outputs).toMatchObject({
      outcome: 'changes',
      added: '2',
      removed: '1',
      unchanged: '4',
      escalations: '1',
    });
    expect(await changes()).toEqual([]);
    const done = await apply(engineeringOf(...rows), { ...v2, expected_plan_hash: plan.outputs['plan_hash'] ?? '' });
    expect(done.outputs).toMatchObject({ outcome: 'success', added: '2', removed: '1', converged: 'true' });
    expect((await changes()).map((one) => one.split(' ')[0])).toEqual(['POST', 'DELETE']);
    expect((await sandbox.requests()).filter(({ path: where }) => !where.startsWith('/v2/'))).toEqual([]);
    expect((await entries()).toSorted()).toEqual(
      [
        'group acme/platform',
        'prefix acme/svc-',
        'repo acme-lab/x/y',
        'repo acme/api',
        'repo acme/web-admin',
        'repo acme/web-app!',
      ].toSorted(),
    );
  });

  test('never adds a writable entry in the place of a read-only one', async () => {
    const manifest = engineeringOf(
      ...BASE,
      '{ connection: main, repo: acme/secret, read_only: true }',
      '{ connection: main, repo: acme/x }',
    );
    const result = await apply(manifest, v2);
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'apply_incomplete', added: '1', converged: 'false' });
    // What cannot be mended differs all the same, so nobody takes it for no drift.
    expect((await sync(manifest, v2)).outputs).toMatchObject({ outcome: 'changes', has_changes: 'true', added: '0' });
    expect(errorOf(result)?.message).toContain(
      'repo acme/secret read-only: line 12: the legacy API v2 cannot add a read-only entry',
    );
    expect(await entries()).not.toContain('repo acme/secret');
  });

  test('exports what plans to nothing, and needs no pattern', async () => {
    await sandbox.control('seed', { permissions_per_org: 250 });
    const text = await exportAll(v2);
    expect((await sync(text, v2)).outputs).toMatchObject({
      outcome: 'success',
      has_changes: 'false',
      unchanged: '750',
    });
    const pattern = await sync(engineeringOf('{ connection: main, repos: "acme/w*" }'), v2);
    expect(pattern.outputs['error_code']).toBe('manifest_invalid');
  });
});

describe('a manifest that cannot be used', () => {
  test.each([
    [
      'an unknown connection',
      engineeringOf('{ connection: main, repo: a/b }').replace('acme-github-app', 'acme-github-ap'),
      7,
      'there is no connection "acme-github-ap"; did you mean "acme-github-app"?',
    ],
    [
      'an unknown organization',
      manifestOf({ 'Enginering Team': BASE }),
      5,
      'there is no organization "Enginering Team"; did you mean "Engineering Team"?',
    ],
    [
      'a pattern for nothing',
      engineeringOf('{ connection: main, repos: "acme/none-*" }'),
      7,
      'repos "acme/none-*" matches no repository of acme-github-app',
    ],
    ['a tab', `${HEAD}organizations:\n\tA: {}\n`, 5, 'Tabs are not allowed as indentation'],
    [
      'two spellings',
      engineeringOf('{ connection: main, repo: acme/api }', '{ connection: main, repo: Acme/Api }'),
      8,
      'repo "Acme/Api" is repeated, first at line 7, spelled "acme/api"',
    ],
  ])('for %s is refused with an annotation at its line', async (_, manifest, line, message) => {
    const result = await sync(manifest);
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'manifest_invalid' });
    expect(result.commands).toContainEqual(
      expect.objectContaining({
        name: 'error',
        message,
        properties: { title: 'Invalid manifest', file: FILE, line: String(line) },
      }),
    );
    expect(await changes()).toEqual([]);
  });

  test('as it is missing or too large is refused before the first request', async () => {
    const missing = await sync('', {}, { files: {} });
    expect(missing.outputs['error_code']).toBe('manifest_invalid');
    expect(errorOf(missing)?.message).toContain(
      `${FILE}:1: does not exist. Does an earlier step of this job check out the repository`,
    );
    const large = await sync('', {}, { files: { [FILE]: new Uint8Array(50 * 1024 * 1024) } });
    expect(errorOf(large)?.message).toContain('has 52428800 bytes; at most 8388608 are allowed');
    expect(await sent()).toEqual([]);
  });

  test('as its path leads out of the workspace is refused with all other wrong inputs', async () => {
    const result = await sync(engineeringOf(...BASE), {
      manifest: '../secret.yml',
      max_removals: '120%',
      mode: 'aply',
      plan_file: '/etc/plan.json',
      expected_plan_hash: '12ab',
    });
    expect(result.outputs['error_code']).toBe('input_invalid');
    const message = errorOf(result)?.message ?? '';
    for (const part of [
      'manifest names "../secret.yml", which is outside of the workspace',
      'max_removals is "120%"',
      'mode is "aply"; expected one of plan, apply; did you mean apply?',
      'plan_file names "/etc/plan.json", which is outside of the workspace',
      'expected_plan_hash is "12ab"',
    ]) {
      expect(message).toContain(part);
    }
    expect(await sent()).toEqual([]);
  });

  test('may be several files, and org_id chooses of what they list', async () => {
    const files = {
      'perms/a.yml': engineeringOf(...BASE.slice(0, 4)),
      'perms/b.yml': manifestOf({ 'Data Platform': [] }),
    };
    const result = await sync('', { manifest: 'perms/*.yml', org_id: engineering }, { files });
    expect(result.outputs).toMatchObject({ outcome: 'changes', removed: '1' });
    const both = await sync(
      '',
      { manifest: 'perms/a.yml, perms/b.yml', max_removals: '100%', allow_empty: 'true' },
      { files },
    );
    expect(both.outputs).toMatchObject({ outcome: 'changes', removed: '6' });
    const other = await sync(engineeringOf(...BASE), { org_id: data });
    expect(other.outputs['error_code']).toBe('input_invalid');
    expect((await sync('', { manifest: 'perms/*.yaml' }, { files })).outputs['error_code']).toBe('input_invalid');
    // One file, whatever names it.
    const twice = await sync('', { manifest: './perms/a.yml, perms/../perms/a.yml, perms/a*.yml' }, { files });
    expect(twice.outputs).toMatchObject({ outcome: 'changes', removed: '1' });
  });

  test('spelled otherwise than in Devin counts as the same, with a word about it', async () => {
    const result = await sync(engineeringOf(...BASE.map((row) => row.replace('acme/api', 'Acme/API'))));
    expect(result.outputs).toMatchObject({ outcome: 'success', has_changes: 'false' });
    expect(result.commands).toContainEqual(
      expect.objectContaining({
        name: 'warning',
        message: 'repo "Acme/API" is "acme/api" in Devin; both are the same',
      }),
    );
  });
});

describe('the documentation', () => {
  const page = readFileSync(join(ROOT, 'docs', 'git-permissions.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);

  test('shows a manifest that works as it stands', async () => {
    const result = await sync(blocks.find((yaml) => yaml.includes('organizations:')) ?? '', { max_removals: '100%' });
    expect(result.outputs).toMatchObject({ outcome: 'changes', removed: '1', escalations: '0' });
  });

  test('names a schema that is there, and steps that run', async () => {
    const [, schema = ''] = /\/v1\/(schemas\/[\w.-]+)/.exec(page) ?? [];
    expect(JSON.parse(readFileSync(join(ROOT, schema), 'utf8'))).toMatchObject({ properties: { organizations: {} } });
    const steps = blocks.filter((yaml) => yaml.includes('uses: '));
    expect(steps).toHaveLength(2);
    for (const yaml of steps) {
      const [step] = parse(yaml);
      const { expected_plan_hash: _, devin_token: __, operation: ___, ...inputs } = step.with;
      expect((await sync(engineeringOf(...BASE), inputs)).outputs).toMatchObject({ outcome: 'success' });
    }
  });

  test('has a schema that takes what the action takes', async () => {
    const { Ajv } = await import('ajv');
    const validate = new Ajv().compile(
      JSON.parse(readFileSync(join(ROOT, 'schemas/git-permissions.schema.json'), 'utf8')),
    );
    const isFine = (manifest: string) => validate(parse(manifest));
    expect(isFine(engineeringOf(...BASE, '{ connection: main, repos: "a/*", except: [a/b] }'))).toBe(true);
    for (const row of [
      '{ connection: main }',
      '{ repo: a/b }',
      '{ connection: main, repo: a/b, group: c }',
      '{ connection: main, repo: a/b, except: [c/d] }',
      '{ connection: main, repo: a/b, rights: all }',
    ]) {
      expect(isFine(engineeringOf(row)), row).toBe(false);
      expect((await sync(engineeringOf(row))).outputs['error_code']).toBe('manifest_invalid');
    }
  });
});
