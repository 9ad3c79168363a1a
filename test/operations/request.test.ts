import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionCreateRequest } from '../../src/devin/endpoints/sessions.ts';
import { prepareSession, promptFacts, REQUEST_INPUTS } from '../../src/operations/sessions/request/request.ts';
import { TAG_INPUTS } from '../../src/operations/sessions/request/tags.ts';
import { sendMessageOperation } from '../../src/operations/sessions/send-message.ts';
import { anyText } from '../runner/support.ts';
import { checks, readyOf } from './support.ts';

type Inputs = Parameters<typeof prepareSession>[0];

async function prepared(inputs: Inputs, files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const { checks: all, problems, root } = await checks();
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  return { ...(await prepareSession(inputs, all)), problems, root };
}

describe('the request of a new session', () => {
  it('holds what the inputs say under their own names, and nothing else', async () => {
    const { body, extraBody, problems } = await prepared({
      prompt: 'Fix it',
      title: 'T',
      tags: ['a', 'b'],
      repos: ['acme/api'],
      max_acu_limit: 10,
      devin_mode: 'fast',
      resumable: false,
      structured_output_required: true,
      session_secrets: new Map([['KEY', 'hunter22']]),
      structured_output_schema: 'type: object',
      extra_body: 'brand_new: { deep: 1 }',
    });
    expect(problems).toEqual([]);
    expect(body).toEqual({
      prompt: 'Fix it',
      title: 'T',
      tags: ['a', 'b'],
      repos: ['acme/api'],
      max_acu_limit: 10,
      devin_mode: 'fast',
      resumable: false,
      structured_output_required: true,
      session_secrets: [{ key: 'KEY', value: 'hunter22', sensitive: true }],
      structured_output_schema: { type: 'object' },
    });
    expect(extraBody).toEqual({ brand_new: { deep: 1 } });
    expect((await prepared({ prompt: 'x' })).body).toEqual({ prompt: 'x' });
  });

  it('every field of the API that has an input has it under the same name', () => {
    const other = new Set([
      ...['prompt_file', 'structured_output_schema_file', 'attachments', 'extra_body', ...TAG_INPUTS],
    ]);
    const own = REQUEST_INPUTS.filter((name) => !other.has(name));
    expect([...own].sort()).toEqual(Object.keys(SessionCreateRequest().shape).sort());
  });

  it.each([
    [50, {}, 'idempotency adds one to the maximum of 50 per session; set at most 49'],
    [49, {}, undefined],
    [50, { idempotency: 'None' }, undefined],
    [48, { reuse: 'thread' }, undefined],
    [49, { reuse: 'thread' }, 'idempotency and reuse add 2 to'],
    [49, { reuse: 'key', max_sessions_per_hour: 3 }, 'idempotency and reuse and max_sessions_per_hour add 3 to'],
    [50, { idempotency: 'none', max_sessions_per_hour: 3 }, 'max_sessions_per_hour adds one'],
  ] as const)('%d tags with %j leave room for the tags of the action (%s)', async (count, inputs, problem) => {
    const tags = Array.from({ length: count }, (_, at) => `t${at}`);
    const { problems } = await prepared({ prompt: 'x', tags, ...inputs });
    expect(problems).toEqual(problem === undefined ? [] : [['tags', expect.stringContaining(problem)]]);
  });

  it('any prompt is sent as it is written, half characters mended', async () => {
    const { checks: all, problems } = await checks();
    await fc.assert(
      fc.asyncProperty(anyText(20, 1), async (prompt) => {
        const { body } = await prepareSession({ prompt }, all);
        expect(body.prompt).toBe(prompt.toWellFormed());
      }),
    );
    expect(problems).toEqual([]);
  });

  it('a prompt file is read as it is, without a mark at its start', async () => {
    const { body, problems } = await prepared({ prompt_file: 'prompt.md' }, { 'prompt.md': '\ufeff# Task\n\nÄ\n' });
    expect(problems).toEqual([]);
    expect(body.prompt).toBe('# Task\n\nÄ\n');
  });

  it('is shown as the beginning of its first line, without secrets, with its hash and its size', async () => {
    const text = 'Log in with hunter22 and fix the parser\nÄ\n';
    const sha256 = createHash('sha256').update(text).digest('hex');
    const facts = await promptFacts(text, (all) => all.replace('hunter22', '***'));
    expect(facts).toEqual({ beginning: 'Log in with *** and fix the parser…', sha256, bytes: 43 });
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-z]{80,200}$/), async (prompt) => {
        expect((await promptFacts(prompt, (all) => all)).beginning.length).toBe(72);
      }),
    );
  });
});

describe('what is wrong with a request', () => {
  it('is reported all at once', async () => {
    const { problems } = await prepared(
      {
        prompt: 'x',
        prompt_file: 'prompt.md',
        structured_output_schema_file: 'schema.json',
        extra_body: 'prompt: y\ntags: [z]\nfresh: 1',
        attachment_urls: ['https://example.com/a', 'not a url'],
        session_secrets: new Map([
          ['K'.repeat(300), 'hunter22'],
          ['KEY', 'hunter22'.repeat(10_000)],
        ]),
      },
      { 'prompt.md': 'y', 'schema.json': '{"type": "objekt"}' },
    );
    expect(problems.map(([name]) => name)).toEqual([
      'prompt_file',
      'structured_output_schema_file',
      'extra_body',
      'extra_body',
      'session_secrets',
      'session_secrets',
      'attachment_urls',
    ]);
    const said = Object.fromEntries(problems);
    expect(said['prompt_file']).toBe('is set together with prompt; set only one of them');
    expect(said['structured_output_schema_file']).toMatch(/^is not a JSON Schema of Draft 7: /);
    expect(problems.filter(([name]) => name === 'extra_body').map(([, message]) => message)).toEqual([
      'sets prompt; use the input prompt for it',
      'sets tags; use the input tags for it',
    ]);
    expect(said['attachment_urls']).toBe('at 1: Invalid URL');
    expect(said['session_secrets']).toMatch(/^at 1\.value: Too big: expected string to have <=65536 characters/);
    expect(JSON.stringify(problems)).not.toContain('hunter22');
  });

  it('a missing prompt is one problem, and says where to give it', async () => {
    const { problems } = await prepared({ title: 'T' });
    expect(problems).toEqual([['prompt', 'is missing; describe the task in `prompt` or `prompt_file`']]);
  });

  it.each([
    ['none.md', 'which does not exist. Does an earlier step of this job check out the repository (actions/checkout)?'],
    ['../away.md', 'which is outside of the workspace'],
    ['/etc/hostname', 'which is outside of the workspace'],
    ['folder', 'which is a directory, not a file'],
    ['empty.md', 'which is empty'],
    ['binary.md', 'which is not UTF-8 text'],
    ['large.md', 'which has 1048577 bytes; at most 1048576 are allowed'],
  ])('a prompt file (%s) %s', async (file, message) => {
    const { checks: all, problems, root } = await checks();
    await mkdir(join(root, 'folder'));
    await writeFile(join(root, 'empty.md'), ' \n');
    await writeFile(join(root, 'binary.md'), Uint8Array.of(0xff, 0xfe, 0x41));
    await writeFile(join(root, 'large.md'), 'x'.repeat(1024 * 1024 + 1));
    await prepareSession({ prompt_file: file }, all);
    expect(problems).toEqual([['prompt_file', `names ${JSON.stringify(file)}, ${message}`]]);
  });

  it('a schema behind a link to outside is not read', async () => {
    const { checks: all, problems, root } = await checks();
    await symlink('/etc/hostname', join(root, 'schema.json'));
    await prepareSession({ prompt: 'x', structured_output_schema_file: 'schema.json' }, all);
    expect(problems).toEqual([
      ['structured_output_schema_file', 'names "schema.json", which is outside of the workspace'],
    ]);
  });

  it('a schema is taken from one place only, and a wrong one named by its input', async () => {
    const both = await prepared({
      prompt: 'x',
      structured_output_schema: '{}',
      structured_output_schema_file: 'schema.json',
    });
    expect(both.problems.map(([name]) => name)).toEqual(['structured_output_schema_file']);
    const wrong = await prepared({ prompt: 'x', structured_output_schema: '[]' });
    expect(wrong.problems).toEqual([['structured_output_schema', 'is not a mapping of names to values']]);
  });

  it('extra_body overrides no field that has an input, whatever it is called', async () => {
    for (const name of Object.keys(SessionCreateRequest().shape)) {
      const { problems } = await prepared({ prompt: 'x', extra_body: `${name}: 1` });
      expect(problems).toEqual([['extra_body', `sets ${name}; use the input ${name} for it`]]);
    }
  });

  it('extra_body must be a mapping that can be written as JSON', async () => {
    expect((await prepared({ prompt: 'x', extra_body: '- a' })).problems[0]?.[1]).toBe(
      'is not a mapping of names to values',
    );
    expect((await prepared({ prompt: 'x', extra_body: 'a: &a { b: *a }' })).problems[0]?.[0]).toBe('extra_body');
  });
});

describe('the message of send-message', () => {
  const prepare = async (inputs: Parameters<typeof sendMessageOperation.prepare>[0]) => {
    const { checks: all, problems, root } = await checks();
    await writeFile(join(root, 'm.md'), 'from a file');
    return { text: readyOf(await sendMessageOperation.prepare(inputs, all)).text, problems };
  };

  it('comes from message, prompt or prompt_file', async () => {
    for (const inputs of [{ message: 'from a file' }, { prompt: 'from a file' }, { prompt_file: 'm.md' }]) {
      const { text, problems } = await prepare(inputs);
      expect(problems).toEqual([]);
      expect(text).toBe('from a file');
    }
  });

  it('comes from one of them only', async () => {
    expect((await prepare({})).problems.map(([name]) => name)).toEqual(['message']);
    expect((await prepare({ message: 'a', prompt: 'b' })).problems.map(([name]) => name)).toEqual(['prompt']);
    expect((await prepare({ message: 'a', prompt_file: 'm.md' })).problems.map(([name]) => name)).toEqual([
      'prompt_file',
    ]);
  });
});
