import { fits, isObject, type JsonSchema, list, members, resolve } from '../request/json-schema.ts';
import { textFor } from '../request/pattern.ts';

/** Past this depth only what a schema requires is filled in, so that a recursive schema comes to an end. */
const PLAIN_DEPTH = 5;
const MAX_DEPTH = 24;
/** How many values one search may try, so that no schema keeps the sandbox busy. */
const MAX_TRIES = 4000;
/** The longest text that is made, whatever a schema asks for. */
const MAX_TEXT = 100_000;

interface Search {
  readonly root: unknown;
  tries: number;
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T08:00:00Z',
  date: '2026-01-31',
  time: '08:00:00Z',
  email: 'user-1@example.com',
  uri: 'https://example.com/',
  'uri-reference': '/example',
  uuid: '00000000-0000-4000-8000-000000000001',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
};

function tightest(a: unknown, b: unknown, choose: (...values: number[]) => number): unknown {
  if (typeof a !== 'number') return b ?? a;
  return typeof b === 'number' ? choose(a, b) : a;
}

function mergedProperties(a: unknown, b: unknown): Record<string, unknown> {
  const result: Record<string, unknown> = { ...members(a) };
  for (const [name, rule] of Object.entries(members(b))) {
    result[name] = Object.hasOwn(result, name) ? { allOf: [result[name], rule] } : rule;
  }
  return result;
}

function mergedTypes(a: unknown, b: unknown): unknown {
  if (a === undefined || b === undefined) return a ?? b;
  const left = typeof a === 'string' ? [a] : list(a);
  const right = typeof b === 'string' ? [b] : list(b);
  const integer = left.includes('integer') || right.includes('integer') ? ['integer'] : [];
  const both = left.filter((type) => right.includes(type));
  return both.length > 0 ? both : integer;
}

/** Two schemas as one that asks for both, as far as a first guess needs; every guess is checked afterwards. */
function merged(a: JsonSchema, b: JsonSchema): JsonSchema {
  const result: Record<string, unknown> = { ...a, ...b };
  if (a['properties'] || b['properties']) result['properties'] = mergedProperties(a['properties'], b['properties']);
  if (a['required'] || b['required'])
    result['required'] = [...new Set([...list(a['required']), ...list(b['required'])])];
  if (a['type'] !== undefined || b['type'] !== undefined) result['type'] = mergedTypes(a['type'], b['type']);
  for (const name of ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']) {
    if (name in result) result[name] = tightest(a[name], b[name], Math.max);
  }
  for (const name of ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']) {
    if (name in result) result[name] = tightest(a[name], b[name], Math.min);
  }
  if (a['items'] !== undefined && b['items'] !== undefined) result['items'] = { allOf: [a['items'], b['items']] };
  return result;
}

/** The schema's ways of being met, references and combinators worked in; the likeliest first. */
function* ways(schema: unknown, search: Search, depth: number): Generator<JsonSchema> {
  search.tries += 1;
  if (schema === true) yield {};
  if (!isObject(schema) || depth > MAX_DEPTH || search.tries > MAX_TRIES) return;
  const { $ref, allOf, anyOf, oneOf, if: when, then, else: otherwise, ...plain } = schema;
  const parts: unknown[][] = list(allOf).map((part) => [part]);
  if (typeof $ref === 'string') parts.push([resolve($ref, search.root)]);
  if (Array.isArray(anyOf)) parts.push(anyOf);
  if (Array.isArray(oneOf)) parts.push(oneOf);
  if (when !== undefined) parts.push([{ allOf: [when, then ?? true] }, otherwise ?? true]);
  yield* joined(plain, parts, search, depth);
}

function* joined(base: JsonSchema, parts: readonly unknown[][], search: Search, depth: number): Generator<JsonSchema> {
  const [choices, ...rest] = parts;
  if (!choices) {
    yield base;
    return;
  }
  for (const choice of choices) {
    for (const way of ways(choice, search, depth + 1)) yield* joined(merged(base, way), rest, search, depth);
  }
}

function* texts(schema: JsonSchema): Generator<string> {
  const { format, pattern, minLength, maxLength } = schema;
  const least = typeof minLength === 'number' ? minLength : 0;
  const most = typeof maxLength === 'number' ? maxLength : Number.POSITIVE_INFINITY;
  if (least > MAX_TEXT) return;
  if (typeof format === 'string' && FORMATS[format] !== undefined) yield FORMATS[format];
  if (typeof pattern === 'string') {
    const made = textFor(pattern);
    if (made !== undefined) {
      yield made;
      yield made.padEnd(least, made.at(-1) ?? 'a');
    }
  }
  for (let i = 0; i < 40; i += 1) {
    const text = i === 0 ? 'text' : i < 27 ? `${String.fromCharCode(96 + i)}-text` : `text-${i}`;
    yield text.padEnd(least, 'x').slice(0, most);
  }
}

function* numbers(schema: JsonSchema, whole: boolean): Generator<number> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const low = tightest(minimum, exclusiveMinimum, Math.max);
  const high = tightest(maximum, exclusiveMaximum, Math.min);
  const step = typeof multipleOf === 'number' && multipleOf > 0 ? multipleOf : 1;
  const start =
    typeof low === 'number'
      ? Math.ceil(low / step)
      : typeof high === 'number'
        ? Math.min(0, Math.floor(high / step))
        : 1;
  const down = typeof low !== 'number' && typeof high === 'number';
  for (let i = 0; i < 40; i += 1) yield (start + (down ? -i : i)) * step + 0;
  if (whole) return;
  const from = typeof low === 'number' ? low : typeof high === 'number' ? high - 1 : 0;
  const to = typeof high === 'number' ? high : from + 1;
  for (const share of [0.5, 0.25, 0.75, 0, 1]) yield from + (to - from) * share;
}

function* arrays(schema: JsonSchema, search: Search, depth: number): Generator<unknown[]> {
  const { items, additionalItems, minItems, maxItems, contains } = schema;
  const tuple = Array.isArray(items) ? items : [];
  const rest = (Array.isArray(items) ? additionalItems : items) ?? true;
  const least = typeof minItems === 'number' ? minItems : 0;
  const most = typeof maxItems === 'number' ? maxItems : Number.POSITIVE_INFINITY;
  const wanted = depth > PLAIN_DEPTH || (items === undefined && contains === undefined) ? 0 : Math.max(1, tuple.length);
  for (const size of new Set([Math.min(Math.max(least, wanted), most), least])) {
    const made: unknown[] = [];
    for (let i = 0; i < size; i += 1) {
      const rules = [i < tuple.length ? tuple[i] : rest, ...(i === 0 && contains !== undefined ? [contains] : [])];
      const not = schema['uniqueItems'] === true && made.length > 0 ? { not: { enum: [...made] } } : {};
      const found = find({ ...not, allOf: rules }, search, depth + 1);
      if (!found) break;
      made.push(found.value);
    }
    yield made;
  }
}

function* objects(schema: JsonSchema, search: Search, depth: number): Generator<Record<string, unknown>> {
  const properties = members(schema['properties']);
  const required = list(schema['required']).filter((name) => typeof name === 'string');
  const least = typeof schema['minProperties'] === 'number' ? schema['minProperties'] : 0;
  const all = [...new Set([...required, ...Object.keys(properties)])];
  for (const names of depth > PLAIN_DEPTH ? [required, all] : [all, required]) {
    const made: Record<string, unknown> = {};
    const fill = (name: string, rule: unknown) => {
      const found = find(rule, search, depth + 1);
      // Not an assignment: a property may be called __proto__.
      if (found)
        Object.defineProperty(made, name, { value: found.value, enumerable: true, configurable: true, writable: true });
    };
    const open = schema['additionalProperties'] ?? true;
    for (const name of names) fill(name, Object.hasOwn(properties, name) ? properties[name] : open);
    for (let i = 1; Object.keys(made).length < least && i <= least && search.tries <= MAX_TRIES; i += 1)
      fill(`field_${i}`, open);
    yield made;
  }
}

function* guesses(schema: JsonSchema, search: Search, depth: number): Generator<unknown> {
  if (Object.hasOwn(schema, 'const')) yield schema['const'];
  if (Array.isArray(schema['enum'])) yield* schema['enum'];
  if (Object.hasOwn(schema, 'default')) yield schema['default'];
  yield* list(schema['examples']);
  const { type } = schema;
  const implied = schema['items'] !== undefined && schema['properties'] === undefined ? 'array' : 'object';
  const any = [implied, 'string', 'integer', 'number', 'boolean', 'null', 'array'];
  for (const name of typeof type === 'string' ? [type] : Array.isArray(type) ? type : any) {
    if (name === 'string') yield* texts(schema);
    if (name === 'integer' || name === 'number') yield* numbers(schema, name === 'integer');
    if (name === 'boolean') yield* [true, false];
    if (name === 'null') yield null;
    if (name === 'array') yield* arrays(schema, search, depth);
    if (name === 'object') yield* objects(schema, search, depth);
  }
}

function find(schema: unknown, search: Search, depth: number): { value: unknown } | undefined {
  if (depth > MAX_DEPTH) return undefined;
  for (const way of ways(schema, search, 0)) {
    for (const value of guesses(way, search, depth)) {
      search.tries += 1;
      if (search.tries > MAX_TRIES) return undefined;
      if (fits(schema, value, search.root)) return { value };
    }
  }
  return undefined;
}

/** A value that fits a JSON Schema (draft 7), or undefined where none is found. The same schema gives the same value. */
export function fitting(schema: unknown): { value: unknown } | undefined {
  return find(schema, { root: schema, tries: 0 }, 0);
}

const WRONG: readonly unknown[] = [12.5, 'not what was asked for', null, [], { unexpected: true }];

/** An object that does not fit the schema but looks like one that does, or undefined where every object fits. */
export function misfitting(schema: unknown): Record<string, unknown> | undefined {
  const right = members(fitting(schema)?.value);
  const without = Object.keys(right).map((name) =>
    Object.fromEntries(Object.entries(right).filter(([key]) => key !== name)),
  );
  const changed = Object.keys(right).flatMap((name) => WRONG.map((value) => ({ ...right, [name]: value })));
  const candidates: Record<string, unknown>[] = [...without, ...changed, {}, { unexpected: true }];
  return candidates.find((candidate) => !fits(schema, candidate));
}
