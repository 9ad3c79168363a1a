import { describe, expect, it } from 'vitest';
import { ActionError, asActionError } from '../../src/contract/errors.ts';
import type { OperationName } from '../../src/step/registry.ts';
import type { Handle, Reply } from '../devin/support.ts';
import { perform, type Step, session } from './support.ts';

type State = readonly [status: string, detail?: string | null, more?: Parameters<typeof session>[0]];

/** An API whose session goes through states, one at each look, and stays in the last one. */
function life(states: readonly State[], messages: readonly string[] = [], other: Handle = () => undefined): Handle {
  let at = 0;
  return (request, response, socket) => {
    const special = other(request, response, socket);
    if (special !== undefined) return special;
    const [path] = request.url.split('?');
    if (path?.endsWith('/messages') && request.method === 'GET') {
      const items = messages.map((message, index) => ({
        event_id: `e${index}`,
        source: 'devin',
        message,
        created_at: 1,
      }));
      return { body: { items: [{ event_id: 'u', source: 'user', message: 'mine', created_at: 1 }, ...items] } };
    }
    if (path?.endsWith('/sessions') && request.method === 'GET') return { body: { items: [session()] } };
    if (request.method !== 'GET') return { body: session({ status: 'new', status_detail: null }) };
    const [status = 'running', detail = null, more = {}] = states[Math.min(at, states.length - 1)] ?? [];
    at += 1;
    return { body: session({ status, status_detail: detail, updated_at: at, ...more }) };
  };
}

const create = (given: Record<string, string>, handle: Handle, more: Partial<Step> = {}) =>
  perform('create-session', { with: { prompt: 'Fix it', ...given }, handle, ...more });
const cancelled = () => new ActionError('cancelled', 'The runner asked the step to stop.');
const paths = (seen: readonly { method: string; url: string }[]) => seen.map(({ method, url }) => `${method} ${url}`);

describe('create-session', () => {
  it('without a wait starts a session and does not look at it again', async () => {
    const { report, seen, lines } = await create({}, life([]));
    expect(report).toMatchObject({
      outcome: 'success',
      outputs: { session_id: 'devin-4f2a', created: 'true', session_outcome: 'running' },
    });
    expect(paths(seen)).toEqual(['POST /v3/organizations/org-1/sessions']);
    expect(lines()[0]).toBe('Devin session in org-1');
    expect(lines().join('\n')).toContain('"Fix it" (6 bytes)');
  });

  it('waits until the session has finished, and tells what happens meanwhile once', async () => {
    const pull = { pr_url: 'https://github.com/acme/api/pull/482', pr_state: 'open' };
    const states: State[] = [
      ['new'],
      ['claimed'],
      ['running', 'working'],
      ['running', 'working', { pull_requests: [pull] }],
      ['running', 'finished', { pull_requests: [pull], structured_output: { approve: true } }],
    ];
    const { report, lines, clock } = await create({ wait: 'finished', poll_interval: '10s' }, life(states, ['a', 'b']));
    expect(report).toMatchObject({
      outcome: 'success',
      outputs: {
        session_outcome: 'finished',
        pull_request_url: pull.pr_url,
        last_message: 'b',
        structured_output: '{"approve":true}',
      },
    });
    const log = lines().map((line) => line.replace(/^\d\d:\d\d {2}/, ''));
    for (const once of [
      'devin: a',
      'devin: b',
      'running · working',
      `pull request opened: ${pull.pr_url}`,
      'running · finished',
    ]) {
      expect(
        log.filter((line) => line === once),
        once,
      ).toEqual([once]);
    }
    expect(log.join('\n')).not.toContain('mine');
    expect(log.at(-1)).toBe('Finished in 20 s · 2.4 ACUs · 1 pull request');
    // The end is seen twice, and what is missing may come up to five seconds late.
    expect(clock.slept).toEqual([1_000, 2_000, 4_000, 8_000, 2_000, 3_000]);
  });

  it('with wait: started is green as soon as the session runs', async () => {
    const { report } = await create({ wait: 'started' }, life([['new'], ['claimed'], ['running', 'working']]));
    expect(report).toMatchObject({ outcome: 'success', outputs: { session_outcome: 'running' } });
  });

  const ends: readonly [State, string, string][] = [
    [['running', 'waiting_for_user'], 'waiting', 'session_blocked'],
    [['running', 'waiting_for_approval'], 'waiting', 'session_blocked'],
    [['suspended', 'out_of_credits'], 'blocked', 'session_blocked'],
    [['suspended', 'inactivity'], 'waiting', 'session_blocked'],
    [['suspended', 'error'], 'failed', 'session_failed'],
    [['error'], 'failed', 'session_failed'],
    [['exit'], 'terminated', 'session_failed'],
  ];
  it.each(ends)('a session that ends as %s is red: %s, %s', async (state, outcome, code) => {
    const { report } = await create({ wait: 'finished' }, life([['new'], state], ['a question']));
    expect(report).toMatchObject({ outcome: 'failure', error: { code } });
    expect(report.outputs).toMatchObject({ session_outcome: outcome, last_message: 'a question' });
  });

  it('a question is what on_waiting says', async () => {
    const asks: State[] = [['running', 'waiting_for_user']];
    const green = await create({ wait: 'finished', on_waiting: 'succeed' }, life(asks));
    expect(green.report).toMatchObject({ outcome: 'success', outputs: { session_outcome: 'waiting' } });
    const goes = await create(
      { wait: 'finished', on_waiting: 'keep-waiting' },
      life([...asks, ...asks, ['running', 'finished']]),
    );
    expect(goes.report.outputs['session_outcome']).toBe('finished');
  });

  it.each<[Parameters<typeof session>[0], Record<string, string>, string | undefined]>([
    [{ structured_output: { approve: true } }, {}, undefined],
    [{ structured_output: { approve: 'yes' } }, {}, 'structured_output_invalid'],
    [{ structured_output: null }, {}, 'structured_output_invalid'],
    [{ structured_output: null }, { structured_output_required: 'false' }, undefined],
    [{ structured_output: {} }, { structured_output_required: 'false' }, 'structured_output_invalid'],
  ])('structured output %j with %j ends with the code %s', async (more, given, code) => {
    const schema = 'type: object\nrequired: [approve]\nproperties: { approve: { type: boolean } }';
    const inputs = { wait: 'finished', structured_output_schema: schema, ...given };
    const { report, seen } = await create(inputs, life([['running', 'finished', more]]));
    expect(report.error?.code).toBe(code);
    expect(report.outcome).toBe(code === undefined ? 'success' : 'failure');
    expect(JSON.parse(seen[0]?.body ?? '')).toHaveProperty('structured_output_schema.required', ['approve']);
  });

  it('a session that the API does not know yet gets a moment, and no more than that', async () => {
    let missing = 2;
    const late: Handle = ({ method, url }) =>
      method === 'GET' && url.endsWith('devin-4f2a') && missing-- > 0 ? { status: 404 } : undefined;
    const known = await create({ wait: 'finished' }, life([['running', 'finished']], [], late));
    expect(known.report.outcome).toBe('success');
    missing = 1_000;
    const never = await create({ wait: 'finished', poll_interval: '5s' }, life([], [], late));
    expect(never.report).toMatchObject({ outcome: 'failure', error: { code: 'not_found' } });
    expect(never.report.error?.message).toContain('may still be running: https://app.devin.ai/sessions/4f2a');
    expect(never.seen.length).toBeLessThan(20);
    expect(never.report.outputs['session_id']).toBe('devin-4f2a');
  });
});

describe('a step that is stopped', () => {
  /** Stops at the third look at the session. */
  const stopping = (reason: ActionError, ending: Reply = { body: session({ status: 'exit' }) }) => {
    const stop = new AbortController();
    let looks = 0;
    const handle = life([['running', 'working']], [], ({ method, url }) => {
      if (method === 'GET' && url.endsWith('devin-4f2a') && ++looks === 3) stop.abort(reason);
      return method === 'DELETE' || url.endsWith('/archive') ? ending : undefined;
    });
    return { handle, signal: stop.signal };
  };

  it.each([
    ['cancelled', {}, 'DELETE /v3/organizations/org-1/sessions/devin-4f2a', 'terminated'],
    ['cancelled', { on_cancel: 'archive' }, 'POST /v3/organizations/org-1/sessions/devin-4f2a/archive', 'running'],
    ['cancelled', { on_cancel: 'leave' }, undefined, 'running'],
    ['timeout', {}, undefined, 'timed_out'],
    ['timeout', { on_timeout: 'terminate' }, 'DELETE /v3/organizations/org-1/sessions/devin-4f2a', 'timed_out'],
  ] as const)('%s with %j asks for %s, and the outcome is %s', async (code, given, request, outcome) => {
    const { handle, signal } = stopping(new ActionError(code, 'Stop.'));
    const { report, seen } = await create({ wait: 'finished', ...given }, handle, { signal });
    expect(report).toMatchObject({
      outcome: 'failure',
      error: { code },
      outputs: { session_id: 'devin-4f2a', session_outcome: outcome },
    });
    const changes = paths(seen).filter((each) => !each.startsWith('GET') && !each.endsWith('/sessions'));
    expect(changes).toEqual(request === undefined ? [] : [request]);
    expect(report.summary).toMatch(/The session (may still be running|was terminated|was archived)|was running when/);
  });

  it('a session that cannot be ended may still be running, and the step says so', async () => {
    const { handle, signal } = stopping(cancelled(), { status: 403 });
    const { report, lines } = await create({ wait: 'finished' }, handle, { signal });
    expect(report.error?.code).toBe('cancelled');
    expect(report.outputs['session_outcome']).toBe('running');
    expect(report.summary).toContain('may still be running, and may spend more ACUs');
    expect(lines().some((line) => line.startsWith('::warning title=The session could not be ended'))).toBe(true);
  });

  it('before anything was sent starts no session', async () => {
    const seen: string[] = [];
    const handle: Handle = ({ url }) => {
      seen.push(url);
      return {};
    };
    const thrown = await create({}, handle, { signal: AbortSignal.abort(cancelled()) }).catch(asActionError);
    expect(thrown).toMatchObject({ code: 'cancelled' });
    expect(seen).toEqual([]);
  });

  it('wait-for-session never ends a session that is not its own', async () => {
    const { handle, signal } = stopping(cancelled());
    const { report, seen } = await perform('wait-for-session', { with: { session_id: '4f2a' }, handle, signal });
    expect(report).toMatchObject({ outcome: 'failure', error: { code: 'cancelled' } });
    expect(seen.every(({ method }) => method === 'GET')).toBe(true);
  });
});

describe('operations on a session that exists', () => {
  it.each<[OperationName, Record<string, string>, string]>([
    ['get-session', {}, 'GET /v3/organizations/org-1/sessions/devin-4f2a'],
    ['send-message', { message: 'go on' }, 'GET /v3/organizations/org-1/sessions/devin-4f2a'],
    ['terminate-session', {}, 'DELETE /v3/organizations/org-1/sessions/devin-4f2a?archive=false'],
    ['terminate-session', { archive: 'true' }, 'DELETE /v3/organizations/org-1/sessions/devin-4f2a?archive=true'],
    ['archive-session', {}, 'POST /v3/organizations/org-1/sessions/devin-4f2a/archive'],
    ['wait-for-session', {}, 'GET /v3/organizations/org-1/sessions/devin-4f2a'],
  ])('%s with %j asks for %s', async (name, given, request) => {
    const handle = life([['running', 'finished']], ['hello']);
    const { report, seen } = await perform(name, {
      with: { session_id: 'https://app.devin.ai/sessions/4f2a', ...given },
      handle,
    });
    expect(paths(seen)[0]).toBe(request);
    expect(report.outcome).toBe('success');
    expect(report.outputs['session_id']).toBe('devin-4f2a');
    expect(report.outputs).not.toHaveProperty('created');
  });

  it('get-session shows a session that failed without failing itself', async () => {
    const { report } = await perform('get-session', { with: { session_id: '4f2a' }, handle: life([['error']], ['x']) });
    expect(report).toMatchObject({ outcome: 'success', outputs: { session_outcome: 'failed', last_message: 'x' } });
  });

  it('send-message sends the text as it is, and a reference by which it is known again', async () => {
    const text = 'two\nlines ::error::x';
    const { seen, lines } = await perform('send-message', {
      with: { session_id: '4f2a', message: text },
      handle: life([]),
    });
    const [message] = seen.flatMap(({ method, body }) => (method === 'POST' ? [JSON.parse(body).message] : []));
    expect(message).toMatch(/^two\nlines ::error::x\n\n\(request devin-action:[0-9a-f]{24}\)$/);
    expect(lines().join('\n')).not.toContain('lines');
  });

  it('send-message asks a session that has a report to update it, and waits for the reply', async () => {
    const tags = ['devin-action:report'];
    const old = { tags, structured_output: { outcome: 'question', summary: 'Which branch?' } };
    const done = { tags, structured_output: { outcome: 'done', summary: 'Done on main.' } };
    const handle = life([
      ['running', 'waiting_for_user', old],
      ['running', 'waiting_for_user', old],
      ['running', 'working', old],
      ['running', 'waiting_for_user', done],
    ]);
    const { report, seen } = await perform('send-message', {
      with: { session_id: '4f2a', message: 'main', wait: 'finished', poll_interval: '1s' },
      handle,
    });
    const [message] = seen.flatMap(({ method, body }) => (method === 'POST' ? [JSON.parse(body).message] : []));
    expect(message).toMatch(
      /^main\n\nWhen you stop, update the structured output: .*\(request devin-action:\w+ after \w{8}\)$/,
    );
    expect(report).toMatchObject({
      outcome: 'success',
      outputs: { session_outcome: 'finished', summary: 'Done on main.', structured_output: '' },
    });
  });

  it.each<[string, Reply, string]>([
    ['an empty body', { body: '' }, 'success'],
    ['a page of HTML', { body: '<html></html>', headers: { 'content-type': 'text/html' } }, 'success'],
    ['204', { status: 204, body: '' }, 'success'],
    ['an odd body', { body: [1] }, 'success'],
    ['409', { status: 409 }, 'failure'],
  ])('send-message takes %s as what it says: %s', async (_name, reply, outcome) => {
    const handle = life([['running', 'working']], [], ({ method }) => (method === 'POST' ? reply : undefined));
    const sent = perform('send-message', { with: { session_id: '4f2a', message: 'go on' }, handle });
    const result = await sent.then(
      ({ report }) => report.outcome,
      () => 'failure',
    );
    expect(result).toBe(outcome);
  });

  it('send-message waits for a new session to be known', async () => {
    let missing = 2;
    const handle = life([['running', 'working']], [], ({ method }) =>
      method === 'GET' && missing-- > 0 ? { status: 404 } : undefined,
    );
    const { report } = await perform('send-message', { with: { session_id: '4f2a', message: 'go on' }, handle });
    expect(report.outcome).toBe('success');
  });
});

describe('list-sessions', () => {
  const rows =
    (total: number): Handle =>
    ({ url }) => {
      const query = new URL(url, 'http://x').searchParams;
      const [from, size] = [Number(query.get('after') ?? 0), Number(query.get('first'))];
      const ids = Array.from({ length: Math.min(size, total - from) }, (_, index) => from + index);
      const more = from + size < total;
      const items = ids.map((id) => session({ session_id: String(id), created_at: 10_000 - id, title: `| ${id} <b>` }));
      return { body: { items, has_next_page: more, end_cursor: more ? String(from + size) : null } };
    };

  it('reads pages up to max_results, and says if there is more', async () => {
    const { report, seen, lines } = await perform('list-sessions', {
      with: { max_results: '450' },
      handle: rows(1_000),
    });
    expect(report.outputs['count']).toBe('450');
    expect(report.data).toMatchObject({ count: 450, has_more: true });
    expect(seen.length).toBe(3);
    expect(JSON.parse(report.outputs['sessions'] ?? '').at(-1)).toHaveProperty('session_id', 'devin-449');
    expect(report.summary).toContain('### ✅ 450 sessions, and more');
    expect(report.summary).toContain('Only the newest 450 are listed; raise `max_results` for more.');
    expect(lines().join('\n')).toContain('450 sessions, and more. Only the newest 450 are listed');
    expect(report.summary.split('\n').filter((line) => line.startsWith('| [')).length).toBe(200);
    expect(report.summary).not.toContain('<b>');
  });

  it.each([
    [3, '3', false],
    [5, '5', false],
    [6, '5', true],
    [0, '0', false],
  ])('with max_results: 5 and %d sessions counts %s (more: %s)', async (total, counted, more) => {
    const { report } = await perform('list-sessions', { with: { max_results: '5' }, handle: rows(total) });
    expect(report.outputs['count']).toBe(counted);
    expect(report.data['has_more']).toBe(more);
  });

  it('filters as asked', async () => {
    const given = { tags: 'a,b', repos: 'acme/api', playbook_id: 'playbook-1', since: '7d', until: '2026-01-31' };
    const { seen } = await perform('list-sessions', { with: given, handle: rows(0) });
    const query = new URL(seen[0]?.url ?? '', 'http://x').searchParams;
    expect(query.getAll('tags')).toEqual(['a', 'b']);
    expect(query.getAll('repo_names')).toEqual(['acme/api']);
    expect(query.get('playbook_id')).toBe('playbook-1');
    expect(Number(query.get('created_after'))).toBe(Date.UTC(2026, 0, 24, 8) / 1_000);
    expect(Number(query.get('created_before'))).toBe(Date.UTC(2026, 0, 31) / 1_000);
  });
});
