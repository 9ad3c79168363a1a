import { format } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStub, type Stub, stubInputs } from './api-stub.ts';
import { runProcess, type StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';

let stub: Stub;

beforeAll(async () => {
  stub = await openStub();
});
afterAll(() => stub.close());

/** What stands in every text: neither stream may have it at the beginning of a line, and the key nowhere. */
const CANARY = '::warning::canary';
const KEY = 'cog_canarycanarycanarycanary';

const TAGGED = `${CANARY}: !z ${KEY}\n`;

/** Both streams in full, without the masks that are meant for the runner. */
const streams = ({ stdout, stderr }: StepResult) => stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr;

const expectQuiet = (result: StepResult) => {
  expect(result.stderr).toBe('');
  expect(streams(result)).not.toContain(KEY);
  expect(streams(result)).not.toMatch(/^\s*::warning::canary/m);
  expect(streams(result)).not.toMatch(/##\[/);
};

type Inputs = Readonly<Record<string, string>>;

const run = (inputs: Inputs, more: Partial<Parameters<typeof runProcess>[0]> = {}) =>
  runProcess({ ...more, with: stubInputs(stub, { devin_token: KEY, wait: 'none', ...inputs }) });

/**
 * The same in the process of the test, where most of them take a tenth of the time. Whatever there gets past the log, to the
 * streams or as a warning of Node, is the step's `stderr` here.
 */
async function runHere(inputs: Inputs, more: Partial<Parameters<typeof runStep>[0]> = {}): Promise<StepResult> {
  let past = '';
  const hear = (...parts: unknown[]) => {
    past += format(...parts);
    return true;
  };
  const spies = [
    vi.spyOn(process, 'emitWarning').mockImplementation(hear),
    vi.spyOn(process.stdout, 'write').mockImplementation(hear),
    vi.spyOn(process.stderr, 'write').mockImplementation(hear),
    ...(['debug', 'error', 'info', 'log', 'trace', 'warn'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(hear),
    ),
  ];
  try {
    const result = await runStep({ ...more, with: stubInputs(stub, { devin_token: KEY, wait: 'none', ...inputs }) });
    return { ...result, stderr: past };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const call: Inputs = { operation: 'call-api', prompt: '', wait: '', endpoint: 'listSessions' };
const plan: Inputs = { operation: 'sync-git-permissions', manifest: 'm.yml', prompt: '', wait: '' };

/** A text of each parser that its reader would only warn of, and the line that is to be named. */
const YAML: readonly (readonly [name: string, inputs: (text: string) => Inputs, file?: string])[] = [
  ['extra_body', (text) => ({ extra_body: text })],
  ['structured_output_schema', (text) => ({ structured_output_schema: text })],
  ['structured_output_schema_file', () => ({ structured_output_schema_file: 's.yml' }), 's.yml'],
  ['params', (text) => ({ ...call, params: text })],
  ['body', (text) => ({ ...call, endpoint: 'createSession', body: text })],
  ['manifest', () => plan, 'm.yml'],
];

const TEXTS: readonly (readonly [name: string, text: string, line: number])[] = [
  ['an unknown tag', `a: 1\n${TAGGED}`, 2],
  ['a tag of another language', `a: !!python/object:os.system ${KEY}\n`, 1],
  ['a version of YAML', `%YAML 1.3\n---\n${CANARY}: ${KEY}\n`, 1],
  ['a handle of tags', `%TAG !e! tag:example.com,2000:\n---\na: !e!${KEY} x\n`, 1],
  ['a directive that nobody knows', `%CANARY ${KEY}\n---\na: 1\n`, 1],
  ['a bad escape', `a: "\\q ${KEY}"\n`, 1],
];

describe('a text that the parser of YAML warns of', () => {
  interface Case {
    readonly input: string;
    readonly name: string;
    readonly text: string;
    readonly line: number;
    readonly inputs: (text: string) => Inputs;
    readonly file: string | undefined;
    readonly runs: typeof run;
  }
  // Each input, and each text, has a process once.
  const cases = YAML.flatMap(([input, inputs, file], row) =>
    TEXTS.map(([name, text, line], column): Case => {
      const runs = row === column ? run : runHere;
      return { input, name, text, line, inputs, file, runs };
    }),
  );
  test.each(cases)('in $input is an input error with its line, and reaches no stream: $name', async (one) => {
    const { input, text, line, inputs, file, runs } = one;
    const result = await runs(inputs(text), { files: file === undefined ? {} : { [file]: text } });
    expectQuiet(result);
    expect(result.exitCode).toBe(1);
    expect(result.outputs['error_code']).toBe(input === 'manifest' ? 'manifest_invalid' : 'input_invalid');
    const errors = result.commands.filter(({ name }) => name === 'error');
    const said = errors.map(({ message, properties }) => `${message} ${JSON.stringify(properties)}`).join('\n');
    expect(said).toMatch(new RegExp(`line ${line}\\b|:${line}\\b|"line":"${line}"`));
  });
});

describe('what a step reads', () => {
  const HOSTILE = `${CANARY}\n##[error]canary\n${KEY}\n`;

  const read: readonly (readonly [name: string, inputs: Inputs, file?: string])[] = [
    ['a prompt', { prompt: HOSTILE }],
    ['a file with a prompt', { prompt: '', prompt_file: 'f' }, 'f'],
    ['a title', { title: HOSTILE }],
    ['tags', { tags: `${CANARY},##[error]x,${KEY}` }],
    ['a name of a secret', { session_secrets: `${CANARY}=${KEY}` }],
    ['patterns of files', { attachments: HOSTILE }],
    ['names of files', { attachments: '*.txt' }, '::warning::canary ##[error]x.txt'],
    ['a schema that is none', { structured_output_schema: `{"${CANARY}\\n": "${KEY}", "type": "##[error]"}` }],
    [
      'a checkpoint',
      { operation: 'verify-audit-export', checkpoint_file: 'f', output_dir: '.', prompt: '', wait: '' },
      'f',
    ],
    ['a path', { prompt: '', prompt_file: `${CANARY}\n${KEY}` }],
    ['an endpoint', { ...call, endpoint: HOSTILE }],
    ['a number', { timeout: HOSTILE }],
    ['a list of organizations', { org_id: HOSTILE }],
    ['an address', { api_url: `${CANARY} ${KEY}` }],
  ];
  const cases = read.map(([name, inputs, file]) => ({
    name,
    inputs,
    files: file === undefined ? {} : { [file]: HOSTILE },
  }));
  test.each(cases)('reaches the streams only through the log: $name', async ({ inputs, files }) => {
    expectQuiet(await runHere(inputs, { files }));
  });

  test.each([
    ['no JSON', `${CANARY} ${KEY}`],
    ['a payload of another shape', JSON.stringify([HOSTILE])],
    ['a hostile payload', JSON.stringify({ action: HOSTILE, issue: { number: 1, body: HOSTILE, title: HOSTILE } })],
  ])('reaches the streams only through the log: the file of the event, %s', async (_, text) => {
    const event = { name: 'issues', payload: null };
    const files = { 'event.json': text };
    const result = await runProcess({
      with: stubInputs(stub, { devin_token: KEY, wait: 'none', context: 'event' }),
      event,
      files,
      env: { GITHUB_EVENT_PATH: 'event.json' },
    });
    expectQuiet(result);
  });
});

describe('what the process prints by itself', () => {
  const PRELOAD = `data:text/javascript,${encodeURIComponent(`
    setTimeout(() => {
      process.emitWarning('${CANARY}\\n${KEY}', { code: 'CANARY', detail: '${KEY}' });
      console.error('${CANARY}\\n${KEY}');
      console.log('${CANARY}\\n${KEY}');
    }, 60);
  `)}`;

  test('a warning of Node and a line of a package go through the log, without the key', async () => {
    stub.session = { status_detail: '"working"' };
    const result = await run({ wait: 'finished', timeout: '6s' }, { nodeArgs: ['--import', PRELOAD] });
    expectQuiet(result);
    expect(
      result.commands
        .filter(({ name }) => name === 'debug')
        .map(({ message }) => message)
        .join('\n'),
    ).toContain('canary');
    stub.session = {};
  });

  test('an error that nobody catches ends the step with its outputs, and without a trace on a stream', async () => {
    stub.session = { status_detail: '"working"' };
    const preload = `data:text/javascript,${encodeURIComponent(`setTimeout(() => { throw new Error('${CANARY}\\n${KEY}'); }, 1500);`)}`;
    const result = await run({ wait: 'finished', timeout: '30s' }, { nodeArgs: ['--import', preload] });
    expectQuiet(result);
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'internal' });
    stub.session = {};
  });
});
