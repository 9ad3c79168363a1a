import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { answerError, connectionError, problemText } from '../../src/devin/problem.ts';
import type { RequestFacts } from '../../src/devin/request-facts.ts';
import type { HttpResponse } from '../../src/http/body.ts';
import { type FailureKind, RequestFailure } from '../../src/http/failure.ts';
import { anyText } from '../runner/support.ts';

const FACTS: RequestFacts = {
  method: 'GET',
  path: '/v3/organizations/org-1/sessions',
  summary: 'List the sessions',
  permission: ['ViewOrgSessions'],
};
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const answer = (status: number, body: unknown = '', headers: HttpResponse['headers'] = {}): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const failed = (status: number, method = 'GET', body: unknown = '') =>
  answerError(answer(status, body), { ...FACTS, method });

describe('what an error body says', () => {
  it('problem+json: the detail, and field by field', () => {
    const body = {
      type: 'about:blank',
      title: 'Unprocessable Content',
      status: 422,
      detail: ' Two fields are wrong ',
      errors: [
        { loc: ['body', 'tags', 3], msg: 'too long', type: 'too_long' },
        { pointer: '#/prompt', detail: 'is missing' },
        { field: 'title', message: 'too short' },
        'just a text',
        { odd: 1 },
        null,
      ],
    };
    expect(problemText('application/problem+json', JSON.stringify(body))).toEqual({
      detail: 'Two fields are wrong',
      fields: ['body.tags.3: too long', '#/prompt: is missing', 'title: too short', 'just a text', '{"odd":1}'],
    });
  });

  it('the older forms: a text, a list of fields, or an object as detail', () => {
    expect(problemText('application/json', '{"detail":"Not found"}')).toEqual({ detail: 'Not found', fields: [] });
    const list = { detail: [{ loc: ['query', 'first'], msg: 'must be at most 200', type: 'x' }] };
    expect(problemText('', JSON.stringify(list))).toEqual({
      detail: undefined,
      fields: ['query.first: must be at most 200'],
    });
    expect(problemText('', '{"detail":{"message":"m"}}').detail).toBe('m');
    expect(problemText('', '{"detail":{"a":1}}').detail).toBe('{"a":1}');
    expect(problemText('', '{"message":"m"}').detail).toBe('m');
    expect(problemText('', '{"error":"e","title":"t"}').detail).toBe('e');
    expect(problemText('', '{"title":"t"}').detail).toBe('t');
  });

  it('an HTML page is named by its title, and taken for a proxy in between', () => {
    const page = '<!DOCTYPE html><html><head><title lang="en"> 502 Bad Gateway </title></head><body>x</body></html>';
    const said = 'the response is an HTML page ("502 Bad Gateway") instead of JSON, perhaps from a proxy';
    expect(problemText('text/html; charset=utf-8', page)).toEqual({ detail: said, fields: [] });
    expect(problemText('', page).detail).toBe(said);
    expect(problemText('text/html', '<html></html>').detail).toContain('("no title")');
  });

  it('plain text is taken as it is, in one line, and nothing as nothing', () => {
    expect(problemText('text/plain', ' upstream\n  timed out ')).toEqual({ detail: 'upstream timed out', fields: [] });
    expect(problemText('', '')).toEqual({ detail: undefined, fields: [] });
    expect(problemText('application/json', '[]')).toEqual({ detail: undefined, fields: [] });
    expect(problemText('', '{"detail":""}').detail).toBeUndefined();
  });

  it('any body gives a short text, and none an exception', () => {
    const body = fc.oneof(
      anyText(),
      fc.json(),
      fc.json().map((json) => `{"detail":${json}}`),
    );
    fc.assert(
      fc.property(fc.constantFrom('', 'text/html', 'application/json'), body, (type, text) => {
        expect((problemText(type, text).detail ?? '').length).toBeLessThanOrEqual(600);
      }),
    );
    expect(problemText('', 'x'.repeat(5_000)).detail?.length).toBe(500);
  });

  it('a page that was made to be slow to read is read quickly', () => {
    const startedAt = performance.now();
    problemText('text/html', '<title'.repeat(200_000));
    problemText('text/html', `<title>${' '.repeat(500_000)}`);
    problemText('text/plain', ' '.repeat(500_000));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

describe('an answer that is an error', () => {
  it.each([
    [301, 'api_contract'],
    [302, 'api_contract'],
    [400, 'api_rejected'],
    [401, 'credential_invalid'],
    [403, 'permission_denied'],
    [404, 'not_found'],
    [408, 'api_unavailable'],
    [409, 'conflict'],
    [410, 'not_found'],
    [413, 'api_rejected'],
    [422, 'api_rejected'],
    [429, 'rate_limited'],
    [500, 'api_unavailable'],
    [501, 'api_unavailable'],
    [503, 'api_unavailable'],
  ])('%d is %s, and says what was asked for', (status, code) => {
    const error = failed(status, 'GET', { detail: 'because' });
    expect(error).toMatchObject({ code, status, ambiguous: false });
    expect(error.message).toBe(`List the sessions: HTTP ${status} for GET /v3/organizations/org-1/sessions: because`);
  });

  it('a 403 names the permission, and the level that it is needed at', () => {
    const org = failed(403);
    expect(org.title).toBe('Permission ViewOrgSessions is missing');
    expect(org.fix).toBe('Add ViewOrgSessions to the role of the credential: Settings → Service users → Role.');
    const enterprise = answerError(answer(403), {
      ...FACTS,
      path: '/v3/enterprise/audit-logs',
      permission: ['ManageEnterpriseSettings', 'ViewAccountAuditLogs'],
    });
    expect(enterprise.title).toContain('ManageEnterpriseSettings or ViewAccountAuditLogs');
    expect(enterprise.fix).toContain('ManageEnterpriseSettings or ViewAccountAuditLogs at enterprise level');
    const unknown = answerError(answer(403), { ...FACTS, permission: [] });
    expect(unknown.title).toBe('A permission is missing');
  });

  describe('that is a 403 without a reason', () => {
    const bare = (body: unknown, facts: Partial<RequestFacts> = {}, headers = {}) =>
      answerError(answer(403, body, headers), { ...FACTS, apiUrl: 'https://api.devin.ai', ...facts });

    it.each([
      { detail: 'Unauthorized' },
      { detail: 'Forbidden.' },
      { title: 'Forbidden', status: 403, type: 'about:blank' },
      { title: 'Forbidden', detail: 'Unauthorized', status: 403 },
      'Forbidden',
      '',
    ])('%j advises to check key, organization, address and permission, in this order', (body) => {
      const error = bare(body);
      expect(error.code).toBe('permission_denied');
      expect(error.title).toBe('Devin API rejected the credential for this request');
      expect(error.fix).toMatch(
        /\(1\) The key: .*\(2\) The organization: `org_id` .*\(3\) The address: `api_url` .*devinenterprise\.com\/api`.*\(4\) The permission: .*ViewOrgSessions/,
      );
      expect(error.fix).not.toContain('apk_user_');
    });

    it('one that names its reason keeps the advice on the permission', () => {
      expect(bare({ detail: 'Missing permission: ViewOrgSessions' }).fix).toMatch(
        /^Add .+ to the role of the credential/,
      );
    });

    it('names the level of the permission, and an address that lacks /api', () => {
      const path = '/v3/enterprise/organizations';
      const { fix } = bare({ detail: 'Forbidden' }, { path, apiUrl: 'https://acme.devinenterprise.com' });
      expect(fix).toContain('Set `api_url` to `https://acme.devinenterprise.com/api`');
      expect(fix).toContain('ViewOrgSessions at enterprise level');
      expect(bare('', { apiUrl: 'https://acme.devinenterprise.com/api' }).fix).not.toContain('Set `api_url`');
    });

    it('from the sandbox says that it accepts no real key', () => {
      const { fix } = bare({ detail: 'Unauthorized' }, { apiUrl: 'http://127.0.0.1:8787' });
      expect(fix).toContain('If this is the sandbox, leave `devin_token` empty: it accepts no real key');
      expect(bare('').fix).not.toContain('sandbox');
    });

    it('from a server that got no credential says nothing of keys', () => {
      expect(bare('Forbidden', { apiUrl: undefined, permission: [] }).fix).not.toContain('key');
    });
  });

  it.each([401, 403])('a legacy key that the API rejects with %d is told to migrate', (status) => {
    const facts = { ...FACTS, version: 'v2', permission: [], apiUrl: 'https://api.devin.ai' } as const;
    expect(answerError(answer(status, { detail: 'Unauthorized' }), facts).fix).toContain('create a service user');
    expect(answerError(answer(404), facts).fix).not.toContain('service user (');
  });

  it('a 422 lists its fields', () => {
    const body = { detail: 'Invalid', errors: [{ loc: ['body', 'tags'], msg: 'too many' }] };
    expect(failed(422, 'POST', body).list).toEqual(['body.tags: too many']);
  });

  it('a 429 says how long the API asks to wait', () => {
    expect(answerError(answer(429, '', { 'retry-after': '120' }), FACTS).fix).toContain('Retry-After: 120');
    expect(failed(429).fix).toContain('max_retries');
  });

  it('only a change that the API did not clearly refuse may have been carried out', () => {
    for (const method of METHODS) {
      for (const status of [400, 401, 403, 404, 409, 422, 429, 501]) {
        expect(failed(status, method).ambiguous, `${method} ${status}`).toBe(false);
      }
      for (const status of [408, 425, 500, 502, 503, 504]) {
        expect(failed(status, method).ambiguous, `${method} ${status}`).toBe(method !== 'GET');
      }
    }
  });

  it('a change that may have been carried out says so, and whether it was repeated', () => {
    expect(failed(500, 'POST').message).toMatch(/may have been carried out anyway, so it was not repeated/);
    expect(failed(500, 'DELETE').message).toMatch(/may have been carried out anyway\. Check before you repeat it/);
    expect(failed(500, 'GET').message).not.toMatch(/carried out/);
    expect(failed(422, 'POST').message).not.toMatch(/carried out/);
  });
});

describe('a request without a response', () => {
  const lost = (error: unknown, method = 'GET') => connectionError(error, { ...FACTS, method });
  const failed = (kind: FailureKind, left: boolean, cause: unknown = new Error('x')) =>
    new RequestFailure(kind, 'the connection failed (x)', { left, cause });

  it('a connection that failed is api_unavailable, and keeps its cause', () => {
    const cause = new Error('x');
    expect(lost(failed('connection', true, cause))).toMatchObject({ code: 'api_unavailable', cause, ambiguous: false });
    expect(lost(failed('connection', true)).message).toBe(
      'List the sessions: GET /v3/organizations/org-1/sessions: the connection failed (x).',
    );
    expect(lost('odd').message).toContain('odd');
  });

  it('a change may have been executed, unless its request surely never left this machine', () => {
    for (const method of METHODS) {
      for (const kind of ['connection', 'timeout', 'too_large', 'aborted'] as const) {
        expect(lost(failed(kind, true), method).ambiguous, `${method} ${kind}`).toBe(method !== 'GET');
        expect(lost(failed(kind, false), method).ambiguous, `${method} ${kind}`).toBe(false);
      }
    }
    expect(lost(failed('too_large', true)).code).toBe('api_contract');
  });

  it('a closed gate and a canceled GET are passed on as they are', () => {
    const gate = new ActionError('gate_closed', 'dry run');
    const stop = new ActionError('cancelled', 'The runner asked.');
    expect(lost(gate, 'POST')).toBe(gate);
    expect(lost(failed('aborted', true, stop), 'GET')).toBe(stop);
    expect(lost(failed('aborted', false, stop), 'POST')).toBe(stop);
  });

  it('a change that was cut short says that it may have been executed', () => {
    const stop = new ActionError('timeout', 'Too long.', { fix: 'F' });
    const error = lost(failed('aborted', true, stop), 'POST');
    expect(error).toMatchObject({ code: 'timeout', fix: 'F', ambiguous: true });
    expect(error.message).toMatch(
      /^Too long\. List the sessions: POST \S+ had no response yet\. The request may have been/,
    );
  });
});
