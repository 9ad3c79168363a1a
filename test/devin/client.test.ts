import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { ActionError, asActionError } from '../../src/contract/errors.ts';
import { type ClientFacts, Devin } from '../../src/devin/client.ts';
import { type ApiVersion, endpoint, lazy } from '../../src/devin/endpoint.ts';
import { listAuditLogs } from '../../src/devin/endpoints/audit-logs.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { listOrganizations } from '../../src/devin/endpoints/organizations.ts';
import { getSelf } from '../../src/devin/endpoints/self.ts';
import {
  createSession,
  getSession,
  listSessionAttachments,
  listSessions,
  terminateSession,
} from '../../src/devin/endpoints/sessions.ts';
import type { TransportOptions } from '../../src/devin/transport.ts';
import { type Handle, hang, inTurn, open, reset, START, serve } from './support.ts';

const SELF = { principal_type: 'service_user', org_id: 'org-1' };
const SESSION = {
  session_id: 'devin-1',
  url: 'https://app.devin.ai/sessions/1',
  status: 'running',
  tags: [],
  org_id: 'org-1',
  created_at: 1,
  updated_at: 2,
  acus_consumed: 0.5,
  pull_requests: [],
};

async function devin(
  handle: Handle,
  {
    version = 'v3',
    prefix = '',
    apiUrl = 'https://api.devin.ai',
    warn = () => undefined,
    ...options
  }: Partial<TransportOptions> & ClientFacts & { version?: ApiVersion; prefix?: string } = {},
) {
  const server = await serve(handle);
  const { transport, clock } = await open(server.origin, options);
  return { client: new Devin(transport, prefix, version, { apiUrl, warn }), seen: server.seen, clock };
}

const failure = async (promise: Promise<unknown>): Promise<ActionError> => {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ActionError);
  return asActionError(thrown);
};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const rows: T[] = [];
  for await (const row of items) rows.push(row);
  return rows;
}

describe('a call', () => {
  it('sends path, query and body as the endpoint says, and gives the checked answer', async () => {
    const { client, seen } = await devin(() => ({ body: { ...SESSION, new_field: 1 } }));
    const session = await client.call(createSession, {
      params: { org_id: 'org-1' },
      body: { prompt: 'Grüße', tags: ['a'] },
      extraBody: { brand_new: true, prompt: 'never this' },
    });
    expect(session.session_id).toBe('devin-1');
    expect(session['new_field']).toBe(1);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v3/organizations/org-1/sessions' });
    expect(seen[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ brand_new: true, prompt: 'Grüße', tags: ['a'] });
  });

  it('a GET has no body and no content type', async () => {
    const { client, seen } = await devin(() => ({ body: SELF }));
    await client.call(getSelf, { params: {} });
    expect(seen[0]?.body).toBe('');
    expect(seen[0]?.headers['content-type']).toBeUndefined();
  });

  it('path parameters cannot leave their segment', async () => {
    const { client, seen } = await devin(() => ({ body: SESSION }));
    const id = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.constantFrom('a/b', '../x', 'a?b=c', 'a#b', '%2F', 'a b'),
    );
    await fc.assert(
      fc.asyncProperty(id, async (given) => {
        seen.length = 0;
        await client.call(getSession, { params: { org_id: 'org-1', devin_id: given } });
        const segments = seen[0]?.url.split('/') ?? [];
        expect(segments.slice(0, 5)).toEqual(['', 'v3', 'organizations', 'org-1', 'sessions']);
        expect(segments.length).toBe(6);
        expect(decodeURIComponent(segments[5] ?? '')).toBe(given.startsWith('devin-') ? given : `devin-${given}`);
      }),
      { numRuns: 40 },
    );
  });

  it('a list in the query is repeated, and what is absent is left out', async () => {
    const { client, seen } = await devin(() => ({ body: { items: [] } }));
    const query = { first: 50, tags: ['a b', 'c&d'], is_archived: false, playbook_id: null, repo_names: undefined };
    await client.call(listSessions, { params: { org_id: 'org-1' }, query });
    expect(seen[0]?.url).toBe('/v3/organizations/org-1/sessions?first=50&tags=a+b&tags=c%26d&is_archived=false');
    await client.call(listSessions, { params: { org_id: 'org-1' } });
    expect(seen[1]?.url).toBe('/v3/organizations/org-1/sessions');
  });

  it('v3beta1 and the path of api_url go before the path', async () => {
    const { client, seen } = await devin(() => ({ body: SELF }), { version: 'v3beta1', prefix: '/devin/api' });
    await client.call(getSelf, { params: {} });
    expect(seen[0]?.url).toBe('/devin/api/v3beta1/self');
  });
});

describe('an answer that is not what the API promises', () => {
  const answered = async (body: unknown, headers: Record<string, string> = {}) => {
    const { client } = await devin(() => ({ body, headers }));
    return failure(client.call(getSession, { params: { org_id: 'o', devin_id: 'd' } }));
  };

  it('names the field that it cannot do without, in words', async () => {
    const error = await answered({ ...SESSION, session_id: undefined, tags: 'x', pull_requests: [{ pr_url: 5 }] });
    expect(error.code).toBe('api_contract');
    expect(error.message).toBe(
      "Show one session: the response to GET /v3/organizations/o/sessions/devin-d breaks the API's contract.",
    );
    expect(error.list).toEqual(['session_id: Invalid input: expected string, received undefined']);
  });

  it('a web page from a host whose API is below /api says that /api is missing', async () => {
    const page = { body: '<!DOCTYPE html><title>Devin</title>', headers: { 'content-type': 'text/html' } };
    for (const status of [200, 404]) {
      const read = async (apiUrl: string) => {
        const { client } = await devin(() => ({ status, ...page }), { apiUrl, maxRetries: 0 });
        return failure(client.call(getSelf, { params: {} }));
      };
      const error = await read('https://acme.devinenterprise.com');
      expect(error.code).toBe(status === 200 ? 'api_contract' : 'not_found');
      expect(error.title).toBe('The API address is missing /api');
      expect(error.fix).toContain('Set `api_url` to `https://acme.devinenterprise.com/api`');
      for (const other of [
        'https://acme.devinenterprise.com/api',
        'https://api.devin.ai',
        'https://xdevinenterprise.com',
      ]) {
        expect((await read(other)).fix).not.toContain('/api`');
      }
    }
  });

  it('an answer of another shape altogether is named as the answer', async () => {
    expect((await answered('[]')).list).toEqual(['answer: Invalid input: expected object, received array']);
  });

  it('an answer that is no JSON says what came', async () => {
    const error = await answered('<html>login</html>', { 'content-type': 'text/html' });
    expect(error.code).toBe('api_contract');
    expect(error.message).toContain('is not JSON (text/html, 18 bytes)');
    expect((await answered('')).message).toContain('0 bytes');
  });

  it('a status that this release does not know is accepted', async () => {
    const { client } = await devin(() => ({ body: { ...SESSION, status: 'hibernating', status_detail: 'deep' } }));
    const session = await client.call(getSession, { params: { org_id: 'o', devin_id: 'd' } });
    expect(session).toMatchObject({ status: 'hibernating', status_detail: 'deep' });
  });

  it('after a change it is ambiguous, after a GET it is not', async () => {
    const { client } = await devin(() => ({ body: 'oops' }));
    const params = { org_id: 'o', devin_id: 'd' };
    expect((await failure(client.call(terminateSession, { params }))).ambiguous).toBe(true);
    expect((await failure(client.call(createSession, { params, body: { prompt: 'x' } }))).ambiguous).toBe(true);
    expect((await failure(client.call(getSession, { params }))).ambiguous).toBe(false);
  });
});

describe('a call that fails', () => {
  it('a redirect is an error, and its target hears nothing', async () => {
    const other = await serve(() => ({ body: SELF }));
    const { client } = await devin(() => ({ status: 302, headers: { location: other.origin } }));
    const error = await failure(client.call(getSelf, { params: {} }));
    expect(error).toMatchObject({ code: 'api_contract', status: 302 });
    expect(other.seen).toEqual([]);
  });

  it('a POST that was cut off is not repeated, and says that it may have been carried out', async () => {
    const { client, seen } = await devin(reset);
    const error = await failure(client.call(createSession, { params: { org_id: 'o' }, body: { prompt: 'x' } }));
    expect(error).toMatchObject({ code: 'api_unavailable', ambiguous: true });
    expect(seen.length).toBe(1);
  });

  it('a server that is not there is api_unavailable, and no change was made', async () => {
    const server = await serve(() => ({}));
    const { transport } = await open(server.origin.replace(/\d+$/, '9'), { maxRetries: 1 });
    const client = new Devin(transport, '', 'v3');
    const error = await failure(client.call(createSession, { params: { org_id: 'o' }, body: { prompt: 'x' } }));
    expect(error).toMatchObject({ code: 'api_unavailable', ambiguous: false });
  });

  it('a try that takes too long says so', async () => {
    const { client } = await devin(hang, { requestTimeoutMs: 40, maxRetries: 0 });
    const error = await failure(client.call(getSelf, { params: {} }));
    expect(error.code).toBe('api_unavailable');
    expect(error.message).toContain('no complete response within 0.04 s');
  });

  it('a dry run ends with a closed gate, and no request', async () => {
    const { client, seen } = await devin(() => ({}), { dryRun: true });
    const error = await failure(client.call(createSession, { params: { org_id: 'o' }, body: { prompt: 'x' } }));
    expect(error).toMatchObject({ code: 'gate_closed', fix: 'Set `dry_run: false` to send it.' });
    expect(seen).toEqual([]);
  });

  it('a refusal carries what the API said', async () => {
    const { client } = await devin(() => ({ status: 403, body: { detail: 'no' } }));
    const error = await failure(client.call(listAuditLogs, { params: {} }));
    expect(error.code).toBe('permission_denied');
    expect(error.message).toBe(
      'List the audit events of the enterprise: HTTP 403 for GET /v3/enterprise/audit-logs: no',
    );
    expect(error.fix).toContain('at enterprise level');
  });
});

describe('the time of the API', () => {
  it.each([
    ['is that of its last response', 'Sat, 31 Jan 2026 09:00:00 GMT', 3_600_000],
    ['may be behind', 'Fri, 30 Jan 2026 08:00:00 GMT', -86_400_000],
    ['is that of this machine, if both differ by less than a header can say', 'Sat, 31 Jan 2026 08:00:02 GMT', 0],
    ['is that of this machine, if the response does not say', '', 0],
    ['is that of this machine, if the response says nothing useful', 'soon', 0],
  ])('%s', async (_name, date, ahead) => {
    const server = await serve(() => ({ headers: date === '' ? {} : { date }, body: {} }));
    const { transport } = await open(server.origin);
    expect(transport.now()).toBe(START);
    await transport.send({ method: 'GET', path: '/v3/self' });
    expect(transport.now()).toBe(START + ahead);
  });

  it('is not that of another server', async () => {
    const server = await serve(() => ({ headers: { date: 'Sat, 31 Jan 2026 09:00:00 GMT' }, body: {} }));
    const { transport } = await open('http://127.0.0.1:1');
    await transport.send({ method: 'GET', path: '/file', origin: server.origin });
    expect(transport.now()).toBe(START);
  });
});

describe('a list', () => {
  const organization = (id: number) => ({
    org_id: `org-${id}`,
    name: `O${id}`,
    created_at: 1,
    updated_at: 1,
    max_cycle_acu_limit: null,
    max_session_acu_limit: null,
  });
  const paged =
    (total: number, size: number): Handle =>
    ({ url }) => {
      const from = Number(new URL(url, 'http://x').searchParams.get('after') ?? 0);
      const items = Array.from({ length: Math.min(size, total - from) }, (_, index) => organization(from + index));
      const more = from + size < total;
      return { body: { items, has_next_page: more, end_cursor: more ? String(from + size) : null } };
    };

  it('is read to its end, whatever its length, each row once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(25), fc.integer({ min: 1, max: 10 }), async (total, size) => {
        const { client, seen } = await devin(paged(total, size));
        const rows = await all(client.items(listOrganizations, { params: {}, query: { first: 7 } }));
        expect(rows.map(({ org_id }) => org_id)).toEqual(Array.from({ length: total }, (_, id) => `org-${id}`));
        expect(seen.length).toBe(Math.max(1, Math.ceil(total / size)));
        for (const { url } of seen) expect(url).toContain('first=7');
      }),
      { numRuns: 20 },
    );
  });

  it('is read no further than somebody looks', async () => {
    const { client, seen } = await devin(paged(100, 10));
    for await (const row of client.items(listOrganizations, { params: {} })) if (row.org_id === 'org-12') break;
    expect(seen.length).toBe(2);
  });

  it.each([
    ['a cursor is repeated', inTurn({ body: { items: [], has_next_page: true, end_cursor: 'a' } }), 2],
    [
      'goes in a circle',
      inTurn(...['a', 'b', 'a', 'b'].map((next) => ({ body: { items: [], has_next_page: true, end_cursor: next } }))),
      3,
    ],
  ])('whose cursor %s is an error, never a loop', async (_name, handle, requests) => {
    const { client, seen } = await devin(handle);
    const error = await failure(all(client.items(listOrganizations, { params: {} })));
    expect(error.code).toBe('api_contract');
    expect(error.message).toContain('the list does not end');
    expect(seen.length).toBe(requests);
  });

  it.each([undefined, null])(
    'whose cursor is %s ends there with a warning, and is an error for a plan',
    async (end_cursor) => {
      const body = { items: [organization(1)], has_next_page: true, end_cursor };
      const warnings: string[] = [];
      const { client, seen } = await devin(() => ({ body }), { warn: (_title, message) => warnings.push(message) });
      expect((await all(client.items(listOrganizations, { params: {} }))).length).toBe(1);
      expect(warnings).toEqual([expect.stringContaining('a page announces a next page, but has no cursor')]);
      expect(seen.length).toBe(1);
      const error = await failure(all(client.items(listOrganizations, { params: {}, complete: true })));
      expect(error.code).toBe('api_contract');
    },
  );

  it('without has_next_page ends with a page that is not full', async () => {
    const { client, seen } = await devin(() => ({ body: { items: [organization(1)], end_cursor: 'a' } }));
    expect((await all(client.items(listOrganizations, { params: {} }))).length).toBe(1);
    expect(seen.length).toBe(1);
  });

  it('without has_next_page goes on behind a full page that has a cursor', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.integer({ min: 1, max: 6 }), async (total, first) => {
        const { client, seen } = await devin(({ url }) => {
          const from = Number(new URL(url, 'http://x').searchParams.get('after') ?? 0);
          const ids = Array.from({ length: Math.min(first, total - from) }, (_, index) => from + index);
          return { body: { items: ids.map(organization), end_cursor: String(from + ids.length), total: null } };
        });
        const rows = await all(client.items(listOrganizations, { params: {}, query: { first } }));
        expect(rows.map(({ org_id }) => org_id)).toEqual(Array.from({ length: total }, (_, id) => `org-${id}`));
        expect(seen.length).toBe(Math.floor(total / first) + 1);
      }),
      { numRuns: 20 },
    );
  });

  it('with has_next_page: false ends, even if there is a cursor', async () => {
    const items = [organization(1), organization(2)];
    const { client, seen } = await devin(() => ({ body: { items, has_next_page: false, end_cursor: 'a' } }));
    expect((await all(client.items(listOrganizations, { params: {}, query: { first: 2 } }))).length).toBe(2);
    expect(seen.length).toBe(1);
  });

  it('a row that cannot be read costs no other row, and one warning for the whole list', async () => {
    const bad = { ...organization(2), org_id: null };
    const pages = () =>
      inTurn(
        { body: { items: [bad, organization(0)], has_next_page: true, end_cursor: '1' } },
        { body: { items: [organization(1), bad, 'junk'] } },
      );
    const warnings: string[] = [];
    const { client } = await devin(pages(), { warn: (title, message) => warnings.push(`${title}: ${message}`) });
    const rows = await all(client.items(listOrganizations, { params: {} }));
    expect(rows.map(({ org_id }) => org_id)).toEqual(['org-0', 'org-1']);
    const said =
      'Part of a list was left out: List the organizations of the enterprise: 3 rows were not readable ' +
      '(GET /v3/enterprise/organizations). org_id: Invalid input: expected string, received null';
    expect(warnings).toEqual([said]);
    await all(client.items(listOrganizations, { params: {} }));
    expect(warnings).toEqual([said]);
  });

  it('a row that cannot be read is an error where a plan depends on the whole list', async () => {
    const { client } = await devin(() => ({ body: { items: [organization(1), {}] } }));
    const error = await failure(all(client.items(listOrganizations, { params: {}, complete: true })));
    expect(error).toMatchObject({ code: 'api_contract', message: expect.stringContaining('org_id') });
  });

  it('a full page counts the rows that cannot be read', async () => {
    const { client, seen } = await devin(
      inTurn({ body: { items: [organization(0), {}], end_cursor: '1' } }, { body: { items: [organization(1)] } }),
    );
    expect((await all(client.items(listOrganizations, { params: {}, query: { first: 2 } }))).length).toBe(2);
    expect(seen.length).toBe(2);
  });

  it('a list that is no page but the whole response has the same warning', async () => {
    const warnings: string[] = [];
    const { client } = await devin(() => ({ body: [{ name: 'a.txt', url: 'u', source: 'devin' }, null] }), {
      warn: (_title, message) => warnings.push(message),
    });
    const params = { org_id: 'o', devin_id: 'd' };
    expect(await client.call(listSessionAttachments, { params })).toMatchObject([
      { name: 'a.txt', attachment_id: null },
    ]);
    expect(warnings).toEqual([expect.stringContaining('1 row was not readable')]);
  });
});

describe('the catalogue', () => {
  it('has each operation once, under an id and a route of its own', () => {
    expect(new Set(catalogue.map(({ id }) => id)).size).toBe(catalogue.length);
    expect(new Set(catalogue.map(({ route }) => route)).size).toBe(catalogue.length);
    for (const { id, route, method, path, version, repeatable, summary } of catalogue) {
      expect(route).toBe(`${method} ${path}`);
      expect(/^\/(v3beta1|v3)\//.exec(path)?.[1] ?? 'v2').toBe(version);
      const isRepeatable = ['archiveSession', 'unarchiveSession'].includes(id);
      expect(repeatable).toBe(isRepeatable || ['GET', 'PUT', 'DELETE'].includes(method));
      expect(summary).not.toBe('');
    }
  });

  it('a schema is built once, and only when somebody asks', () => {
    let built = 0;
    const schema = lazy(() => {
      built += 1;
      return z.string();
    });
    const made = endpoint('getX', 'GET /v2/x/{name}', { summary: 'X', permission: [], answer: schema });
    expect(made).toMatchObject({
      version: 'v2',
      method: 'GET',
      path: '/v2/x/{name}',
      paging: 'none',
      repeatable: true,
    });
    expect(built).toBe(0);
    expect(made.answer()).toBe(made.answer());
    expect(built).toBe(1);
  });
});
