import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MAX_SCHEMA_BYTES, type OutputSchema, readSchema } from '../../src/operations/sessions/request/structured.ts';
import { readMapping } from '../../src/operations/yaml-thread.ts';

const SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['approve'],
  additionalProperties: false,
  properties: { approve: { type: 'boolean' }, findings: { type: 'array', items: { type: 'string' } } },
};

async function usable(text: string): Promise<OutputSchema> {
  const read = await readSchema(text);
  if (!read.ok) throw new Error(`the schema ${read.problem}`);
  return read.schema;
}

async function problemOf(text: string): Promise<string> {
  const read = await readSchema(text);
  return read.ok ? 'none' : read.problem;
}

describe('a schema for structured output', () => {
  it('is read from JSON and from YAML alike', async () => {
    expect((await usable(JSON.stringify(SCHEMA))).schema).toEqual(SCHEMA);
    expect((await usable(stringify(SCHEMA))).schema).toEqual(SCHEMA);
  });

  it('any JSON Schema comes through JSON and YAML unchanged', async () => {
    const type = fc.constantFrom('string', 'number', 'boolean', 'integer', 'null');
    const properties = fc.dictionary(
      fc.stringMatching(/^[a-z_][a-z0-9_ :#-]{0,8}$/).filter((name) => name !== '__proto__'),
      fc.record({ type, description: fc.string({ unit: 'grapheme', maxLength: 10 }) }),
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(properties, async (given) => {
        const schema = { type: 'object', properties: given };
        expect((await usable(JSON.stringify(schema))).schema).toEqual(schema);
        expect((await usable(stringify(schema))).schema).toEqual(schema);
      }),
      { numRuns: 25 },
    );
  });

  it('of over 64 KiB is refused with its size', async () => {
    const sized = (bytes: number) => {
      const bare = JSON.stringify({ title: '' }).length;
      return JSON.stringify({ title: 'x'.repeat(bytes - bare) });
    };
    expect(await (await usable(sized(MAX_SCHEMA_BYTES))).check({})).toEqual([]);
    expect(await problemOf(sized(MAX_SCHEMA_BYTES + 1))).toBe('has 65537 bytes as JSON; at most 65536 are allowed');
  });

  it('that refers to something outside is refused, however deep', async () => {
    const outside = 'https://example.com/schema.json';
    expect(await problemOf(JSON.stringify({ $ref: outside }))).toBe(`must be self-contained, but refers to ${outside}`);
    const nested = { properties: { a: { items: [{ anyOf: [{ $ref: 'other.json#/x' }] }] }, b: { $ref: outside } } };
    expect(await problemOf(JSON.stringify(nested))).toBe(
      `must be self-contained, but refers to other.json#/x, ${outside}`,
    );
  });

  it('that refers to itself is fine', async () => {
    const tree = {
      $ref: '#/definitions/node',
      definitions: {
        node: { type: 'object', required: ['id'], properties: { child: { $ref: '#/definitions/node' } } },
      },
    };
    const { check } = await usable(JSON.stringify(tree));
    expect(await check({ id: 1, child: { id: 2 } })).toEqual([]);
    expect(await check({ id: 1, child: {} })).toEqual(["child must have required property 'id'"]);
  });

  it('that refers to a part it does not have is refused', async () => {
    expect(await problemOf('{"$ref": "#/definitions/none"}')).toMatch(/^is not a JSON Schema of Draft 7: /);
  });

  it.each(['[]', '"text"', '5', 'true', 'null', '', 'just words', '- a\n- b'])(
    'that is no mapping (%s) is refused',
    async (text) => {
      expect(await problemOf(text)).toBe('is not a mapping of names to values');
    },
  );

  it('that is neither JSON nor YAML is refused with the place', async () => {
    expect(await problemOf('type: object\n  bad: [')).toMatch(/^is neither JSON nor YAML: .*line \d+/);
    expect(await problemOf('a: 1\na: 2')).toMatch(/^is neither JSON nor YAML: /);
  });

  it('that says something impossible is refused before anything is spent', async () => {
    for (const wrong of [
      '{"type": "objekt"}',
      '{"required": "a"}',
      '{"minLength": -1}',
      '{"properties": []}',
      '{"pattern": "("}',
    ]) {
      expect(await problemOf(wrong), wrong).toMatch(/^is not a JSON Schema of Draft 7: /);
    }
    expect(await problemOf('{"$schema": "https://json-schema.org/draft/2020-12/schema"}')).toMatch(
      /^is not a JSON Schema/,
    );
  });

  it('that unfolds into gigabytes is refused at once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    const bomb = names.map((name, at) =>
      at === 0
        ? 'a: &a [x, x, x, x, x, x, x, x, x]'
        : `${name}: &${name} [${Array(9)
            .fill(`*${names[at - 1]}`)
            .join(', ')}]`,
    );
    const startedAt = performance.now();
    expect(await problemOf(bomb.join('\n'))).toMatch(/^is neither JSON nor YAML: .*alias/i);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('that holds itself, or goes too deep, is refused and not a fault of this action', async () => {
    const itself = await readMapping('a: &a\n  b: *a\n');
    expect(itself).toMatchObject({ ok: false, problem: expect.stringMatching(/^is neither JSON nor YAML: /) });
    expect(await problemOf('properties: &p\n  a: { properties: *p }\n')).not.toBe('none');
    expect(await problemOf(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)).not.toBe('none');
  });
});

describe('checking the output', () => {
  const check = async (value: unknown) => (await usable(JSON.stringify(SCHEMA))).check(value);

  it('what fits has no findings', async () => {
    expect(await check({ approve: true, findings: ['a'] })).toEqual([]);
  });

  it('what does not fit is named field by field, all at once', async () => {
    expect([...(await check({ findings: ['a', 5], extra: 1 }))].sort()).toEqual(
      [
        'findings.1 must be string',
        "the output must have required property 'approve'",
        'the output must NOT have additional properties (extra)',
      ].sort(),
    );
    expect(await check('text')).toEqual(['the output must be object']);
    expect(await check(null)).toEqual(['the output must be object']);
  });

  it('one check leaves nothing behind for the next', async () => {
    expect((await check({})).length).toBe(1);
    expect(await check({ approve: false })).toEqual([]);
  });

  it('unknown keywords and formats are not held against the output', async () => {
    const loose = await usable(
      '{"type":"object","x-note":1,"properties":{"at":{"type":"string","format":"date-time"}}}',
    );
    expect(await loose.check({ at: 'soon' })).toEqual([]);
  });
});
