import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';

/** Any JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object with fields. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const require = createRequire(import.meta.url);
const load = (): Fields =>
  JSON.parse(readFileSync(require.resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8'));
let loaded: Fields | undefined;
const document = (): Fields => {
  loaded ??= load();
  return loaded;
};

/** Follows names down into an object; an empty object where there is none. */
function inside(value: unknown, ...names: readonly string[]): Fields {
  let at: unknown = value;
  for (const name of names) at = isFields(at) ? at[name] : undefined;
  return isFields(at) ? at : {};
}

/** What a `$ref` stands for; the value itself where it is none. */
function resolved(value: unknown): Fields {
  const ref = isFields(value) ? value['$ref'] : undefined;
  return typeof ref === 'string' ? inside(document(), ...ref.slice(2).split('/')) : inside(value);
}

/** The document's own example of an answer, as a base that has every field. */
export function example(name: string): Fields {
  const value = inside(document(), 'components', 'examples', name)['value'];
  const one = Array.isArray(value) ? value[0] : value;
  if (!isFields(one)) throw new Error(`the document has no example ${name}`);
  return one;
}

const SCHEMAS = '#/components/schemas/';

/** A schema of OpenAPI 3.0 as JSON Schema: `nullable` becomes a choice, other schemas are gathered by name. */
function converted(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(converted);
  if (!isFields(schema)) return schema;
  const { nullable, example: _, examples: __, discriminator: ___, ...rest } = schema;
  const ref = rest['$ref'];
  if (typeof ref === 'string') {
    const name = ref.slice(SCHEMAS.length);
    gather(name);
    return { $ref: name };
  }
  const entries = Object.entries(rest).map(([key, value]) => [
    key,
    // Names of fields are no keywords.
    key === 'properties' && isFields(value)
      ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, converted(each)]))
      : key === 'enum' || key === 'default'
        ? value
        : converted(value),
  ]);
  const plain = Object.fromEntries(entries);
  return nullable === true ? { anyOf: [{ type: 'null' }, plain] } : plain;
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const ajv = new Ajv({ strict: false, logger: false, formats: { 'date-time': DATE_TIME, uri: URL.canParse } });

const gathered = new Set<string>();

/** Adds a schema of the document that others refer to, and those that it refers to itself: each is compiled once. */
function gather(name: string): void {
  if (gathered.has(name)) return;
  gathered.add(name);
  ajv.addSchema(inside(converted(inside(document(), 'components', 'schemas', name))), name);
}

/** A check of values by a schema of the document; `strict` takes no field that the schema does not name. */
function compile(schema: unknown, strict: boolean): ValidateFunction {
  const main = inside(converted(resolvedSchema(schema)));
  const closed = strict && 'properties' in main && !('additionalProperties' in main) && !('anyOf' in main);
  return ajv.compile({ ...main, ...(closed ? { additionalProperties: false } : {}) });
}

const resolvedSchema = (schema: unknown) => (isFields(schema) && '$ref' in schema ? resolved(schema) : schema);

const compiled = new Map<unknown, ValidateFunction>();

/** What is wrong with a value, by a schema of the document; undefined where it fits. */
function misfit(schema: unknown, value: unknown, strict = false): string | undefined {
  const check = compiled.get(schema) ?? compile(schema, strict);
  compiled.set(schema, check);
  return check(value) ? undefined : ajv.errorsText(check.errors, { dataVar: 'value' });
}

/** One method of one path of the document, and a request's place in it. */
export interface Route {
  /** e.g. `GET /repos/{owner}/{repo}`. */
  readonly name: string;
  readonly operation: Fields;
  readonly params: Readonly<Record<string, string>>;
}

let templates: readonly (readonly [path: string, segments: readonly string[]])[] | undefined;

/** Finds a request's route; a literal segment goes before a parameter. Undefined where the document has none. */
export function routeOf(method: string, pathname: string): Route | undefined {
  templates ??= Object.keys(inside(document(), 'paths')).map((path) => [path, path.split('/')] as const);
  const given = pathname.split('/');
  const literals = (segments: readonly string[]) => segments.filter((segment) => !segment.startsWith('{')).length;
  const fitting = templates
    .filter(([, segments]) => {
      if (segments.length !== given.length) return false;
      return segments.every((segment, at) => (segment.startsWith('{') ? given[at] !== '' : segment === given[at]));
    })
    .sort(([, a], [, b]) => literals(b) - literals(a));
  for (const [path, segments] of fitting) {
    const operation = inside(document(), 'paths', path)[method.toLowerCase()];
    if (!isFields(operation)) continue;
    const pairs = segments.flatMap((segment, at) =>
      segment.startsWith('{') ? [[segment.slice(1, -1), decodeURIComponent(given[at] ?? '')] as const] : [],
    );
    return { name: `${method} ${path}`, operation, params: Object.fromEntries(pairs) };
  }
  return undefined;
}

function typed(schema: Fields, text: string): unknown {
  if (schema['type'] === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  if (schema['type'] === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

/** What is wrong with a request, by the document. */
export function requestMisfits(route: Route, query: URLSearchParams, body: unknown): readonly string[] {
  const list = Array.isArray(route.operation['parameters']) ? route.operation['parameters'].map(resolved) : [];
  const known = list.map((parameter) => {
    const { name, in: place, required, schema } = parameter;
    const text = place === 'path' ? route.params[String(name)] : (query.get(String(name)) ?? undefined);
    if (place !== 'path' && place !== 'query') return undefined;
    if (text === undefined) return required === true ? `${name} is missing` : undefined;
    const wrong = misfit(schema, typed(resolvedSchemaFields(schema), text));
    return wrong === undefined ? undefined : `${name}: ${wrong}`;
  });
  const names = new Set(list.map(({ name }) => name));
  const strange = [...query.keys()].filter((name) => !names.has(name)).map((name) => `${name}: no such parameter`);
  const wanted = resolved(route.operation['requestBody']);
  const schema = inside(wanted, 'content', 'application/json')['schema'];
  const wrongBody =
    schema === undefined
      ? body === undefined
        ? undefined
        : 'it takes no body'
      : body === undefined && wanted['required'] !== true
        ? undefined
        : misfit(schema, body, true);
  return [...known, ...strange, wrongBody === undefined ? undefined : `body: ${wrongBody}`].filter(
    (each) => each !== undefined,
  );
}

const resolvedSchemaFields = (schema: unknown) => resolved(schema);

/** Errors that GitHub gives anywhere, listed or not. */
const ANYWHERE = new Set([401, 403, 404, 410, 429, 451, 500, 502, 503, 504]);

/** What is wrong with an answer, by the document. */
export function answerMisfit({ name, operation }: Route, status: number, body: unknown): string | undefined {
  const listed = inside(operation['responses'])[String(status)];
  if (listed === undefined && !ANYWHERE.has(status)) return `${name} has no answer ${status}`;
  const response = listed === undefined ? {} : resolved(listed);
  const schema =
    inside(response, 'content', 'application/json')['schema'] ??
    (status >= 400 ? inside(document(), 'components', 'schemas', 'basic-error') : undefined);
  if (schema === undefined) return body === undefined ? undefined : `${name} ${status} has no body`;
  const wrong = misfit(schema, body);
  return wrong === undefined ? undefined : `${name} ${status}: ${wrong}`;
}
