import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { PRESETS } from '../../src/contract/habits.ts';
import type { Endpoint } from '../../src/devin/endpoint.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { handlers } from '../../src/sandbox/handlers/index.ts';
import { samples } from './samples/index.ts';
import { type Answer, type Ask, type Bench, bench } from './support.ts';

const REFERENCE = new URL('../../../shared/reference/devin-api/openapi.json', import.meta.url);

const credentialFor = ({ version }: Endpoint) => (version === 'v2' ? 'apk_user_sandbox' : 'cog_sandbox_enterprise');

/** Asks an operation for what its sample says, as somebody who may. */
async function askSample(b: Bench, endpoint: Endpoint, template: string): Promise<Answer> {
  const sample = (await samples.requests[endpoint.id]?.(b)) ?? {};
  const params: Record<string, string> = { ...sample.params };
  for (const [, name = ''] of endpoint.path.matchAll(/\{(\w+)\}/g)) {
    params[name] ??= (await samples.params[name]?.(b)) ?? `no-sample-for-${name}`;
  }
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const query = sample.query === undefined ? '' : `?${new URLSearchParams(sample.query)}`;
  const form = new FormData();
  form.append('file', new Blob(['x']), 'y.txt');
  const body: Ask = endpoint.multipart ? { body: form } : sample.body === undefined ? {} : { json: sample.body };
  return await b.ask(path + query, { method: endpoint.method, as: credentialFor(endpoint), ...body });
}

const templates = ({ version, path }: Endpoint) =>
  version === 'v3' ? [path, path.replace('/v3/', '/v3beta1/')] : [path];

test('every endpoint of the catalogue has a handler, and every handler an endpoint', () => {
  expect([...handlers.keys()].sort()).toEqual(catalogue.map(({ id }) => id).sort());
});

interface Reference {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly components: unknown;
  /** Paths that only the documentation's examples use, as `METHOD /path`. */
  readonly 'x-seed-only-paths': ReadonlyArray<{ readonly seed: string }>;
}

type Responses = Readonly<
  Record<string, { readonly content?: { readonly 'application/json'?: { readonly schema?: object } } }>
>;

/** Checks an answer by the schemas of the reference, where that is at hand. */
function referenceCheck(): ((endpoint: Endpoint, body: unknown) => string) | undefined {
  if (!existsSync(REFERENCE)) return undefined;
  const reference: Reference = JSON.parse(readFileSync(REFERENCE, 'utf8'));
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'reference:all', components: reference.components });
  const seedOnly = new Set(reference['x-seed-only-paths'].map(({ seed }) => seed));
  const compile = (schema: object) =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"reference:all#/components')));
  const checks = new Map<string, ReturnType<typeof compile>>();
  return ({ id, method, path, route, seen }, body) => {
    if (seedOnly.has(route) || seen === 'field') return '';
    const responses = reference.paths[path]?.[method.toLowerCase()]?.responses;
    if (responses === undefined) return `${id} is not in the reference`;
    const schema = responses['200']?.content?.['application/json']?.schema;
    if (schema === undefined) return '';
    const validate = checks.get(id) ?? compile(schema);
    checks.set(id, validate);
    return validate(body) ? '' : `${id}: ${ajv.errorsText(validate.errors)}`;
  };
}

const againstReference = referenceCheck();

describe.each(catalogue.map((endpoint) => ({ id: endpoint.id, endpoint })))('$id', ({ id, endpoint }) => {
  const cases = templates(endpoint).flatMap((template) => PRESETS.map((preset) => [template, preset] as const));
  test.each(cases)('responds at %s as the catalog and the reference say, preset %s', async (template, preset) => {
    const answer = await askSample(await bench(1, preset), endpoint, template);
    const expected = id === 'downloadAttachment' ? [307] : [200, 204];
    expect(expected, `${template}: ${answer.status} ${answer.text.slice(0, 500)}`).toContain(answer.status);
    if (answer.status !== 200) return;
    const result = endpoint.answer().safeParse(answer.body);
    expect(result.error?.issues ?? [], id).toEqual([]);
    // Under /v3beta1 an answer also carries what the documentation's examples read.
    expect(againstReference?.(endpoint, answer.body) ?? '').toBe('');
  });
});

test.skipIf(againstReference !== undefined)(
  '(the reference is not here, so answers are held against the catalogue only)',
  () => {
    expect(existsSync(REFERENCE)).toBe(false);
  },
);
