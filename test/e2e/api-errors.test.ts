import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeEach(async () => {
  sandbox = await openSandbox(30);
  orgId = await sandbox.orgId();
});
afterEach(() => sandbox.close());

const step = (inputs: Record<string, string>) =>
  runStep({
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      prompt: 'Fix it.',
      poll_interval: '1s',
      ...inputs,
    },
  });

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error');
const posts = async () => (await sandbox.requests()).filter(({ method }) => method === 'POST').length;
const sessions = async () => {
  const listed = await runStep({
    with: { operation: 'list-sessions', api_url: sandbox.url, devin_token: 'cog_sandbox_org', since: '1h' },
  });
  return Number(listed.outputs['count']);
};

describe('an answer that is no success', () => {
  test.each([
    [{ devin_token: 'cog_unknown_key' }, 'permission_denied', 'Devin'],
    [{ devin_token: 'cog_sandbox_viewer' }, 'permission_denied', 'UseDevinSessions'],
    [{ operation: 'get-session', session_id: 'devin-nothing', prompt: '' }, 'not_found', 'HTTP 404'],
    [{ platform: 'amiga' }, 'api_rejected', 'linux'],
    [{ org_id: '', devin_token: 'cog_sandbox_enterprise' }, 'input_invalid', 'org_id'],
  ])('%j gives %s and says what to do', async (inputs, code, words) => {
    const result = await step(inputs);
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: code });
    const error = errorOf(result);
    expect(`${error?.properties['title']} ${error?.message}`).toContain(words);
    expect(result.summary).toContain(code);
  });

  test('a refusal names the missing permission in its title', async () => {
    const result = await step({ devin_token: 'cog_sandbox_viewer' });
    expect(errorOf(result)?.properties['title']).toBe('Permission UseDevinSessions is missing');
  });

  test('a field that the API rejects is named', async () => {
    const body = JSON.stringify({ detail: [{ loc: ['body', 'title'], msg: 'too long', type: 'value_error' }] });
    await sandbox.control('faults', [
      { method: 'POST', path: '/organizations/*/sessions', status: 422, body, content_type: 'application/json' },
    ]);
    const result = await step({ title: 'x' });
    expect(result.outputs['error_code']).toBe('api_rejected');
    expect(errorOf(result)?.message).toContain('- body.title: too long');
  });

  test("a proxy's HTML page is called what it is", async () => {
    const body = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>';
    await sandbox.control('faults', [
      { method: 'POST', path: '/organizations/*/sessions', status: 502, body, content_type: 'text/html' },
    ]);
    const result = await step({ idempotency: 'none' });
    expect(result.outputs['error_code']).toBe('api_unavailable');
    expect(errorOf(result)?.message).toContain('502 Bad Gateway');
  });

  test.each(['garbage', 'missing field'])(
    'an answer that breaks the contract (%s) says what was missing',
    async (kind) => {
      const fault =
        kind === 'garbage'
          ? { garbage: true }
          : { status: 200, body: '{"url":"https://app.devin.ai/sessions/1"}', content_type: 'application/json' };
      await sandbox.control('faults', [{ method: 'POST', path: '/organizations/*/sessions', ...fault }]);
      const result = await step({ idempotency: 'none' });
      expect(result.outputs['error_code']).toBe('api_contract');
      expect(errorOf(result)?.message).toMatch(kind === 'garbage' ? /is not JSON/ : /- session_id: .*string/);
      expect(result.stderr).toBe('');
    },
  );
});

describe('a session is never created twice with idempotency: none', () => {
  test.each([
    ['a lost answer', { reset: true, after_commit: true }, 'api_unavailable'],
    ['a cut answer', { truncate: true, after_commit: true }, 'api_unavailable'],
    ['an error after the work was done', { status: 500, after_commit: true }, 'api_unavailable'],
    ['no answer in time', { hang: true, after_commit: true }, 'api_unavailable'],
  ])('after %s the request is not repeated, and the error says to look first', async (_name, fault, code) => {
    await sandbox.control('faults', [{ method: 'POST', path: '/organizations/*/sessions', times: 9, ...fault }]);
    const result = await step({ idempotency: 'none', request_timeout: '1s' });
    expect(result.exitCode).toBe(1);
    expect(result.outputs['error_code']).toBe(code);
    expect(errorOf(result)?.message).toContain('may have been carried out');
    expect(await posts()).toBe(1);
    expect(await sessions()).toBe(1);
  });

  test('a request that was told to wait (429) is sent again, once the API allows it', async () => {
    await sandbox.control('faults', [
      { method: 'POST', path: '/organizations/*/sessions', status: 429, retry_after: 1 },
    ]);
    const result = await step({});
    expect(result.outputs['outcome']).toBe('success');
    expect(result.log.join('\n')).toMatch(
      /HTTP 429: the request to start a session is sent again if it started none, retry 1 of 5 in \d\.\d s/,
    );
    expect(await sessions()).toBe(1);
    expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ requests: { count: expect.any(Number) } });
  });

  test('a 429 that never ends is rate_limited, without waiting past the timeout', async () => {
    await sandbox.control('faults', [
      { method: 'POST', path: '/organizations/*/sessions', times: 50, status: 429, retry_after: 3600 },
    ]);
    const result = await step({ timeout: '1m' });
    expect(result.outputs['error_code']).toBe('rate_limited');
    expect(errorOf(result)?.message).toContain('Retry-After: 3600');
    expect(result.ms).toBeLessThan(30_000);
  });
});

describe('a wait goes on through', () => {
  test.each([
    ['server errors', { status: 503, times: 2 }],
    ['lost connections', { reset: true, times: 2 }],
    ['cut answers', { truncate: true, times: 2 }],
    ['rate limits', { status: 429, retry_after: 1, times: 1 }],
    ['a try that hangs', { hang: true, times: 1 }],
  ])('%s', async (_name, fault) => {
    await sandbox.control('faults', [{ method: 'GET', path: '/organizations/*/sessions/*', ...fault }]);
    const result = await step({ wait: 'finished', request_timeout: '1s' });
    expect(result.outputs).toMatchObject({ outcome: 'success', session_outcome: 'finished' });
    expect(result.log.join('\n')).toMatch(/polling failed \(.*\) and continues: [\s\S]* {2}polling works again/);
  });

  test('and when it must give up, the outputs still name the session', async () => {
    await sandbox.control('faults', [{ method: 'GET', path: '/organizations/*/sessions/*', status: 403, times: 9 }]);
    const result = await step({ wait: 'finished', timeout: '6s' });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out', created: 'true' });
    expect(result.outputs['session_url']).toMatch(/^https:/);
  });
});

test('an API that cannot be reached is api_unavailable, and nothing can have happened', async () => {
  const result = await step({ api_url: 'http://127.0.0.1:9', max_retries: '1' });
  expect(result.outputs['error_code']).toBe('api_unavailable');
  expect(errorOf(result)?.message).not.toContain('may have been carried out');
});
