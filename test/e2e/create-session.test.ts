import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT, SOON_MS, type StepOptions } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';
import { waitFor } from './wait-for.ts';

/** Sandbox time runs fast here, so that a session's life of seconds takes a moment. */
const SPEED = 30;
/** Sessions say when they have finished, and do not sleep: these tests assert both. */
const ENDS = 'turn_end:finished,sleep_ms:0';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  sandbox = await openSandbox({ speed: SPEED, habits: ENDS });
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

const create = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({
    ...more,
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      prompt: 'Fix the parser.',
      poll_interval: '1s',
      ...inputs,
    },
  });

describe.concurrent('create-session', () => {
  test('without waiting makes one request and hands on the id and the page of the session', async () => {
    const own = await openSandbox();
    try {
      const own_org = await own.orgId();
      const step = await create({ api_url: own.url, org_id: own_org, title: 'Parser', tags: 'a, b\nc' });
      expect(step.stderr).toBe('');
      expect(step.exitCode).toBe(0);
      expect(step.outputs).toMatchObject({
        outcome: 'success',
        error_code: '',
        session_outcome: 'running',
        created: 'true',
      });
      expect(step.outputs['session_id']).toMatch(/^devin-[\w-]+$/);
      expect(step.outputs['session_url']).toMatch(/^https:\/\/app\.devin\.ai\/sessions\//);
      expect(await own.requests()).toMatchObject([
        { method: 'POST', path: `/v3/organizations/${own_org}/sessions`, status: 200, credential: 'cog_sandbox_org' },
      ]);
      expect(step.summary).toContain('### ⏳ Devin is working');
      expect(step.summary).toContain('`a` `b` `c`');
    } finally {
      await own.close();
    }
  });

  test('sends every field of the request as the inputs say, and extra fields with it', async () => {
    const step = await create({
      title: 'Parser',
      repos: 'acme/api\nacme/web',
      playbook_id: 'playbook-1',
      knowledge_ids: 'note-1,note-2',
      max_acu_limit: '7',
      devin_mode: 'FAST',
      session_secrets: 'API_KEY=very-secret=value\nOTHER=second-secret',
      attachment_urls: 'https://example.com/a.txt',
      resumable: 'false',
      structured_output_schema: '{"type":"object"}',
      extra_body: 'brand_new_field: { a: 1 }',
      wait: 'finished',
    });
    expect(step.outputs['outcome']).toBe('success');
    const session = await sandbox.api('GET', `/v3/organizations/${orgId}/sessions/${step.outputs['session_id']}`);
    expect(session).toMatchObject({ title: 'Parser', playbook_id: 'playbook-1', devin_mode: 'fast' });
    expect(step.stdout.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('very-secret');
    expect(step.commands.filter(({ name }) => name === 'add-mask').map(({ message }) => message)).toEqual(
      expect.arrayContaining(['cog_sandbox_org', 'very-secret=value', 'second-secret']),
    );
    expect(step.summary).toContain('of 7 ACUs');
  });

  test('finds the organization of its credential where org_id is empty', async () => {
    const step = await create({ org_id: '' });
    expect(step.outputs).toMatchObject({ outcome: 'success' });
    expect(JSON.parse(step.outputs['result'] ?? '')).toMatchObject({ data: { org_id: orgId }, requests: { count: 2 } });
  });

  test('waits until the session has finished, and gives pull request, message, ACUs and checked output', async () => {
    const step = await create({
      prompt: 'Fix the parser.\nThe second line is nobody else’s business.',
      tags: 'sandbox:pr',
      repos: 'acme/api',
      max_acu_limit: '10',
      wait: 'finished',
      structured_output_schema: 'type: object\nrequired: [ok]\nproperties: { ok: { type: boolean } }',
    });
    expect(step.exitCode).toBe(0);
    expect(step.outputs).toMatchObject({
      outcome: 'success',
      session_outcome: 'finished',
      session_status_detail: 'finished',
    });
    expect(JSON.parse(step.outputs['structured_output'] ?? '')).toEqual({ ok: expect.any(Boolean) });
    expect(step.outputs['pull_request_url']).toMatch(/^https:\/\/github\.com\/acme\/api\/pull\/\d+$/);
    expect(JSON.parse(step.outputs['pull_requests'] ?? '')).toMatchObject([{ pr_state: 'open' }]);
    expect(Number(step.outputs['acus_consumed'])).toBeGreaterThan(0);
    expect(step.outputs['last_message']).not.toBe('');
    expect(step.log.join('\n')).toMatch(/devin: [\s\S]*pull request opened: [\s\S]*running · finished/);
    expect(step.log.at(-1)).toMatch(/^Finished in .* · 2\.4 of 10 ACUs · 1 pull request$/);
    expect(step.summary).toContain('### ✅ Devin finished');
    expect(step.summary).toContain('**Structured output** (matches its schema)');
    expect(step.summary).not.toContain('second line');
  });

  test('prints a state once, however often it looks', async () => {
    const step = await create({ tags: 'sandbox:finish-after=240', wait: 'finished' });
    expect(step.log.filter((line) => line.endsWith('running · working'))).toHaveLength(1);
  });

  test('leaves messages out of the log with follow: false, and still gives the last one', async () => {
    const step = await create({ wait: 'finished', follow: 'false' });
    expect(step.log.join('\n')).not.toContain('devin:');
    expect(step.outputs['last_message']).not.toBe('');
  });

  test('waits only until the session runs with wait: started', async () => {
    const step = await create({ tags: 'sandbox:slow', wait: 'started' });
    expect(step.outputs).toMatchObject({ outcome: 'success', session_outcome: 'running', session_status: 'running' });
  });

  test.each([
    ['sandbox:waiting', 'waiting', 'session_blocked', 'has a question'],
    ['sandbox:approval', 'waiting', 'session_blocked', 'needs an approval'],
    ['sandbox:error', 'failed', 'session_failed', 'stopped with an error'],
    ['sandbox:exit', 'terminated', 'session_failed', 'ended before it finished'],
    ['sandbox:out-of-credits', 'blocked', 'session_blocked', 'out of credits'],
    ['sandbox:suspended-usage_limit_exceeded', 'blocked', 'session_blocked', 'usage limit reached'],
    ['sandbox:suspended-inactivity', 'waiting', 'session_blocked', 'fell asleep'],
    ['sandbox:suspended-user_request', 'waiting', 'session_blocked', 'put to sleep by a user'],
    ['sandbox:suspended-payment_declined', 'blocked', 'session_blocked', 'payment was declined'],
    ['sandbox:suspended-error', 'failed', 'session_failed', 'stopped with an error'],
  ])('is red for a session with %s: %s', async (tag, outcome, code, words) => {
    const step = await create({ tags: tag, wait: 'finished' });
    expect(step.exitCode).toBe(1);
    expect(step.outputs).toMatchObject({ outcome: 'failure', session_outcome: outcome, error_code: code });
    expect(step.outputs['session_url']).toMatch(/^https:/);
    const errors = step.commands.filter(({ name }) => name === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(words);
    expect(errors[0]?.message).toContain(`errors.md#${code}`);
    expect(step.summary).toContain(words.replace('-', '\\-'));
  });

  test('quotes the question of a session that waits, and is green for it with on_waiting: succeed', async () => {
    const step = await create({ tags: 'sandbox:waiting', wait: 'finished', on_waiting: 'succeed' });
    expect(step.exitCode).toBe(0);
    expect(step.outputs).toMatchObject({ outcome: 'success', session_outcome: 'waiting', error_code: '' });
    expect(step.summary).toContain('### ✋ Devin has a question');
    expect(step.summary).toMatch(/^> .*\?/m);
  });

  test('goes on waiting with on_waiting: keep-waiting, and finishes when somebody answers', async () => {
    let answered: Promise<unknown> | undefined;
    const step = await create(
      { tags: 'sandbox:waiting', wait: 'finished', on_waiting: 'keep-waiting' },
      {
        onOutput: (output) => {
          const [, id] = /sessions\/(\w+)/.exec(output) ?? [];
          if (id === undefined || !output.includes('waiting for user')) return;
          answered ??= sandbox.api('POST', `/v3/organizations/${orgId}/sessions/devin-${id}/messages`, {
            message: 'Yes.',
          });
        },
      },
    );
    await answered;
    expect(step.outputs).toMatchObject({ outcome: 'success', session_outcome: 'finished' });
  });

  test('is red for structured output that does not fit, and names the fields', async () => {
    const step = await create({
      tags: 'sandbox:bad-structured',
      wait: 'finished',
      structured_output_schema: 'type: object\nrequired: [ok]\nproperties: { ok: { type: boolean } }',
    });
    expect(step.exitCode).toBe(1);
    expect(step.outputs).toMatchObject({ error_code: 'structured_output_invalid', session_outcome: 'finished' });
    expect(step.commands.find(({ name }) => name === 'error')?.message).toMatch(/- .*ok/);
    expect(step.summary).toContain('### ❌');
    expect(step.summary).toContain('(does not match its schema)');
  });

  test('is red when the time is over, and leaves the session alone', async () => {
    const step = await create({ tags: 'sandbox:slow', wait: 'finished', timeout: '2s' });
    expect(step.exitCode).toBe(1);
    expect(step.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out' });
    expect(step.ms).toBeLessThan(30_000);
    const session = await sandbox.api('GET', `/v3/organizations/${orgId}/sessions/${step.outputs['session_id']}`);
    expect(session).toMatchObject({ status: 'running' });
    expect(step.summary).toContain('may spend more ACUs');
  });

  test.each([
    ['terminate', { status: 'exit' }],
    ['archive', { is_archived: true }],
  ])('when the time is over, on_timeout: %s does that to its session', async (how, state) => {
    const step = await create({ tags: 'sandbox:slow', wait: 'finished', timeout: '2s', on_timeout: how });
    expect(step.outputs).toMatchObject({ error_code: 'timeout', session_outcome: 'timed_out' });
    const path = `/v3/organizations/${orgId}/sessions/${step.outputs['session_id']}`;
    await waitFor(async () => expect(await sandbox.api('GET', path)).toMatchObject(state));
  });

  test('writes a result that follows its schema, also to result_file', async () => {
    const schema = JSON.parse(readFileSync(join(ROOT, 'schemas', 'result.schema.json'), 'utf8'));
    const fits = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    let file = '';
    const step = await create(
      { result_file: 'out/result.json' },
      {
        after: (workspace) => {
          file = readFileSync(join(workspace, 'out', 'result.json'), 'utf8');
        },
      },
    );
    expect(step.outputs['result_file']).toBe('out/result.json');
    for (const text of [file, step.outputs['result'] ?? '']) {
      const result = JSON.parse(text);
      expect(fits(result), JSON.stringify(fits.errors)).toBe(true);
      expect(result).toMatchObject({
        schema_version: 1,
        operation: 'create-session',
        outcome: 'success',
        requests: { count: 1, retries: 0 },
      });
    }
  });

  test('ends soon after its last word: no timer keeps it', async () => {
    const step = await create({ wait: 'finished' });
    expect(step.tailMs).toBeLessThan(SOON_MS);
  });

  test('in a dry run sends nothing and is skipped', async () => {
    const own = await openSandbox();
    try {
      const session_secrets = 'DEPLOY_PASSWORD=not-in-the-log';
      const step = await create({ api_url: own.url, org_id: '', dry_run: 'true', wait: 'finished', session_secrets });
      expect(step.exitCode).toBe(0);
      expect(step.outputs).toMatchObject({ outcome: 'skipped', error_code: '' });
      expect(step.outputs['skipped_reason']).toContain('dry run: POST');
      expect((await own.requests()).map(({ method }) => method)).toEqual(['GET']);
      const log = step.log.join('\n');
      expect(step.stdout).toContain('::group::Dry run: the request that would be sent\n');
      expect(log).toMatch(/^POST \/v3\/organizations\/org-\w+\/sessions\n\{\n/m);
      expect(log).toContain('"prompt": "');
      expect(log).toMatch(/"key": "DEPLOY_PASSWORD",\s+"value": "\*\*\*"/);
      expect(log).not.toContain('not-in-the-log');
    } finally {
      await own.close();
    }
  });

  test('works in a plain environment with nothing but api_url: sandbox', async () => {
    const nothing = Object.fromEntries(
      ['OUTPUT', 'STEP_SUMMARY', 'STATE', 'ENV', 'WORKSPACE', 'REPOSITORY', 'ACTIONS', 'EVENT_PATH', 'ACTOR'].map(
        (name) => [`GITHUB_${name}`, ''],
      ),
    );
    const step = await create(
      { api_url: 'sandbox', devin_token: '', org_id: '', wait: 'finished', poll_interval: '1s' },
      { env: { ...nothing, RUNNER_TEMP: '' } },
    );
    expect(step.exitCode).toBe(0);
    expect(step.log).toContain('session_outcome=finished');
  });

  test('takes the credential from the variables it documents', async () => {
    const step = await create({ devin_token: '' }, { env: { DEVIN_SERVICE_USER_TOKEN: 'cog_sandbox_org' } });
    expect(step.outputs['outcome']).toBe('success');
  });

  test('works on the beta paths with api_version: v3beta1', async () => {
    const own = await openSandbox({ speed: SPEED, habits: ENDS });
    try {
      const step = await create({
        api_url: own.url,
        org_id: await own.orgId(),
        api_version: 'v3beta1',
        wait: 'finished',
      });
      expect(step.outputs['session_outcome']).toBe('finished');
      expect((await own.requests()).every(({ path }) => path.startsWith('/v3beta1/'))).toBe(true);
    } finally {
      await own.close();
    }
  });
});
