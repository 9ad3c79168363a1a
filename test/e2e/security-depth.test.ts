import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openStub, STUB_ID, type Stub, stubInputs } from './api-stub.ts';
import { runStep } from './here.ts';

let stub: Stub;

beforeAll(async () => {
  stub = await openStub();
});
beforeEach(() => {
  stub.session = {};
  stub.message = '';
  stub.failure = undefined;
});
afterAll(() => stub.close());

const LEVELS = 8_000;
const lists = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`;
const objects = `${'{"a":'.repeat(LEVELS)}"cog_stubstubstubstubstub"${'}'.repeat(LEVELS)}`;

describe('with 8,000 levels of nesting', () => {
  test.each([
    ['lists', lists, lists],
    ['objects', objects, objects.replace('cog_stubstubstubstubstub', '***')],
    ['a member', `{"x":${lists},"y":1}`, `{"x":${lists},"y":1}`],
  ])(
    'in a structured output of %s, outputs and id are written, and the output is passed on',
    async (_, json, shown) => {
      stub.session = { structured_output: json };
      const result = await runStep({ with: stubInputs(stub) });
      expect(result.exitCode).toBe(0);
      expect(result.outputs).toMatchObject({ outcome: 'success', session_id: STUB_ID, error_code: '' });
      expect(result.outputs['structured_output'] === shown).toBe(true);
      expect(result.outputs['result']).toContain(shown);
      expect(result.summary).toContain(STUB_ID);
    },
  );

  test('a schema says what is wrong, or that it cannot tell', async () => {
    stub.session = { structured_output: objects };
    const schema =
      '{"$ref":"#/definitions/n","definitions":{"n":{"type":"object","properties":{"a":{"$ref":"#/definitions/n"}}}}}';
    const result = await runStep({ with: stubInputs(stub, { structured_output_schema: schema }) });
    expect(result.outputs).toMatchObject({ session_id: STUB_ID, error_code: 'structured_output_invalid' });
  });

  test.each([
    ['detail', `{"detail":${lists}}`],
    ['an entry of errors', `{"errors":[{"x":${lists}}]}`],
    ['an object as detail', `{"detail":${objects}}`],
    ['everything', lists],
  ])('in the body of an error (%s), the error is that of the API', async (_, body) => {
    stub.failure = { status: 400, body };
    const result = await runStep({ with: stubInputs(stub) });
    expect(result.outputs['error_code']).toBe('api_rejected');
    expect(result.stderr).toBe('');
  });

  test('in a response to call-api, the body is passed on', async () => {
    stub.session = { structured_output: lists };
    const inputs = {
      operation: 'call-api',
      endpoint: 'getSession',
      params: `devin_id: ${STUB_ID}`,
      prompt: '',
      wait: '',
    };
    const result = await runStep({ with: stubInputs(stub, inputs) });
    expect(result.outputs['outcome']).toBe('success');
    expect(result.outputs['body']).toContain(lists);
  });
});

describe('an odd text in an output', () => {
  test('a NUL, half a character and the name __proto__ come through as JSON has them, and harm no variable', async () => {
    const json = '{"a":"x\\u0000y","b":"\\ud800","__proto__":{"polluted":"yes"},"constructor":1,"toString":null}';
    stub.session = { structured_output: json, title: '"\\u0000\\ud800"' };
    stub.message = 'x\u0000y\ud800z';
    const result = await runStep({ with: stubInputs(stub) });
    expect(result.exitCode).toBe(0);
    expect(result.outputs['structured_output']).toBe(json);
    expect(result.outputs['last_message']).toBe('x\ufffdy\ufffdz');
    for (const value of Object.values(result.outputs)) expect(value).not.toContain('\0');
    expect(Object.keys(JSON.parse(result.outputs['result'] ?? '').data.structured_output)).toContain('__proto__');
  });

  test.each([
    ['q: {toString: 1}', 'at q: expected text, a number, or a list of them'],
    ['q: [{valueOf: 1}]', 'at q: expected text, a number, or a list of them'],
    ['q: [[1]]', 'at q: expected text, a number, or a list of them'],
    ['__proto__: {x: 1}', 'params'],
  ])('parameters that are no text are an input error: %s', async (params, finding) => {
    const inputs = { operation: 'call-api', endpoint: 'GET /v3/self', params, prompt: '', wait: '' };
    const result = await runStep({ with: stubInputs(stub, inputs) });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(result.stdout).toContain(finding);
  });
});
