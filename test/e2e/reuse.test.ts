import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StepOptions } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeEach(async () => {
  sandbox = await openSandbox({ speed: 30, habits: 'sleep_ms:0' });
  orgId = await sandbox.orgId();
});
afterEach(() => sandbox.close());

const SESSIONS = '/organizations/*/sessions';
const MESSAGES = '/organizations/*/sessions/*/messages';

/** A comment of a member on issue 128 of acme/api. */
const comment = (body: string) => ({
  name: 'issue_comment',
  payload: {
    action: 'created',
    repository: { full_name: 'acme/api', html_url: 'https://github.com/acme/api' },
    issue: {
      number: 128,
      title: 'The parser drops a comma',
      body: 'It should not.',
      html_url: 'https://github.com/acme/api/issues/128',
      user: { login: 'octocat', type: 'User' },
      author_association: 'MEMBER',
    },
    comment: {
      id: 1,
      body,
      html_url: 'https://github.com/acme/api/issues/128#issuecomment-1',
      user: { login: 'octocat', type: 'User' },
      author_association: 'MEMBER',
    },
    sender: { login: 'octocat', type: 'User' },
  },
});

/** The step of the workflow run that a comment started. */
const step = (runId: string, text: string, inputs: Record<string, string> = {}, more: Partial<StepOptions> = {}) =>
  runStep({
    ...more,
    event: comment(text),
    env: { GITHUB_RUN_ID: runId, ...more.env },
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      github_token: '',
      prompt: 'Do what the comment asks for.',
      trigger_phrase: '/devin',
      context: 'event',
      reuse: 'thread',
      poll_interval: '1s',
      ...inputs,
    },
  });

interface Listed {
  readonly session_id: string;
  readonly status: string;
  readonly tags: readonly string[];
  readonly source: string;
  readonly message: string;
}

const isList = (value: unknown): value is { items: Listed[] } =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);

async function listed(path: string): Promise<Listed[]> {
  const answer = await sandbox.api('GET', `/v3/organizations/${orgId}/${path}?first=200`);
  if (!isList(answer)) throw new Error('no list');
  return answer.items;
}

/** The sessions that the steps of a test made. */
const made = async () => (await listed('sessions')).filter(({ tags }) => !tags.includes('seed'));

/** What users said in a session, the prompt first. */
const said = async (id = '') =>
  (await listed(`sessions/${id}/messages`)).filter(({ source }) => source === 'user').map(({ message }) => message);

describe('comments on one thread', () => {
  test('talk to one session: the first one starts it, the next one is a message to it', async () => {
    const first = await step('1', '/devin fix the parser');
    expect(first.outputs).toMatchObject({ outcome: 'success', created: 'true', reused: 'false' });
    const second = await step('2', '/devin and its tests', { wait: 'finished' });
    expect(second.outputs).toMatchObject({
      outcome: 'success',
      created: 'false',
      reused: 'true',
      session_id: first.outputs['session_id'],
      session_outcome: 'finished',
    });
    expect(await made()).toHaveLength(1);
    const [prompt, message] = await said(first.outputs['session_id']);
    expect(prompt).toContain('fix the parser');
    expect(message).toContain('and its tests');
    expect(message).toMatch(/\n\nWhen you stop, .*\(request devin-action:[0-9a-f]{24}(?: after [0-9a-f]{8})?\)$/);
  });

  test('a wait ends with what Devin does after the message, however late the session shows it', async () => {
    await sandbox.control('clock', { speed: 5 });
    const first = await step('1', '/devin fix the parser', { tags: 'sandbox:lag=4,sandbox:finish-after=1' });
    await sandbox.control('clock', { advance_ms: 10_000 });
    const second = await step('2', '/devin and its tests', { wait: 'finished' });
    expect(second.outputs).toMatchObject({
      session_id: first.outputs['session_id'],
      session_outcome: 'finished',
      last_message: 'Done. I finished the work after your message.',
    });
    expect(second.stdout).not.toContain('I am reading the code');
  });

  test('/devin new starts another session, to which the next comment goes', async () => {
    const first = await step('1', '/devin fix the parser');
    await sandbox.control('clock', { advance_ms: 10_000 });
    const fresh = await step('2', '/devin new fix the lexer');
    expect(fresh.outputs).toMatchObject({ created: 'true', reused: 'false' });
    await sandbox.control('clock', { advance_ms: 10_000 });
    const third = await step('3', '/devin and its tests');
    expect(third.outputs).toMatchObject({ reused: 'true', session_id: fresh.outputs['session_id'] });
    expect(await said(first.outputs['session_id'])).toHaveLength(1);
  });

  test.each([
    ['has ended', { tags: 'sandbox:exit' }, undefined],
    ['stopped: out of credits', { tags: 'sandbox:out-of-credits' }, undefined],
    ['rejected the message (HTTP 409)', {}, { method: 'POST', path: MESSAGES, status: 409 }],
  ])('a session that %s is followed by a new one, which knows of it', async (why, inputs, fault) => {
    const first = await step('1', '/devin fix the parser', inputs);
    await sandbox.control('clock', { advance_ms: 600_000 });
    if (fault !== undefined) await sandbox.control('faults', [fault]);
    const second = await step('2', '/devin and its tests', inputs);
    expect(second.outputs).toMatchObject({ outcome: 'success', created: 'true', reused: 'false' });
    const [prompt] = await said(second.outputs['session_id']);
    const url = first.outputs['session_url'];
    expect(prompt?.split('\n')[0]).toBe(`This task follows the Devin session ${url}, which ${why}.`);
  });

  test('a session that is older than max_session_age is followed by a new one, which knows of it', async () => {
    const first = await step('1', '/devin fix the parser');
    await sandbox.control('clock', { advance_ms: 600_000, speed: 1 });
    const second = await step('2', '/devin and its tests', { max_session_age: '5m' });
    expect(second.outputs).toMatchObject({ outcome: 'success', created: 'true', reused: 'false' });
    const [prompt] = await said(second.outputs['session_id']);
    const url = first.outputs['session_url'];
    expect(prompt?.split('\n')[0]).toBe(`This task follows the Devin session ${url}, which is older than 5 min.`);
  });

  test('a message whose answer is lost, and a re-run, do not send it twice', async () => {
    const first = await step('1', '/devin fix the parser');
    await sandbox.control('faults', [{ method: 'POST', path: MESSAGES, reset: true, after_commit: true }]);
    const second = await step('2', '/devin and its tests');
    expect(second.outputs).toMatchObject({ outcome: 'success', reused: 'true' });
    const again = await step('2', '/devin and its tests', {}, { env: { GITHUB_RUN_ATTEMPT: '2' } });
    expect(again.outputs).toMatchObject({
      outcome: 'success',
      reused: 'true',
      session_id: first.outputs['session_id'],
    });
    expect(await said(first.outputs['session_id'])).toHaveLength(2);
  });

  test.skipIf(process.platform === 'win32')('a cancelled step leaves a session alone that it only reused', async () => {
    const first = await step('1', '/devin fix the parser', { tags: 'sandbox:slow' });
    let signalled = false;
    const second = await step(
      '2',
      '/devin and its tests',
      { wait: 'finished', on_cancel: 'terminate', on_timeout: 'terminate' },
      {
        onOutput: (output, kill) => {
          if (signalled || !/running · working/.test(output)) return;
          signalled = true;
          kill('SIGINT');
        },
      },
    );
    expect(second.outputs).toMatchObject({ error_code: 'cancelled', reused: 'true' });
    expect(await made()).toMatchObject([{ session_id: first.outputs['session_id'], status: 'running' }]);
  });
});

test('a key goes across repositories, and needs no event', async () => {
  const keyed = { reuse: 'key', reuse_key: 'nightly', context: 'none', trigger_phrase: '' };
  const first = await step('1', '', keyed);
  const second = await step('2', '', keyed, { env: { GITHUB_REPOSITORY: 'acme/web' } });
  expect(second.outputs).toMatchObject({ reused: 'true', session_id: first.outputs['session_id'] });
});

test('max_sessions_per_hour skips the step that would be one too many, with the reason', async () => {
  const limited = { max_sessions_per_hour: '1' };
  const first = await step('1', '/devin fix the parser', limited);
  expect(first.outputs).toMatchObject({ outcome: 'success', created: 'true' });
  const second = await step('2', '/devin new fix the lexer', limited);
  expect(second.exitCode).toBe(0);
  expect(second.outputs['outcome']).toBe('skipped');
  expect(second.outputs['skipped_reason']).toMatch(
    /^max_sessions_per_hour is 1, and this workflow started 1 session within the last hour; the next is possible at /,
  );
  expect(await made()).toHaveLength(1);
  expect((await step('3', '/devin and its tests', limited)).outputs['reused']).toBe('true');
});

test('sessions that cannot be counted are not started', async () => {
  await sandbox.control('faults', [{ method: 'GET', path: SESSIONS, status: 403 }]);
  const result = await step('1', '/devin new fix it', { max_sessions_per_hour: '1' });
  expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'permission_denied' });
  expect(await made()).toEqual([]);
});
