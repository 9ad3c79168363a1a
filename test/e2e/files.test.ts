import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeEach(async () => {
  sandbox = await openSandbox(30);
  orgId = await sandbox.orgId();
});
afterEach(() => sandbox.close());

const step = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({
    ...more,
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      prompt: 'Fix it.',
      poll_interval: '1s',
      ...inputs,
    },
  });

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error');
const filesOf = ({ outputs }: StepResult): Promise<unknown> =>
  sandbox.api('GET', `/v3/organizations/${orgId}/sessions/${outputs['session_id']}/attachments`);
const uploads = async () =>
  (await sandbox.requests()).filter(({ method, path }) => method === 'POST' && path.endsWith('/attachments')).length;

const FILES = { 'logs/a.txt': 'first', 'logs/deep/b.txt': 'second', 'logs/c.json': '{}', '.git/config': 'token' };

describe('attachments', () => {
  test('are uploaded before the session is created, and come on top of attachment_urls', async () => {
    const inputs = { attachments: 'logs/**/*.txt, logs/a.txt', attachment_urls: 'https://example.com/x.txt' };
    const result = await step(inputs, { files: FILES });
    expect(result.exitCode).toBe(0);
    expect(await filesOf(result)).toMatchObject([{ name: 'x.txt' }, { name: 'a.txt' }, { name: 'b.txt' }]);
    const seen = (await sandbox.requests()).map(({ path }) => path.split('/').at(-1)).slice(0, 3);
    expect(seen).toEqual(['attachments', 'attachments', 'sessions']);
  });

  test('go with a message as well', async () => {
    const { outputs } = await step({ tags: 'sandbox:slow' });
    const session = outputs['session_id'] ?? '';
    const sent = await step(
      { operation: 'send-message', session_id: session, prompt: 'See the log.', attachments: 'logs/a.txt' },
      { files: FILES },
    );
    expect(sent.exitCode).toBe(0);
    expect(await filesOf(sent)).toMatchObject([{ name: 'a.txt', source: 'user' }]);
  });

  test('are not uploaded again where a re-run finds the session', async () => {
    // A re-run checks the repository out anew: only names and sizes can be the same.
    await step({ attachments: 'logs/*.txt' }, { files: FILES });
    const again = await step({ attachments: 'logs/*.txt' }, { files: FILES, env: { GITHUB_RUN_ATTEMPT: '2' } });
    expect(again.outputs['created']).toBe('false');
    expect(await uploads()).toBe(1);
  });

  test.each([
    ['a pattern without a match', 'nothing/*.txt', /"nothing\/\*\.txt", which matches no file/],
    ['a folder', 'logs/deep', /which matches no file/],
    ['a way up', '../*.txt', /which may lead out of the workspace/],
    ['an absolute path', '/etc/passwd', /which may lead out of the workspace/],
    ['what git keeps', '.git/config', /which matches no file/],
    ['a link that leads out', 'out.txt', /"out\.txt", which is outside of the workspace/],
    ['a file of more than 50 MB', 'big/one.bin', /"big\/one\.bin", which has 51 MB; at most 50 MB are allowed/],
    ['more than 100 MB in all', 'many/*.bin', /has 120 MB in total; at most 100 MB are allowed/],
  ])('%s is found before the first request', async (_name, pattern, finding) => {
    const before = (workspace: string) => {
      symlinkSync('/etc/hostname', join(workspace, 'out.txt'));
      for (const [name, size] of [
        ['big/one', 51],
        ['many/a', 40],
        ['many/b', 40],
        ['many/c', 40],
      ] as const) {
        const path = join(workspace, `${name}.bin`);
        mkdirSync(join(path, '..'), { recursive: true });
        writeFileSync(path, '');
        truncateSync(path, size * 1024 * 1024);
      }
    };
    const result = await step({ attachments: pattern }, { files: FILES, before });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(result)?.message).toMatch(finding);
    expect(await sandbox.requests()).toEqual([]);
  });

  test('a file that changes after it was checked is an error, and no session starts', async () => {
    let workspace = '';
    let changed = false;
    await sandbox.control('latency', { ms: 300 });
    const result = await step(
      // Without an id the organization is asked for first, which takes a moment.
      { attachments: 'logs/a.txt', org_id: '' },
      {
        files: FILES,
        before: (path) => {
          workspace = path;
        },
        onOutput: (output) => {
          if (changed || !output.includes('Devin session')) return;
          changed = true;
          writeFileSync(join(workspace, 'logs/a.txt'), 'first, and then some');
        },
      },
    );
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(result)?.message).toContain('The file "logs/a.txt" changed while it was read.');
    expect((await sandbox.requests()).map(({ method }) => method)).toEqual(['GET']);
  });

  test('a lost answer to an upload starts no session, and is no reason to look for one', async () => {
    await sandbox.control('faults', [{ method: 'POST', path: '/organizations/*/attachments', reset: true }]);
    const result = await step({ attachments: 'logs/a.txt' }, { files: FILES });
    expect(result.outputs['error_code']).toBe('api_unavailable');
    expect(await sandbox.requests()).toHaveLength(1);
  });
});

describe('download_attachments', () => {
  test('brings the files that Devin attached, and overwrites none', async () => {
    let content = '';
    const result = await step(
      { tags: 'sandbox:pr', wait: 'finished', download_attachments: 'from-devin', attachments: 'logs/a.txt' },
      {
        files: { ...FILES, 'from-devin/changes.patch': 'mine' },
        after: (workspace) => {
          expect(readFileSync(join(workspace, 'from-devin/changes.patch'), 'utf8')).toBe('mine');
          expect(existsSync(join(workspace, 'from-devin/a.txt'))).toBe(false);
          content = readFileSync(join(workspace, 'from-devin/changes-2.patch'), 'utf8');
        },
      },
    );
    expect(result.exitCode).toBe(0);
    expect(content).toContain('Made by the sandbox');
    const files = [{ name: 'changes.patch', path: 'from-devin/changes-2.patch', bytes: content.length }];
    expect(JSON.parse(result.outputs['attachments'] ?? '')).toEqual(files);
    expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ data: { attachments: files } });
  });

  test('changes no byte of a file, even if it holds a secret, but shows none in a name', async () => {
    let content = '';
    const result = await step(
      {
        ...{ tags: 'sandbox:pr', wait: 'finished', download_attachments: 'out' },
        session_secrets: 'NAME=changes.patch\nTEXT=Made by the sandbox',
      },
      { after: (workspace) => (content = readFileSync(join(workspace, 'out/___'), 'utf8')) },
    );
    expect(result.exitCode).toBe(0);
    expect(content).toContain('Made by the sandbox');
    expect(JSON.parse(result.outputs['attachments'] ?? '')).toMatchObject([{ name: '***', path: 'out/___' }]);
  });

  test('that fails makes the step red, after everything else is written', async () => {
    await sandbox.control('faults', [
      { method: 'GET', path: '/organizations/*/attachments/*/*', status: 404, times: 9 },
    ]);
    const result = await step({ tags: 'sandbox:pr', wait: 'finished', download_attachments: 'from-devin' });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ session_outcome: 'finished', attachments: '[]' });
    expect(result.outputs['pull_request_url']).toMatch(/^https:/);
    expect(errorOf(result)?.message).toMatch(
      /1 attachment of the session could not be downloaded\.\n- changes\.patch: /,
    );
    expect(result.summary).toContain('could not be downloaded');
  });

  test('gives each of several organizations a folder of its own', async () => {
    const result = await step({
      org_id: '*',
      devin_token: 'cog_sandbox_enterprise',
      tags: 'sandbox:pr',
      wait: 'finished',
      download_attachments: 'from-devin',
    });
    const paths = JSON.parse(result.outputs['attachments'] ?? '').map(({ path }: { path: string }) => path);
    expect(paths).toHaveLength(3);
    expect(paths[0]).toBe(`from-devin/${orgId}/changes.patch`);
  });

  test.each([
    [{ download_attachments: 'out' }, 'needs wait: finished'],
    [{ download_attachments: '../out', wait: 'finished' }, 'which is outside of the workspace'],
    [{ download_attachments: 'logs/a.txt', wait: 'finished' }, 'which is a file, not a folder'],
  ])('%j is found before the first request', async (inputs, finding) => {
    const result = await step(inputs, { files: FILES });
    expect(errorOf(result)?.message).toContain(finding);
    expect(await sandbox.requests()).toEqual([]);
  });
});
