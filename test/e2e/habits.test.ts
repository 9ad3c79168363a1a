import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pool } from '../../src/contract/pool.ts';
import type { StepResult } from './fake-runner.ts';
import { allPairs, type HabitRow, habitRows, pairsOf, pairwise, SIZES } from './habit-rows.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

/** Steps at the same time: most of them wait. */
const AT_ONCE = 8;
const SCHEMA = 'type: object\nrequired: [verdict]\nproperties: { verdict: { enum: [good] }, note: { type: string } }';
const ID = /^devin-[0-9a-f]{32}$/;
const QUESTION = 'Which of the two ways do you prefer';

/** A sandbox of one case under one row. */
interface Bench extends HabitRow {
  readonly sandbox: TestSandbox;
  readonly orgId: string;
  step(operation: string, inputs?: Record<string, string>, attempt?: string): Promise<StepResult>;
  create(inputs: Record<string, string>, attempt?: string): Promise<StepResult>;
  /** Creates a session beside the step, and gives its ID without `devin-`. */
  session(tags: readonly string[]): Promise<string>;
  read(id: string): Promise<Record<string, unknown>>;
  /** Lets so many milliseconds of the sandbox pass. */
  pass(ms: number): Promise<void>;
}

const fieldsOf = (value: unknown): Record<string, unknown> => Object.fromEntries(Object.entries(Object(value)));
const bare = (id: unknown) => String(id).replace(/^devin-/, '');

async function withBench(row: HabitRow, work: (bench: Bench) => Promise<void>): Promise<void> {
  const sandbox = await openSandbox({ habits: row.text });
  try {
    const orgId = await sandbox.orgId();
    const at = `/v3/organizations/${orgId}/sessions`;
    const step: Bench['step'] = (operation, inputs = {}, attempt = '1') =>
      runStep({
        env: { GITHUB_RUN_ATTEMPT: attempt },
        with: {
          operation,
          api_url: sandbox.url,
          devin_token: 'cog_sandbox_enterprise',
          org_id: orgId,
          poll_interval: '1s',
          timeout: '40s',
          ...inputs,
        },
      });
    // An organization that rejects the tags of the action takes sessions only without them.
    const untagged = row.habits.tags === 'refused' ? { idempotency: 'none', completion_report: 'false' } : {};
    await work({
      ...row,
      sandbox,
      orgId,
      step,
      create: (inputs, attempt) => step('create-session', { prompt: 'Fix it.', ...untagged, ...inputs }, attempt),
      async session(tags) {
        return bare(fieldsOf(await sandbox.api('POST', at, { prompt: 'Fix it.', tags }))['session_id']);
      },
      read: async (id) => fieldsOf(await sandbox.api('GET', `${at}/devin-${bare(id)}`)),
      pass: (ms) => sandbox.control('clock', { advance_ms: ms }),
    });
  } finally {
    await sandbox.close();
  }
}

const said = ({ stdout, outputs }: StepResult) => `${stdout}\n${JSON.stringify(outputs, null, 1)}`;

/** Whether Devin fills a completion report in for a session that this row lets the step create. */
const reports = ({ habits }: HabitRow) => habits.report === 'given' && habits.tags !== 'refused';

/** What users do, each with what the contract says of it under the habits of a row. */
const CASES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  async 'create without waiting'({ habits, create, read }) {
    const created = await create({ tags: 'mine', resumable: 'true' });
    if (habits.refused_fields.includes('resumable')) {
      expect(created.outputs, said(created)).toMatchObject({ outcome: 'failure', error_code: 'api_rejected' });
      expect(created.stdout).toContain('resumable');
      return;
    }
    expect(created.outputs, said(created)).toMatchObject({
      outcome: 'success',
      created: 'true',
      session_id: expect.stringMatching(ID),
      session_url: `https://app.devin.ai/sessions/${bare(created.outputs['session_id'])}`,
    });
    expect(bare((await read(created.outputs['session_id'] ?? ''))['session_id'])).toMatch(/^[0-9a-f]{32}$/);
  },

  async 'create in an organization that may reject tags'({ habits, step, sandbox }) {
    const created = await step('create-session', { prompt: 'Fix it.', completion_report: 'false' });
    const isRefused = habits.tags === 'refused';
    expect(created.outputs, said(created)).toMatchObject(
      isRefused ? { outcome: 'failure', error_code: 'api_rejected' } : { outcome: 'success' },
    );
    const posts = (await sandbox.requests()).filter(({ method }) => method === 'POST');
    expect(posts.map(({ status }) => status)).toEqual([isRefused ? 422 : 200]);
  },

  async 'create and wait for the start'({ create }) {
    const started = await create({ tags: 'sandbox:slow', wait: 'started' });
    expect(started.outputs, said(started)).toMatchObject({ outcome: 'success', session_outcome: 'running' });
  },

  async 'create and wait for the end'(bench) {
    const ended = await bench.create({ wait: 'finished' });
    const isFinished = reports(bench) || bench.habits.turn_end === 'finished';
    expect(ended.outputs, said(ended)).toMatchObject(
      isFinished
        ? { outcome: 'success', session_outcome: 'finished', structured_output: '' }
        : { outcome: 'failure', session_outcome: 'waiting', error_code: 'session_blocked' },
    );
    expect(ended.outputs['last_message'], said(ended)).toMatch(/^Done/);
    if (reports(bench)) expect(ended.outputs['summary']).toMatch(/^Done/);
  },

  async 'create and wait for a pull request'({ create }) {
    const ended = await create({ wait: 'finished', tags: 'sandbox:pr' });
    expect(ended.outputs, said(ended)).toMatchObject({
      outcome: 'success',
      session_outcome: 'finished',
      pull_request_url: expect.stringMatching(/^https:\/\/github\.com\/acme\/api\/pull\/\d+$/),
    });
  },

  async 'create with an own schema'({ create }) {
    const tags = 'sandbox:pr';
    const ended = await create({
      wait: 'finished',
      structured_output_schema: SCHEMA,
      tags,
      download_attachments: 'out',
    });
    expect(ended.outputs, said(ended)).toMatchObject({ outcome: 'success', session_outcome: 'finished' });
    expect(JSON.parse(ended.outputs['structured_output'] ?? '')).toEqual({ verdict: 'good', note: 'text' });
    expect(ended.outputs['attachments']).toContain('changes.patch');
  },

  async 'a question'({ create }) {
    const asks = await create({ wait: 'finished', tags: 'sandbox:waiting' });
    expect(asks.exitCode, said(asks)).toBe(1);
    expect(asks.outputs, said(asks)).toMatchObject({ session_outcome: 'waiting', error_code: 'session_blocked' });
    expect(asks.summary).toContain(QUESTION);
  },

  async 'a session that fails'({ create }) {
    const failed = await create({ wait: 'finished', tags: 'sandbox:error' });
    expect(failed.exitCode, said(failed)).toBe(1);
    expect(failed.outputs, said(failed)).toMatchObject({ session_outcome: 'failed', error_code: 'session_failed' });
  },

  async 'a message'({ session, step, read, pass, sandbox, orgId }) {
    const id = await session(['sandbox:waiting']);
    await pass(5_000);
    const sent = await step('send-message', { session_id: id, message: 'The first one.' });
    expect(sent.outputs, said(sent)).toMatchObject({ outcome: 'success', session_id: `devin-${id}` });
    await pass(5_000);
    const path = `/v3/organizations/${orgId}/sessions/devin-${id}/messages`;
    expect(JSON.stringify(await sandbox.api('GET', path))).toContain('The first one.');
    expect((await read(id))['status']).toMatch(/running|suspended/);
  },

  async 'get a session'({ habits, session, step, pass }) {
    const id = await session(['mine']);
    await pass(2_900);
    const got = await step('get-session', { session_id: id });
    expect(got.outputs, said(got)).toMatchObject({
      outcome: 'success',
      session_id: `devin-${id}`,
      session_url: `https://app.devin.ai/sessions/${id}`,
      session_status: expect.stringMatching(/running|suspended/),
    });
    if (habits.zero_acus) expect(['', '0.0']).toContain(got.outputs['acus_consumed']);
    else if (!habits.odd_fields) expect(got.outputs['acus_consumed']).toBe('2.4');
  },

  async 'list sessions'({ session, step, pass }) {
    const id = await session(['mine']);
    await session(['other']);
    await pass(2_900);
    const listed = await step('list-sessions', { tags: 'mine' });
    expect(listed.outputs, said(listed)).toMatchObject({ outcome: 'success', count: '1' });
    expect(listed.outputs['sessions']).toContain(`devin-${id}`);
  },

  async 'terminate a session'({ session, step, read, pass }) {
    const id = await session(['sandbox:slow']);
    await pass(2_000);
    const ended = await step('terminate-session', { session_id: `https://app.devin.ai/sessions/${id}` });
    expect(ended.outputs, said(ended)).toMatchObject({ outcome: 'success', session_id: `devin-${id}` });
    await pass(1_000);
    expect((await read(id))['status']).toBe('exit');
  },

  async 're-run a step'({ habits, create, pass }) {
    if (habits.tags !== 'kept') return;
    const first = await create({ tags: 'sandbox:slow' });
    await pass(5_000);
    const again = await create({ tags: 'sandbox:slow' }, '2');
    expect(again.outputs, said(again)).toMatchObject({ created: 'false', session_id: first.outputs['session_id'] });
  },

  async 'create in several organizations'({ create, sandbox }) {
    const { items } = fieldsOf(await sandbox.api('GET', '/v3/enterprise/organizations'));
    const ids = Array.isArray(items) ? items.map((item) => String(fieldsOf(item)['org_id'])) : [];
    const created = await create({ org_id: ids.slice(0, 2).join() });
    expect(created.outputs, said(created)).toMatchObject({ outcome: 'success', count: '2' });
    const sessions: readonly unknown[] = JSON.parse(created.outputs['sessions'] ?? '[]');
    expect(sessions.map((one) => fieldsOf(one)['org_id']).sort()).toEqual(ids.slice(0, 2).sort());
    for (const one of sessions) expect(fieldsOf(one)['session_id']).toMatch(ID);
  },

  async 'call the API'({ step, sandbox }) {
    const before = await sandbox.api('GET', '/v3/enterprise/organizations');
    const listed = await step('call-api', { endpoint: 'listOrganizations', paginate: 'true', params: 'first: 1' });
    expect(listed.outputs, said(listed)).toMatchObject({ outcome: 'success', status_code: '200', count: '3' });
    expect(JSON.parse(listed.outputs['body'] ?? '')).toEqual(fieldsOf(before)['items']);
  },

  async 'a wrong key'({ habits, step }) {
    const refused = await step('list-sessions', { devin_token: 'cog_none_of_ours' });
    const code = habits.wrong_key === '401' ? 'credential_invalid' : 'permission_denied';
    expect(refused.outputs, said(refused)).toMatchObject({ outcome: 'failure', error_code: code });
  },
};

const ROWS = habitRows();
const NAMES = Object.keys(CASES);
/** So many of the cases run under each row, in turn. */
const EACH = 3;

const PLAN = ROWS.flatMap((row, at) =>
  Array.from({ length: EACH }, (_, i) => ({ at: at + 1, row, name: NAMES[(at * EACH + i) % NAMES.length] ?? '' })),
);

let runs: Map<string, Promise<unknown>> | undefined;

/** Starts every case once, so many at the same time; a failure is told by the test that asks for it. */
function startAll(): Map<string, Promise<unknown>> {
  const turn = pool(AT_ONCE);
  return new Map(
    PLAN.map(({ name, at, row }) => [
      `${at} ${name}`,
      turn(() => withBench(row, CASES[name] ?? (() => Promise.reject(new Error(name))))).then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    ]),
  );
}

test(`${ROWS.length} rows of habits have every pair of values, and every case runs under some of them`, () => {
  const rows = pairwise(SIZES, 20);
  expect(rows).toHaveLength(ROWS.length);
  expect(new Set(rows.flatMap(pairsOf))).toEqual(new Set(allPairs(SIZES)));
  expect(new Set(PLAN.map(({ name }) => name))).toEqual(new Set(NAMES));
});

describe(`under each of ${ROWS.length} rows of habits`, () => {
  test.each(PLAN)('row $at: $name', async ({ at, name, row }) => {
    runs ??= startAll();
    const thrown = await runs.get(`${at} ${name}`);
    if (thrown !== undefined) throw new Error(`habits=${row.text}`, { cause: thrown });
  });
});

describe('the embedded sandbox', () => {
  const embedded = (operation: string, apiUrl: string, inputs: Record<string, string> = {}) =>
    runStep({ with: { operation, api_url: apiUrl, ...inputs } });

  test('is the same in every operation: one enterprise, and its first organization if none is named', async () => {
    const [organizations, sessions, created, self] = await Promise.all([
      embedded('list-organizations', 'sandbox'),
      embedded('list-sessions', 'sandbox'),
      embedded('create-session', 'sandbox', { prompt: 'Fix it.' }),
      embedded('call-api', 'sandbox', { endpoint: 'getSelf' }),
    ]);
    const all: { org_name: string; org_id: string }[] = JSON.parse(organizations.outputs['organizations'] ?? '[]');
    const first = all.find(({ org_name: name }) => name === 'Engineering Team');
    expect(organizations.outputs['count'], said(organizations)).toBe('3');
    expect(sessions.outputs['count'], said(sessions)).toBe('3');
    expect(JSON.parse(created.outputs['sessions'] ?? '[]'), said(created)).toMatchObject([{ org_id: first?.org_id }]);
    expect(JSON.parse(self.outputs['body'] ?? '{}'), said(self)).toMatchObject({ org_id: null });
  });

  test('has the habits that api_url names, and a wrong one is an input error with the nearest valid ones', async () => {
    const show = { endpoint: 'listSessions', body_file: 'sessions.json' };
    const ids = async (apiUrl: string) => {
      let text = '';
      const after = (workspace: string) => {
        text = readFileSync(join(workspace, 'sessions.json'), 'utf8');
      };
      await runStep({ with: { operation: 'call-api', api_url: apiUrl, ...show }, after });
      return text;
    };
    const [field, documents, wrong] = await Promise.all([
      ids('sandbox'),
      ids('sandbox?habits=documents'),
      embedded('list-sessions', 'sandbox?habits=turn_end:finishd'),
    ]);
    expect(field).toMatch(/"session_id": ?"[0-9a-f]{32}"/);
    expect(documents).toMatch(/"session_id": ?"devin-[0-9a-f]{32}"/);
    expect(wrong.outputs, said(wrong)).toMatchObject({ outcome: 'failure', error_code: 'input_invalid' });
    expect(wrong.stdout).toContain('expected one of finished, waiting for the habit turn_end, not "finishd"');
  });
});
