import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { laterTags } from '../../src/operations/sessions/later/tags.ts';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import { type EventBench, errorOf, type Fields, openBench, warningsOf } from './event-support.ts';
import { COMMITS, issueCommented } from './events.ts';
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
    start: (inputs: Record<string, string>, more: Partial<StepOptions> = {}) =>
      step({ wait: 'later', comment: 'true', comment_key: 'triage', ...inputs }, more),
    /** Somebody requests a session by a comment on the issue 5. */
    request: (inputs: Record<string, string> = {}) => {
      const { id } = github.comment(5, 'Fix it.', 'octocat');
      const event = issueCommented(5, 'Fix it.');
      const comment = { ...event.payload.comment, id };
      const asked = { ...event.payload, repository: payload['repository'], comment };
      const all = { wait: 'later', comment: 'true', comment_key: 'triage', ...inputs };
      return bench.step({ name: event.name, payload: asked, github, with: all });
    },
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

  test('a question is never lost, and asked once, if runs are killed after any of their requests', async () => {
    const { github, start, collect } = await repository('killed');
    const { outputs } = await start({ issue_number: '7', check: 'true', tags: 'sandbox:waiting' });
    await stopped(outputs['session_id']);
    const fast = new URL('../field/fast-clock.mjs', import.meta.url).href;
    const loader = new URL('kill-after-requests.mjs', import.meta.url).href;
    let kills = 0;
    for (let after = 1; after < 30; after += 1) {
      const env = { NODE_OPTIONS: `--import=${fast} --import=${loader}`, KILL_AFTER: String(after) };
      const run = await collect({ dispatch_event: 'devin-done' }, { env });
      if (run.exitCode === 0) break;
      kills += 1;
      const isStored = (await tagsOf(outputs['session_id'])).includes('devin-action:later-asks');
      if (isStored) {
        // Everything else must have happened before.
        expect(run.outputs['changed']).toContain(outputs['session_id']);
        break;
      }
    }
    expect(kills).toBeGreaterThan(4);
    expect(await tagsOf(outputs['session_id'])).toContain('devin-action:later-asks');
    expect(github.state.dispatches.length).toBeGreaterThan(0);
    const written = github.comments(7).map(({ body }) => body);
    expect(written).toEqual([expect.stringContaining('in a separate comment'), expect.stringContaining('> Which of')]);
    expect([...github.state.checkRuns.values()].at(-1)).toMatchObject({ conclusion: 'action_required' });
  });
});

describe('what the thread gets', () => {
  const FAST = 'sandbox:waiting, sandbox:finish-after=0.2';
  /** The time of the sandbox goes on only here: what a session is does not depend on how fast the tests are. */
  const later = (advance_ms = 60_000) => bench.sandbox.control('clock', { speed: 0.001, advance_ms });
  beforeAll(() => later(0));
  afterAll(() => bench.sandbox.control('clock', { speed: 30 }));
  const say = (id: string | undefined, message: string) =>
    bench.sandbox.api('POST', `/v3/organizations/${bench.orgId}/sessions/${id}/messages`, { message });
  const spent = async (work: () => Promise<unknown>, github: LocalGithub) => {
    const before = github.requests().length;
    await work();
    return github.requests().length - before;
  };

  test('a question is a comment of its own, and the request shows how it stands', async () => {
    const { github, request, collect } = await repository('thread');
    const { outputs } = await request({ tags: FAST, check: 'true' });
    const [asked] = github.comments(5);
    await later();
    const dispatch = { dispatch_event: 'devin-done', comment_text: '**Triage**' };
    expect(await spent(() => collect(dispatch), github)).toBeLessThanOrEqual(4);
    const [, status, question] = github.comments(5);
    expect(status?.body).toMatch(/^<!-- .*\n\*\*Triage\*\*\n\n### ✋ .*The question is in a separate comment/s);
    expect(question?.body).toMatch(/> Which of the two ways.*Reply in the \[session\]/s);
    expect(github.state.reactions).toEqual([
      [`comment ${asked?.id}`, 'eyes'],
      [`comment ${asked?.id}`, 'confused'],
    ]);
    await say(outputs['session_id'], 'The first.');
    await later();
    expect(await spent(() => collect(dispatch), github)).toBeLessThanOrEqual(4);
    expect(github.comments(5)).toHaveLength(3);
    expect(github.comments(5)[1]?.body).toContain('### ✅ Devin finished');
    expect(github.state.reactions.at(-1)).toEqual([`comment ${asked?.id}`, 'rocket']);
    expect(github.state.dispatches).toMatchObject([
      { payload: { outcome: 'waiting' } },
      { payload: { outcome: 'finished' } },
    ]);
  });

  test('a question after a reply between two runs is announced too, and each once', async () => {
    const { github, start, collect } = await repository('again');
    // Without a report, each stop without a pull request is a question.
    const { outputs } = await start({ issue_number: '5', tags: FAST, completion_report: 'false' });
    await later();
    expect((await collect()).outputs['count']).toBe('1');
    await later();
    await say(outputs['session_id'], 'The first.');
    await later();
    const again = await collect();
    expect(json(again.outputs['changed'])).toMatchObject([{ outcome: 'waiting', summary: /after your message/ }]);
    const bodies = () => github.comments(5).map(({ body }) => body);
    expect(bodies()).toEqual([
      expect.stringContaining('in a separate comment'),
      expect.stringContaining('> Which of'),
      expect.stringContaining('after your message'),
    ]);
    const before = (await bench.sandbox.requests()).length;
    expect((await collect()).outputs['count']).toBe('0');
    // The identity of the credential, and the list.
    expect((await bench.sandbox.requests()).length - before).toBe(2);
    expect(bodies()).toHaveLength(3);
  });

  test('while Devin works after a reply, comment and check are in progress again', async () => {
    const { github, start, collect } = await repository('working');
    const tags = `${FAST}, sandbox:habit:pace=1`;
    const { outputs } = await start({ issue_number: '7', tags, check: 'true' });
    await later();
    await collect();
    expect([...github.state.checkRuns.values()].at(-1)).toMatchObject({ conclusion: 'action_required' });
    await say(outputs['session_id'], 'The first.');
    expect((await collect({ dispatch_event: 'devin-done' })).outputs['count']).toBe('0');
    expect([...github.state.checkRuns.values()].at(-1)).toMatchObject({ status: 'in_progress', conclusion: null });
    expect(github.comments(7)[0]?.body).toMatch(/### ⏳ Devin is working.*A run of `collect-sessions` changes/s);
    expect([github.comments(7).length, github.state.dispatches.length]).toEqual([2, 0]);
  });

  test('the check is on the pull request that Devin opens, from its start to its end', async () => {
    const { github, start, collect } = await repository('opened');
    const tags = 'sandbox:pr, sandbox:slow';
    const { outputs } = await start({ issue_number: '5', tags, check: 'true', repos: 'acme/opened' });
    const path = `/v3/organizations/${bench.orgId}/sessions/${outputs['session_id']}`;
    await later();
    const { pr_url: url } = Object(await bench.sandbox.api('GET', path)).pull_requests[0];
    const head = 'c'.repeat(40);
    github.pull(Number(url.split('/').at(-1)), { head });
    const checks = () => [...github.state.checkRuns.values()];
    expect(await spent(() => collect(), github)).toBeLessThanOrEqual(4);
    expect(checks()).toMatchObject([{ head, status: 'in_progress' }]);
    expect(github.comments(5)[0]?.body).toMatch(new RegExp(`### ⏳ Devin is working · .*${url}`));
    expect(await spent(() => collect(), github)).toBe(0);
    await bench.sandbox.api('DELETE', path);
    await later();
    expect(json((await collect()).outputs['changed'])).toMatchObject([{ outcome: 'finished', pull_request_url: url }]);
    expect(checks().at(-1)).toMatchObject({ head, conclusion: 'success' });
  });

  test('the state from before a message is not announced for the turn after it', async () => {
    const { github, start, collect } = await repository('stale');
    const key = { reuse: 'key', reuse_key: 'stale', issue_number: '5' };
    const news = async () => json((await collect()).outputs['changed']);
    const { outputs } = await start({ ...key, tags: 'sandbox:finish-after=0.2, sandbox:lag=20' });
    await later();
    expect(await news()).toMatchObject([{ summary: 'Done. I finished the work in acme/api.' }]);
    await later();
    const again = await start(key);
    expect(again.outputs).toMatchObject({ reused: 'true', session_id: outputs['session_id'] });
    expect(await news()).toEqual([]);
    expect(github.comments(5)[0]?.body).toContain('⏳');
    await later(30_000);
    expect(await news()).toMatchObject([{ summary: 'Done. I finished the work after your message.' }]);
    expect(github.comments(5)).toHaveLength(1);
  });

  test('a re-run of the step that started the session has nothing announced again', async () => {
    const { github, start, collect } = await repository('rerun');
    const attempt = (number: string) =>
      start({ issue_number: '5', tags: FAST }, { env: { GITHUB_RUN_ID: '77', GITHUB_RUN_ATTEMPT: number } });
    const first = await attempt('1');
    await later();
    expect((await collect()).outputs['count']).toBe('1');
    const said = github.comments(5).length;
    expect((await attempt('2')).outputs).toMatchObject({ created: 'false', session_id: first.outputs['session_id'] });
    expect((await collect()).outputs['count']).toBe('0');
    expect(github.comments(5)).toHaveLength(said);
  });

  test('Devin falling asleep over a question is nothing new', async () => {
    const { github, start, collect } = await repository('asleep');
    const tags = `${FAST}, sandbox:habit:sleep_ms=1800000`;
    await start({ issue_number: '5', tags });
    await later();
    expect((await collect()).outputs['count']).toBe('1');
    const said = github.comments(5).map(({ body }) => body);
    await later(3_600_000);
    expect((await collect()).outputs['count']).toBe('0');
    expect((await collect()).outputs['count']).toBe('0');
    expect(github.comments(5).map(({ body }) => body)).toEqual(said);
  });

  test('what cannot be written is a warning with its reason, and is not tried in every run', async () => {
    const { github, start, collect } = await repository('locked');
    await start({ issue_number: '5', tags: FAST });
    await later();
    github.thread('issue', 5).locked = true;
    const { outputs: seen, ...run } = await collect();
    expect(seen).toMatchObject({ outcome: 'success', count: '1' });
    expect(warningsOf({ outputs: seen, ...run }).join()).toMatch(/comment was not written: .*issue is locked/);
    expect((await collect()).outputs['count']).toBe('0');
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
