import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgIds: readonly string[];

interface Row {
  readonly org_id: string;
  readonly name: string;
}

const rowsOf = (answer: unknown): readonly Row[] => {
  if (typeof answer === 'object' && answer !== null && 'items' in answer && Array.isArray(answer.items))
    return answer.items;
  throw new Error('no list');
};

beforeEach(async () => {
  sandbox = await openSandbox({ speed: 30, habits: 'sleep_ms:0' });
  orgIds = rowsOf(await sandbox.api('GET', '/v3/enterprise/organizations')).map(({ org_id: id }) => id);
  await sandbox.control('faults', []);
});
afterEach(() => sandbox.close());

const step = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
  runStep({
    ...more,
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_enterprise',
      prompt: 'Fix it.',
      poll_interval: '1s',
      ...inputs,
    },
  });

const errorOf = ({ commands }: StepResult) => commands.find(({ name }) => name === 'error');
const entries = ({ outputs }: StepResult) => JSON.parse(outputs['sessions'] ?? '');
const posts = async () =>
  (await sandbox.requests()).filter(({ method, path }) => method === 'POST' && path.endsWith('/sessions'));

describe('create-session in several organizations', () => {
  test('starts one session in each, waits for all of them at once and says what became of each', async () => {
    const result = await step({ org_id: '*', wait: 'finished', tags: 'sandbox:pr', concurrency: '2' });
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    const all = entries(result);
    expect(all.map(({ org_id: id }: Row) => id)).toEqual(orgIds);
    for (const entry of all) {
      expect(entry).toMatchObject({
        session_id: expect.stringMatching(/^devin-/),
        session_outcome: 'finished',
        created: true,
        pull_requests: [{ pr_state: 'open' }],
        acus_consumed: 2.4,
      });
      expect(entry).not.toHaveProperty('error_code');
    }
    expect(result.outputs).toMatchObject({
      outcome: 'success',
      count: '3',
      created: 'true',
      session_id: all[0].session_id,
      session_outcome: 'finished',
    });
    expect(result.summary).toMatch(/^### ✅ 3 of 3 sessions finished · 7\.2 ACUs · 3 pull requests\n/);
    expect(result.log.join('\n')).toMatch(/\d\d:\d\d {2}Data Platform {2,}running · (finished|waiting for user)/);
    expect(await posts()).toHaveLength(3);
  });

  test('takes a list, names an organization once, and gives one of them for a list of one', async () => {
    const [first = '', second = ''] = orgIds;
    const result = await step({ org_id: `${second}, ${first}\n${second}` });
    expect(entries(result).map(({ org_id: id }: Row) => id)).toEqual([second, first]);
    expect(result.summary).toContain('### ✅ 2 of 2 sessions started');
    const one = await step({ org_id: first });
    expect(entries(one)).toMatchObject([{ org_id: first, session_id: one.outputs['session_id'] }]);
    expect(one.outputs['count']).toBe('1');
  });

  test('one that fails stops no other; a re-run creates only what is missing', async () => {
    const [first, second, third] = orgIds;
    await sandbox.control('faults', [{ method: 'POST', path: `/organizations/${second}/sessions`, status: 403 }]);
    const result = await step({ org_id: '*', wait: 'finished' });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'permission_denied', count: '3' });
    expect(entries(result)).toMatchObject([
      { org_id: first, session_outcome: 'finished' },
      { org_id: second, session_id: null, created: false, error_code: 'permission_denied' },
      { org_id: third, session_outcome: 'finished' },
    ]);
    expect(errorOf(result)?.message).toContain('1 of 3 organizations failed.\n- Data Platform (');
    expect(errorOf(result)?.message).toContain('A re-run uses the results that exist');
    expect(result.summary).toMatch(/^### ❌ 2 of 3 sessions finished/);
    const [row] = result.summary.split('\n').slice(4);
    expect(row).toBe('| Data Platform | no session | `permission_denied` |   |');
    expect(result.summary).toContain(
      '\n- Data Platform\\: Start a session\\: HTTP 403 for POST /v3/organizations/\\{org\\_id\\}/sessions',
    );

    const again = await step({ org_id: '*', wait: 'finished' }, { env: { GITHUB_RUN_ATTEMPT: '2' } });
    expect(again.exitCode).toBe(0);
    expect(entries(again).map(({ created }: { created: boolean }) => created)).toEqual([false, true, false]);
    expect(await posts()).toHaveLength(4);
  });

  test('a lost answer in one of them makes no second session', async () => {
    await sandbox.control('faults', [
      { method: 'POST', path: `/organizations/${orgIds[1]}/sessions`, reset: true, after_commit: true },
    ]);
    const result = await step({ org_id: '*' });
    expect(result.exitCode).toBe(0);
    expect(await posts()).toHaveLength(3);
  });

  test('of many, no more are started at once than concurrency says, and nothing leaks', async () => {
    await sandbox.control('seed', { organizations: 25 });
    const result = await step({ org_id: '*', concurrency: '3' });
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({ outcome: 'success', count: '25' });
  });

  test('a service user of one organization sees only its own', async () => {
    const result = await step({ org_id: '*', devin_token: 'cog_sandbox_org' });
    expect(entries(result)).toMatchObject([{ org_id: orgIds[0], created: true }]);
  });

  test.skipIf(process.platform === 'win32')('a cancelled workflow ends all of them', async () => {
    let sent = false;
    const result = await step(
      { org_id: '*', wait: 'finished', tags: 'sandbox:slow' },
      {
        onOutput: (output, kill) => {
          if (sent || (output.match(/running · working/g) ?? []).length < 3) return;
          sent = true;
          kill('SIGINT');
        },
      },
    );
    expect(result.outputs).toMatchObject({ error_code: 'cancelled' });
    expect(entries(result).map((entry: { session_outcome: string }) => entry.session_outcome)).toEqual([
      'terminated',
      'terminated',
      'terminated',
    ]);
  });
});

test.each(['wait-for-session', 'list-sessions', 'call-api'])('%s takes one organization only', async (operation) => {
  for (const orgs of ['*', 'org-1,org-2']) {
    const result = await step({ operation, org_id: orgs, session_id: 'devin-1', endpoint: 'listSessions', prompt: '' });
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(result)?.message).toMatch(/org_id names several organizations.*list-organizations.*matrix/);
  }
  expect((await sandbox.requests()).filter(({ credential }) => credential === 'cog_sandbox_org')).toEqual([]);
});
