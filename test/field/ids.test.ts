import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { postProcess, runProcess } from '../e2e/fake-runner.ts';
import { fieldClock } from './clock.ts';
import { done, END_AT, works } from './scripts.ts';
import { ENTERPRISE_KEY, type Field, ORG, OTHER_ORG } from './server/index.ts';
import type { StoredSession } from './server/store.ts';
import { create, fieldHere, json, optionsOf, step, story } from './support.ts';

/** Every path that names a session has `devin-`; nothing was refused for it. */
function expectPrefixedPaths(api: Field): void {
  const named = api.requests.filter(({ path }) => /\/sessions\/[^/]/.test(path));
  expect(named.length).toBeGreaterThan(0);
  for (const { path } of named) expect(path).toMatch(/\/sessions\/devin-[0-9a-f]{32}(\/|$)/);
  expect(api.requests.filter(({ status }) => status === 403)).toEqual([]);
}

const prefixed = ({ id }: StoredSession) => `devin-${id}`;

/** The ways in which people name a session. */
const FORMS: readonly (readonly [string, (session: StoredSession) => string])[] = [
  ['a bare id', ({ id }) => id],
  ['an id with devin-', prefixed],
  ['an address', ({ id }) => `https://app.devin.ai/sessions/${id}`],
  ['an address with devin-', ({ id }) => `https://app.devin.ai/sessions/devin-${id}`],
];

const OPERATIONS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['get-session', {}],
  ['wait-for-session', {}],
  ['send-message', { message: 'Go on.' }],
  ['terminate-session', {}],
  ['archive-session', {}],
];

describe.concurrent('session ids, which the API gives without devin- and takes only with it', () => {
  test('create-session waits for the session that it created, and its outputs have devin-', async () => {
    const api = await fieldHere({ script: done() });
    const result = await create(api, { wait: 'finished' });
    expect(result.exitCode, story(result)).toBe(0);
    expectPrefixedPaths(api);
    const session = api.session();
    expect(result.outputs).toMatchObject({
      session_id: prefixed(session),
      session_url: `https://app.devin.ai/sessions/${session.id}`,
      session_outcome: 'finished',
    });
    expect(json(result, 'sessions')).toMatchObject([{ org_id: ORG, session_id: prefixed(session) }]);
    expect(json(result, 'result')).toMatchObject({ data: { session_id: prefixed(session) } });
    expect(result.summary).toContain(prefixed(session));
  });

  test.each(OPERATIONS)('%s takes each way of naming a session', async (operation, inputs) => {
    for (const [form, write] of operation === 'get-session' ? FORMS : FORMS.slice(0, 1)) {
      const api = await fieldHere({ script: [{ at: 0, status: 'running', detail: 'finished' }] });
      const session = api.start({ prompt: 'Fix the parser.' });
      const result = await step(api, { operation, session_id: write(session), ...inputs });
      expect(result.exitCode, `${form}: ${story(result)}`).toBe(0);
      expect(result.outputs['session_id']).toBe(prefixed(session));
      expectPrefixedPaths(api);
    }
  });

  test('list-sessions gives ids with devin-, that other steps take as they are', async () => {
    const api = await fieldHere();
    const sessions = [api.start({ prompt: 'One.' }), api.start({ prompt: 'Two.' })];
    const result = await step(api, { operation: 'list-sessions' });
    expect(result.exitCode, story(result)).toBe(0);
    const listed = json(result, 'sessions');
    expect(listed).toHaveLength(2);
    expect(listed).toEqual(
      expect.arrayContaining(sessions.map((session) => expect.objectContaining({ session_id: prefixed(session) }))),
    );
  });

  test('the post step ends the session of a step that was killed, by an id with devin-', async () => {
    // Its few seconds are of the machine.
    const api = await fieldHere({ clock: fieldClock(1), script: [{ at: 0, status: 'running', detail: 'working' }] });
    const options = optionsOf(
      api,
      { operation: 'create-session', prompt: 'Fix the parser.', wait: 'finished' },
      {
        onOutput: (output, kill) => {
          if (output.includes('running · working')) kill('SIGKILL');
        },
      },
    );
    const killed = await runProcess(options);
    expect(JSON.stringify(killed.state)).toContain(prefixed(api.session()));
    const { onOutput: _, ...rest } = options;
    const post = await postProcess(killed, rest);
    expect(post.exitCode, story(post)).toBe(0);
    expect(api.lines('DELETE')).toEqual([`DELETE /v3/organizations/${ORG}/sessions/${prefixed(api.session())}`]);
    expectPrefixedPaths(api);
  });

  test('a re-run finds the session of the first attempt, although a list gives its id without devin-', async () => {
    const api = await fieldHere({ script: done() });
    const first = await create(api, { wait: 'none' });
    const second = await create(api, { wait: 'finished' }, { env: { GITHUB_RUN_ATTEMPT: '2' } });
    expect(second.exitCode, story(second)).toBe(0);
    expect(second.outputs).toMatchObject({ created: 'false', session_id: first.outputs['session_id'] });
    expect(api.sessions).toHaveLength(1);
    expectPrefixedPaths(api);
  });
});

describe.concurrent('the organization', () => {
  test('is the one that the step named, even if responses name another', async () => {
    const api = await fieldHere({
      script: done().map((at) => ({ ...at, fields: { org_id: OTHER_ORG } })),
    });
    const result = await create(api, { wait: 'finished', devin_token: ENTERPRISE_KEY });
    expect(result.exitCode, story(result)).toBe(0);
    expect(json(result, 'sessions')).toMatchObject([{ org_id: ORG }]);
    expect(json(result, 'result')).toMatchObject({ data: { org_id: ORG } });
    for (const { path } of api.requests) expect(path).toContain(ORG);
  });

  test('is found out from the credential with one request where none is named', async () => {
    const api = await fieldHere();
    const result = await create(api, { org_id: '' });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.lines()).toEqual(['GET /v3/self', `POST /v3/organizations/${ORG}/sessions`]);
  });
});

describe.concurrent('attachments', () => {
  test('of Devin are downloaded by the UUID of their address, and the signed address gets no credential', async () => {
    const api = await fieldHere({ script: works({ at: END_AT, detail: 'finished' }) });
    let saved = '';
    api.before({ method: 'GET', path: /\/sessions\/[^/]+\/attachments$/, times: 1 }, () => {
      api.addFile(api.session(), 'report ü.txt', 'All is well.');
      return undefined;
    });
    const result = await create(
      api,
      { wait: 'finished', download_attachments: 'from-devin' },
      {
        after: (workspace) => {
          const path = join(workspace, 'from-devin', 'report ü.txt');
          saved = existsSync(path) ? readFileSync(path, 'utf8') : '';
        },
      },
    );
    expect(result.exitCode, story(result)).toBe(0);
    expect(saved).toBe('All is well.');
    const [file] = api.session().files;
    const downloads = api.requests.filter(({ path }) => path.includes(file?.uuid ?? '-'));
    expect(downloads.map(({ server, status, authorization }) => [server, status, authorization.length])).toEqual([
      ['api', 307, 1],
      ['files', 200, 0],
    ]);
    expect(json(result, 'attachments')).toMatchObject([{ name: 'report ü.txt', path: 'from-devin/report ü.txt' }]);
  });

  test('of the step are uploaded once, and the session gets their addresses', async () => {
    const api = await fieldHere();
    const result = await create(api, { attachments: 'notes.txt' }, { files: { 'notes.txt': 'Mind the comma.' } });
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.uploads).toMatchObject([{ name: 'notes.txt', content: 'Mind the comma.' }]);
    expect(api.session().body['attachment_urls']).toEqual([
      `https://app.devin.ai/attachments/${api.uploads[0]?.uuid}/notes.txt`,
    ]);
    expect(api.lines('POST')).toEqual([
      `POST /v3/organizations/${ORG}/attachments`,
      `POST /v3/organizations/${ORG}/sessions`,
    ]);
  });
});

describe.concurrent('every request', () => {
  test('has exactly one credential, and one is enough to create a session', async () => {
    const api = await fieldHere();
    const result = await create(api);
    expect(result.exitCode, story(result)).toBe(0);
    expect(api.requests).toHaveLength(1);
    const [request] = api.requests;
    expect(request?.authorization).toHaveLength(1);
    expect(request?.headers['accept']).toContain('json');
    expect(request?.headers['user-agent']).toMatch(/devin-action/i);
  });
});
