import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MAX_SCHEMA_BYTES, type OutputSchema, readSchema } from '../../src/operations/sessions/structured.ts';
import { parseMapping } from '../../src/operations/yaml.ts';

const SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['approve'],
  additionalProperties: false,
  properties: { approve: { type: 'boolean' }, findings: { type: 'array', items: { type: 'string' } } },
};

function usable(text: string): OutputSchema {
  const schema = readSchema(text);
  if (typeof schema === 'string') throw new Error(`the schema ${schema}`);
  return schema;
}

describe('a schema for structured output', () => {
  it('is read from JSON and from YAML alike', () => {
    expect(usable(JSON.stringify(SCHEMA)).schema).toEqual(SCHEMA);
    expect(usable(stringify(SCHEMA)).schema).toEqual(SCHEMA);
  });

  it('any JSON Schema comes through JSON and YAML unchanged', () => {
    const type = fc.constantFrom('string', 'number', 'boolean', 'integer', 'null');
    const properties = fc.dictionary(
      fc.stringMatching(/^[a-z_][a-z0-9_ :#-]{0,8}$/).filter((name) => name !== '__proto__'),
      fc.record({ type, description: fc.string({ unit: 'grapheme', maxLength: 10 }) }),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(properties, (given) => {
        const schema = { type: 'object', properties: given };
        expect(usable(JSON.stringify(schema)).schema).toEqual(schema);
        expect(usable(stringify(schema)).schema).toEqual(schema);
      }),
      { numRuns: 25 },
    );
  });

  it('of over 64 KiB is refused with its size', () => {
    const sized = (bytes: number) => {
      const bare = JSON.stringify({ title: '' }).length;
      return JSON.stringify({ title: 'x'.repeat(bytes - bare) });
    };
    expect(usable(sized(MAX_SCHEMA_BYTES)).check({})).toEqual([]);
    expect(readSchema(sized(MAX_SCHEMA_BYTES + 1))).toBe('has 65537 bytes as JSON; at most 65536 are allowed');
  });

  it('that refers to something outside is refused, however deep', () => {
    const outside = 'https://example.com/schema.json';
    expect(readSchema(JSON.stringify({ $ref: outside }))).toBe(`must be self-contained, but refers to ${outside}`);
    const nested = { properties: { a: { items: [{ anyOf: [{ $ref: 'other.json#/x' }] }] }, b: { $ref: outside } } };
    expect(readSchema(JSON.stringify(nested))).toBe(`must be self-contained, but refers to other.json#/x, ${outside}`);
  });

  it('that refers to itself is fine', () => {
    const tree = {
      $ref: '#/definitions/node',
      definitions: {
        node: { type: 'object', required: ['id'], properties: { child: { $ref: '#/definitions/node' } } },
      },
    };
    const { check } = usable(JSON.stringify(tree));
    expect(check({ id: 1, child: { id: 2 } })).toEqual([]);
    expect(check({ id: 1, child: {} })).toEqual(["child must have required property 'id'"]);
  });

  it('that refers to a part it does not have is refused', () => {
    expect(readSchema('{"$ref": "#/definitions/none"}')).toMatch(/^is not a JSON Schema of Draft 7: /);
  });

  it.each(['[]', '"text"', '5', 'true', 'null', '', 'just words', '- a\n- b'])(
    'that is no mapping (%s) is refused',
    (text) => {
      expect(readSchema(text)).toBe('is no mapping of names to values');
    },
  );

  it('that is neither JSON nor YAML is refused with the place', () => {
    expect(readSchema('type: object\n  bad: [')).toMatch(/^is neither JSON nor YAML: .*line \d+/);
    expect(readSchema('a: 1\na: 2')).toMatch(/^is neither JSON nor YAML: /);
  });

  it('that says something impossible is refused before anything is spent', () => {
    for (const wrong of [
      '{"type": "objekt"}',
      '{"required": "a"}',
      '{"minLength": -1}',
      '{"properties": []}',
      '{"pattern": "("}',
    ]) {
      expect(readSchema(wrong), wrong).toMatch(/^is not a JSON Schema of Draft 7: /);
    }
    expect(readSchema('{"$schema": "https://json-schema.org/draft/2020-12/schema"}')).toMatch(/^is not a JSON Schema/);
  });

  it('that unfolds into gigabytes is refused at once', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    const bomb = names.map((name, at) =>
      at === 0
        ? 'a: &a [x, x, x, x, x, x, x, x, x]'
        : `${name}: &${name} [${Array(9)
            .fill(`*${names[at - 1]}`)
            .join(', ')}]`,
    );
    const startedAt = performance.now();
    expect(readSchema(bomb.join('\n'))).toMatch(/^is neither JSON nor YAML: .*alias/i);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('that holds itself, or goes too deep, is refused and not a fault of this action', () => {
    expect(parseMapping('a: &a\n  b: *a\n')).toMatch(/^is neither JSON nor YAML: /);
    expect(typeof readSchema('properties: &p\n  a: { properties: *p }\n')).toBe('string');
    expect(typeof readSchema(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)).toBe('string');
  });
});

describe('checking the output', () => {
  const { check } = usable(JSON.stringify(SCHEMA));

  it('what fits has no findings', () => {
    expect(check({ approve: true, findings: ['a'] })).toEqual([]);
  });

  it('what does not fit is named field by field, all at once', () => {
    expect(check({ findings: ['a', 5], extra: 1 }).sort()).toEqual(
      [
        'findings.1 must be string',
        "the output must have required property 'approve'",
        'the output must NOT have additional properties (extra)',
      ].sort(),
    );
    expect(check('text')).toEqual(['the output must be object']);
    expect(check(null)).toEqual(['the output must be object']);
  });

  it('one check leaves nothing behind for the next', () => {
    expect(check({}).length).toBe(1);
    expect(check({ approve: false })).toEqual([]);
  });

  it('unknown keywords and formats are not held against the output', () => {
    const loose = usable('{"type":"object","x-note":1,"properties":{"at":{"type":"string","format":"date-time"}}}');
    expect(loose.check({ at: 'soon' })).toEqual([]);
  });
});
