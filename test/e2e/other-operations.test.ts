import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';
import { waitFor } from './wait-for.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  // Output is checked where a session says that it has finished.
  sandbox = await openSandbox({ speed: 30, habits: 'turn_end:finished,sleep_ms:0' });
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

const step = (operation: string, inputs: Record<string, string> = {}) =>
  runStep({ with: { operation, api_url: sandbox.url, devin_token: 'cog_sandbox_org', org_id: orgId, ...inputs } });

async function create(tags: string): Promise<string> {
  const body = { prompt: 'Fix it.', tags: tags.split(', ') };
  return Object(await sandbox.api('POST', `/v3/organizations/${orgId}/sessions`, body)).session_id;
}

const stateOf = (id: string) => sandbox.api('GET', `/v3/organizations/${orgId}/sessions/${id}`);

describe('operations on sessions', { concurrent: true }, () => {
  test('get-session shows a session as it is, by any spelling of its id, and in snake_case too', async () => {
    const id = await create('sandbox:pr');
    const bare = id.replace(/^devin-/, '');
    for (const session_id of [id, bare, `https://app.devin.ai/sessions/${bare}?tab=diff`, ` ${id} `]) {
      const { outputs, exitCode } = await step('get_session', { session_id });
      expect(exitCode).toBe(0);
      expect(outputs).toMatchObject({ outcome: 'success', session_id: id });
    }
  });

  test('get-session is green for a session that has failed: it was asked to look, not to wait', async () => {
    const id = await create('sandbox:error');
    await step('wait-for-session', { session_id: id, poll_interval: '1s' });
    const { outputs } = await step('get-session', { session_id: id });
    expect(outputs).toMatchObject({ outcome: 'success', session_status: 'error', session_outcome: 'failed' });
  });

  test('wait-for-session waits for a session of another step, and checks its output', async () => {
    const id = await create('sandbox:slow, x');
    const started = await step('wait-for-session', { session_id: id, wait: 'started', poll_interval: '1s' });
    expect(started.outputs).toMatchObject({ outcome: 'success', session_outcome: 'running' });
    const other = await create('y');
    const schema = 'type: object\nrequired: [never]';
    const unfit = await step('wait-for-session', {
      session_id: other,
      structured_output_schema: schema,
      poll_interval: '1s',
    });
    expect(unfit.outputs).toMatchObject({ outcome: 'failure', error_code: 'structured_output_invalid' });
    const optional = await step('wait-for-session', {
      session_id: other,
      structured_output_schema: schema,
      structured_output_required: 'false',
      poll_interval: '1s',
    });
    expect(optional.outputs).toMatchObject({ outcome: 'success', session_outcome: 'finished' });
  });

  test('wait-for-session is red for a session that is blocked', async () => {
    const id = await create('sandbox:out-of-credits');
    const { outputs } = await step('wait-for-session', { session_id: id, poll_interval: '1s' });
    expect(outputs).toMatchObject({ outcome: 'failure', error_code: 'session_blocked', session_outcome: 'blocked' });
  });

  test.each([
    ['message', { message: 'Also mind the\nlexer.' }],
    ['prompt', { prompt: 'Also mind the\nlexer.' }],
  ])('send-message sends its %s as it is', async (_name, inputs) => {
    const id = await create('sandbox:slow');
    const { outputs, log } = await step('send-message', { session_id: id, ...inputs });
    expect(outputs).toMatchObject({ outcome: 'success', session_id: id });
    expect(log.join('\n')).not.toContain('lexer');
    const messages = await sandbox.api('GET', `/v3/organizations/${orgId}/sessions/${id}/messages`);
    expect(JSON.stringify(messages)).toContain('Also mind the\\nlexer.');
  });

  test('send-message to a session that has ended is a conflict', async () => {
    const id = await create('x');
    await step('terminate-session', { session_id: id });
    const { outputs, exitCode } = await step('send-message', { session_id: id, message: 'Hello?' });
    expect(exitCode).toBe(1);
    expect(outputs).toMatchObject({ outcome: 'failure', error_code: 'conflict' });
  });

  test('terminate-session ends a session, and archives it if asked', async () => {
    const [plain, archived] = [await create('a'), await create('b')];
    expect((await step('terminate-session', { session_id: plain })).outputs).toMatchObject({
      session_outcome: 'terminated',
    });
    await waitFor(async () => expect(await stateOf(plain)).toMatchObject({ status: 'exit', is_archived: false }));
    await step('terminate-session', { session_id: archived, archive: 'true' });
    await waitFor(async () => expect(await stateOf(archived)).toMatchObject({ status: 'exit', is_archived: true }));
  });

  test('archive-session puts a running session to sleep', async () => {
    const id = await create('sandbox:slow');
    await step('wait-for-session', { session_id: id, wait: 'started', poll_interval: '1s' });
    const { outputs, summary } = await step('archive-session', { session_id: id });
    expect(outputs).toMatchObject({ outcome: 'success', session_status: 'suspended' });
    expect(summary).toMatch(/^### ✅ Session archived · /);
    expect(await stateOf(id)).toMatchObject({ is_archived: true });
  });

  test('every change is refused in a dry run', async () => {
    const id = await create('sandbox:slow');
    for (const [operation, inputs] of [
      ['send-message', { message: 'x' }],
      ['terminate-session', {}],
      ['archive-session', {}],
    ] as const) {
      const { outputs } = await step(operation, { session_id: id, dry_run: 'true', ...inputs });
      expect(outputs).toMatchObject({ outcome: 'skipped' });
    }
    expect(await stateOf(id)).toMatchObject({ is_archived: false });
  });

  test('list-sessions filters by tag, reads page after page and says how many there are', async () => {
    const own = await openSandbox();
    try {
      const org = await own.orgId();
      await own.control('seed', { sessions: 1350 });
      const all = await step('list-sessions', { api_url: own.url, org_id: org, max_results: '1000' });
      expect(Number(all.outputs['count'])).toBeGreaterThan(200);
      const rows: readonly { session_id: string; tags: string[] }[] = JSON.parse(all.outputs['sessions'] ?? '');
      expect(new Set(rows.map((row) => row.session_id)).size).toBe(Number(all.outputs['count']));
      const few = await step('list-sessions', { api_url: own.url, org_id: org, max_results: '7' });
      expect(few.outputs['count']).toBe('7');
      expect(few.summary).toContain('and more');
    } finally {
      await own.close();
    }
    const { outputs } = await step('create-session', { prompt: 'Fix it.', tags: 'only-mine, x' });
    const mine = await step('list-sessions', { tags: 'only-mine', since: '1h' });
    expect(JSON.parse(mine.outputs['sessions'] ?? '')).toMatchObject([
      {
        session_id: outputs['session_id'],
        tags: ['only-mine', 'x', expect.stringMatching(/^devin-action:[0-9a-f]{24}$/), 'devin-action:report'],
      },
    ]);
    expect(mine.summary).toContain('### ✅ 1 session');
    const none = await step('list-sessions', { tags: 'nobody-has-this' });
    expect(none.outputs).toMatchObject({ outcome: 'success', count: '0', sessions: '[]' });
  });
});
