import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { Endpoint } from '../../src/devin/endpoint.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { documentedValues } from '../../src/devin/endpoints/shapes.ts';
import { documentedSchema, isTolerant } from '../../src/devin/tolerant.ts';

const REFERENCE = new URL('../../../shared/reference/devin-api/openapi.json', import.meta.url);

/** JSON Schema, as far as the reference and the catalogue use it. */
interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly additionalProperties?: Shape | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Shape;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Shape }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Shape }>> }>
  >;
  readonly 'x-permission'?: string;
  readonly 'x-pagination'?: string;
}

interface Reference {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Shape>> };
}

const isThere = existsSync(REFERENCE);
const reference: Reference = isThere
  ? JSON.parse(readFileSync(REFERENCE, 'utf8'))
  : { paths: {}, components: { schemas: {} } };

/** A schema without references, unions with null and merged parts: what two sources can be compared by. */
interface Plain {
  kind: string;
  nullable: boolean;
  values: readonly unknown[] | undefined;
  bounds: Readonly<Record<string, number>>;
  fields: Readonly<Record<string, { readonly shape: Plain; readonly required: boolean }>>;
  items: Plain | undefined;
}

const BOUNDS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const;

function plainOf(given: Shape): Plain {
  if (given.$ref !== undefined) return plainOf(reference.components.schemas[given.$ref.split('/').at(-1) ?? ''] ?? {});
  const options = given.anyOf ?? given.oneOf;
  if (options !== undefined) {
    const real = options.filter((one) => one.type !== 'null');
    const nullable = real.length < options.length;
    const [only] = real;
    if (real.length === 1 && only !== undefined) {
      const inner = plainOf(only);
      return { ...inner, nullable: inner.nullable || nullable };
    }
    return { kind: 'union', nullable, values: undefined, bounds: {}, fields: {}, items: undefined };
  }
  if (given.allOf !== undefined) {
    const parts = given.allOf.map(plainOf);
    return {
      ...(parts[0] ?? plainOf({})),
      kind: 'object',
      fields: Object.assign({}, ...parts.map((part) => part.fields)),
    };
  }
  const types = [given.type ?? (given.properties ? 'object' : 'any')].flat();
  const [kind = 'any'] = types.filter((type) => type !== 'null');
  const values =
    given.enum?.filter((value) => value !== null) ?? (given.const === undefined ? undefined : [given.const]);
  const bounds = BOUNDS.flatMap((name) => (typeof given[name] === 'number' ? [[name, given[name]] as const] : []));
  const required = new Set(given.required ?? []);
  const fields = Object.entries(given.properties ?? {}).map(([name, shape]) => [
    name,
    { shape: plainOf(shape), required: required.has(name) },
  ]);
  return {
    kind: given.const === undefined ? kind : typeof given.const,
    nullable: types.includes('null'),
    values,
    bounds: Object.fromEntries(bounds),
    fields: Object.fromEntries(fields),
    items: given.items === undefined ? undefined : plainOf(given.items),
  };
}

/** Whether a member may be left out, by the schema of what the documentation promises. */
const isOptional = (schema: z.core.$ZodType) =>
  (schema instanceof z.ZodMiniType ? documentedSchema(schema) : schema)._zod.optin !== undefined;

/**
 * The catalogue's schema as JSON Schema: what it documents, not what else it reads. Open enumerations carry the values
 * that are documented for them.
 */
function jsonSchemaOf(schema: z.ZodMiniType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(documentedSchema(schema), {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    override({ zodSchema, jsonSchema }) {
      if (zodSchema instanceof z.ZodMiniType && isTolerant(zodSchema)) {
        for (const name of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, name);
        Object.assign(jsonSchema, jsonSchemaOf(zodSchema));
        return;
      }
      if (zodSchema instanceof z.ZodMiniObject) {
        const members = Object.entries<z.core.$ZodType>(zodSchema.shape);
        jsonSchema.required = members.flatMap(([name, member]) => (isOptional(member) ? [] : [name]));
      }
      const values = zodSchema instanceof z.ZodMiniType ? documentedValues(zodSchema) : undefined;
      if (values !== undefined) jsonSchema.enum = [...values];
      // Zod bounds every integer by what a double can hold; that is no rule of the API.
      if (Math.abs(Number(jsonSchema.minimum)) === Number.MAX_SAFE_INTEGER) delete jsonSchema.minimum;
      if (Math.abs(Number(jsonSchema.maximum)) === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}

function shapeOf(schema: z.ZodMiniType | undefined): Plain {
  // JSON Schema is what `plainOf` reads; its own type has every keyword there is.
  return plainOf(schema === undefined ? {} : (jsonSchemaOf(schema) as Shape));
}

/** Every difference between what the reference says and what the catalogue says, below `at`. */
function differences(wanted: Plain, given: Plain, at: string): string[] {
  if (wanted.kind === 'any' || wanted.kind === 'union') return [];
  const found: string[] = [];
  const note = (what: string, want: unknown, is: unknown) => {
    if (JSON.stringify(want) !== JSON.stringify(is))
      found.push(`${at}: ${what} ${JSON.stringify(want)}, not ${JSON.stringify(is)}`);
  };
  note('type', wanted.kind, given.kind);
  note('nullable', wanted.nullable, given.nullable);
  note(
    'values',
    wanted.values === undefined ? undefined : [...wanted.values].sort(),
    given.values === undefined ? undefined : [...given.values].sort(),
  );
  for (const name of BOUNDS) note(name, wanted.bounds[name], given.bounds[name]);
  for (const [name, field] of Object.entries(wanted.fields)) {
    const own = given.fields[name];
    if (own === undefined) found.push(`${at}.${name}: missing`);
    else {
      note(`${name} required`, field.required, own.required);
      found.push(...differences(field.shape, own.shape, `${at}.${name}`));
    }
  }
  for (const name of Object.keys(given.fields))
    if (wanted.fields[name] === undefined && Object.keys(wanted.fields).length > 0)
      found.push(`${at}.${name}: not in the reference`);
  if (wanted.items !== undefined) found.push(...differences(wanted.items, given.items ?? plainOf({}), `${at}[]`));
  return found;
}

function parametersOf(operation: Operation, place: string): Plain {
  const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  return plainOf({
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema = {} }) => [name, schema])),
    required: parameters.filter((parameter) => parameter.required === true).map(({ name }) => name),
  });
}

function compare(endpoint: Endpoint, operation: Operation): string[] {
  const found: string[] = [];
  const pathNames = Object.keys(parametersOf(operation, 'path').fields).sort();
  const ownNames = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  if (JSON.stringify(pathNames) !== JSON.stringify(ownNames)) found.push(`path: ${ownNames}, not ${pathNames}`);
  if ((operation['x-pagination'] ?? 'none') !== endpoint.paging) found.push(`paging: ${operation['x-pagination']}`);
  const permission = operation['x-permission'];
  if (permission !== undefined && !endpoint.permission.includes(permission))
    found.push(`permission: lacks ${permission}`);
  const query = parametersOf(operation, 'query');
  const takesQuery = Object.keys(query.fields).length > 0;
  if (takesQuery || endpoint.query !== undefined)
    found.push(...differences(query, shapeOf(endpoint.query?.()), 'query'));
  const [type, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if ((body === undefined) !== (endpoint.body === undefined)) found.push('body: one of the two has none');
  else if (body !== undefined && type === 'application/json')
    found.push(...differences(plainOf(body.schema), shapeOf(endpoint.body?.()), 'body'));
  const answer = operation.responses['200']?.content?.['application/json']?.schema;
  if (answer !== undefined) found.push(...differences(plainOf(answer), shapeOf(endpoint.answer()), 'answer'));
  return found;
}

/** Differences that are meant, each with its reason. */
const MEANT: Readonly<Record<string, readonly RegExp[]>> = {
  // A session carries at most 50 tags, say the operations that set them; the one that creates it leaves that out.
  createSession: [/^body\.tags: maxItems undefined, not 50$/],
};

/** Paths that only the documentation's examples have. */
const SEED_ONLY = catalogue.filter(({ id }) => /^(v2Seed|seed)[A-Z]/.test(id));

describe.runIf(isThere)('the catalogue is what the reference says', () => {
  const operations = Object.entries(reference.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      typeof operation === 'object' && 'operationId' in operation
        ? [{ id: operation.operationId, method: method.toUpperCase(), path, operation }]
        : [],
    ),
  );

  test('it has each of the 206 operations by its id, method and path, and no other', () => {
    const routes = (list: readonly { id: string; method: string; path: string }[]) =>
      list.map(({ id, method, path }) => `${id} ${method} ${path}`).sort();
    expect(operations).toHaveLength(206);
    const documented = catalogue.filter((endpoint) => endpoint.seen === undefined && !SEED_ONLY.includes(endpoint));
    expect(routes(documented)).toEqual(routes(operations));
  });

  test('it has 14 more that are known from the field only, and marks them', () => {
    const known = new Set(operations.map(({ method, path }) => `${method} ${path}`));
    const seen = catalogue.filter((endpoint) => endpoint.seen === 'field');
    expect(seen).toHaveLength(14);
    for (const { method, path } of seen) expect(known).not.toContain(`${method} ${path}`);
  });

  test.each(operations)('$id', ({ id, operation }) => {
    const endpoint = catalogue.find((one) => one.id === id);
    if (endpoint === undefined) throw new Error(`${id} is not in the catalogue`);
    const meant = MEANT[id] ?? [];
    expect(
      compare(endpoint, operation)
        .filter((line) => !meant.some((pattern) => pattern.test(line)))
        .join('\n'),
    ).toBe('');
  });
});

test.runIf(!isThere)('the comparison with the reference was skipped, since it is not beside the project', () => {
  expect(isThere).toBe(false);
});
