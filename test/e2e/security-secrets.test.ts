import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStub, STUB_ID, type Stub, stubInputs } from './api-stub.ts';
import type { StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';

let stub: Stub;

beforeAll(async () => {
  stub = await openStub();
});
afterAll(() => stub.close());

const step = (secrets: string, inputs: Record<string, string> = {}) =>
  runStep({ with: stubInputs(stub, { session_secrets: secrets, ...inputs }) });

/** Everything that a step wrote, but for the masks that are meant for the runner alone. */
const written = ({ stdout, stderr, outputs, summary, state }: StepResult) =>
  [stdout.replaceAll(/^::add-mask::.*$/gm, ''), stderr, ...Object.values(outputs), summary, JSON.stringify(state)].join(
    '\n',
  );

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error')?.message;

const SECRET = 'Hunter/22+é "q" <x> ~pass';
const bytes = (text: string) => Buffer.from(text);
const hex = bytes(SECRET).toString('hex');
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const each = (text: string, write: (code: number, char: string) => string) =>
  [...text].map((char) => write(char.codePointAt(0) ?? 0, char)).join('');
const percent = (text: string) => [...bytes(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const unit = (code: number) => code.toString(16).padStart(4, '0');
const NAMES: Readonly<Record<string, string>> = {
  '"': '&quot;',
  '<': '&lt;',
  '>': '&gt;',
  '/': '&sol;',
  '+': '&plus;',
};

/** The secret as it may come back, by the name of the encoding. */
const FORMS: Readonly<Record<string, string>> = {
  'as it is': SECRET,
  ...Object.fromEntries(
    ['', 'u', 'us', 'use', 'user:'].map((before) => [
      `Base64 behind ${before.length} bytes`,
      bytes(`${before}${SECRET}:and more`).toString('base64'),
    ]),
  ),
  'Base64 for addresses': bytes(`x${SECRET}`).toString('base64url'),
  'Base64 in JSON': json(bytes(`x${SECRET}`).toString('base64')).replaceAll('/', '\\/'),
  hex: hex,
  'hex in capitals': hex.toUpperCase(),
  'percent-encoded': encodeURIComponent(SECRET),
  'percent-encoded, small': encodeURIComponent(SECRET).toLowerCase(),
  'percent-encoded throughout': percent(SECRET),
  'percent-encoded twice': encodeURIComponent(encodeURIComponent(SECRET)),
  'as a form': new URLSearchParams({ a: SECRET }).toString(),
  'named entities': each(SECRET, (_, char) => NAMES[char] ?? char),
  'decimal entities': each(SECRET, (code) => `&#${code};`),
  'hexadecimal entities': each(SECRET, (code) => `&#x${code.toString(16)};`),
  'hexadecimal entities in capitals': each(SECRET, (code) => `&#X${code.toString(16).toUpperCase().padStart(6, '0')};`),
  'escapes of JSON': each(SECRET, (code) => `\\u${unit(code)}`),
  'escapes of JSON in capitals': each(SECRET, (code) => `\\u${unit(code).toUpperCase()}`),
  'JSON in JSON': json(json(SECRET)),
  'JSON in JSON in JSON': json(json(json(SECRET))),
  'escapes in JSON in JSON': json(json(each(SECRET, (code) => `\\u${unit(code)}`))),
  'composed letters': SECRET.normalize('NFC'),
  'decomposed letters': SECRET.normalize('NFD'),
  capitals: SECRET.toUpperCase(),
  'small letters': SECRET.toLowerCase(),
  'split by zero-width spaces': [...SECRET].join('\u200b'),
  'split by soft hyphens': [...SECRET].join('\u00ad'),
  'split by colors of a terminal': [...SECRET].join('\u001b[0m'),
  'split by colors with eight bits': [...SECRET].join('\u009b1m'),
  'split by character sets': [...SECRET].join('\u001b(B'),
  'split by links of a terminal': [...SECRET].join('\u001b]8;;https://example.com/\u0007'),
  'split by backspaces': [...SECRET].join('x\b'),
  'Base64 in lines': (
    bytes(SECRET)
      .toString('base64')
      .match(/.{1,16}/g) ?? []
  ).join(' \r  '),
  'split, decomposed and escaped': json([...SECRET.normalize('NFD')].join('\u2060')),
};

describe('a session secret that Devin repeats', () => {
  test('is hidden in every encoding, and what is beside it stays', async () => {
    const texts = Object.fromEntries(
      Object.entries(FORMS).map(([name, form], at) => [name, `<${at}> ${form} </${at}>`]),
    );
    stub.session = { structured_output: JSON.stringify(texts) };
    stub.message = Object.values(texts).join('\n');
    const result = await step(`NAME=${SECRET}`);
    expect(result.exitCode).toBe(0);
    const shown = JSON.parse(result.outputs['structured_output'] ?? '');
    for (const [at, name] of Object.keys(FORMS).entries()) {
      expect(shown[name], name).toMatch(new RegExp(`^<${at}> .*\\*\\*\\*.* </${at}>$`));
      expect(shown[name].length, name).toBeLessThan(50);
    }
    const all = written(result);
    for (const [name, form] of Object.entries(FORMS)) expect(all.includes(form), name).toBe(false);
    for (let at = 0; at < 3; at += 1) {
      const inner = bytes(SECRET.slice(at)).toString('base64').slice(0, 24);
      expect(all).not.toContain(inner);
    }
  });

  test('is hidden as a number of JSON, wherever it is, and as a name', async () => {
    stub.session = { structured_output: '{"pin":48151623,"list":[{"x":48151623.0}],"48151623":1,"other":4815162}' };
    stub.message = 'The PIN is 48151623.';
    const result = await step('PIN=48151623');
    expect(JSON.parse(result.outputs['structured_output'] ?? '')).toEqual({
      pin: '***',
      list: [{ x: '***' }],
      '***': 1,
      other: 4815162,
    });
    expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ data: { structured_output: { pin: '***' } } });
    expect(written(result)).not.toContain('48151623');
  });

  test('is checked by the schema before it is hidden', async () => {
    const schema = '{"type":"object","properties":{"pin":{"type":"integer"}},"required":["pin"]}';
    stub.session = { structured_output: '{"pin":48151623}' };
    const result = await step('PIN=48151623', { structured_output_schema: schema });
    expect(result.outputs).toMatchObject({ outcome: 'success', structured_output_checked: 'true' });
    expect(result.outputs['structured_output']).toBe('{"pin":"***"}');
  });

  test('of fewer than six characters is hidden only where it stands alone', async () => {
    stub.session = { structured_output: '{"a":"x4815y","b":"pin: 4815","c":4815,"d":48150,"e":"4815","f":"k9Z"}' };
    const result = await step('PIN=4815\nSHORT=k9Z');
    expect(JSON.parse(result.outputs['structured_output'] ?? '')).toEqual({
      ...{ a: 'x4815y', b: 'pin: ***', c: '***', d: 48150, e: '***', f: '***' },
    });
    expect(result.commands.filter(({ name }) => name === 'warning')).toEqual([]);
  });

  test('of fewer than three characters is not hidden, and a warning says so', async () => {
    stub.session = { structured_output: '{"a":"k9","b":12}' };
    const result = await step('TINY=k9\nNUMBER=12');
    expect(result.outputs['structured_output']).toBe('{"a":"k9","b":12}');
    const titles = result.commands
      .filter(({ name }) => name === 'warning')
      .map(({ properties }) => properties['title']);
    expect(titles).toEqual(['The session secret TINY is not hidden', 'The session secret NUMBER is not hidden']);
  });
});

describe('ids, addresses and hashes of this action', () => {
  test.each([
    ['the organization', 'org-17b3c9', 'org_id'],
    ['the API', '127.0.0.1', 'api_url'],
    ['a page of a session', 'app.devin.ai', 'the URLs of sessions'],
    ['the run', '42424242', 'the URL of this run'],
    ['the repository', 'acme/api', 'the URL of this run'],
  ])('a secret that is a part of %s is an input error', async (_, secret, part) => {
    const env = { GITHUB_RUN_ID: '42424242' };
    const inputs = stubInputs(stub, { org_id: 'org-17b3c9d4', session_secrets: `MINE=${secret}` });
    const before = stub.posted.length;
    const result = await runStep({ with: inputs, env });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(result)).toContain(`session_secrets has MINE, whose value is a part of ${part}`);
    expect(stub.posted).toHaveLength(before);
  });

  test('are never altered, even by a secret that they hold by chance', async () => {
    stub.session = {};
    const result = await step('DIGITS=2c3d0a1b\nWORD=devin\nHEX=b2c3');
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toMatchObject({
      session_id: STUB_ID,
      session_url: `https://app.devin.ai/sessions/${STUB_ID.slice(6)}`,
    });
    expect(result.summary).toContain(STUB_ID);
  });
});

describe('session secrets that cannot be read', () => {
  test.each([
    ['a YAML mapping', 'TOKEN: hunter2-hunter2\nOTHER: "quoted-value-9"', ['hunter2-hunter2', 'quoted-value-9']],
    [
      'a value that goes over lines',
      'KEY=first-line-of-it\nsecond-line-of-it',
      ['first-line-of-it', 'second-line-of-it'],
    ],
    ['a key that is repeated', 'KEY=one-value-of-it\nKEY=other-value-of-it', ['one-value-of-it', 'other-value-of-it']],
  ])('are hidden anyway, in the log and by the runner: %s', async (_, lines, values) => {
    // A title that repeats them makes them show in the error.
    const result = await step(lines, { devin_mode: values.join(' '), max_retries: values[0] ?? '' });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(result)).toContain('session_secrets');
    const masks = result.commands.filter(({ name }) => name === 'add-mask').map(({ message }) => message);
    for (const value of values) {
      expect(masks).toContain(value);
      expect(written(result)).not.toContain(value);
    }
  });
});
