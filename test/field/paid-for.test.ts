import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atEnd } from '../at-end.ts';
import type { StepResult } from '../e2e/fake-runner.ts';
import { done, works } from './scripts.ts';
import { listen } from './server/http.ts';
import { create, field, fieldHere, json, said, story } from './support.ts';

const CREATE = /\/sessions$/;

const urlOf = (id: string) => `https://app.devin.ai/sessions/${id}`;

/** The session is known wherever a person looks. */
function expectKnown(result: StepResult, id: string): void {
  expect(result.outputs, story(result)).toMatchObject({ session_id: `devin-${id}`, session_url: urlOf(id) });
  expect(result.stdout).toContain(urlOf(id));
  expect(result.summary).toContain(urlOf(id));
}

/** A GitHub that takes every request and never responds. */
async function silentGithub() {
  const server = await listen(() => undefined);
  atEnd(() => server.close());
  return { url: server.url, graphqlUrl: `${server.url}/graphql`, token: 'ghs_silent' };
}

const ISSUE = {
  name: 'issues',
  payload: {
    action: 'opened',
    issue: {
      number: 7,
      title: 'Comma',
      author_association: 'OWNER',
      body: 'A comma is lost.',
      user: { login: 'octocat' },
      html_url: 'https://github.com/acme/api/issues/7',
    },
    repository: { full_name: 'acme/api', name: 'api', owner: { login: 'acme' } },
    sender: { login: 'octocat' },
  },
} as const;

describe.concurrent('a session that exists is never lost', () => {
  test.each([
    ['nothing but the id', (id: string) => ({ session_id: id })],
    [
      'null in place of everything else',
      (id: string) => ({ session_id: id, url: null, status: null, tags: null, org_id: null }),
    ],
    ['an id that has devin- already', (id: string) => ({ session_id: `devin-${id}`, status: 'new' })],
    [
      'members of other forms',
      (id: string) => ({ session_id: id, status: 7, tags: 'a', pull_requests: {}, title: [] }),
    ],
  ])('create responds with %s', async (_name, bodyOf) => {
    const api = await field();
    api.after({ method: 'POST', path: CREATE }, (reply) => ({ ...reply, body: bodyOf(api.session().id) }));
    const result = await create(api);
    expect(result.exitCode, story(result)).toBe(0);
    expectKnown(result, api.session().id);
    expect(api.lines('POST')).toHaveLength(1);
  });

  test('the outputs cannot be written: log and summary have it', async () => {
    const api = await fieldHere();
    const result = await create(api, {}, { env: { GITHUB_OUTPUT: join(import.meta.dirname, 'missing', 'output') } });
    const url = urlOf(api.session().id);
    expect(result.stdout).toContain(url);
    expect(result.summary).toContain(url);
    expect(result.stderr).toBe('');
    expect(said(result, 'error').join('\n')).toMatch(/output/i);
  });

  test('the summary cannot be written: log and outputs have it, and the step succeeds with a warning', async () => {
    const api = await fieldHere();
    const result = await create(
      api,
      {},
      { env: { GITHUB_STEP_SUMMARY: join(import.meta.dirname, 'missing', 'summary') } },
    );
    const { id } = api.session();
    expect(result.exitCode, story(result)).toBe(0);
    expect(result.outputs).toMatchObject({ outcome: 'success', session_id: `devin-${id}`, session_url: urlOf(id) });
    expect(result.stdout).toContain(urlOf(id));
    expect(said(result, 'warning').join('\n')).toMatch(/summary/i);
  });

  test('the result file cannot be written: log, outputs and summary have it', async () => {
    const api = await fieldHere();
    let workspace = '';
    // Too late for a check of the inputs.
    api.before({ method: 'POST', path: CREATE }, () => {
      mkdirSync(join(workspace, 'result.json'), { recursive: true });
      return undefined;
    });
    const result = await create(
      api,
      { result_file: 'result.json' },
      {
        before: (path) => {
          workspace = path;
        },
      },
    );
    expectKnown(result, api.session().id);
  });

  test('GitHub takes the comment and never responds: the step goes on, with a warning', async () => {
    const api = await field({ script: done() });
    const result = await create(
      api,
      { comment: 'true', wait: 'finished' },
      { github: await silentGithub(), event: ISSUE },
    );
    expect(result.exitCode, story(result)).toBe(0);
    expectKnown(result, api.session().id);
    expect(said(result, 'warning').join('\n')).toMatch(/comment/i);
  });

  test('the session itself cannot be read any more: the error has its address, and says that it may still be running', async () => {
    const api = await fieldHere({ script: works() });
    api.before({ method: 'GET', path: /\/sessions\/[^/]+$/ }, { status: 403, body: { detail: 'Unauthorized' } });
    const result = await create(api, { wait: 'finished', timeout: '10m' });
    expect(result.exitCode, story(result)).toBe(1);
    expectKnown(result, api.session().id);
    expect(result.outputs['session_outcome']).toBe('running');
    expect(said(result, 'error').join('\n')).toContain('may still be running');
    expect(api.lines('DELETE')).toEqual([]);
  });
});

describe.concurrent('warnings', () => {
  test('an output over 100 kB gives one that names it, for env: cannot carry it', async () => {
    const output = { outcome: 'done', summary: 'x'.repeat(120_000) };
    const api = await fieldHere({ script: works({ at: 20, detail: 'waiting_for_user', output }) });
    const result = await create(api, {
      wait: 'finished',
      structured_output_schema: '{ "type": "object", "required": ["summary"] }',
    });
    expect(result.exitCode, story(result).slice(-3_000)).toBe(0);
    expect(json(result, 'structured_output')).toEqual(output);
    const warnings = said(result, 'warning').join('\n');
    expect(warnings).toContain('structured_output');
    expect(warnings).toContain('env');
  });

  test('an output under 100 kB gives none', async () => {
    const output = { outcome: 'done', summary: 'x'.repeat(20_000) };
    const api = await fieldHere({ script: works({ at: 20, detail: 'waiting_for_user', output }) });
    const result = await create(api, { wait: 'finished', structured_output_schema: '{ "type": "object" }' });
    expect(result.exitCode, story(result).slice(-3_000)).toBe(0);
    expect(said(result, 'warning')).toEqual([]);
  });
});

describe.concurrent('a missing event file', () => {
  test('is named, and not blamed on allowed_associations', async () => {
    const api = await fieldHere();
    const path = join(import.meta.dirname, 'missing', 'event.json');
    const result = await create(
      api,
      { context: 'event', trigger_phrase: '/devin' },
      { event: { name: 'issue_comment', payload: {} }, env: { GITHUB_EVENT_PATH: path } },
    );
    expect(result.exitCode, story(result)).toBe(1);
    expect(result.stdout).not.toContain('allowed_associations');
    expect(said(result, 'error').join('\n')).toMatch(/event/i);
    expect(said(result, 'error').join('\n')).toMatch(/GITHUB_EVENT_PATH|event\.json|event file/);
    expect(api.requests).toEqual([]);
  });
});
