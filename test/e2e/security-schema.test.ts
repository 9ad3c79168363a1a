import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStub, STUB_ID, type Stub, stubInputs } from './api-stub.ts';
import { SOON_MS } from './fake-runner.ts';
import { runStep } from './here.ts';

let stub: Stub;

const EVIL = `${'a'.repeat(34)}!`;

beforeAll(async () => {
  stub = await openStub();
  stub.session = { structured_output: JSON.stringify({ a: EVIL }), status_detail: '"working"' };
});
afterAll(() => stub.close());

const schemaWith = (property: unknown) => JSON.stringify({ type: 'object', properties: { a: property } });

/** Schemas that take years to check, or to compile. */
const SLOW: readonly (readonly [name: string, schema: string])[] = [
  ['a pattern', schemaWith({ type: 'string', pattern: '^(a+)+$' })],
  [
    'a pattern of names',
    JSON.stringify({ patternProperties: { '^(a|aa)+$': {} }, properties: { a: { pattern: '^(a|a)*$' } } }),
  ],
  [
    'parts that refer to each other twice',
    JSON.stringify({
      $ref: '#/definitions/n40',
      definitions: Object.fromEntries([
        ['n0', { type: 'object' }],
        ...Array.from({ length: 40 }, (_, at) => [
          `n${at + 1}`,
          { allOf: [{ $ref: `#/definitions/n${at}` }, { $ref: `#/definitions/n${at}` }] },
        ]),
      ]),
    }),
  ],
];

describe('a schema that cannot be checked in time', { concurrent: true }, () => {
  test.each(SLOW)('ends at the timeout, with outputs: %s', async (_, schema) => {
    const result = await runStep({ with: stubInputs(stub, { structured_output_schema: schema, timeout: '8s' }) });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'timeout', session_id: STUB_ID });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends at a %s within five seconds, with outputs',
    async (signal) => {
      let sentAt = 0;
      const result = await runStep({
        with: stubInputs(stub, { structured_output_schema: SLOW[0]?.[1] ?? '', timeout: '60s', on_cancel: 'leave' }),
        onOutput: (output, kill) => {
          if (sentAt > 0 || !output.includes('created')) return;
          sentAt = performance.now();
          kill(signal);
        },
      });
      expect(result.exitCode).toBe(1);
      expect(result.outputs).toMatchObject({ error_code: 'cancelled', session_id: STUB_ID });
      expect(performance.now() - sentAt).toBeLessThan(SOON_MS);
    },
  );

  test('says of a finished session that its output could not be checked', async () => {
    const done = await openStub();
    done.session = { structured_output: JSON.stringify({ a: EVIL }) };
    const result = await runStep({ with: stubInputs(done, { structured_output_schema: SLOW[0]?.[1] ?? '' }) });
    await done.close();
    expect(result.outputs).toMatchObject({
      error_code: 'structured_output_invalid',
      structured_output_checked: 'false',
    });
    expect(result.stdout).toContain('could not be checked within 2 s');
  });

  test.each([
    ['YAML', Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join('\n')],
    ['JSON', JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`k${at}`, 1])))],
    ['aliases', `a: &a 1\n${Array.from({ length: 10_000 }, (_, at) => `k${at}: *a`).join('\n')}`],
  ])('of 60,000 keys is an input error: %s', async (_, text) => {
    const inputs = stubInputs(stub, { structured_output_schema_file: 's.yml' });
    const result = await runStep({ with: inputs, files: { 's.yml': text } });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(result.stdout).toMatch(
      /structured_output_schema_file (has \d+ bytes; at most|is neither JSON nor YAML: .* too many)/,
    );
  });
});
