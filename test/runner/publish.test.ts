import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OPERATION_OUTPUTS, type OperationOutput } from '../../src/contract/outputs.ts';
import { Result } from '../../src/contract/result.ts';
import { cutToBytes, publish, publishEarly } from '../../src/runner/publish.ts';
import { Workspace } from '../../src/runner/workspace.ts';
import { parseFileCommands } from '../e2e/runner-grammar.ts';
import { openLog } from './support.ts';

const KIB = 1024;

const RESULT: Result = {
  schema_version: 1,
  operation: 'get-session',
  outcome: 'success',
  started_at: '2026-01-31T08:00:00.000Z',
  duration_ms: 12,
  dry_run: false,
  requests: { count: 1, retries: 0, journal: [{ method: 'GET', path: '/v3/self', status: 200, ms: 3, try: 1 }] },
  data: { session_id: 'devin-1' },
};

let home = '';

// One home for all: the toolkit keeps the path of its first summary for the life of the process.
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'publish-'));
});

beforeEach(async () => {
  for (const name of ['workspace', 'temp']) await mkdir(join(home, name));
  for (const name of ['output', 'summary']) await writeFile(join(home, name), '');
  vi.stubEnv('GITHUB_OUTPUT', join(home, 'output'));
  vi.stubEnv('GITHUB_STEP_SUMMARY', join(home, 'summary'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const name of await readdir(home)) await rm(join(home, name), { recursive: true });
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** Every output that an operation may have. */
const NAMES = Object.keys(OPERATION_OUTPUTS) as OperationOutput[];

interface Wanted {
  readonly result?: Result;
  /** In place of the data of the result. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly summary?: string;
  readonly resultFile?: string;
  readonly secrets?: readonly string[];
  readonly without?: 'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY';
}

async function published({
  result = RESULT,
  data = result.data ?? {},
  summary = '### ok\n',
  resultFile,
  secrets = [],
  without,
}: Wanted) {
  const { log, redactor, parsed, text } = openLog();
  for (const secret of secrets) redactor.add(secret);
  const all = {
    GITHUB_OUTPUT: join(home, 'output'),
    GITHUB_STEP_SUMMARY: join(home, 'summary'),
    RUNNER_TEMP: join(home, 'temp'),
    GITHUB_RUN_ID: '42',
    GITHUB_ACTION: '__devin/action',
  };
  const env = Object.fromEntries(Object.entries(all).filter(([name]) => name !== without));
  const workspace = new Workspace(join(home, 'workspace'));
  const isWritten = await publish(
    { result: { ...result, data }, outputs: NAMES, summary, resultFile },
    { env, log, redactor, workspace },
  );
  const { commands } = parsed();
  return {
    isWritten,
    outputs: parseFileCommands(await readFile(join(home, 'output'), 'utf8').catch(() => '')),
    summary: await readFile(join(home, 'summary'), 'utf8').catch(() => ''),
    warnings: commands.filter(({ name }) => name === 'warning').map(({ properties }) => properties['title']),
    text: text(),
  };
}

describe('cutting a text', () => {
  it('leaves the beginning of it, in whole characters, in no more bytes than allowed', () => {
    const pieces = fc.array(
      fc.oneof(fc.string({ unit: 'grapheme', maxLength: 5 }), fc.constantFrom('\n', '🙂', 'é', '€')),
    );
    fc.assert(
      fc.property(pieces, fc.integer({ min: -3, max: 60 }), (parts, max) => {
        const text = parts.join('').toWellFormed();
        const cut = cutToBytes(text, max);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.isWellFormed()).toBe(true);
        if (Buffer.byteLength(text) > max) expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(Math.max(0, max));
        else expect(cut).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('cuts at the end of a line where there is one, and loses no more than one character otherwise', () => {
    expect(cutToBytes('one\ntwo\nthree', 10)).toBe('one\ntwo\n');
    expect(cutToBytes('🙂🙂🙂', 11)).toBe('🙂🙂');
    expect(cutToBytes('x'.repeat(20), 10)).toBe('x'.repeat(10));
  });
});

describe('what a step leaves behind', () => {
  it('outputs come back from the runner as they were, line breaks and forged delimiters included', async () => {
    const message = 'one\nghadelimiter_x\nsession_id=forged\nsession_url<<EOF\nx\nEOF';
    const { outputs, summary } = await published({ data: { session_id: 'devin-1', last_message: message } });
    expect(outputs).toEqual({
      session_id: 'devin-1',
      last_message: message,
      outcome: 'success',
      error_code: '',
      skipped_reason: '',
      result: JSON.stringify({ ...RESULT, data: { session_id: 'devin-1', last_message: message } }),
      result_file: '',
    });
    expect(summary).toBe('### ok\n\n');
  });

  it('a failure and a skipped step say why', async () => {
    const error = { code: 'timeout', message: 'm', fix: 'f', list: [] };
    const failed = await published({ result: { ...RESULT, outcome: 'failure', error } });
    expect(failed.outputs).toMatchObject({ outcome: 'failure', error_code: 'timeout', skipped_reason: '' });
    const skipped = await published({ result: { ...RESULT, outcome: 'skipped', skipped_reason: 'dry run' } });
    expect(skipped.outputs).toMatchObject({ outcome: 'skipped', error_code: '', skipped_reason: 'dry run' });
  });

  it('a result file has the whole result, under the path that was asked for', async () => {
    const { outputs } = await published({ resultFile: 'out/result.json' });
    expect(outputs['result_file']).toBe('out/result.json');
    const whole = JSON.parse(await readFile(join(home, 'workspace/out/result.json'), 'utf8'));
    expect(whole).toEqual(RESULT);
  });

  it('a result of over 512 KiB is cut to its summary, and the whole goes to a file', async () => {
    const data = { sessions: Array.from({ length: 600 }, (_, index) => `${index}`.padEnd(KIB, 'x')) };
    const { outputs } = await published({ result: { ...RESULT, data } });
    const short = JSON.parse(outputs['result'] ?? '');
    expect(Result.safeParse(short).success).toBe(true);
    expect(short).toEqual({ ...RESULT, data: undefined, requests: { count: 1, retries: 0 }, truncated: true });
    expect(outputs['result_file']).toBe(join(home, 'temp/devin-result-42-__devin_action.json'));
    const whole = JSON.parse(await readFile(outputs['result_file'] ?? '', 'utf8'));
    expect(whole).toEqual({ ...RESULT, data });
  });

  it('a large output of text is cut, one of JSON left empty, and the file has both', async () => {
    const { outputs, warnings } = await published({
      data: { last_message: 'ä'.repeat(200 * KIB), structured_output: { a: 'x'.repeat(300 * KIB) } },
    });
    expect(outputs['last_message']).toBe('ä'.repeat(128 * KIB));
    expect(outputs['structured_output']).toBe('');
    expect(outputs['result_file']).not.toBe('');
    expect(warnings.toSorted()).toEqual([
      'The output last_message is too large',
      'The output structured_output is too large',
    ]);
  });

  it('a summary that is cut leaves the whole result in a file, also where none was asked for', async () => {
    const { outputs, summary } = await published({ summary: 'x\n'.repeat(600 * KIB) });
    expect(outputs['result_file']).toMatch(/devin-result-.*\.json$/);
    expect(summary.split('\n')[0]).toContain(outputs['result_file']);
  });

  it('a summary of over 900 KiB is cut, says so first, and names the file', async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => `| ${index} | some row |`).join('\n');
    const { summary } = await published({ summary: rows, resultFile: 'r.json' });
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(900 * KIB + 1);
    expect(Buffer.byteLength(summary)).toBeGreaterThan(890 * KIB);
    expect(summary.split('\n')[0]).toBe('> This summary was cut to 900 KiB. The complete result is in `r.json`.');
    expect(summary).toContain('\n\n| 0 | some row |\n| 1 | some row |');
    expect(summary).not.toContain('59999');
  });

  it('without a file for outputs they are printed, folded, and without a way to forge a command', async () => {
    const { outputs, text } = await published({
      without: 'GITHUB_OUTPUT',
      data: { session_id: 'devin-1', last_message: '::error::x\n##[error]y' },
    });
    expect(outputs).toEqual({});
    expect(text).toContain('::group::Outputs\nsession_id=devin-1\nlast_message=::error::x\n# #[error]y\n');
    expect(text).toContain('\noutcome=success\n');
    expect(text).not.toContain('error_code=');
    expect(text).toContain('::endgroup::\n');
  });

  it('without a file for the summary none is written', async () => {
    const { summary, warnings } = await published({ without: 'GITHUB_STEP_SUMMARY' });
    expect(summary).toBe('');
    expect(warnings).toEqual([]);
  });

  it('no secret is in an output, the summary or the file', async () => {
    const secret = 'hun"ter\\22';
    const { outputs, summary } = await published({
      data: { last_message: `a ${secret} b`, structured_output: { [secret]: [secret] } },
      summary: `### ${secret}\n`,
      resultFile: 'r.json',
      secrets: [secret],
    });
    expect(outputs['last_message']).toBe('a *** b');
    expect(JSON.parse(outputs['structured_output'] ?? '')).toEqual({ '***': ['***'] });
    const data = { last_message: 'a *** b', structured_output: { '***': ['***'] } };
    expect(JSON.parse(outputs['result'] ?? '').data).toEqual(data);
    expect(summary).toBe('### ***\n\n');
    const file = await readFile(join(home, 'workspace/r.json'), 'utf8');
    expect(JSON.parse(file).data).toEqual(data);
  });

  it('a secret such as false, null or 1234 leaves JSON that others can parse', async () => {
    const { outputs } = await published({
      data: { structured_output: { a: false, b: null, c: 12345, d: 'x1234', e: 1234, f: '1234' } },
      secrets: ['false', 'null', '1234', '":"'],
    });
    expect(JSON.parse(outputs['structured_output'] ?? '')).toEqual({
      ...{ a: false, b: null, c: 12345, d: 'x1234', e: '***', f: '***' },
    });
    expect(Result.safeParse(JSON.parse(outputs['result'] ?? '')).success).toBe(true);
  });

  it('a session secret whose value is a word such as true does not take the outputs apart', async () => {
    const { outputs } = await published({ data: { created: true }, secrets: ['true', 'Success'] });
    expect(outputs).toMatchObject({ created: 'true', outcome: 'success' });
  });

  it('a result file that cannot be written is a warning, and the rest is there', async () => {
    await mkdir(join(home, 'workspace/taken'));
    const { outputs, warnings, summary } = await published({ resultFile: 'taken' });
    expect(warnings).toEqual(['The result file was not written']);
    expect(outputs).toMatchObject({ outcome: 'success', result_file: '' });
    expect(summary).not.toBe('');
    expect(await readdir(join(home, 'workspace'))).toEqual(['taken']);
  });

  it('outputs that cannot be written are printed, and the summary is written anyway', async () => {
    await rm(join(home, 'output'));
    await mkdir(join(home, 'output'));
    const { isWritten, text, summary } = await published({ data: { session_id: 'devin-1' }, summary: '### ok\n' });
    expect(isWritten).toBe(false);
    expect(text).toContain('::error title=The outputs were not written::');
    expect(text).toContain('\nsession_id=devin-1\n');
    expect(summary).toBe('### ok\n\n');
  });

  it('an output that env: cannot carry is a warning, and is written anyway', async () => {
    const text = 'x'.repeat(100_001);
    const { outputs, warnings } = await published({ data: { last_message: text } });
    expect(warnings).toEqual(['last_message', 'result'].map((name) => `The output ${name} is too large for env:`));
    expect(outputs['last_message']).toBe(text);
  });

  it('what is written while the step runs is replaced at its end', async () => {
    const { log, redactor } = openLog();
    redactor.add('hunter2hunter2');
    const sinks = { env: process.env, log, redactor };
    await publishEarly({ session_id: 'devin-1', session_url: 'https://x/hunter2hunter2' }, '### working\n', sinks);
    expect(parseFileCommands(await readFile(join(home, 'output'), 'utf8'))).toEqual({
      session_id: 'devin-1',
      session_url: 'https://x/***',
    });
    expect(await readFile(join(home, 'summary'), 'utf8')).toBe('### working\n\n');
    const { outputs, summary } = await published({ data: { session_id: 'devin-1' }, summary: '### done\n' });
    expect(outputs).toMatchObject({ session_id: 'devin-1', outcome: 'success' });
    expect(summary).toBe('### done\n\n');
  });

  it('a summary that cannot be written is a warning', async () => {
    await rm(join(home, 'summary'));
    await mkdir(join(home, 'summary'));
    const { outputs, warnings } = await published({});
    expect(warnings).toEqual(['The job summary was not written']);
    expect(outputs['outcome']).toBe('success');
  });
});
