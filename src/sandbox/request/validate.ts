import * as z from 'zod/mini';
import { type FieldError, invalid } from './problem.ts';

type Issue = z.core.$ZodIssue;

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function explain(issue: Issue, missing: boolean): string {
  if (missing) return 'Field required';
  switch (issue.code) {
    case 'invalid_type':
      return `Input should be a valid ${issue.expected === 'record' ? 'object' : issue.expected}`;
    case 'invalid_value':
      return `Input should be ${issue.values.map((value) => `'${String(value)}'`).join(' or ')}`;
    case 'too_small':
      return `Input should be at least ${issue.minimum}${ofWhat(issue.origin)}`;
    case 'too_big':
      return `Input should be at most ${issue.maximum}${ofWhat(issue.origin)}`;
    case 'invalid_format':
      return `Input should be a valid ${issue.format}`;
    case 'unrecognized_keys':
      return `Unknown field: ${issue.keys.join(', ')}`;
    default:
      return issue.message;
  }
}

function ofWhat(origin: string): string {
  return origin === 'array' ? ' items' : origin === 'string' ? ' characters' : '';
}

function fieldErrors(issues: readonly Issue[], value: unknown, place: readonly string[]): FieldError[] {
  return issues.map((issue) => {
    const missing = issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined;
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    return {
      loc: [...place, ...path, ...unknown.slice(0, 1)],
      msg: explain(issue, missing),
      type: missing ? 'missing' : issue.code,
    };
  });
}

/** Checks `value`, unknown fields included. @throws a 422 that lists every wrong field. */
export function checkStrictly<T extends z.ZodMiniType>(
  schema: T,
  value: unknown,
  place: readonly string[],
): z.output<T> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw invalid(fieldErrors(result.error.issues, value, place));
}

function withoutUnknown(value: unknown, issues: readonly Issue[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const holder = valueAt(copy, issue.path);
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of issue.keys) Reflect.deleteProperty(holder, key);
  }
  return copy;
}

/**
 * Checks `value` as the API does: fields that the reference doesn't know are ignored.
 * @throws a 422 that lists every wrong field.
 */
export function check<T extends z.ZodMiniType>(schema: T, value: unknown, place: readonly string[]): z.output<T> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const wrong = result.error.issues.filter((issue) => issue.code !== 'unrecognized_keys');
  if (wrong.length > 0) throw invalid(fieldErrors(wrong, value, place));
  return checkStrictly(schema, withoutUnknown(value, result.error.issues), place);
}

type ScalarKind = 'text' | 'number' | 'boolean' | 'list';

function kindOf(schema: z.core.$ZodType): ScalarKind {
  if (schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniNullable)
    return kindOf(schema._zod.def.innerType);
  if (schema instanceof z.ZodMiniNumber) return 'number';
  if (schema instanceof z.ZodMiniBoolean) return 'boolean';
  return schema instanceof z.ZodMiniArray ? 'list' : 'text';
}

const kinds = new WeakMap<z.ZodMiniType, ReadonlyMap<string, ScalarKind>>();

function kindsOf(schema: z.ZodMiniType): ReadonlyMap<string, ScalarKind> {
  let known = kinds.get(schema);
  if (!known) {
    const shape = schema instanceof z.ZodMiniObject ? schema._zod.def.shape : {};
    known = new Map(Object.entries(shape).map(([name, field]) => [name, kindOf(field)]));
    kinds.set(schema, known);
  }
  return known;
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };

function fromText(text: string, kind: ScalarKind): unknown {
  if (kind === 'number' && /^[+-]?\d{1,15}$/.test(text)) return Number(text);
  if (kind === 'boolean') return BOOLEANS[text.toLowerCase()] ?? text;
  return text;
}

/** Reads the query's texts as the types that `schema` asks for, then checks them. Unknown names are ignored. */
export function checkQuery<T extends z.ZodMiniType>(schema: T, query: URLSearchParams): z.output<T> {
  const value: Record<string, unknown> = {};
  for (const [name, kind] of kindsOf(schema)) {
    const given = query.getAll(name);
    const last = given.at(-1);
    if (last !== undefined) value[name] = kind === 'list' ? given : fromText(last, kind);
  }
  return check(schema, value, ['query']);
}
