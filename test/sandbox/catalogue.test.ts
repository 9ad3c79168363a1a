import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { handlers } from '../../src/sandbox/handlers/index.ts';
import { type Bench, bench } from './support.ts';

const REFERENCE = new URL('../../../shared/reference/devin-api/openapi.json', import.meta.url);

/** Values for the parameters of every path: things that exist. */
async function parameters(b: Bench): Promise<Record<string, string>> {
  const data = new FormData();
  data.append('file', new Blob(['x']), 'x.txt');
  const file = (await b.ask(b.path('attachments'), { method: 'POST', body: data })).body;
  const json = { prompt: 'x', tags: ['sandbox:pr', 'sandbox:structured'], attachment_urls: [file.url] };
  const session = (await b.create(json)).body;
  await b.later(10, session.session_id);
  const connections = (await b.ask('/v3/enterprise/git-providers/connections')).body;
  return {
    org_id: b.org,
    devin_id: session.session_id,
    uuid: file.attachment_id,
    name: file.name,
    connection_id: connections.items[0].git_connection_id,
  };
}

const BODIES: Readonly<Record<string, unknown>> = {
  createSession: { prompt: 'x' },
  sendSessionMessage: { message: 'x' },
  appendSessionTags: { tags: ['x'] },
  replaceSessionTags: { tags: ['y'] },
};

interface Given {
  readonly id: string;
  readonly path: string;
  readonly method: string;
  readonly body: unknown;
}

/** The answer of every endpoint, asked under both prefixes where there are two. */
async function answers(b: Bench): Promise<Given[]> {
  const params = await parameters(b);
  const last = (id: string) => Number(id === 'terminateSession') + Number(id === 'archiveSession') / 2;
  const given: Given[] = [];
  for (const { id, method, path, version } of [...catalogue].sort((x, y) => last(x.id) - last(y.id))) {
    for (const template of version === 'v3' ? [path, path.replace('/v3/', '/v3beta1/')] : [path]) {
      const url = template.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? `missing-${name}`);
      const data = new FormData();
      data.append('file', new Blob(['x']), 'y.txt');
      const ask = id === 'uploadAttachment' ? { body: data } : id in BODIES ? { json: BODIES[id] } : {};
      const { status, body } = await b.ask(url, { method, ...ask });
      expect(status, `${method} ${url} ${JSON.stringify(body)}`).toBe(id === 'downloadAttachment' ? 307 : 200);
      given.push({ id, path, method, body });
    }
  }
  return given;
}

test('every endpoint of the catalogue has a handler, and every handler an endpoint', () => {
  expect([...handlers.keys()].sort()).toEqual(catalogue.map(({ id }) => id).sort());
});

test('every answer is what the catalogue says', async () => {
  for (const { id, body } of await answers(await bench())) {
    const endpoint = catalogue.find((one) => one.id === id);
    const result = endpoint?.answer().safeParse(body);
    expect(result?.success, `${id}: ${JSON.stringify(result?.error?.issues)}`).toBe(true);
  }
});

interface Shape {
  readonly $ref?: string;
  readonly anyOf?: readonly Shape[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

test.runIf(existsSync(REFERENCE))(
  'every answer has the required fields and known values of the reference',
  async () => {
    const reference = JSON.parse(readFileSync(REFERENCE, 'utf8'));
    const missing = (shape: Shape | undefined, value: unknown, at: string): string[] => {
      if (!shape || value === null) return [];
      if (shape.$ref) return missing(reference.components.schemas[shape.$ref.split('/').at(-1) ?? ''], value, at);
      if (shape.anyOf) {
        const tries = shape.anyOf.map((one) => missing(one, value, at));
        return tries.find((one) => one.length === 0) ?? tries[0] ?? [];
      }
      if (shape.enum && !shape.enum.includes(value)) return [`${at} is ${JSON.stringify(value)}`];
      if (Object.hasOwn(shape, 'const') && shape.const !== value) return [`${at} is ${JSON.stringify(value)}`];
      if (Array.isArray(value)) return value.flatMap((item, i) => missing(shape.items, item, `${at}[${i}]`));
      if (typeof value !== 'object') return [];
      const absent = (shape.required ?? [])
        .filter((name) => !Object.hasOwn(value, name))
        .map((name) => `${at}.${name} is absent`);
      const inner = Object.entries(shape.properties ?? {}).flatMap(([name, one]) =>
        missing(one, Reflect.get(value, name) ?? null, `${at}.${name}`),
      );
      return [...absent, ...inner];
    };
    for (const { id, path, method, body } of await answers(await bench())) {
      const operation = reference.paths[path]?.[method.toLowerCase()];
      expect(operation, `${method} ${path}`).toBeDefined();
      expect(missing(operation.responses['200']?.content?.['application/json']?.schema, body ?? null, id)).toEqual([]);
    }
  },
);
