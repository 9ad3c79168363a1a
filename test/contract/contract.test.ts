import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError, asActionError, ERROR_CODES } from '../../src/contract/errors.ts';
import { COMMON_INPUTS, INPUTS, type Input, type InputName, isInputName } from '../../src/contract/inputs.ts';
import { OUTPUTS } from '../../src/contract/outputs.ts';
import { inputError, parseInputs, parseOperation, quoted } from '../../src/contract/parse.ts';
import { Result } from '../../src/contract/result.ts';
import { VERSION } from '../../src/contract/version.ts';
import { anyText } from '../runner/support.ts';

const names = (Object.keys(INPUTS) as readonly string[]).filter(isInputName);
const reader = (given: Readonly<Record<string, string>>) => (name: string) => given[name];
const SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

describe('the schema of inputs and outputs', () => {
  it.each(Object.entries<Input>(INPUTS))('the input %s has a right default, or none', (name, input) => {
    expect(name).toMatch(SNAKE_CASE);
    expect(input.summary).toMatch(/\.$/);
    expect(input.kind.label).not.toBe('');
    if (input.default !== undefined) expect(input.kind.parse(input.default)).toHaveProperty('value');
  });

  it('outputs are in snake_case and explained', () => {
    for (const [name, { summary }] of Object.entries(OUTPUTS)) {
      expect(name).toMatch(SNAKE_CASE);
      expect(summary).not.toBe('');
    }
  });

  it('a name that only every object has is no input', () => {
    expect(isInputName('prompt')).toBe(true);
    expect(isInputName('constructor')).toBe(false);
    expect(isInputName('__proto__')).toBe(false);
  });

  it('the release says the version of its package', () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(VERSION).toBe(version);
  });
});

describe('reading inputs', () => {
  it('an empty step gets every default and no problem', () => {
    const { values, problems, unused } = parseInputs(names, reader({}), {});
    expect(problems).toEqual([]);
    expect(unused).toEqual([]);
    expect(values).toMatchObject({
      api_url: 'https://api.devin.ai',
      api_version: 'auto',
      dry_run: false,
      max_retries: 5,
      request_timeout: 60_000,
      timeout: 1_800_000,
      concurrency: 6,
      wait: 'none',
      on_waiting: 'auto',
      on_timeout: 'leave',
      on_cancel: 'terminate',
      follow: true,
      archive: false,
    });
    expect(values.prompt).toBeUndefined();
    expect(values.devin_token).toBeUndefined();
  });

  it('every wrong input is reported, each with what came, what was expected and the nearest word', () => {
    const { problems, values } = parseInputs(
      ['dry_run', 'wait', 'timeout', 'max_retries', 'api_url'],
      reader({
        dry_run: 'flase',
        wait: 'finnished',
        timeout: 'soon',
        max_retries: '5x',
        api_url: 'https://api.devin.ai',
      }),
      {},
    );
    expect(problems).toEqual([
      { input: 'dry_run', message: 'is "flase"; expected `true` or `false`; did you mean false?' },
      {
        input: 'wait',
        message: 'is "finnished"; expected one of none, started, finished, later; did you mean finished?',
      },
      { input: 'timeout', message: 'is "soon"; expected a duration from 1s to 5d, such as 30s, 15m, 2h or 7d' },
      { input: 'max_retries', message: 'is "5x"; expected a whole number from 0 to 20' },
    ]);
    expect(values.dry_run).toBeUndefined();
    expect(values.api_url).toBe('https://api.devin.ai');
  });

  it('any set of wrong values is reported input by input, and none falls back to its default', () => {
    const wrong: Readonly<Partial<Record<InputName, string>>> = {
      api_version: 'v9',
      dry_run: 'maybe',
      max_retries: '-1',
      request_timeout: '0s',
      timeout: '5',
      concurrency: '0',
      wait: 'x',
      session_id: 'a/b',
      since: '2026-02-31',
      org_id: 'a b',
    };
    const all = names.filter((name) => name in wrong);
    fc.assert(
      fc.property(fc.subarray(all), (chosen) => {
        const given = Object.fromEntries(chosen.map((name) => [name, wrong[name] ?? '']));
        const { problems, values } = parseInputs(all, reader(given), {});
        expect(problems.map(({ input }) => input)).toEqual(all.filter((name) => chosen.includes(name)));
        for (const name of chosen) expect(values[name]).toBeUndefined();
      }),
    );
  });

  it('the value of a secret is in no message', () => {
    const secret = fc.stringMatching(/^[a-zA-Z0-9+/]{8,30}$/);
    fc.assert(
      fc.property(secret, secret, (one, two) => {
        const given = { devin_token: `${one}\n${two}`, session_secrets: `KEY=${one}\n${two}\nKEY=${two}` };
        const { problems } = parseInputs(['devin_token', 'session_secrets'], reader(given), {});
        expect(problems.map(({ input }) => input)).toEqual(['devin_token', 'session_secrets']);
        const error = inputError(problems);
        const said = JSON.stringify([error.message, error.list, error.fix, error.title]);
        expect(said).not.toContain(one);
        expect(said).not.toContain(two);
      }),
    );
  });

  it('a token is taken from the input, then from the first variable that is set', () => {
    const token = (given: Record<string, string>, env: Record<string, string>) =>
      parseInputs(['devin_token'], reader(given), env).values.devin_token;
    const env = { DEVIN_TOKEN: 'first', DEVIN_SERVICE_USER_TOKEN: 'second', DEVIN_API_KEY: 'third' };
    expect(token({ devin_token: 'given' }, env)).toBe('given');
    expect(token({}, env)).toBe('first');
    expect(token({}, { ...env, DEVIN_TOKEN: '' })).toBe('second');
    expect(token({}, { DEVIN_API_KEY: 'third' })).toBe('third');
    expect(token({}, {})).toBeUndefined();
  });

  it('an input that the operation does not use is found, unless it has its default', () => {
    const given = { prompt: 'x', wait: 'finished', follow: 'true', dry_run: 'true' };
    expect(parseInputs(['prompt', 'dry_run'], reader(given), {}).unused).toEqual(['wait']);
  });

  it('a long value is quoted in short, on one line', () => {
    fc.assert(
      fc.property(anyText(200), (value) => {
        expect(quoted(value)).not.toMatch(/[\r\n]/);
        expect(quoted(value).length).toBeLessThan(400);
      }),
    );
    expect(quoted('x'.repeat(100))).toBe(`"${'x'.repeat(60)}…"`);
  });
});

describe('the operation', () => {
  const operations = ['create-session', 'send-message', 'list-sessions'] as const;

  it('is found by its name in any case, with hyphens or underscores', () => {
    for (const form of ['create-session', 'create_session', ' Create_Session\n']) {
      expect(parseOperation(form, operations)).toEqual({ ok: true, name: 'create-session' });
    }
  });

  it('is a problem where it is missing or misspelled', () => {
    expect(parseOperation(undefined, operations)).toHaveProperty('problem', {
      input: 'operation',
      message: 'is missing; expected one of create-session, send-message, list-sessions',
    });
    expect(parseOperation('creat-session', operations)).toHaveProperty('problem', {
      input: 'operation',
      message:
        'is "creat-session"; expected one of create-session, send-message, list-sessions; did you mean create-session?',
    });
    expect(parseOperation('toString', operations)).toHaveProperty('problem.input', 'operation');
  });
});

describe('errors', () => {
  it('one wrong input is one sentence; several are a list', () => {
    const one = inputError([{ input: 'wait', message: 'is "x"; expected y' }]);
    expect(one).toMatchObject({
      code: 'input_invalid',
      message: 'One input is invalid: wait is "x"; expected y.',
      list: [],
    });
    expect(one.fix).toBe('Correct the input `wait`.');
    const two = inputError([
      { input: 'wait', message: 'is wrong' },
      { input: 'follow', message: 'is wrong too' },
    ]);
    expect(two.message).toBe('2 inputs are invalid.');
    expect(two.list).toEqual(['wait is wrong', 'follow is wrong too']);
    const fields = inputError([
      { input: 'body', message: 'lacks name (text)' },
      { input: 'body', message: 'has title, which does not exist' },
    ]);
    expect(fields).toMatchObject({ title: '2 fields of body are invalid', message: '2 fields of body are invalid.' });
  });

  it('an error has the advice of its code unless it brings its own', () => {
    const error = new ActionError('conflict', 'It has ended');
    expect(error).toMatchObject({ title: ERROR_CODES.conflict.title, fix: ERROR_CODES.conflict.fix, ambiguous: false });
    expect(error.cause).toBeUndefined();
    const own = new ActionError('conflict', 'x', { title: 'T', fix: 'F', status: 409, ambiguous: true, cause: error });
    expect(own).toMatchObject({ title: 'T', fix: 'F', status: 409, ambiguous: true, cause: error });
  });

  it('whatever is thrown becomes an error with a code, and keeps what it was', () => {
    const known = new ActionError('timeout', 'late');
    expect(asActionError(known)).toBe(known);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant(undefined)), (thrown) => {
        const error = asActionError(thrown);
        expect(error).toMatchObject({ code: 'internal', message: `Unexpected error: ${thrown}` });
      }),
    );
    const cause = new RangeError('out of range');
    expect(asActionError(cause)).toMatchObject({ message: 'Unexpected error: out of range', cause });
  });

  it('every code says what it means and what to do', () => {
    for (const [code, { title, meaning, fix }] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(SNAKE_CASE);
      expect(title).not.toMatch(/\.$/);
      expect(meaning).toMatch(/\.$/);
      expect(fix).toMatch(/\.$/);
    }
  });
});

describe('the result', () => {
  const result = {
    schema_version: 1,
    operation: 'get-session',
    outcome: 'failure',
    error: { code: 'timeout', message: 'm', fix: 'f', list: [] },
    started_at: '2026-01-31T08:00:00.000Z',
    duration_ms: 12,
    dry_run: false,
    requests: { count: 1, retries: 0 },
  };

  it('has a code of the catalogue and nothing else', () => {
    expect(Result.safeParse(result).success).toBe(true);
    for (const code of Object.keys(ERROR_CODES)) {
      expect(Result.safeParse({ ...result, error: { ...result.error, code } }).success).toBe(true);
    }
    expect(Result.safeParse({ ...result, error: { ...result.error, code: 'oops' } }).success).toBe(false);
    expect(Result.safeParse({ ...result, schema_version: 2 }).success).toBe(false);
  });
});

it('every operation takes the common inputs that docs name', () => {
  for (const name of ['devin_token', 'org_id', 'api_url', 'dry_run', 'timeout', 'result_file']) {
    expect(Object.keys(COMMON_INPUTS)).toContain(name);
  }
});
