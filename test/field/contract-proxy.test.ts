import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CheckProxy, startCheckProxy } from '../../scripts/check-proxy.ts';
import { atEnd } from '../at-end.ts';
import { NODE_24, ROOT, runProcess } from '../e2e/fake-runner.ts';
import { startProgram } from '../programs/index.ts';
import { ORG, ORG_KEY, openField } from './server/index.ts';
import { fields, items, story } from './support.ts';

/** The documents' OpenAPI file, which is beside the project and not part of it. */
const DOCUMENT = process.env['DEVIN_OPENAPI'] ?? join(ROOT, '..', 'shared', 'reference', 'devin-api', 'openapi.json');
const isThere = existsSync(DOCUMENT);
const document = (): unknown => JSON.parse(readFileSync(DOCUMENT, 'utf8'));

/** Starts the sandbox as a user would, behaving as documented. */
async function startSandbox(): Promise<string> {
  const args = ['scripts/sandbox.ts', '--port', '0', '--habits', 'documents'];
  const { texts, until, kill } = startProgram(NODE_24, args, { cwd: ROOT });
  atEnd(() => kill('SIGTERM'));
  await until(/listening on \S+\n/);
  const [, url] = /listening on (\S+)/.exec(texts.stdout) ?? [];
  if (url === undefined) throw new Error(texts.stdout + texts.stderr);
  return url;
}

const MANIFEST = (orgId: string, connection: string) =>
  `version: 1
connections: { main: ${connection} }
organizations:
  ${orgId}:
    prune: false
    permissions:
      - { connection: main, prefix: acme/brand-new- }
`;

describe.skipIf(!isThere)(
  `the client keeps to the documents${isThere ? '' : ` (skipped: ${DOCUMENT} is missing)`}`,
  () => {
    let proxy: CheckProxy;
    let orgId: string;
    let connection: string;
    const run = (inputs: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) =>
      runProcess({
        files,
        with: {
          api_url: proxy.url,
          devin_token: 'cog_sandbox_enterprise',
          org_id: orgId,
          poll_interval: '1s',
          ...inputs,
        },
      });

    beforeAll(async () => {
      const target = await startSandbox();
      proxy = await startCheckProxy(document(), target);
      atEnd(() => proxy.close());
      const get = async (path: string, key: string) =>
        fields(await (await fetch(`${target}${path}`, { headers: { authorization: `Bearer ${key}` } })).json());
      orgId = String((await get('/v3/self', 'cog_sandbox_org'))['org_id']);
      const connections = items(await get('/v3/enterprise/git-providers/connections', 'cog_sandbox_enterprise'));
      connection = String(fields(connections[0])['git_connection_id']);
    });

    // Fifteen steps one after the other take their time on a busy machine.
    test('in a dozen operations, whose requests have no violation', { timeout: 180_000 }, async () => {
      const created = await run(
        {
          operation: 'create-session',
          prompt: 'Fix the parser.',
          title: 'Parser',
          tags: 'a, b',
          repos: 'acme/api',
          devin_mode: 'fast',
          max_acu_limit: '7',
          session_secrets: 'API_KEY=value',
          attachments: 'notes.txt',
          structured_output_schema: '{ "type": "object" }',
          wait: 'finished',
        },
        { 'notes.txt': 'Mind the comma.' },
      );
      expect(created.exitCode, story(created)).toBe(0);
      const id = { session_id: created.outputs['session_id'] ?? '' };
      const others = [
        { operation: 'get-session', ...id },
        { operation: 'wait-for-session', ...id },
        { operation: 'send-message', message: 'Also add a test.', ...id },
        { operation: 'list-sessions', tags: 'a', created_after: '7d', max_results: '300' },
        { operation: 'list-session-insights', max_results: '5' },
        { operation: 'list-organizations', org_id: '' },
        { operation: 'whoami' },
        { operation: 'export-audit-logs', since: '1d', max_events: '300', org_id: '' },
        { operation: 'call-api', endpoint: 'listSecrets', params: `org_id: ${orgId}`, paginate: 'true' },
        { operation: 'call-api', endpoint: 'createOrgPlaybook', params: `org_id: ${orgId}`, body: 'title: A\nbody: B' },
        { operation: 'export-git-permissions', manifest: 'out.yml' },
        { operation: 'sync-git-permissions', mode: 'apply', manifest: 'git.yml' },
      ];
      const files = { 'git.yml': MANIFEST(orgId, connection) };
      for (let at = 0; at < others.length; at += 4) {
        const some = await Promise.all(others.slice(at, at + 4).map((inputs) => run(inputs, files)));
        for (const result of some) expect(result.exitCode, story(result)).toBe(0);
      }
      await run({ operation: 'archive-session', ...id });
      await run({ operation: 'terminate-session', ...id });
      expect(proxy.violations).toEqual([]);
      expect(proxy.operations.size).toBeGreaterThanOrEqual(12);
      expect([...proxy.operations]).toEqual(
        expect.arrayContaining([
          'createSession',
          'getSession',
          'listSessionMessages',
          'sendSessionMessage',
          'uploadAttachment',
        ]),
      );
    });
  },
);

describe.skipIf(!isThere)('the checking proxy', () => {
  test('reports what is against the documents, and passes everything on', async () => {
    const api = await openField();
    const proxy = await startCheckProxy(document(), api.url);
    atEnd(async () => {
      await proxy.close();
      await api.close();
    });
    const call = (method: string, path: string, body?: unknown) =>
      fetch(`${proxy.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${ORG_KEY}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const sessions = `/v3/organizations/${ORG}/sessions`;
    const created = await call('POST', sessions, { prompt: 'Fix it.', title: null, tags: ['a'] });
    expect(await created.json()).toMatchObject({ session_id: api.session().id });
    expect(proxy.violations).toEqual([]);
    await call('POST', sessions, { prompt: 7, brand_new: true });
    await call('GET', `${sessions}?first=none&limit=5`);
    await call('GET', `${sessions}?first=1&first=2`);
    await call('GET', '/v3/nothing');
    await fetch(`${proxy.url}/v3/self`);
    expect(proxy.violations).toEqual([
      'createSession: body: /prompt must be string',
      'createSession: the member brand_new of the body is not in the document',
      expect.stringMatching(/^listSessions: first: /),
      'listSessions: the query limit is not in the document',
      'listSessions: first is given 2 times',
      'GET /v3/nothing is not in the document',
      'getSelf: has no bearer token',
    ]);
  });
});
