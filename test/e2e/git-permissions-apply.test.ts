import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
  manifestOf,
  path,
  START,
  sandbox,
  sent,
  service,
  sync,
} from './git-permissions-support.ts';

everyTestHasASandbox();

describe('an apply', () => {
  test('makes the reviewed plan: additions first, then changes in place, then removals, and looks again', async () => {
    const manifest = engineeringOf(...CHANGED);
    const { outputs } = await sync(manifest);
    await forget();
    const hash = outputs['plan_hash'] ?? '';
    const result = await apply(manifest, { expected_plan_hash: hash.toUpperCase() });
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      added: '2',
      removed: '1',
      updated: '2',
      failed: '0',
      converged: 'true',
      plan_hash: hash,
    });
    const methods = (await sent()).map((one) => one.split(' ')[0]);
    expect(methods.filter((one) => one !== 'GET')).toEqual(['POST', 'PATCH', 'PATCH', 'DELETE']);
    expect(methods.at(-1)).toBe('GET');
    expect((await entries()).toSorted()).toEqual(
      [
        'repo acme/api!',
        'repo acme/web-app',
        'repo acme/web-admin',
        'group acme-lab',
        'group acme/platform',
        'repo acme/infra',
      ].toSorted(),
    );
    expect(result.summary).toMatch(/^### ✅ Applied: \+2 −1 ~2 in 1 organization, 2 broad grants · `/);

    // The same once more has nothing left to do, which no hash has to allow.
    await forget();
    const again = await apply(manifest, { expected_plan_hash: hash });
    expect(again.outputs).toMatchObject({ outcome: 'success', has_changes: 'false', converged: 'true' });
    expect(await changes()).toEqual([]);
  });

  test('refuses when the world has changed since the review', async () => {
    const manifest = engineeringOf(...CHANGED);
    const { outputs } = await sync(manifest);
    await sandbox.api('PUT', `/v3${path(engineering)}`, { permissions: [] });
    await forget();
    const result = await apply(manifest, { expected_plan_hash: outputs['plan_hash'] ?? '' });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({
      outcome: 'failure',
      error_code: 'plan_changed',
      has_changes: 'true',
      added: '0',
    });
    expect(await changes()).toEqual([]);
    expect(errorOf(result)?.message).toContain('Nothing was written.');
    expect(result.summary).toMatch(/^### ❌ Plan refused: it is not the reviewed one\n\n`plan_changed` · The plan is /);
  });

  test('in a dry run is a plan', async () => {
    const result = await apply(engineeringOf(...CHANGED), { dry_run: 'true' });
    expect(result.outputs).toMatchObject({ outcome: 'changes', added: '2' });
    expect(await changes()).toEqual([]);
  });

  test('after a lost answer looks before it repeats', async () => {
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), reset: true, after_commit: true }]);
    const result = await apply(engineeringOf(...CHANGED));
    expect(result.outputs).toMatchObject({ outcome: 'success', added: '2', failed: '0' });
    expect((await changes()).filter((one) => one.startsWith('POST'))).toHaveLength(1);
  });

  test('finds the entry of a batch that is refused, goes on with the others, and a re-run adds what is missing', async () => {
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), status: 422, times: 3 }]);
    const rows = [0, 1, 2, 3].map((at) => `{ connection: main, repo: ${service(at)} }`);
    const manifest = engineeringOf(...BASE.slice(1), ...rows);
    const result = await apply(manifest);
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({
      error_code: 'apply_incomplete',
      added: '3',
      removed: '1',
      failed: '1',
      converged: 'false',
    });
    expect(errorOf(result)?.message).toContain(
      `4 of 5 changes were made.\n- Engineering Team: + repo ${service(0)}: api_rejected`,
    );
    expect(result.summary).toMatch(/^### ❌ Applied 4 of 5 changes in 1 organization/);
    const [first] = result.summary.split('\n').filter((line) => line.startsWith('| + |'));
    expect(first).toMatch(/acme\/service-0017.*failed: `api_rejected`/);
    const again = await apply(manifest);
    expect(again.outputs).toMatchObject({ outcome: 'success', added: '1', converged: 'true' });
    expect(await entries()).toContain(`repo ${service(0)}`);
  });

  test('of a reviewed plan that came through only in part goes on, but does nothing else', async () => {
    const rows = [0, 1].map((at) => `{ connection: main, repo: ${service(at)} }`);
    const manifest = engineeringOf(...BASE.slice(0, 4), ...rows);
    let plan = '';
    const keep = {
      after(workspace: string) {
        plan = readFileSync(join(workspace, 'plan.json'), 'utf8');
      },
    };
    const reviewed = await sync(manifest, { plan_file: 'plan.json' }, keep);
    const inputs = { expected_plan_hash: reviewed.outputs['plan_hash'] ?? '', plan_file: 'plan.json' };
    const more = (text = manifest, file = plan) => ({ files: { [FILE]: text, 'plan.json': file } });
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), status: 422, times: 2 }]);
    const first = await apply(manifest, inputs, more());
    expect(first.outputs).toMatchObject({ error_code: 'apply_incomplete', added: '1', removed: '1', failed: '1' });
    await forget();
    // Without the plan nobody can tell whether what is left was reviewed; with another plan neither.
    const { plan_file: _, ...alone } = inputs;
    expect((await apply(manifest, alone)).outputs['error_code']).toBe('plan_changed');
    const forged = plan.replaceAll(service(0), service(9));
    expect((await apply(manifest, inputs, more(manifest, forged))).outputs['error_code']).toBe('plan_changed');
    const other = `${manifest}      - { connection: main, repo: ${service(5)} }\n`;
    expect((await apply(other, inputs, more(other))).outputs['error_code']).toBe('plan_changed');
    expect(await changes()).toEqual([]);
    const second = await apply(manifest, inputs, more());
    expect(second.outputs).toMatchObject({ outcome: 'success', added: '1', removed: '0', converged: 'true' });
  });

  test('stops an organization where the permission is missing in the middle, and goes on with the others', async () => {
    const manifest = manifestOf({
      'Engineering Team': CHANGED,
      'Data Platform': [`{ connection: main, repo: ${service(0)} }`],
    });
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), status: 403 }]);
    const result = await apply(manifest);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'apply_incomplete', failed: '5' });
    expect(await entries()).toEqual(START);
    expect(await entries(data)).toEqual([`repo ${service(0)}`]);
    expect(result.summary).toContain('not tried: `permission_denied`');
    expect((await apply(manifest)).outputs).toMatchObject({ outcome: 'success', converged: 'true' });
  });

  test.skipIf(process.platform === 'win32')(
    'that is cancelled says what was done, and a re-run does the rest',
    async () => {
      await sandbox.control('seed', { repositories: 600 });
      const rows = Array.from({ length: 450 }, (_, at) => `{ connection: main, repo: ${service(at)} }`);
      const manifest = engineeringOf(...BASE.slice(0, 4), ...rows);
      await sandbox.control('latency', { ms: 100 });
      let sentSignal = false;
      const result = await apply(
        manifest,
        { concurrency: '1' },
        {
          onOutput(output, kill) {
            if (!sentSignal && output.includes('Plan: ')) kill('SIGTERM');
            sentSignal ||= output.includes('Plan: ');
          },
        },
      );
      expect(result.exitCode).toBe(1);
      expect(result.outputs).toMatchObject({
        outcome: 'failure',
        error_code: 'cancelled',
        removed: '0',
        converged: 'false',
      });
      expect(result.summary).toContain('not tried: `cancelled`');
      // Nothing goes while what should come first is not there.
      expect(await entries()).toEqual(expect.arrayContaining(START));
      await sandbox.control('latency', { ms: 0 });
      expect((await apply(manifest)).outputs).toMatchObject({ outcome: 'success', converged: 'true' });
    },
  );

  test('takes an entry that is gone for removed', async () => {
    await sandbox.control('faults', [
      { method: 'DELETE', path: `${path(engineering)}/*`, status: 404, after_commit: true },
    ]);
    const result = await apply(engineeringOf(...BASE.slice(0, 4)));
    expect(result.outputs).toMatchObject({ outcome: 'success', removed: '1', converged: 'true' });
  });

  test('replaces a small set by one request where that is cheaper', async () => {
    await sandbox.control('seed', { permissions_per_org: 40 });
    const result = await apply(engineeringOf(`{ connection: main, repo: ${service(18)} }`));
    expect(result.outputs).toMatchObject({ outcome: 'success', added: '1', removed: '40', converged: 'true' });
    expect((await changes()).map((one) => one.split(' ')[0])).toEqual(['PUT']);
    expect(await entries()).toEqual([`repo ${service(18)}`]);
  });

  test('of 10,000 entries needs no more requests than pages, batches and removals', async () => {
    // None of the last ones is among the entries.
    await sandbox.control('seed', { organizations: 1, permissions_per_org: 10_000, repositories: 8_000 });
    const exported = await exportAll();
    const lines = exported.split('\n');
    const first = lines.findIndex((line) => line.includes('permissions:')) + 1;
    // Out of the middle, so that neither group nor prefix is among them.
    const kept = [...lines.slice(0, first + 5_000), ...lines.slice(first + 5_040)];
    const added = Array.from(
      { length: 450 },
      (_, at) => `      - { connection: acme-github-app, repo: ${service(6_400 + at)} }`,
    );
    await forget();
    const result = await apply(`${kept.filter((line) => line !== '').join('\n')}\n${added.join('\n')}\n`, {
      concurrency: '16',
    });
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      added: '450',
      removed: '40',
      unchanged: '9960',
      converged: 'true',
    });
    const all = (await sandbox.requests()).filter(({ path: where }) => where.includes('/permissions'));
    const of = (method: string) => all.filter((one) => one.method === method).length;
    expect([of('POST'), of('DELETE'), of('PUT'), of('PATCH')]).toEqual([3, 40, 0, 0]);
    expect(of('GET')).toBe(Math.ceil(10_000 / 200) + Math.ceil(10_410 / 200));
    // Organizations, connections, and the repositories of the one connection that has new entries.
    expect((await sandbox.requests()).length - all.length).toBe(2 + 7_000 / 100);
  });
});

describe('two runs at once', () => {
  test('of one manifest both end with what it says', async () => {
    const manifest = engineeringOf(
      ...BASE.slice(0, 4),
      ...[0, 1, 2].map((at) => `{ connection: main, repo: ${service(at)} }`),
    );
    const results = await Promise.all([apply(manifest), apply(manifest)]);
    for (const { outputs } of results) expect(outputs).toMatchObject({ outcome: 'success', converged: 'true' });
    expect((await entries()).toSorted()).toEqual(
      [...START.slice(0, 4), ...[0, 1, 2].map((at) => `repo ${service(at)}`)].toSorted(),
    );
  });

  test('of two manifests never both say that all is well with a set that is neither', async () => {
    const mine = engineeringOf(...BASE.slice(0, 4), `{ connection: main, repo: ${service(0)} }`);
    const theirs = engineeringOf(...BASE.slice(0, 4), `{ connection: main, repo: ${service(1)} }`);
    await sandbox.control('latency', { ms: 20 });
    const results = await Promise.all([apply(mine), apply(theirs)]);
    const now = await entries();
    const isMixed = now.includes(`repo ${service(0)}`) && now.includes(`repo ${service(1)}`);
    const codes = results.map(({ outputs }) => outputs['error_code']);
    if (isMixed) expect(codes).toContain('plan_changed');
    else expect(codes).toContain('');
    for (const one of codes) expect(['', 'plan_changed']).toContain(one);
  });
});
