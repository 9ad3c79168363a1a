import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { laterTags } from '../../src/operations/sessions/later/tags.ts';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import { type EventBench, errorOf, type Fields, openBench, warningsOf } from './event-support.ts';
import { COMMITS } from './events.ts';
import type { StepOptions } from './fake-runner.ts';

let bench: EventBench;
const opened: LocalGithub[] = [];

beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => Promise.all([bench.close(), ...opened.map((github) => github.close())]));

/** A repository of its own, so that no test collects the sessions of another. */
async function repository(name: string) {
  const github = await openGithub({ repository: `acme/${name}` });
  opened.push(github);
  github.pull(7);
  github.thread('issue', 5);
  github.identify({ permissions: { issues: 'write', 'pull-requests': 'write', checks: 'write', contents: 'write' } });
  const payload: Fields = {
    repository: { id: 1, full_name: `acme/${name}` },
    sender: { login: 'maintainer', type: 'User' },
  };
  const step = (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
    bench.step({ name: 'workflow_dispatch', payload, github, with: inputs, more });
  return {
    github,
    start: (inputs: Record<string, string>) =>
      step({ wait: 'later', comment: 'true', comment_key: 'triage', ...inputs }),
    collect: (inputs: Record<string, string> = {}, more: Partial<StepOptions> = {}) =>
      step({ operation: 'collect-sessions', prompt: '', ...inputs }, more),
  };
}

const json = (text: string | undefined) => JSON.parse(text ?? 'null');
const tagsOf = async (id: string | undefined): Promise<readonly string[]> =>
  Object(await bench.sandbox.api('GET', `/v3/organizations/${bench.orgId}/sessions/${id}`)).tags;

async function stopped(id: string | undefined): Promise<void> {
  for (let at = 0; at < 200; at += 1) {
    const { status, status_detail: detail } = Object(
      await bench.sandbox.api('GET', `/v3/organizations/${bench.orgId}/sessions/${id}`),
    );
    if (status !== 'new' && status !== 'claimed' && detail !== 'working') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the session does not stop');
}

describe.concurrent('collect-sessions', () => {
  test('announces an end once: comment, check, event, and outputs; within the promised number of requests', async () => {
    const { github, start, collect } = await repository('once');
    const begun = await start({ issue_number: '7', check: 'true', tags: 'sandbox:pr' });
    expect(begun.outputs).toMatchObject({ outcome: 'success', session_outcome: 'running' });
    expect([...github.state.checkRuns.values()]).toMatchObject([{ name: 'Devin: triage', status: 'in_progress' }]);
    expect(github.comments(7)[0]?.body).toContain('⏳');
    await stopped(begun.outputs['session_id']);
    const before = [(await bench.sandbox.requests()).length, github.requests().length] as const;
    const done = await collect({ dispatch_event: 'devin-done' });
    expect(done.outputs).toMatchObject({ outcome: 'success', count: '1' });
    const [entry] = json(done.outputs['changed']);
    const known = { session_id: begun.outputs['session_id'], outcome: 'finished', issue_number: 7, key: 'triage' };
    expect(entry).toMatchObject(known);
    expect(json(done.outputs['matrix'])).toMatchObject({ include: [known] });
    expect(github.state.dispatches).toMatchObject([{ type: 'devin-done', payload: known }]);
    expect(github.comments(7)).toHaveLength(1);
    expect(github.comments(7)[0]?.body).toContain('✅ Devin finished');
    const check = [...github.state.checkRuns.values()].at(-1);
    expect(check).toMatchObject({ conclusion: 'success', head: COMMITS.head, externalId: known.session_id });
    expect(check?.output?.summary).toContain(begun.outputs['session_url']);
    expect(github.requests().length - before[1]).toBeLessThanOrEqual(4);
    expect(await tagsOf(known.session_id)).toContain('devin-action:later-done');
    const again = await collect({ dispatch_event: 'devin-done' });
    expect(again.outputs).toMatchObject({ count: '0', changed: '[]' });
    expect(github.state.dispatches).toHaveLength(1);
  });

  test('announces a question once; without the permission for events it warns, with the outputs set', async () => {
    const { github, start, collect } = await repository('asks');
    const { outputs } = await start({ issue_number: '5', check: 'false', tags: 'sandbox:waiting' });
    await stopped(outputs['session_id']);
    github.identify({ permissions: { issues: 'write', contents: 'read' } });
    const asked = await collect({ dispatch_event: 'devin-done' });
    expect(json(asked.outputs['changed'])).toMatchObject([{ outcome: 'waiting', issue_number: 5 }]);
    expect(warningsOf(asked).join()).toContain('permissions: { contents: write }');
    expect(github.comments(5)[0]?.body).toContain('✋');
    expect(await tagsOf(outputs['session_id'])).toContain('devin-action:later-asks');
    expect((await collect()).outputs['count']).toBe('0');
  });

  test('with nothing to collect is green and says so', async () => {
    const { collect } = await repository('empty');
    const { outputs, log, exitCode } = await collect();
    expect([exitCode, outputs['count'], outputs['sessions']]).toEqual([0, '0', '[]']);
    expect(log.join()).toContain('Nothing to collect');
  });

  test('is announced again, and never lost, if a run is killed after any of its requests', async () => {
    const { github, start, collect } = await repository('killed');
    const { outputs } = await start({ issue_number: '7', check: 'true', tags: 'sandbox:pr' });
    await stopped(outputs['session_id']);
    const fast = new URL('../field/fast-clock.mjs', import.meta.url).href;
    const loader = new URL('kill-after-requests.mjs', import.meta.url).href;
    let kills = 0;
    for (let after = 1; after < 30; after += 1) {
      const env = { NODE_OPTIONS: `--import=${fast} --import=${loader}`, KILL_AFTER: String(after) };
      const run = await collect({ dispatch_event: 'devin-done' }, { env });
      if (run.exitCode === 0) break;
      kills += 1;
      const isDone = (await tagsOf(outputs['session_id'])).includes('devin-action:later-done');
      if (!isDone) continue;
      // Its state was stored, so everything else must have happened before.
      expect(github.state.dispatches.length).toBeGreaterThan(0);
      expect(run.outputs['changed']).toContain(outputs['session_id']);
      expect(github.comments(7)[0]?.body).toContain('✅');
      return;
    }
    expect(kills).toBeGreaterThan(4);
    expect(github.state.dispatches.length).toBeGreaterThan(0);
    expect(await tagsOf(outputs['session_id'])).toContain('devin-action:later-done');
  });
});

test('collects 1,000 open sessions by one request for 200 of them', async () => {
  const { collect } = await repository('many');
  const tags = [
    ...laterTags({ repository: 'acme/many' }, undefined, { comment: false, check: false, key: 'x' }),
    'sandbox:slow',
  ];
  for (let at = 0; at < 1_000; at += 1) {
    await bench.sandbox.api('POST', `/v3/organizations/${bench.orgId}/sessions`, { prompt: 'Work.', tags });
  }
  const { outputs } = await collect({ devin_token: 'cog_sandbox_enterprise' });
  expect(json(outputs['sessions'])).toHaveLength(1_000);
  expect(outputs['count']).toBe('0');
  const { total } = Object(await bench.sandbox.api('GET', '/sandbox/state'));
  // One more for the identity of the credential.
  expect(json(outputs['result']).requests.count).toBeLessThanOrEqual(Math.ceil((total ?? 1_200) / 200) + 1);
}, 120_000);

test.each(['refused', 'dropped'])('wait: later fails if tags are %s', async (tags) => {
  await bench.sandbox.control('habits', { tags });
  try {
    const { start } = await repository(`tags-${tags}`);
    const failed = await start({ issue_number: '5', comment: 'false' });
    expect(failed.outputs).toMatchObject({ outcome: 'failure', error_code: 'api_rejected' });
    if (tags === 'dropped') expect(failed.outputs['session_id']).toMatch(/^devin-/);
    expect(errorOf(failed)).toMatch(/tags?/);
  } finally {
    await bench.sandbox.control('habits', { tags: 'kept' });
  }
});

test('wait: later is for create-session alone', async () => {
  const { collect } = await repository('only');
  const failed = await collect({ operation: 'wait-for-session', session_id: '0'.repeat(32), wait: 'later' });
  expect(errorOf(failed)).toContain('only create-session supports');
});
