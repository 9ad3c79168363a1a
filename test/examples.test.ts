import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../src/devin/endpoints/index.ts';
import { STATUS_DETAILS } from '../src/devin/endpoints/sessions.ts';
import { PROBES } from '../src/operations/api/probes.ts';
import { startSandbox } from '../src/sandbox/index.ts';
import { CREDENTIALS } from '../src/sandbox/world/credentials.ts';
import { LIFE_TAGS } from '../src/sandbox/world/session-life.ts';
import { atEnd } from './at-end.ts';
import { ROOT } from './e2e/fake-runner.ts';
import type { TestSandbox } from './e2e/sandbox.ts';
import {
  EXAMPLES,
  lastOf,
  onlyHere,
  organizationsIn,
  quick,
  resultsOf,
  runExample,
  type Values,
} from './workflow-runner.ts';

/** A new service user of the sandbox, `place` being its path, and its key. */
async function provision(sandbox: TestSandbox, place: string, role: string): Promise<{ id: string; token: string }> {
  const json = { name: 'Bot', role_id: role, ttl_seconds: 31_536_000 };
  const made = Object(await sandbox.api('POST', `/v3beta1/${place}/service-users`, json));
  await fetch(`${sandbox.url}/sandbox/requests`, { method: 'DELETE', headers: { 'x-sandbox-control': '1' } });
  return { id: made.service_user.service_user_id, token: made.token };
}

const statusOf = async ({ url }: TestSandbox, token: string) =>
  (await fetch(`${url}/v3/self`, { headers: { authorization: `Bearer ${token}` } })).status;

/** A GitHub CLI that keeps what it is asked for and what it is given. */
function fakeGh(first = '') {
  const home = mkdtempSync(join(tmpdir(), 'gh-'));
  atEnd(() => rmSync(home, { recursive: true, force: true }));
  const file = (name: string) => join(home, name);
  const script = `#!/bin/sh
${first}
cat > '${file('stored')}'
echo "$* for $GH_REPO, $(stat -c '%a %n' new-key.json)" >> '${file('asked')}'
`;
  writeFileSync(file('gh'), script, { mode: 0o755 });
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : undefined);
  return { programs: home, stored: () => read('stored'), asked: () => read('asked') };
}

describe('an example does what it says', onlyHere, () => {
  test('start-session prints the pull request', async () => {
    const { url } = await quick();
    const { devin } = await runExample('start-session.yml', { url, inputs: { task: 'Fix it' }, life: 'sandbox:pr' });
    expect(lastOf(devin)?.output).toMatch(/^Devin opened https:\/\/github\.com\/acme\/api\/pull\/\d+\n$/);
  });

  test('start-session says so where there is no pull request', async () => {
    const { url } = await quick();
    const { devin } = await runExample('start-session.yml', { url, inputs: { task: 'Look at it' } });
    expect(lastOf(devin)?.output).toMatch(/^Devin finished without a pull request: https:/);
  });

  test('nightly-maintenance is green when the work is done', async () => {
    const { url } = await quick();
    const { maintain } = await runExample('nightly-maintenance.yml', { url });
    expect(lastOf(maintain)).toMatchObject({ green: true, outputs: { session_outcome: 'finished' } });
  });

  test('nightly-maintenance is red when Devin asks a question', async () => {
    const { url } = await quick();
    const { maintain } = await runExample('nightly-maintenance.yml', { url, life: 'sandbox:waiting' });
    expect(lastOf(maintain)).toMatchObject({ green: false, outputs: { error_code: 'session_blocked' } });
  });

  test('structured-gate lets the answer choose the next job', async () => {
    const { url } = await quick();
    const all = await runExample('structured-gate.yml', { url, inputs: { version: 'v1.2.3' } });
    const { ready } = JSON.parse(String(all['assess']?.[0]?.outputs['verdict']));
    expect(resultsOf(all)).toEqual({
      assess: 'success',
      release: ready ? 'success' : 'skipped',
      hold: ready ? 'skipped' : 'failure',
    });
    const next = ready ? all['release'] : all['hold'];
    expect(lastOf(next)?.output).toContain(ready ? 'Here v1.2.3 would be released.' : 'Missing in the changelog:');
  });

  test('structured-gate releases nothing when the answer does not fit', async () => {
    const { url } = await quick();
    const setting = { url, inputs: { version: 'v1.2.3' }, life: 'sandbox:bad-structured' };
    const all = await runExample('structured-gate.yml', setting);
    expect(lastOf(all['assess'])?.outputs['error_code']).toBe('session_blocked');
    expect(resultsOf(all)).toEqual({ assess: 'failure', release: 'skipped', hold: 'skipped' });
  });

  test('create-then-wait collects in a later job what the first one started', async () => {
    const { url } = await quick();
    const setting = { url, inputs: { task: 'Fix it' }, life: 'sandbox:pr' };
    const all = await runExample('create-then-wait.yml', setting);
    expect(resultsOf(all)).toEqual({ start: 'success', meanwhile: 'success', collect: 'success' });
    expect(lastOf(all['collect'])?.output).toMatch(/^The session finished\.\nhttps:\/\/github\.com\/acme\/api\/pull\//);
  });

  test('follow-up answers a session that waits, and prints what it says then', async () => {
    const sandbox = await quick();
    const body = { prompt: 'Choose', tags: ['sandbox:waiting'] };
    const made = await sandbox.api('POST', `/v3/organizations/${await sandbox.orgId()}/sessions`, body);
    const session = Reflect.get(Object(made), 'url');
    const inputs = { session, message: 'The first way.' };
    const { 'follow-up': job } = await runExample('follow-up.yml', { url: sandbox.url, inputs });
    expect(lastOf(job)?.output).toBe('"Done. I finished the work after your message."\n');
  });

  test('clean-up terminates old sessions that work, archives the others, and leaves the rest alone', async () => {
    const daysAgo = 20;
    const sandbox = await startSandbox({ clock: { now: () => Date.now() - daysAgo * 86_400_000 } });
    atEnd(() => sandbox.close());
    const api = async (path: string, body?: unknown) => {
      const headers = { authorization: 'Bearer cog_sandbox_org', 'content-type': 'application/json' };
      const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
      return JSON.parse(await (await fetch(`${sandbox.url}/v3${path}`, init)).text());
    };
    const { org_id: org } = await api('/self');
    const create = async (...tags: string[]): Promise<string> =>
      `devin-${(await api(`/organizations/${org}/sessions`, { prompt: 'Work', tags })).session_id}`;
    const working = await create('workflow', 'sandbox:slow');
    const finished = await create('workflow', 'sandbox:finish-after=0');
    const foreign = await create('sandbox:slow');
    // A slow session counts as working only once it has a machine.
    const advance = () =>
      fetch(`${sandbox.url}/sandbox/clock`, {
        method: 'POST',
        headers: { 'x-sandbox-control': '1' },
        body: JSON.stringify({ advance_ms: 5_000 }),
      });
    await advance();

    const all = await runExample('clean-up.yml', { url: sandbox.url });
    // A terminated session exits a little later.
    await advance();
    expect(all['end']?.map(({ result }) => result)).toEqual(['success', 'success']);
    const look = async (id: string) => {
      const { status, is_archived: archived } = await api(`/organizations/${org}/sessions/${id}`);
      return { status, archived };
    };
    expect(await look(working)).toEqual({ status: 'exit', archived: true });
    expect(await look(finished)).toEqual({ status: 'suspended', archived: true });
    expect(await look(foreign)).toEqual({ status: 'running', archived: false });
  });

  test('clean-up starts no job when there is nothing to end', async () => {
    const { url } = await quick();
    const all = await runExample('clean-up.yml', { url });
    expect(resultsOf(all)).toEqual({ list: 'success', end: 'skipped' });
  });

  test('across-organizations starts one session in each, and lists their pull requests', async () => {
    const sandbox = await quick();
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const inputs = { task: 'Tidy up', organizations: '*' };
    const { all } = await runExample('across-organizations.yml', {
      url: sandbox.url,
      secrets,
      inputs,
      life: 'sandbox:pr',
    });
    const ids = (await organizationsIn(sandbox)).map(({ org_id: id }) => id);
    const lines = lastOf(all)?.output.trim().split('\n') ?? [];
    expect(lines.map((line) => line.split(' ').slice(0, 2))).toEqual(ids.map((id) => [id, 'finished']));
    for (const line of lines) expect(line).toMatch(/ https:\/\/github\.com\/acme\/api\/pull\/\d+$/);
  });

  test('across-organizations is red when one fails, and the others have their sessions all the same', async () => {
    const sandbox = await quick();
    const { org_id: second } = (await organizationsIn(sandbox))[1] ?? {};
    await sandbox.control('faults', [{ path: `/organizations/${second}/sessions`, method: 'POST', status: 400 }]);
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const inputs = { task: 'Tidy up', organizations: '*' };
    const { all } = await runExample('across-organizations.yml', { url: sandbox.url, secrets, inputs });
    expect(lastOf(all)?.green).toBe(false);
    const outcomes = JSON.parse(lastOf(all)?.outputs['sessions'] ?? '');
    expect(outcomes).toMatchObject([
      { session_outcome: 'finished' },
      { error_code: 'api_rejected' },
      { session_outcome: 'finished' },
    ]);
  });

  test('session-per-organization starts one session in each, and one that fails stops no other', async () => {
    const sandbox = await quick();
    const { org_id: second } = (await organizationsIn(sandbox))[1] ?? {};
    // The second organization alone is out of order.
    await sandbox.control('faults', [{ path: `/organizations/${second}/sessions`, method: 'POST', status: 400 }]);
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const setting = { url: sandbox.url, secrets, inputs: { task: 'Tidy up' } };
    const all = await runExample('session-per-organization.yml', setting);
    // By name, the second organization comes first.
    expect(all['devin']?.map(({ result }) => result)).toEqual(['failure', 'success', 'success']);
    expect(JSON.parse(lastOf(all['devin']?.slice(1))?.output ?? '')).toEqual({
      organization: 'Engineering Team',
      message: 'Done. I finished the work in acme/api.',
    });
    const made = (await sandbox.requests()).filter(({ method }) => method === 'POST').map(({ path }) => path);
    const expected = (await organizationsIn(sandbox)).map(({ org_id: id }) => `/v3/organizations/${id}/sessions`);
    expect(made.toSorted()).toEqual(expected.toSorted());
  });

  test('export-users makes a table of everybody', async () => {
    const sandbox = await quick();
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const { export: job } = await runExample('export-users.yml', { url: sandbox.url, secrets });
    const [head, first, ...rest] = lastOf(job)?.output.trim().split('\n') ?? [];
    expect(head).toBe('"user_id","email","name","roles"');
    expect(first).toMatch(/^"user-[0-9a-f]{32}","user-1@example\.com","User 1","Admin; Admin in org-[0-9a-f]{32}"$/);
    expect(rest).toHaveLength(11);
  });

  test('export-users takes more users than one page holds', async () => {
    const sandbox = await quick();
    await sandbox.control('seed', { users: 450 });
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const { export: job } = await runExample('export-users.yml', { url: sandbox.url, secrets });
    expect(lastOf(job)?.output.trim().split('\n')).toHaveLength(451);
  });

  test('check-credential lets the work begin with a key that may', async () => {
    const { url } = await quick();
    const all = await runExample('check-credential.yml', { url });
    expect(resultsOf(all)).toEqual({ key: 'success', work: 'success' });
    expect(lastOf(all['work'])?.outputs['session_outcome']).toBe('finished');
  });

  test('check-credential starts nothing with a key that is refused', async () => {
    const sandbox = await quick();
    const all = await runExample('check-credential.yml', {
      url: sandbox.url,
      secrets: () => ({ DEVIN_TOKEN: 'cog_no_longer_good' }),
    });
    expect(resultsOf(all)).toEqual({ key: 'failure', work: 'skipped' });
    // The API says no more than 403 of a key that it does not know.
    expect(lastOf(all['key'])?.outputs['error_code']).toBe('permission_denied');
    expect(lastOf(all['key'])?.summary).toContain('credential');
    expect((await sandbox.requests()).map(({ method }) => method)).not.toContain('POST');
  });

  test('check-credential names what a key lacks', async () => {
    const sandbox = await quick();
    await sandbox.control('faults', [{ path: '/organizations/*/sessions', method: 'GET', status: 403 }]);
    const all = await runExample('check-credential.yml', { url: sandbox.url });
    expect(resultsOf(all)).toEqual({ key: 'failure', work: 'skipped' });
    expect(lastOf(all['key'])?.output).toContain('Give its role ViewOrgSessions');
    expect(lastOf(all['key'])?.output).toMatch(/^Sandbox Organization may run: /m);
    expect(all['key']?.[0]?.steps[0]?.summary).toContain('| `ViewOrgSessions` | no |');
  });

  test('rotate-key replaces the key, proves the new one and revokes the old one', async () => {
    const sandbox = await quick();
    const org = await sandbox.orgId();
    const { token: old, id } = await provision(sandbox, `organizations/${org}`, 'org_member');
    const gh = fakeGh();
    const secrets = (environment: string | undefined): Values =>
      environment === 'devin'
        ? { DEVIN_TOKEN: gh.stored() ?? old }
        : { DEVIN_ADMIN_TOKEN: 'cog_sandbox_enterprise', GH_SECRETS_TOKEN: 'ghp_made_up' };
    const all = await runExample('rotate-key.yml', { url: sandbox.url, secrets, programs: gh.programs });
    expect(resultsOf(all)).toEqual({ whose: 'success', rotate: 'success', prove: 'success', revoke: 'success' });
    expect(gh.asked()).toBe('secret set DEVIN_TOKEN --env devin for acme/api, 600 new-key.json\n');

    const fresh = gh.stored() ?? '';
    expect(fresh).toMatch(/^cog_made_up_[0-9a-f]{32}$/);
    expect(await statusOf(sandbox, fresh)).toBe(200);
    expect(await statusOf(sandbox, old)).toBe(403);
    const keys = await sandbox.api('GET', `/v3beta1/enterprise/service-users/${id}/api-keys?status=active`);
    expect(keys).toMatchObject({ total: 1 });
    // The runner hides what it is asked to mask; nothing else may hold the key.
    const seen = JSON.stringify(all).replaceAll(`::add-mask::${fresh}`, '');
    expect(seen).not.toContain(fresh);
  });

  test('rotate-key keeps the old key, and the file of the new one goes, where GitHub refuses', async () => {
    const sandbox = await quick();
    const { token: old } = await provision(sandbox, `organizations/${await sandbox.orgId()}`, 'org_member');
    const gh = fakeGh('exit 1');
    const secrets = () => ({ DEVIN_TOKEN: old, DEVIN_ADMIN_TOKEN: 'cog_sandbox_enterprise', GH_SECRETS_TOKEN: 'x' });
    const setting = { url: sandbox.url, secrets, programs: gh.programs };
    const all = await runExample('rotate-key.yml', setting);
    expect(resultsOf(all)).toEqual({ whose: 'success', rotate: 'failure', prove: 'skipped', revoke: 'skipped' });
    expect(await statusOf(sandbox, old)).toBe(200);
    // Now there are two, and nobody can tell which of them is in use.
    const again = await runExample('rotate-key.yml', setting);
    expect(lastOf(again['rotate'])?.output).toContain('::error title=Which key?::');
  });

  test('sandbox-trial works without a credential', async () => {
    const { trial } = await runExample('sandbox-trial.yml', {});
    expect(lastOf(trial)?.output).toMatch(/^Devin would have opened https:\/\/github\.com\//);
  });
});

test('every example is in the index, and every entry of the index is there', async () => {
  const files = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yml'));
  const index = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  const named = [...index.matchAll(/^\| \[([\w-]+\.yml)\]\(\1\)/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(files.toSorted());
});

describe('the documentation', () => {
  const page = (name: string) => readFile(join(ROOT, 'docs', name), 'utf8');

  test('of outcomes names every status detail of the API except the one of work', async () => {
    const text = await page('outcomes.md');
    for (const detail of STATUS_DETAILS.filter((name) => name !== 'working'))
      expect(text).toContain(`| \`${detail}\` |`);
  });

  test('of the sandbox names every life of a session', async () => {
    const rows = [...(await page('sandbox.md')).matchAll(/^\| `(sandbox:[^`]*)` \|/gm)].map(([, tag]) => tag);
    const expected = LIFE_TAGS.map((tag) => tag.replace(/<(\w+)>/g, (_, name: string) => name.toUpperCase()));
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });

  test('of the sandbox says how many operations it serves, and names every credential', async () => {
    const text = await page('sandbox.md');
    const onlyInExamples = catalogue.filter(({ id }) => /^(seed|v2Seed)/.test(id));
    const seen = catalogue.filter((endpoint) => endpoint.seen === 'field');
    const documented = catalogue.length - onlyInExamples.length - seen.length;
    expect(text).toContain(`all ${documented} operations of the reference`);
    expect(onlyInExamples).toHaveLength(3);
    const tokens = [...text.matchAll(/^\| `((?:cog|apk)_\w+)` \|/gm)].map(([, token]) => token);
    expect(tokens).toEqual([...CREDENTIALS, 'apk_user_sandbox_examples']);
  });

  test('of whoami names every read that it makes', async () => {
    const text = await page('whoami.md');
    const rows = [...text.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(([, permission, id]) => [permission, id]);
    expect(rows).toEqual(PROBES.map(({ permission, endpoint }) => [permission, endpoint.id]));
  });

  test('of the sandbox shows control calls and faults that it takes', async () => {
    const text = await page('sandbox.md');
    const { url } = await quick();
    const rows = [...text.matchAll(/^\| `(GET|POST|DELETE) (\/sandbox\/\w+)` \| (?:`(\{.*?\})`)?/gm)];
    expect(rows.length).toBeGreaterThan(8);
    const calls = rows.map(([, method = '', path = '', body]) => ({ method, path, body: body ?? '[]' }));
    const faults = [...text.matchAll(/-d '(.*)'/g)].map(([, body = '']) => ({
      method: 'POST',
      path: '/sandbox/faults',
      body,
    }));
    expect(faults).toHaveLength(3);
    for (const { method, path, body } of [...calls, ...faults]) {
      const headers = { 'x-sandbox-control': '1' };
      const { status } = await fetch(url + path, { method, headers, ...(method === 'POST' ? { body } : {}) });
      expect(status, `${method} ${path} ${body}`).toBe(200);
    }
  });
});
