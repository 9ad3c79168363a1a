import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

const callApi = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({
    ...more,
    with: { operation: 'call-api', api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', ...inputs },
  });

const callHere = (inputs: Record<string, string>) =>
  runStep({ with: { operation: 'call-api', api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', ...inputs } });

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error')?.message ?? '';

describe('call-api', { concurrent: true }, () => {
  test.each([
    ['an operation id', { endpoint: 'listOrganizations' }],
    ['an operation id in another case', { endpoint: 'LISTorganizations' }],
    ['a method and a path', { endpoint: 'GET /v3/enterprise/organizations' }],
    ['the path of the beta', { endpoint: 'get /v3beta1/enterprise/organizations' }],
  ])('calls an endpoint by %s, and gives its rows', async (_name, inputs) => {
    const result = await callApi(inputs);
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toMatchObject({ outcome: 'success', status_code: '200', count: '3' });
    const rows: readonly { name: string }[] = JSON.parse(result.outputs['body'] ?? '');
    expect(rows.map(({ name }) => name)).toEqual(['Engineering Team', 'Data Platform', 'Security']);
    expect(result.summary).toContain('Engineering Team');
  });

  test.each([
    ['by params', (org: string) => ({ endpoint: 'getOrganization', params: `org_id: ${org}` })],
    [
      'by a template',
      (org: string) => ({ endpoint: 'GET /v3/enterprise/organizations/{org_id}', params: `{"org_id": "${org}"}` }),
    ],
    ['in the path', (org: string) => ({ endpoint: `GET /v3/enterprise/organizations/${org}` })],
    ['by the input org_id', (org: string) => ({ endpoint: 'getOrganization', org_id: org })],
  ])('takes a path parameter %s', async (_name, inputs) => {
    const org = await sandbox.orgId();
    const { outputs } = await callApi(inputs(org));
    expect(JSON.parse(outputs['body'] ?? '')).toMatchObject({ org_id: org, name: 'Engineering Team' });
  });

  test("fills in the organization of an organization's own service user", async () => {
    const { outputs } = await callApi({ endpoint: 'listSessions', devin_token: 'cog_sandbox_org' });
    expect(outputs).toMatchObject({ outcome: 'success' });
  });

  test('makes a change with a body in YAML, and shows what came of it', async () => {
    const own = await openSandbox();
    try {
      const body = 'name: Platform\nmax_cycle_acu_limit: 500\n';
      const { outputs } = await callApi({ api_url: own.url, endpoint: 'createOrganization', body });
      const made = JSON.parse(outputs['body'] ?? '');
      expect(made).toMatchObject({ name: 'Platform', max_cycle_acu_limit: 500 });
      expect(await own.api('GET', `/v3/enterprise/organizations/${made.org_id}`)).toMatchObject({ name: 'Platform' });
    } finally {
      await own.close();
    }
  });

  test('sends no change in a dry run', async () => {
    const own = await openSandbox();
    try {
      const { outputs } = await callApi({
        api_url: own.url,
        endpoint: 'createOrganization',
        body: 'name: x',
        dry_run: 'true',
      });
      expect(outputs).toMatchObject({ outcome: 'skipped' });
      expect(await own.requests()).toEqual([]);
    } finally {
      await own.close();
    }
  });

  test('reads every page of a list, or the one that was asked for', async () => {
    const own = await openSandbox({ habits: 'documents' });
    try {
      await own.control('seed', { audit_logs: 450 });
      const all = await callApi({ api_url: own.url, endpoint: 'listAuditLogs', params: 'order: asc' });
      expect(all.outputs['count']).toBe('450');
      const ids: readonly { audit_log_id: string }[] = JSON.parse(all.outputs['body'] ?? '');
      expect(new Set(ids.map(({ audit_log_id: id }) => id)).size).toBe(450);
      const one = await callApi({ api_url: own.url, endpoint: 'listAuditLogs', params: 'first: 7', paginate: 'false' });
      expect(JSON.parse(one.outputs['body'] ?? '')).toMatchObject({ has_next_page: true, total: expect.any(Number) });
      expect(JSON.parse(one.outputs['body'] ?? '').items).toHaveLength(7);
    } finally {
      await own.close();
    }
  });

  test.each(['rows.json', 'rows.jsonl'])(
    'writes a long list to %s, and leaves a note of it in the output',
    async (name) => {
      const own = await openSandbox();
      try {
        await own.control('seed', { audit_logs: 3_000 });
        let text = '';
        let mode = 0;
        const { outputs, summary } = await callApi(
          { api_url: own.url, endpoint: 'listAuditLogs', body_file: `out/${name}` },
          {
            after: (workspace) => {
              text = readFileSync(join(workspace, 'out', name), 'utf8');
              mode = statSync(join(workspace, 'out', name)).mode & 0o777;
            },
          },
        );
        const rows = name.endsWith('.jsonl')
          ? text
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line))
          : JSON.parse(text);
        expect(rows).toHaveLength(3_000);
        expect(outputs).toMatchObject({ count: '3000', body_file: `out/${name}`, body: '' });
        expect(summary).toContain('2,950 more rows');
        if (process.platform !== 'win32') expect(mode).toBe(0o600);
      } finally {
        await own.close();
      }
    },
  );

  test('spills a list that is too large for an output into a file of its own', async () => {
    const own = await openSandbox();
    try {
      await own.control('seed', { audit_logs: 3_000 });
      const { outputs } = await callApi({ api_url: own.url, endpoint: 'listAuditLogs' });
      expect(outputs).toMatchObject({ count: '3000', body: '' });
      expect(outputs['body_file']).toMatch(/devin-api-answer-__run\.jsonl$/);
    } finally {
      await own.close();
    }
  });

  test('hides a one-time token everywhere but in the file that was asked for, without which it is not made', async () => {
    const own = await openSandbox();
    try {
      const roles = JSON.parse((await callApi({ api_url: own.url, endpoint: 'listRoles' })).outputs['body'] ?? '');
      const role: { role_id: string } = roles.find((one: { role_type: string }) => one.role_type === 'enterprise');
      const body = (name: string) => JSON.stringify({ name, role_id: role.role_id, ttl_seconds: 3600 });
      let file = '';
      const refused = await callApi({
        api_url: own.url,
        endpoint: 'provisionEnterpriseServiceUser',
        body: body('one'),
      });
      expect(refused.outputs).toMatchObject({ error_code: 'input_invalid' });
      expect(errorOf(refused)).toContain('body_file is missing');
      const kept = await callApi(
        { api_url: own.url, endpoint: 'provisionEnterpriseServiceUser', body: body('two'), body_file: 'user.json' },
        {
          after: (workspace) => {
            file = readFileSync(join(workspace, 'user.json'), 'utf8');
          },
        },
      );
      const { token } = JSON.parse(file);
      expect(token).toMatch(/^cog_/);
      expect(kept.commands).toContainEqual({ name: 'add-mask', properties: {}, message: token });
      const written = JSON.stringify([kept.outputs, kept.summary, kept.stdout.replaceAll(/^::add-mask::.*$/gm, '')]);
      expect(written).not.toMatch(/cog_made_up\\?_/);
      expect(written).not.toContain(token);
    } finally {
      await own.close();
    }
  });

  test('uploads a file of the workspace, and downloads one', async () => {
    const org = await sandbox.orgId();
    const up = await callApi(
      { endpoint: 'uploadAttachment', org_id: org, body: 'file: notes/a b.txt' },
      { files: { 'notes/a b.txt': 'héllo' } },
    );
    const { url, name } = JSON.parse(up.outputs['body'] ?? '');
    expect(name).toBe('a b.txt');
    const [, uuid] = /\/attachments\/([^/]+)\//.exec(url) ?? [];
    let bytes = '';
    const down = await callApi(
      { endpoint: 'downloadAttachment', org_id: org, params: `uuid: ${uuid}\nname: a b.txt`, body_file: 'back.txt' },
      {
        after: (workspace) => {
          bytes = readFileSync(join(workspace, 'back.txt'), 'utf8');
        },
      },
    );
    expect(down.outputs).toMatchObject({ outcome: 'success', body_file: 'back.txt' });
    expect(bytes).toBe('héllo');
  });

  test('calls what has no documented shape as raw JSON, with the answer of the API', async () => {
    const result = await callApi({ endpoint: 'GET /v3/organizations/org-1/snapshots', params: 'anything: 1' });
    expect(result.outputs).toMatchObject({ error_code: 'not_found' });
    expect(errorOf(result)).toContain('/v3/organizations/org-1/snapshots');
  });

  test('an operation of the other version of the API names the one to use', async () => {
    const v2 = await callApi({ endpoint: 'v2ListOrganizations' });
    expect(v2.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(v2)).toContain('listOrganizations');
    const v3 = await callApi({ endpoint: 'listOrganizations', devin_token: 'apk_user_sandbox' });
    expect(errorOf(v3)).toContain('v2ListOrganizations');
  });

  test('a legacy key reads the lists of v2 page by page', async () => {
    const { outputs } = await callApi({
      endpoint: 'v2ListOrganizations',
      params: 'limit: 2',
      devin_token: 'apk_user_sandbox',
    });
    expect(outputs).toMatchObject({ outcome: 'success', count: '3' });
  });
});

describe('a wrong call is refused before the first request', () => {
  test.each([
    ['an unknown operation', { endpoint: 'listOrganisations' }, ['did you mean listOrganizations?']],
    [
      'an unknown path',
      { endpoint: 'GET /v3/enterprise/organisations' },
      ['not a path of the API', '/v3/enterprise/organizations'],
    ],
    ['a method that the path lacks', { endpoint: 'PATCH /v3/enterprise/organizations' }, ['has no PATCH', 'POST']],
    ['a method that does not exist', { endpoint: 'FETCH /v3/self' }, ['expected one of GET']],
    ['another host', { endpoint: 'GET https://evil.example/v3/self' }, ['not a URL']],
    ['a path of another host', { endpoint: 'GET //evil.example/v3/self' }, ['not a URL']],
    ['a path that climbs', { endpoint: 'GET /v3/organizations/../self' }, ['a dot']],
    ['a path that climbs in disguise', { endpoint: 'GET /v3/organizations/%2e%2e/self' }, ['a dot']],
    ['a slash in disguise', { endpoint: 'GET /v3/organizations/a%2Fb/sessions' }, ['a slash']],
    ['a query in the path', { endpoint: 'GET /v3/self?x=1' }, ['move it to params']],
    ['a missing path parameter', { endpoint: 'getPlaybook' }, ['did you mean']],
    ['a path parameter that is left out', { endpoint: 'getEnterprisePlaybook' }, ['lacks playbook_id']],
    [
      'a parameter that does not exist',
      { endpoint: 'listSessions', params: 'tag: x' },
      ['has tag', 'did you mean tags?'],
    ],
    ['a parameter of the wrong type', { endpoint: 'listSessions', params: 'first: many' }, ['at first', 'expected']],
    ['a parameter out of bounds', { endpoint: 'listSessions', params: 'first: 1000' }, ['at first']],
    ['a value that the list does not have', { endpoint: 'listAuditLogs', params: 'order: up' }, ['at order']],
    ['params that are no YAML', { endpoint: 'listSessions', params: 'a: [' }, ['params', 'neither JSON nor YAML']],
    [
      'a body field that does not exist',
      { endpoint: 'createOrganization', body: 'nam: x' },
      ['has nam', 'did you mean name?', 'lacks name'],
    ],
    ['a body for an endpoint without one', { endpoint: 'listOrganizations', body: 'a: 1' }, ['takes none']],
    ['no body for an endpoint that needs one', { endpoint: 'createOrganization' }, ['body lacks name (text)']],
    [
      'several wrong fields of a body',
      { endpoint: 'createOrgNote', body: 'name: 7\ntitle: x' },
      [
        '4 fields of body are invalid',
        'body at name: is a number; expected text',
        'body lacks body (text)',
        'body lacks trigger (text)',
        'body has title, which does not exist',
      ],
    ],
    [
      'a body_file outside of the workspace',
      { endpoint: 'listOrganizations', body_file: '../x.json' },
      ['outside of the workspace'],
    ],
    [
      'a download without a file',
      { endpoint: 'downloadAttachment', params: 'uuid: a\nname: b' },
      ['body_file is missing'],
    ],
    ['no endpoint', {}, ['endpoint is missing']],
  ])('%s', async (_name, inputs, words) => {
    const result = await callHere(inputs);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'input_invalid' });
    for (const word of words) expect(errorOf(result)).toContain(word);
    expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ requests: { count: 0 } });
  });
});

/** An API whose one list misbehaves. */
async function withServer<T>(
  answer: (page: number) => { status?: number; body: string },
  use: (url: string) => Promise<T>,
): Promise<T> {
  let page = 0;
  const server = createServer((_request, response) => {
    const { status = 200, body } = answer(page++);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('a list that misbehaves is an error, and leaves no file under its name', { concurrent: true }, () => {
  const row = (n: number) => ({ audit_log_id: `a${n}` });
  test.each<[string, (page: number) => { body: string }, string]>([
    [
      'a cursor that is repeated',
      (n) => ({ body: JSON.stringify({ items: [row(n)], has_next_page: true, end_cursor: 'same' }) }),
      'a cursor is repeated',
    ],
    [
      'a page that repeats',
      (n) => ({ body: JSON.stringify({ items: [row(0)], has_next_page: true, end_cursor: `c${n}` }) }),
      'a page is repeated',
    ],
    [
      'empty pages without end',
      (n) => ({ body: JSON.stringify({ items: [], has_next_page: true, end_cursor: `c${n}` }) }),
      'empty pages',
    ],
    ['an answer that is no JSON', () => ({ body: 'hello' }), 'not JSON'],
    ['an answer that is no page', () => ({ body: '{"rows":[]}' }), 'not a page'],
    ['a page of 51 MB', (n) => ({ body: `{"items":["${'x'.repeat(51 * 1024 * 1024)}${n}"]}` }), 'bytes'],
    [
      'a second page that is cut',
      (n) =>
        n === 0
          ? { body: JSON.stringify({ items: [row(1)], has_next_page: true, end_cursor: 'c' }) }
          : { body: '{"items":[' },
      'not JSON',
    ],
  ])('%s', async (_name, answer, words) => {
    await withServer(answer, async (url) => {
      let files: string[] = [];
      const result = await callApi(
        { api_url: url, endpoint: 'listAuditLogs', body_file: 'rows.json', max_retries: '0' },
        {
          before: (workspace) => writeFileSync(join(workspace, 'kept.txt'), ''),
          after: (workspace) => {
            files = readdirSync(workspace);
            expect(existsSync(join(workspace, 'rows.json'))).toBe(false);
          },
        },
      );
      expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'api_contract' });
      expect(errorOf(result)).toContain(words);
      expect(files).toEqual(['kept.txt']);
    });
  });
});

describe('whoami and list-organizations', { concurrent: true }, () => {
  const step = (operation: string, inputs: Record<string, string> = {}) =>
    runStep({ with: { operation, api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', ...inputs } });

  test('whoami tells who an organization’s service user is, what it may run, and what to ask for', async () => {
    const own = await openSandbox();
    try {
      const result = await step('whoami', { api_url: own.url, devin_token: 'cog_sandbox_org' });
      expect(JSON.parse(result.outputs['identity'] ?? '')).toMatchObject({
        kind: 'service_user',
        org_id: expect.stringMatching(/^org-/),
      });
      const allowed = JSON.parse(result.outputs['allowed_operations'] ?? '');
      expect(allowed).toEqual(expect.arrayContaining(['list-sessions', 'get-session', 'whoami']));
      expect(result.summary).toContain('ManageOrganizations');
      expect(result.summary).toMatch(/\| no \|/);
      expect((await own.requests()).every(({ method }) => method === 'GET')).toBe(true);
    } finally {
      await own.close();
    }
  });

  test('whoami works for an enterprise credential and for a legacy key', async () => {
    const enterprise = await step('whoami');
    expect(JSON.parse(enterprise.outputs['allowed_operations'] ?? '')).toContain('list-organizations');
    const legacy = await step('whoami', { devin_token: 'apk_user_sandbox' });
    expect(legacy.outputs).toMatchObject({ outcome: 'success' });
    expect(JSON.parse(legacy.outputs['allowed_operations'] ?? '')).toEqual(
      expect.arrayContaining(['list-organizations', 'call-api']),
    );
  });

  test('whoami promises nothing that the credential may not do', async () => {
    const orgId = await sandbox.orgId();
    const session = Object(await sandbox.api('POST', `/v3/organizations/${orgId}/sessions`, { prompt: 'x' }));
    const READS = {
      'get-session': { session_id: session.session_id },
      'list-sessions': {},
      'list-session-insights': {},
      'list-organizations': {},
      'export-git-permissions': { manifest: 'a.yml' },
      'export-audit-logs': { output_dir: 'exported', since: '1d' },
    };
    for (const devin_token of ['cog_sandbox_viewer', 'cog_sandbox_org']) {
      const place = { devin_token, org_id: orgId };
      const allowed: string[] = JSON.parse((await step('whoami', place)).outputs['allowed_operations'] ?? '');
      for (const [operation, inputs] of Object.entries(READS)) {
        const { outputs } = await step(operation, { ...place, ...inputs });
        const isAllowed = outputs['error_code'] === '';
        expect(allowed.includes(operation), `${operation} for ${devin_token}`).toBe(isAllowed);
      }
    }
    const anywhere: string[] = JSON.parse(
      (await step('whoami', { devin_token: 'cog_sandbox_viewer' })).outputs['allowed_operations'] ?? '',
    );
    expect(anywhere).not.toContain('list-organizations');
  });

  test('whoami with a credential that is none is refused', async () => {
    const error = async (api_url: string) =>
      (await step('whoami', { devin_token: 'cog_nobody_knows', api_url })).outputs['error_code'];
    expect(await error(sandbox.url)).toBe('permission_denied');
    expect(await error('sandbox?habits=documents')).toBe('credential_invalid');
  });

  test.each(['cog_sandbox_enterprise', 'apk_user_sandbox'])(
    'list-organizations gives a matrix of one job each (%s)',
    async (devin_token) => {
      const { outputs, summary } = await step('list-organizations', { devin_token });
      expect(outputs['count']).toBe('3');
      const { include } = JSON.parse(outputs['matrix'] ?? '');
      expect(include).toHaveLength(3);
      expect(include[0]).toEqual({ org_id: expect.stringMatching(/^org-/), org_name: 'Data Platform' });
      expect(summary).toContain('3 organizations in a matrix of 3 jobs');
    },
  );

  test('groups organizations by matrix_size', async () => {
    const { outputs } = await step('list-organizations', { matrix_size: '2' });
    const { include } = JSON.parse(outputs['matrix'] ?? '');
    expect(include.map(({ org_name: name }: { org_name: string }) => name)).toEqual([
      'Data Platform, Engineering Team',
      'Security',
    ]);
    expect(include[0].org_id.split(',')).toHaveLength(2);
  });

  test('a matrix over GitHub’s cap of 256 jobs says which matrix_size fits', async () => {
    const own = await openSandbox();
    try {
      await own.control('seed', { organizations: 600 });
      const result = await step('list-organizations', { api_url: own.url });
      expect(result.outputs['error_code']).toBe('input_invalid');
      expect(errorOf(result)).toContain('Set `matrix_size` to 3 or more');
      const grouped = await step('list-organizations', { api_url: own.url, matrix_size: '3' });
      expect(JSON.parse(grouped.outputs['matrix'] ?? '').include).toHaveLength(200);
    } finally {
      await own.close();
    }
  });

  test('list-organizations gives an organization’s service user its own', async () => {
    const { outputs } = await step('list-organizations', { devin_token: 'cog_sandbox_org' });
    expect(outputs).toMatchObject({ outcome: 'success', count: '1' });
  });
});
