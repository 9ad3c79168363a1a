import { symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

const RIGHT = { operation: 'create-session', devin_token: 'cog_sandbox_org', org_id: 'org-1', prompt: 'Fix it.' };

const step = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({ ...more, with: { ...RIGHT, api_url: sandbox.url, ...inputs } });

const stepHere = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({ ...more, with: { ...RIGHT, api_url: sandbox.url, ...inputs } });

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error')?.message ?? '';

async function expectRefused(result: StepResult, code: string, words: readonly (string | RegExp)[]): Promise<void> {
  expect(result.stderr).toBe('');
  expect(result.exitCode).toBe(1);
  expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: code });
  for (const word of words) expect(errorOf(result)).toMatch(word);
  expect(errorOf(result)).toContain(`docs/errors.md#${code}`);
  expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ error: { code }, requests: { count: 0 } });
  expect(result.summary).toMatch(/^### ❌ /);
  expect(result.summary).toContain(code);
}

const externalRef = JSON.stringify({ type: 'object', properties: { a: { $ref: 'https://example.com/s.json' } } });
const hugeSchema = JSON.stringify({ type: 'object', description: 'x'.repeat(65 * 1024) });

describe('a wrong input is refused before the first request, with its fix', () => {
  afterAll(async () => {
    expect(await sandbox.requests()).toEqual([]);
  });

  test.each<[string, Record<string, string>, string, (string | RegExp)[]]>([
    ['no credential', { devin_token: '' }, 'credential_missing', ['devin_token', 'secrets.DEVIN_TOKEN']],
    ['a credential of an unknown format', { devin_token: 'sk-1234567890' }, 'credential_invalid', ['cog_']],
    ['a credential with a space in it', { devin_token: 'cog_ab cd ef gh' }, 'credential_invalid', ['malformed']],
    ['a credential with Bearer', { devin_token: 'Bearer cog_abcdefgh' }, 'credential_invalid', ['Bearer']],
    ['a legacy key for what v2 lacks', { devin_token: 'apk_user_sandbox' }, 'input_invalid', ['v2', 'cog_']],
    ['an http URL that is not loopback', { api_url: 'http://api.devin.ai' }, 'input_invalid', ['api_url', 'https']],
    ['a URL with a password', { api_url: 'https://a:b@api.devin.ai' }, 'input_invalid', ['api_url']],
    ['no operation', { operation: '' }, 'input_invalid', ['operation is missing', 'create-session']],
    ['an unknown operation', { operation: 'create-sesion' }, 'input_invalid', ['did you mean create-session']],
    ['an empty prompt', { prompt: ' \n ' }, 'input_invalid', ['prompt is missing', 'prompt_file']],
    ['prompt and prompt_file', { prompt_file: 'task.md' }, 'input_invalid', ['together with prompt']],
    [
      'a prompt_file that is missing',
      { prompt: '', prompt_file: 'no.md' },
      'input_invalid',
      ['prompt_file', 'no.md', 'does not exist'],
    ],
    ['a prompt_file that is a directory', { prompt: '', prompt_file: '.' }, 'input_invalid', ['is a directory']],
    ['a prompt_file that is not UTF-8', { prompt: '', prompt_file: 'latin.md' }, 'input_invalid', ['not UTF-8']],
    ['a prompt_file that is empty', { prompt: '', prompt_file: 'empty.md' }, 'input_invalid', ['is empty']],
    [
      'a prompt_file outside of the workspace',
      { prompt: '', prompt_file: '../event.json' },
      'input_invalid',
      ['outside of the workspace'],
    ],
    [
      'a prompt_file behind a link to outside',
      { prompt: '', prompt_file: 'link/x' },
      'input_invalid',
      ['outside of the workspace'],
    ],
    [
      'a schema over 64 KiB',
      { structured_output_schema: hugeSchema },
      'input_invalid',
      ['structured_output_schema', '65536'],
    ],
    [
      'a schema with an external $ref',
      { structured_output_schema: externalRef },
      'input_invalid',
      ['https://example.com/s.json'],
    ],
    ['a schema that is no schema', { structured_output_schema: 'type: strin' }, 'input_invalid', ['Draft 7']],
    ['a schema that is no mapping', { structured_output_schema: '[1]' }, 'input_invalid', ['mapping']],
    [
      'a schema file that is missing',
      { structured_output_schema_file: 's.yml' },
      'input_invalid',
      ['s.yml', 'does not exist'],
    ],
    [
      '51 tags',
      { tags: Array.from({ length: 51 }, (_, at) => `t${at}`).join(',') },
      'input_invalid',
      ['at most 50 entries, not 51'],
    ],
    ['a poll_interval of abc', { poll_interval: 'abc' }, 'input_invalid', ['poll_interval is "abc"', '30s']],
    ['a junk boolean', { follow: 'ture' }, 'input_invalid', ['follow is "ture"', 'did you mean true']],
    ['a junk number', { max_acu_limit: '10 ACUs' }, 'input_invalid', ['max_acu_limit', 'whole number']],
    ['an unknown choice', { wait: 'finishd' }, 'input_invalid', ['did you mean finished']],
    ['an organization with a slash', { org_id: 'org/1' }, 'input_invalid', ['org_id']],
    ['extra_body that sets a known field', { extra_body: 'prompt: other' }, 'input_invalid', ['use the input prompt']],
    ['extra_body that is no YAML', { extra_body: 'a: [' }, 'input_invalid', ['extra_body']],
    ['a secret without a name', { session_secrets: 'justavalue' }, 'input_invalid', ['KEY=VALUE']],
    ['an attachment that is no URL', { attachment_urls: 'readme.txt' }, 'input_invalid', ['attachment_urls']],
    [
      'a result_file outside of the workspace',
      { result_file: '/etc/result.json' },
      'input_invalid',
      ['result_file', 'outside'],
    ],
    [
      'a session id with a slash',
      { operation: 'get-session', session_id: 'a/b' },
      'input_invalid',
      ['session_id is "a/b"'],
    ],
    ['no session id', { operation: 'get-session' }, 'input_invalid', ['session_id is missing']],
    [
      'message and prompt',
      { operation: 'send-message', session_id: 'a', message: 'x' },
      'input_invalid',
      ['together with message'],
    ],
    [
      'since after until',
      { operation: 'list-sessions', prompt: '', since: '1d', until: '2d' },
      'input_invalid',
      ['since is not before until'],
    ],
  ])('%s', async (_name, inputs, code, words) => {
    const result = await stepHere(inputs, {
      files: { 'latin.md': Buffer.from([0x66, 0xe9, 0x65]), 'empty.md': ' \n' },
      before: (workspace) => symlinkSync(tmpdir(), join(workspace, 'link'), 'junction'),
    });
    await expectRefused(result, code, words);
    expect(errorOf(result)).not.toContain('justavalue');
  });

  test('all wrong inputs come in one list', async () => {
    const result = await step({ wait: 'x', follow: 'y', timeout: 'z', prompt: '', tags: ',', devin_token: '' });
    await expectRefused(result, 'input_invalid', [
      '5 inputs are invalid',
      '- wait',
      '- follow',
      '- timeout',
      '- prompt',
      '- devin_token',
    ]);
  });

  test('a value that should be secret is never repeated', async () => {
    const result = await step({ session_secrets: 'A=hunter2hunter2\nA=hunter3hunter3' });
    await expectRefused(result, 'input_invalid', ['session_secrets', 'line 2 repeats']);
    // The runner is told what to hide, and shows no such line.
    const shown = result.stdout.replaceAll(/^::add-mask::.*$/gm, '');
    expect(JSON.stringify([shown, result.outputs, result.summary])).not.toMatch(/hunter[23]/);
  });
});

test('an input that the operation does not use gives a warning, and a misspelled one too', async () => {
  const result = await step({ session_id: 'devin-1', org_id: await sandbox.orgId() }, { env: { INPUT_PROMT: 'x' } });
  expect(result.outputs['outcome']).toBe('success');
  const warnings = result.commands
    .filter(({ name }) => name === 'warning')
    .map(({ properties }) => properties['title']);
  expect(warnings).toEqual(['The input session_id has no effect', 'The input promt does not exist']);
});

test('an input of a similar action is named with what this one has instead', async () => {
  const names = [
    'PROMPT-TEXT',
    'PLAYBOOK_MACRO',
    'REUSE-SESSION',
    'DEVIN-API-KEY',
    'SESSION-REUSE',
    'WAIT-MINUTES-MAX',
  ];
  const env = Object.fromEntries(names.map((name) => [`INPUT_${name}`, 'a value']));
  const { commands, outputs } = await step({ org_id: await sandbox.orgId() }, { env });
  expect(outputs['outcome']).toBe('success');
  const advice = Object.fromEntries(commands.map(({ properties, message }) => [properties['title'], message]));
  const expected = [
    ['prompt-text', '`prompt`'],
    ['playbook_macro', '`prompt`'],
    ['reuse-session', '`operation: send-message`'],
    ['devin-api-key', '`devin_token`'],
    ['session-reuse', '`reuse: thread`'],
    ['wait-minutes-max', '`timeout`'],
  ] as const;
  for (const [name, ours] of expected) expect(advice[`The input ${name} does not exist`]).toContain(`Use ${ours}`);
});
