import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { parseArgs } from 'node:util';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** An HTTP server in front of an API, which checks each request against the API's OpenAPI document and passes it on. */
export interface CheckProxy {
  readonly url: string;
  /** `GET /v3/self` or so for each request that the document has. */
  readonly operations: ReadonlySet<string>;
  /** One sentence for each thing that a request has against the document. */
  readonly violations: readonly string[];
  close(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly isList: boolean;
  readonly check: Check;
}

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: RegExp;
  /** Names of the path's parameters, in their order. */
  readonly names: readonly string[];
  readonly parameters: { readonly path: readonly Parameter[]; readonly query: readonly Parameter[] };
  /** By content type; undefined where there is no body. */
  readonly body: ReadonlyMap<string, Check> | undefined;
  /** Members of a JSON body; undefined where any is allowed. */
  readonly members: ReadonlySet<string> | undefined;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** The document as ajv knows it. */
const DOCUMENT = 'api.json';

/** A JSON pointer as the fragment of a reference. */
const pointer = (...parts: readonly string[]) =>
  `${DOCUMENT}#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/** What stands at a reference within the document. */
function resolve(document: unknown, value: unknown): Json {
  const fields = fieldsOf(value);
  const { $ref } = fields;
  if (typeof $ref !== 'string') return fields;
  const parts = $ref.replace(/^.*#\//, '').split('/');
  return resolve(
    document,
    parts.reduce((at: unknown, part) => fieldsOf(at)[part.replaceAll('~1', '/').replaceAll('~0', '~')], document),
  );
}

/** Whether a schema has lists among what it allows. */
function allowsList(document: unknown, value: unknown): boolean {
  const { type, anyOf } = resolve(document, value);
  if (type === 'array' || (Array.isArray(type) && type.includes('array'))) return true;
  return Array.isArray(anyOf) && anyOf.some((one) => allowsList(document, one));
}

/** What a value has against a schema; empty where it has nothing. */
type Check = (value: unknown) => string;

/** Makes checks of the schemas of a document. Values of paths and queries are texts, also where a number is asked for. */
function checker(document: unknown, areTexts: boolean): (ref: string) => Check {
  // Formats are left to the tests of the schemas.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, coerceTypes: areTexts, allErrors: true });
  ajv.addSchema(fieldsOf(document), DOCUMENT);
  return (ref) => {
    // Most operations are never called, and a compiled schema takes milliseconds.
    let validate: ValidateFunction | undefined;
    return (value) => {
      validate ??= ajv.compile({ type: 'object', properties: { value: { $ref: ref } } });
      if (validate({ value })) return '';
      const errors = validate.errors ?? [];
      return errors
        .map(({ instancePath, message }) => `${instancePath.slice('/value'.length)} ${message}`.trim())
        .join(', ');
    };
  };
}

/** Reads an OpenAPI 3.1 document. */
function readOperations(document: unknown): Operation[] {
  const texts = checker(document, true);
  const values = checker(document, false);
  const read = (path: string, method: string): Operation => {
    const item = fieldsOf(fieldsOf(fieldsOf(document)['paths'])[path]);
    const operation = fieldsOf(item[method]);
    const lists = [
      ['parameters', item['parameters']],
      ['operation', operation['parameters']],
    ] as const;
    const all = lists.flatMap(([where, list]) =>
      (Array.isArray(list) ? list : []).map((one: unknown, index) => {
        const parameter = resolve(document, one);
        const at = where === 'parameters' ? [path, 'parameters'] : [path, method, 'parameters'];
        return {
          in: parameter['in'],
          name: String(parameter['name']),
          required: parameter['required'] === true,
          isList: allowsList(document, parameter['schema']),
          check: texts(pointer('paths', ...at, String(index), 'schema')),
        };
      }),
    );
    const content = fieldsOf(resolve(document, operation['requestBody'])['content']);
    const json = resolve(document, fieldsOf(content['application/json'])['schema']);
    const types = Object.keys(content).map(
      (type) => [type, values(pointer('paths', path, method, 'requestBody', 'content', type, 'schema'))] as const,
    );
    return {
      id: String(operation['operationId'] ?? `${method} ${path}`),
      method: method.toUpperCase(),
      path: new RegExp(`^${path.replace(/\{[^}]+\}/g, '([^/]+)')}$`),
      names: [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name),
      parameters: { path: all.filter((one) => one.in === 'path'), query: all.filter((one) => one.in === 'query') },
      body: types.length === 0 ? undefined : new Map(types),
      members: json['properties'] === undefined ? undefined : new Set(Object.keys(fieldsOf(json['properties']))),
    };
  };
  const paths = fieldsOf(fieldsOf(document)['paths']);
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in fieldsOf(item)).map((method) => read(path, method)),
  );
}

function* checkParameters(operation: Operation, match: RegExpExecArray, query: URLSearchParams): Generator<string> {
  for (const parameter of operation.parameters.path) {
    const value = decodeURIComponent(match[operation.names.indexOf(parameter.name) + 1] ?? '');
    const wrong = parameter.check(value);
    if (wrong !== '') yield `${parameter.name}: ${wrong}`;
  }
  for (const parameter of operation.parameters.query) {
    const values = query.getAll(parameter.name);
    if (values.length === 0) {
      if (parameter.required) yield `${parameter.name} is missing`;
    } else if (values.length > 1 && !parameter.isList) {
      yield `${parameter.name} is given ${values.length} times`;
    } else {
      const wrong = parameter.check(parameter.isList ? values : values[0]);
      if (wrong !== '') yield `${parameter.name}: ${wrong}`;
    }
  }
  const known = new Set(operation.parameters.query.map(({ name }) => name));
  for (const name of new Set(query.keys())) if (!known.has(name)) yield `the query ${name} is not in the document`;
}

function* checkBody({ body, members }: Operation, type: string, text: Buffer): Generator<string> {
  if (body === undefined) {
    if (text.length > 0) yield 'has a body, and the document has none';
    return;
  }
  const check = body.get(type);
  if (check === undefined) {
    if (text.length > 0) yield `has a body of type "${type}"`;
    return;
  }
  if (type !== 'application/json') return;
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    const wrong = check(value);
    if (wrong !== '') yield `body: ${wrong}`;
    for (const name of Object.keys(Array.isArray(value) ? {} : fieldsOf(value)))
      if (members !== undefined && !members.has(name)) yield `the member ${name} of the body is not in the document`;
  } catch (error) {
    yield `body: ${String(error)}`;
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Passes a request on, and its response back, as they are. */
function pass(target: string, { method, url, headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const onward = send(new URL(url ?? '/', target), { method, headers: { ...headers, host: new URL(target).host } });
  onward.on('response', (got) => {
    response.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(response);
  });
  onward.on('error', (error) => response.destroy(error));
  onward.end(body);
}

/** Starts a proxy on loopback in front of `target`, an address such as `http://127.0.0.1:8787`. */
export async function startCheckProxy(document: unknown, target: string, port = 0): Promise<CheckProxy> {
  const all = readOperations(document);
  const operations = new Set<string>();
  const violations: string[] = [];
  const check = (request: IncomingMessage, body: Buffer) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', target);
    const operation = all.find(({ method, path }) => method === request.method && path.test(pathname));
    const match = operation?.path.exec(pathname) ?? null;
    if (operation === undefined || match === null) {
      violations.push(`${request.method} ${pathname} is not in the document`);
      return;
    }
    operations.add(operation.id);
    const { authorization = '', 'content-type': type = '' } = request.headers;
    const found = [
      ...(/^Bearer \S+$/.test(authorization) ? [] : ['has no bearer token']),
      ...checkParameters(operation, match, searchParams),
      ...checkBody(operation, type.split(';')[0]?.trim() ?? '', body),
    ];
    violations.push(...found.map((what) => `${operation.id}: ${what}`));
  };
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request);
    check(request, body);
    pass(target, request, body, response);
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed).listen(port, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy listens on no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    operations,
    violations,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { document: { type: 'string' }, target: { type: 'string' }, port: { type: 'string', default: '0' } },
  });
  if (values.document === undefined || values.target === undefined) {
    console.error(
      'usage: node scripts/check-proxy.ts --document openapi.json --target http://127.0.0.1:8787 [--port N]',
    );
    process.exit(2);
  }
  const document: unknown = JSON.parse(readFileSync(values.document, 'utf8'));
  const proxy = await startCheckProxy(document, values.target, Number(values.port));
  console.log(`Checking proxy listening on ${proxy.url}`);
  process.once('SIGINT', () => {
    for (const violation of proxy.violations) console.error(violation);
    console.log(`${proxy.operations.size} operations, ${proxy.violations.length} violations`);
    process.exit(proxy.violations.length === 0 ? 0 : 1);
  });
}

if (import.meta.main) await main();
