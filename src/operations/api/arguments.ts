import * as z from 'zod/mini';
import type { Fallible } from '../../contract/fallible.ts';
import { asMapping, isRecord, type ReadValue } from '../../contract/json.ts';
import { didYouMean } from '../../contract/kinds.ts';
import type { Endpoint } from '../../devin/endpoint.ts';
import type { Checks } from '../operation.ts';

/** Arguments of a call that were found right. */
export interface Arguments {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>> | readonly unknown[] | undefined;
}

/** Says what is wrong with one of the inputs `params` and `body`: a clause. */
type Complain = (input: 'params' | 'body', message: string) => void;

/** Reads YAML. */
type Read = (text: string) => Promise<ReadValue>;

const mappingOf = async (text: string | undefined, read: Read) =>
  asMapping(text === undefined ? { ok: true, value: {} } : await read(text));

const pathNames = ({ path }: Endpoint) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
const queryNames = ({ query }: Endpoint) => {
  const schema = query?.();
  return schema instanceof z.ZodMiniObject ? Object.keys(schema.shape) : undefined;
};

/** Types as people call them. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const typeOf = (value: unknown): string => {
  if (value === null) return 'empty';
  return TYPES[Array.isArray(value) ? 'array' : typeof value] ?? typeof value;
};

/** The value at a path within another one; undefined if there is none. */
const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value);

/** What a value should be, as far as a schema says so in one phrase. */
function expectedBy(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_type') return TYPES[issue.expected];
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return undefined;
}

/** What is wrong with one value of an input: a clause. */
function clauseOf(issue: z.core.$ZodIssue, value: unknown): string {
  const place = issue.path.join('.');
  const [found, expected] = [valueAt(value, issue.path), expectedBy(issue)];
  if (place !== '' && found === undefined) return `lacks ${place}${expected === undefined ? '' : ` (${expected})`}`;
  const at = place === '' ? '' : `at ${place}: `;
  if (expected === undefined) return at === '' ? `as a whole: ${issue.message}` : `${at}${issue.message}`;
  return issue.code === 'invalid_type'
    ? `${at === '' ? 'is' : `${at}is`} ${typeOf(found)}; expected ${expected}`
    : `${at}is ${JSON.stringify(found)}; expected ${expected}`;
}

function complainOf(
  input: 'params' | 'body',
  { issues, value, known }: { issues: readonly z.core.$ZodIssue[]; value: unknown; known: readonly string[] },
  complain: Complain,
) {
  for (const issue of issues) {
    const place = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        complain(input, `has ${[place, key].filter(Boolean).join('.')}, which does not exist${didYouMean(key, known)}`);
      }
    } else {
      complain(input, clauseOf(issue, value));
    }
  }
}

/** A value of the path: a text or a number, made a text. */
function pathValue(name: string, value: unknown, complain: Complain): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (text === '') complain('params', `at ${name}: expected text`);
  if (text === '.' || text === '..') complain('params', `at ${name}: ${text} is not an ID`);
  return text;
}

/** A value that a query can hold. */
const isScalar = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** A single value stands for a list of one, as it does in a query. */
function widened(schema: z.ZodMiniType | undefined, query: Record<string, unknown>): Record<string, unknown> {
  if (!(schema instanceof z.ZodMiniObject)) return query;
  const isList = (name: string): boolean => {
    const field: unknown = schema.shape[name];
    const inner = (type: unknown): unknown =>
      type instanceof z.ZodMiniOptional || type instanceof z.ZodMiniNullable ? inner(type._zod.def.innerType) : type;
    return inner(field) instanceof z.ZodMiniArray;
  };
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, isList(name) && !Array.isArray(value) ? [value] : value]),
  );
}

function readParams(
  endpoint: Endpoint,
  given: Readonly<Record<string, string>>,
  read: Fallible<{ readonly mapping: Record<string, unknown> }>,
  complain: Complain,
) {
  if (!read.ok) {
    complain('params', read.problem);
    return { params: given, query: {} };
  }
  const [inPath, inQuery] = [pathNames(endpoint), queryNames(endpoint)];
  const params: Record<string, string> = { ...given };
  const query = new Map<string, unknown>();
  for (const [name, value] of Object.entries(read.mapping)) {
    if (inPath.includes(name)) params[name] = pathValue(name, value, complain);
    else if (inQuery !== undefined ? inQuery.includes(name) : name !== '__proto__') query.set(name, value);
    else
      complain(
        'params',
        `has ${name}, which ${endpoint.id} does not accept${didYouMean(name, [...inPath, ...(inQuery ?? [])])}`,
      );
  }
  for (const name of inPath) {
    if (params[name] === undefined && name !== 'org_id') complain('params', `lacks ${name}, which is part of the path`);
  }
  for (const [name, value] of query) {
    const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!entries.every(isScalar)) complain('params', `at ${name}: expected text, a number, or a list of them`);
  }
  return { params, query: Object.fromEntries(query) };
}

async function readBody(
  { id, body, multipart }: Endpoint,
  text: string | undefined,
  read: Read,
  complain: Complain,
): Promise<Arguments['body']> {
  if (multipart) {
    const given = await mappingOf(text, read);
    const file = given.ok ? given.mapping['file'] : undefined;
    if (typeof file === 'string' && file !== '') return { file };
    complain('body', `names no file, which ${id} needs: write file and its path in the workspace`);
    return undefined;
  }
  const schema = body?.();
  if (schema === undefined || (text === undefined && z.safeParse(schema, undefined).success)) {
    if (text !== undefined) complain('body', `is given, but ${id} takes none`);
    return undefined;
  }
  const parsed = text === undefined ? ({ ok: true, value: {} } as const) : await read(text);
  if (!parsed.ok) {
    complain('body', parsed.problem);
    return undefined;
  }
  const known = schema instanceof z.ZodMiniObject ? Object.keys(schema.shape) : [];
  const issues = z.safeParse(schema, parsed.value).error?.issues ?? [];
  complainOf('body', { issues, value: parsed.value, known }, complain);
  if (isRecord(parsed.value) || Array.isArray(parsed.value)) return parsed.value;
  complain('body', 'is neither a mapping nor a list');
  return undefined;
}

/** Reads the YAML of `params` and `body` for an endpoint, and reports everything that does not fit it. */
export async function readArguments(
  endpoint: Endpoint,
  given: Readonly<Record<string, string>>,
  texts: { readonly params: string | undefined; readonly body: string | undefined },
  { problem: complain, signal }: Pick<Checks, 'problem' | 'signal'>,
): Promise<Arguments> {
  // A call without arguments needs no parser.
  const read = async (text: string) => await (await import('../yaml-thread.ts')).readYaml(text, signal);
  const { params, query: asked } = readParams(endpoint, given, await mappingOf(texts.params, read), complain);
  const schema = endpoint.query?.();
  const query = widened(schema, asked);
  const issues = schema === undefined ? [] : (z.safeParse(schema, query).error?.issues ?? []);
  complainOf('params', { issues, value: query, known: queryNames(endpoint) ?? [] }, complain);
  return { params, query, body: await readBody(endpoint, texts.body, read, complain) };
}
