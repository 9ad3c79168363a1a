import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fits, same } from '../../src/sandbox/request/json-schema.ts';
import { fitting, misfitting } from '../../src/sandbox/views/structured-output.ts';

const ajv = new Ajv({ strict: false, ownProperties: true, validateFormats: false, logger: false });

const name = fc.constantFrom('a', 'b', 'c', 'name', 'constructor');

/** Small schemas that something fits. */
const { schema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Record<string, unknown>>({ type: 'boolean' }, { type: 'null' }, { type: ['string', 'null'] }, {}),
    fc.record({ const: fc.jsonValue({ maxDepth: 1 }) }),
    fc.record({
      enum: fc.uniqueArray(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 3, comparator: same }),
    }),
    fc
      .tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 5, max: 20 }), fc.constantFrom('integer', 'number'))
      .map(([minimum, span, type]) => ({ type, minimum, maximum: minimum + span })),
    fc.constantFrom(
      { type: 'integer', multipleOf: 7, exclusiveMinimum: 7 },
      { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      { type: 'string', pattern: '^[A-Z]{2,4}-\\d+$' },
      { type: 'string', pattern: '^(feat|fix)(\\([a-z]+\\))?: .+', minLength: 12 },
      { type: 'string', pattern: '^[^x]+\\.(ts|js)$' },
      { type: 'string', pattern: '^(?:https?)://\\S+$' },
    ),
    fc
      .tuple(fc.nat(8), fc.nat(8))
      .map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
    fc
      .tuple(fc.nat(3), fc.nat(3), tie('schema'))
      .map(([minItems, more, items]) => ({ type: 'array', minItems, maxItems: minItems + more, items })),
    fc
      .tuple(fc.dictionary(name, tie('schema'), { maxKeys: 3 }), fc.boolean())
      .map(([properties, additionalProperties]) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).slice(0, 2),
        additionalProperties,
      })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.tuple(tie('schema')).map(([inner]) => ({ definitions: {}, allOf: [inner] })),
  ),
}));

test('a value made for a random schema fits it, by the judgement of ajv', () => {
  fc.assert(
    fc.property(schema, (given) => {
      const made = fitting(given);
      expect(made, JSON.stringify(given)).toBeDefined();
      expect(ajv.validate(given, made?.value), JSON.stringify([given, made?.value, ajv.errors])).toBe(true);
      ajv.removeSchema();
    }),
    { numRuns: 150, seed: 1 },
  );
});

test('the own judgement of what fits agrees with ajv on random values', () => {
  fc.assert(
    fc.property(schema, fc.jsonValue({ maxDepth: 2 }), (given, value) => {
      // The division by which ajv tells a multiple breaks down for numbers like this.
      fc.pre(typeof value !== 'number' || Math.abs(value) < 1e20);
      expect(fits(given, value)).toBe(ajv.validate(given, value));
      ajv.removeSchema();
    }),
    { numRuns: 150, seed: 1 },
  );
});

const TREE = {
  type: 'object',
  required: ['root'],
  properties: { root: { $ref: '#/definitions/node' } },
  definitions: {
    node: {
      type: 'object',
      required: ['label'],
      properties: { label: { type: 'string' }, children: { type: 'array', items: { $ref: '#/definitions/node' } } },
    },
  },
};

test.each<[string, Record<string, unknown>]>([
  ['a recursive reference', TREE],
  [
    '$defs',
    { $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'object', required: ['x'], properties: { x: { const: 1 } } } } },
  ],
  [
    'allOf over properties',
    {
      allOf: [
        { type: 'object', properties: { a: { minimum: 3 } } },
        { required: ['a'], properties: { a: { type: 'integer', maximum: 3 } } },
      ],
    },
  ],
  ['oneOf of which exactly one may fit', { oneOf: [{ type: 'number' }, { type: 'integer' }] }],
  [
    'oneOf told apart by a constant',
    {
      oneOf: ['a', 'b'].map((kind) => ({ type: 'object', required: ['kind'], properties: { kind: { const: kind } } })),
    },
  ],
  ['different items', { type: 'array', minItems: 4, uniqueItems: true, items: { type: 'string', maxLength: 6 } }],
  ['different items of an enumeration', { type: 'array', minItems: 3, uniqueItems: true, items: { enum: [1, 2, 3] } }],
  ['a tuple', { type: 'array', items: [{ type: 'string' }, { type: 'boolean' }], additionalItems: false, minItems: 2 }],
  ['contains', { type: 'array', contains: { const: 'x' } }],
  [
    'if, then',
    // As text, because an object with a then passes for a promise.
    JSON.parse(
      '{"properties":{"a":{"const":true}},"if":{"required":["a"]},"then":{"required":["b"]},"required":["a"]}',
    ),
  ],
  ['not', { type: 'string', not: { const: 'text' } }],
  ['a minimum of properties', { type: 'object', minProperties: 2, additionalProperties: { type: 'integer' } }],
  ['a long text', { type: 'string', minLength: 300 }],
])('%s is met', (_, given) => {
  const made = fitting(given);
  expect(made).toBeDefined();
  expect(new Ajv({ strict: false }).validate(given, made?.value), JSON.stringify(made)).toBe(true);
});

test('a schema that nothing fits, or that is out of reach, gives nothing', () => {
  expect(fitting(false)).toBeUndefined();
  expect(fitting({ $ref: 'https://example.com/schema' })).toBeUndefined();
  expect(fitting({ $ref: '#' })).toBeUndefined();
  expect(fitting({ type: 'string', minLength: 3, maxLength: 2 })).toBeUndefined();
});

test('a schema made to be costly is given up soon', () => {
  const nested = (n: number): Record<string, unknown> =>
    n === 0 ? { pattern: '^(?=x)a{99999999}$' } : { items: nested(n - 1), minItems: 99_999_999 };
  const costly = [
    { anyOf: [{ $ref: '#' }, { $ref: '#' }] },
    { allOf: Array.from({ length: 12 }, () => ({ anyOf: Array.from({ length: 12 }, () => ({ type: [] })) })) },
    { type: 'string', minLength: 999_999_999 },
    { type: 'object', minProperties: 999_999_999 },
    { type: 'string', pattern: '^(a{9999}){9999}$' },
    { type: 'array', ...nested(3) },
    { $ref: '#/%E0%A4%A' },
  ];
  const began = performance.now();
  for (const given of costly) expect(fitting(given)).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(30_000);
});

test('a value that is to miss the schema does', () => {
  const schemas = [
    TREE,
    { type: 'object', properties: { a: { type: 'integer' } } },
    { type: 'object', additionalProperties: false },
  ];
  for (const given of schemas) expect(ajv.validate(given, misfitting(given)), JSON.stringify(given)).toBe(false);
  expect(misfitting({ type: 'object' })).toBeUndefined();
});
