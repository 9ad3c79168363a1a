import { decoded } from './text.ts';

/** A JSON Schema of draft 7, unchecked: any keyword may hold anything. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of a value that may be an array. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The members of a value that may be an object. */
export function members(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** Equal as JSON values; the order of members does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
  );
}

function unescaped(part: string): string {
  return decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Follows a reference inside the document (`#/definitions/x`); undefined where it leads nowhere or outside. */
export function resolve(ref: string, root: unknown): unknown {
  if (!ref.startsWith('#')) return undefined;
  let at = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const name = unescaped(part);
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = Reflect.get(at, name);
  }
  return at;
}

/** Every `$ref` of a document that leads outside of it. */
export function outsideReferences(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(outsideReferences);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? (inner.startsWith('#') ? [] : [inner]) : outsideReferences(inner),
  );
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  string: (value) => typeof value === 'string',
  array: Array.isArray,
  object: isObject,
};

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return false;
  }
}

function within(size: number, min: unknown, max: unknown): boolean {
  return !(typeof min === 'number' && size < min) && !(typeof max === 'number' && size > max);
}

function numberFits(schema: JsonSchema, value: number): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (!within(value, minimum, maximum)) return false;
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) return false;
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) return false;
  return typeof multipleOf !== 'number' || Number.isInteger(value / multipleOf);
}

function stringFits(schema: JsonSchema, value: string): boolean {
  const { minLength, maxLength, pattern } = schema;
  return within([...value].length, minLength, maxLength) && !(typeof pattern === 'string' && !matches(pattern, value));
}

type Meets = (schema: unknown, value: unknown) => boolean;

function arrayFits(schema: JsonSchema, value: readonly unknown[], meets: Meets): boolean {
  const { items, additionalItems, minItems, maxItems, uniqueItems, contains } = schema;
  if (!within(value.length, minItems, maxItems)) return false;
  if (uniqueItems === true && value.some((item, i) => value.slice(0, i).some((other) => same(item, other))))
    return false;
  if (contains !== undefined && !value.some((item) => meets(contains, item))) return false;
  const rest = Array.isArray(items) ? additionalItems : items;
  return value.every((item, i) => meets((Array.isArray(items) && i < items.length ? items[i] : rest) ?? true, item));
}

function objectFits(schema: JsonSchema, value: Readonly<Record<string, unknown>>, meets: Meets): boolean {
  const { required, minProperties, maxProperties, propertyNames, additionalProperties } = schema;
  const names = Object.keys(value);
  if (!within(names.length, minProperties, maxProperties)) return false;
  if (!list(required).every((name) => typeof name === 'string' && Object.hasOwn(value, name))) return false;
  if (propertyNames !== undefined && !names.every((name) => meets(propertyNames, name))) return false;
  const properties = members(schema['properties']);
  const patterns = Object.entries(members(schema['patternProperties']));
  for (const name of names) {
    const rules = patterns.filter(([pattern]) => matches(pattern, name)).map(([, rule]) => rule);
    if (Object.hasOwn(properties, name)) rules.push(properties[name]);
    if (rules.length === 0) rules.push(additionalProperties ?? true);
    if (!rules.every((rule) => meets(rule, value[name]))) return false;
  }
  return Object.entries(members(schema['dependencies'])).every(([name, needs]) => {
    if (!Object.hasOwn(value, name)) return true;
    return Array.isArray(needs) ? needs.every((other) => Object.hasOwn(value, String(other))) : meets(needs, value);
  });
}

function combinedFits(schema: JsonSchema, value: unknown, meets: Meets): boolean {
  const { allOf, anyOf, oneOf } = schema;
  if (!list(allOf).every((part) => meets(part, value))) return false;
  if (Array.isArray(anyOf) && !anyOf.some((part) => meets(part, value))) return false;
  if (Array.isArray(oneOf) && oneOf.filter((part) => meets(part, value)).length !== 1) return false;
  if (schema['not'] !== undefined && meets(schema['not'], value)) return false;
  if (schema['if'] === undefined) return true;
  return meets((meets(schema['if'], value) ? schema['then'] : schema['else']) ?? true, value);
}

/** Whether a value fits a schema. `format` is not judged; a reference that leads nowhere fits nothing. */
export function fits(schema: unknown, value: unknown, root: unknown = schema, depth = 0): boolean {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema) || depth > 100) return false;
  const meets: Meets = (inner, part) => fits(inner, part, root, depth + 1);
  const { $ref, type, enum: choices } = schema;
  if (typeof $ref === 'string' && !meets(resolve($ref, root), value)) return false;
  const types = typeof type === 'string' ? [type] : list(type);
  if (types.length > 0 && !types.some((name) => TYPES[String(name)]?.(value))) return false;
  if (Object.hasOwn(schema, 'const') && !same(schema['const'], value)) return false;
  if (Array.isArray(choices) && !choices.some((choice) => same(choice, value))) return false;
  if (typeof value === 'number' && !numberFits(schema, value)) return false;
  if (typeof value === 'string' && !stringFits(schema, value)) return false;
  if (Array.isArray(value) && !arrayFits(schema, value, meets)) return false;
  if (isObject(value) && !objectFits(schema, value, meets)) return false;
  return combinedFits(schema, value, meets);
}
