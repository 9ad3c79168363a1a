import { describe, expect, test } from 'vitest';
import type { StepResult } from '../e2e/fake-runner.ts';
import { selfSigned, trust } from './certificate.ts';
import { tunnelProxy } from './proxy.ts';
import type { Reply } from './server/http.ts';
import { ENTERPRISE_KEY, ORG, ORG_KEY, OTHER_ORG, V2_KEY } from './server/index.ts';
import { create, field, fieldHere, json, said, step, story } from './support.ts';

const errors = (result: StepResult) => said(result, 'error').join('\n');

/** A key of the right form that nobody gave out. */
const UNKNOWN_KEY = `cog_${'a'.repeat(52)}`;
const UNAUTHORIZED: Reply = { status: 403, body: { detail: 'Unauthorized' } };

/** Where each word first occurs; they are expected in this order. */
function expectInOrder(text: string, ...words: readonly RegExp[]): void {
  const places = words.map((word) => text.search(word));
  expect(places, text).not.toContain(-1);
  expect(places, text).toEqual(places.toSorted((one, other) => one - other));
}

describe.concurrent('a 403 that says no more than Unauthorized', () => {
  test.each([
    ['a wrong key', { devin_token: UNKNOWN_KEY }],
    ['a wrong organization', { org_id: `org-${'0'.repeat(32)}` }],
    ['the organization of others', { org_id: OTHER_ORG }],
  ])('from %s names key, organization and address, then the permission', async (_name, inputs) => {
    const api = await fieldHere();
    const result = await create(api, inputs);
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs['error_code']).toBe('permission_denied');
    const [error] = result.commands.filter(({ name }) => name === 'error');
    const advice = error?.message.split('\n').slice(1).join('\n') ?? '';
    expectInOrder(advice, /key|devin_token/i, /organization|org_id/i, /address|api_url/i, /UseDevinSessions/);
    expect(error?.properties['title']).not.toMatch(/UseDevinSessions/);
    expect(api.lines()).toHaveLength(1);
  });

  test('has the same advice where the body says Forbidden, or is problem+json', async () => {
    for (const reply of [
      { status: 403, body: { detail: 'Forbidden' } },
      { status: 403, body: { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'Unauthorized' } },
    ]) {
      const api = await fieldHere();
      api.before({}, reply);
      const result = await create(api);
      const [error] = result.commands.filter(({ name }) => name === 'error');
      const advice = error?.message.split('\n').slice(1).join('\n') ?? '';
      expectInOrder(advice, /key|devin_token/i, /organization|org_id/i, /address|api_url/i, /UseDevinSessions/);
    }
  });
});

describe.concurrent('the address', () => {
  test('of a dedicated deployment without /api sends HTML, and the error says what is missing', async () => {
    const host = 'acme.devinenterprise.com';
    const identity = selfSigned(host);
    const api = await fieldHere({ identity });
    api.before(
      {},
      { status: 200, headers: { 'content-type': 'text/html' }, raw: '<!doctype html><title>Devin</title>' },
    );
    const proxy = await tunnelProxy(Number(new URL(api.url).port));
    const result = await step(
      { url: `https://${host}`, clock: api.clock },
      { operation: 'list-sessions' },
      { env: { ...trust(identity), HTTPS_PROXY: proxy.url } },
    );
    expect(result.exitCode, story(result)).toBe(1);
    expect(errors(result)).toContain(`https://${host}/api`);
  });

  test('with /api is used as it is', async () => {
    const host = 'acme.devinenterprise.com';
    const identity = selfSigned(host);
    const api = await fieldHere({ identity });
    api.before({}, ({ path }) =>
      path === `/api/v3/organizations/${ORG}/sessions`
        ? { status: 200, body: { items: [], end_cursor: null, has_next_page: false, total: null } }
        : { status: 404, body: { detail: 'Not found' } },
    );
    const proxy = await tunnelProxy(Number(new URL(api.url).port));
    const result = await step(
      { url: `https://${host}/api`, clock: api.clock },
      { operation: 'list-sessions' },
      { env: { ...trust(identity), HTTPS_PROXY: proxy.url } },
    );
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs['count']).toBe('0');
  });
});

describe.concurrent('a key that cannot work is an error before the first request', () => {
  test.each([
    ['in double quotes', { devin_token: `"${ORG_KEY}"` }, 'credential_invalid', /quot/i],
    ['in single quotes', { devin_token: `'${ORG_KEY}'` }, 'credential_invalid', /quot/i],
    ['of an organization for v1', { devin_token: 'apk_abcdefghijklmnop' }, 'credential_invalid', /service user/i],
    ['that is empty', { devin_token: '' }, 'credential_missing', /secret/i],
  ])('%s', async (_name, inputs, code, message) => {
    const api = await fieldHere();
    const result = await create(api, inputs);
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs['error_code']).toBe(code);
    expect(errors(result)).toMatch(message);
    expect(api.requests).toEqual([]);
    expect(`${result.log.join('\n')}${errors(result)}${result.summary}`).not.toContain(ORG_KEY);
  });

  test('that is empty: the error names the ways in which a secret is empty', async () => {
    const api = await fieldHere();
    const text = errors(await create(api, { devin_token: '' }));
    for (const way of [/misspel|name/i, /Dependabot/, /environment/i, /fork/i]) expect(text).toMatch(way);
  });
});

describe.concurrent('a legacy personal key', () => {
  test('lists organizations over v2', async () => {
    const api = await fieldHere();
    const result = await step(api, { operation: 'list-organizations', devin_token: V2_KEY, org_id: '' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(json(result, 'organizations')).toHaveLength(2);
    expect(json(result, 'organizations')).toEqual(
      expect.arrayContaining([ORG, OTHER_ORG].map((id) => expect.objectContaining({ org_id: id }))),
    );
    expect(api.lines()).toEqual(['GET /v2/enterprise/organizations']);
    expect(result.stdout).not.toMatch(/service user/i);
  });

  test('that the API rejects gets the advice to create a service user', async () => {
    const api = await fieldHere();
    const result = await step(api, { operation: 'list-organizations', devin_token: `${V2_KEY}x`, org_id: '' });
    expect(result.exitCode, story(result)).toBe(1);
    expect(errors(result)).toMatch(/service user/i);
  });
});

const PROBE = (path: string) => path !== '/v3/self';

describe.concurrent('whoami', () => {
  test.each([
    ['HTTP 500', { status: 500, raw: '' }],
    ['HTTP 503', { status: 503, raw: '' }],
    ['HTTP 404', { status: 404, body: { detail: 'Not found' } }],
    ['an HTML page', { status: 200, headers: { 'content-type': 'text/html' }, raw: '<html></html>' }],
    ['no response', 'hang' as const],
    ['a broken connection', 'reset' as const],
  ])('gives the identity, and "unknown" for a probe that ends with %s', async (_name, outcome) => {
    const api = await (outcome === 'hang' ? field : fieldHere)();
    api.before({ when: ({ path }) => PROBE(path) }, outcome);
    const result = await step(api, { operation: 'whoami', devin_token: ENTERPRISE_KEY });
    expect(result.exitCode, story(result)).toBe(0);
    expect(json(result, 'identity')).toMatchObject({ name: 'ci-bot' });
    expect(result.summary).toMatch(/unknown/i);
  });

  test('ends with its result: no probe is repeated afterwards', async () => {
    const api = await fieldHere();
    api.before({ when: ({ path }) => PROBE(path) }, { status: 503, headers: { 'retry-after': '3600' }, raw: '' });
    const result = await step(api, { operation: 'whoami', devin_token: ENTERPRISE_KEY, timeout: '30m' });
    expect(result.exitCode, story(result)).toBe(0);
    const [first, last] = [api.requests[0]?.at ?? 0, api.requests.at(-1)?.at ?? 0];
    // An hour, if it obeyed; the retries of a request that matters would take half a minute.
    expect(last - first).toBeLessThan(600);
    const probes = new Set(api.requests.map(({ path }) => path));
    expect(api.requests.length).toBeLessThanOrEqual(probes.size * 2);
  });

  test('shows what a credential may do, without a word of "unknown"', async () => {
    const api = await fieldHere();
    const result = await step(api, { operation: 'whoami' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(json(result, 'identity')).toMatchObject({ name: 'ci-bot', org_id: ORG });
    expect(json(result, 'allowed_operations')).toContain('list-sessions');
  });
});

describe.concurrent('organizations of a credential that may not list them', () => {
  const REFUSALS: readonly (readonly [string, Reply])[] = [
    ['401', { status: 401, body: { detail: 'Unauthorized' } }],
    ['403', UNAUTHORIZED],
    ['404', { status: 404, body: { detail: 'Not found' } }],
  ];

  test.each(REFUSALS)('HTTP %s: list-organizations gives its own', async (_status, reply) => {
    const api = await fieldHere();
    api.before({ path: '/v3/enterprise/organizations' }, reply);
    const result = await step(api, { operation: 'list-organizations', org_id: '' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(json(result, 'organizations')).toMatchObject([{ org_id: ORG }]);
    expect(api.lines()).toEqual(['GET /v3/enterprise/organizations', 'GET /v3/self']);
  });

  test.each(REFUSALS)('HTTP %s: org_id "*" creates a session in its own', async (_status, reply) => {
    const api = await fieldHere();
    api.before({ path: '/v3/enterprise/organizations' }, reply);
    const result = await create(api, { org_id: '*' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.sessions).toMatchObject([{ orgId: ORG }]);
  });

  test('a key that is wrong altogether stays an error', async () => {
    const api = await fieldHere();
    const result = await step(api, { operation: 'list-organizations', org_id: '', devin_token: UNKNOWN_KEY });
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.outputs['error_code']).toBe('permission_denied');
  });
});
