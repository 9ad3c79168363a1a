import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { atEnd } from './at-end.ts';
import {
  COMMITS,
  type Doer,
  issueCommented,
  issueLabeled,
  issueOpened,
  OWNER,
  pullRequest,
  runFailed,
} from './e2e/events.ts';
import { ROOT } from './e2e/fake-runner.ts';
import type { TestSandbox } from './e2e/sandbox.ts';
import { type LocalGithub, openGithub } from './github/server/index.ts';
import {
  checkWorkflows,
  EXAMPLES,
  lastOf,
  onlyHere,
  organizationsIn,
  quick,
  resultsOf,
  runExample,
  runWorkflow,
} from './workflow-runner.ts';

/** A GitHub of acme/api with an issue and a pull request, a maintainer and somebody who only reads. */
async function withGithub(work: (github: LocalGithub) => Promise<void>): Promise<void> {
  const github = await openGithub({ repository: 'acme/api' });
  try {
    github.thread('issue', 128);
    github.thread('pull_request', 129);
    github.collaborator('maintainer', 'maintain');
    github.collaborator('reader', 'read');
    github.comparison(COMMITS.base, COMMITS.head, ['src/parser.ts']);
    await work(github);
    expect(github.breaches()).toEqual([]);
  } finally {
    await github.close();
  }
}

const MAINTAINER: Doer = { login: 'maintainer', association: 'MEMBER' };
const READER: Doer = { login: 'reader', association: 'COLLABORATOR' };
const STRANGER: Doer = { login: 'stranger', association: 'NONE' };

/** The prompt of a session, as Devin got it. */
async function promptOf(sandbox: TestSandbox, session: string | undefined): Promise<string> {
  const answer = await sandbox.api('GET', `/v3/organizations/${await sandbox.orgId()}/sessions/${session}/messages`);
  return Object(answer).items[0].message;
}

const posts = async (sandbox: TestSandbox) => (await sandbox.requests()).filter(({ method }) => method === 'POST');

describe('an example that people and events start', onlyHere, () => {
  test('comment-command: two comments on one thread go to one session, with one comment about it', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const say = async (runId: string, body: string, by = MAINTAINER) => {
        const event = issueCommented(128, body, by);
        return lastOf((await runExample('comment-command.yml', { url: sandbox.url, github, event, runId }))['devin']);
      };
      const first = await say('1', '/devin fix the parser');
      expect(first).toMatchObject({ green: true, outputs: { session_outcome: 'finished', created: 'true' } });
      const second = await say('2', '/devin and its tests');
      expect(second?.outputs).toMatchObject({ reused: 'true', session_id: first?.outputs['session_id'] });
      const fresh = await say('3', '/devin new fix the lexer');
      expect(fresh?.outputs).toMatchObject({ created: 'true' });
      expect(fresh?.outputs['session_id']).not.toBe(first?.outputs['session_id']);
      const [comment, ...more] = github.comments(128);
      expect(more).toEqual([]);
      expect(comment?.body).toContain(fresh?.outputs['session_url']);
      expect(await promptOf(sandbox, first?.outputs['session_id'])).toContain('fix the parser');
    }));

  test('comment-command: nobody else is let in, and a comment about something else costs no runner', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const say = async (body: string, by: Doer) => {
        const event = issueCommented(128, body, by);
        return (await runExample('comment-command.yml', { url: sandbox.url, github, event }))['devin'];
      };
      const stranger = lastOf(await say('/devin mine bitcoins', STRANGER));
      expect(stranger).toMatchObject({ green: true, outputs: { outcome: 'skipped' } });
      const reader = lastOf(await say('/devin mine bitcoins', READER));
      expect(reader).toMatchObject({ green: true, outputs: { outcome: 'skipped' } });
      expect(reader?.outputs['skipped_reason']).toContain('only the role read');
      expect((await say('Thank you!', MAINTAINER))?.[0]?.result).toBe('skipped');
      expect(await posts(sandbox)).toEqual([]);
      expect(github.comments(128)).toEqual([]);
    }));

  test('label-trigger: a maintainer hands over the issue of a stranger', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const event = issueLabeled(128, 'devin', STRANGER, MAINTAINER);
      const { devin } = await runExample('label-trigger.yml', { url: sandbox.url, github, event });
      expect(lastOf(devin)).toMatchObject({ green: true, outputs: { outcome: 'success', created: 'true' } });
      expect(await promptOf(sandbox, lastOf(devin)?.outputs['session_id'])).toContain('The parser drops a comma');
      expect(github.comments(128)).toHaveLength(1);
    }));

  test('label-trigger: who may not write hands over nothing, and other labels cost no runner', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const label = async (name: string, by: Doer) => {
        const event = issueLabeled(128, name, STRANGER, by);
        return (await runExample('label-trigger.yml', { url: sandbox.url, github, event }))['devin'];
      };
      for (const by of [READER, STRANGER])
        expect(lastOf(await label('devin', by))).toMatchObject({ green: true, outputs: { outcome: 'skipped' } });
      expect((await label('bug', MAINTAINER))?.[0]?.result).toBe('skipped');
      expect(await posts(sandbox)).toEqual([]);
    }));

  test('repair-ci: Devin gets the failing job with its annotations and its log', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const job = { run: 7, name: 'unit tests', steps: [{ name: 'Run npm test', conclusion: 'failure' }] };
      const notes = [{ path: 'src/parser.ts', line: 3, level: 'failure' as const, message: 'expected a comma' }];
      github.job({ ...job, log: '2026-01-31T08:00:00.1234567Z AssertionError: 1 comma is missing\n' }, notes);
      const event = runFailed(7, { by: MAINTAINER });
      const { repair } = await runExample('repair-ci.yml', { url: sandbox.url, github, event });
      expect(lastOf(repair)).toMatchObject({ green: true, outputs: { session_outcome: 'finished' } });
      const prompt = await promptOf(sandbox, lastOf(repair)?.outputs['session_id']);
      for (const part of ['unit tests', 'Run npm test', 'src/parser.ts:3', 'expected a comma', '1 comma is missing'])
        expect(prompt).toContain(part);
    }));

  test('repair-ci: forks, people who may not write and branches of Devin get none', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const fail = async (options: Parameters<typeof runFailed>[1]) => {
        const event = runFailed(7, options);
        return (await runExample('repair-ci.yml', { url: sandbox.url, github, event }))['repair'];
      };
      for (const options of [{ by: MAINTAINER, fork: true }, { by: READER }])
        expect(lastOf(await fail(options))).toMatchObject({ green: true, outputs: { outcome: 'skipped' } });
      expect((await fail({ by: MAINTAINER, branch: 'devin/1-fix' }))?.[0]?.result).toBe('skipped');
      expect(await posts(sandbox)).toEqual([]);
    }));

  test.each([
    ['approves', 'true', { review: 'success', verdict: 'success' }],
    ['has findings', 'false', { review: 'success', verdict: 'failure' }],
  ])('review-gate: where Devin %s', (_, approve, results) =>
    withGithub(async (github) => {
      const { url } = await quick();
      const text = await readFile(join(EXAMPLES, 'review-gate.yml'), 'utf8');
      const told = text.replace('approve: { type: boolean }', `approve: { type: boolean, enum: [${approve}] }`);
      expect(told).not.toBe(text);
      const event = pullRequest('opened', 129, { by: OWNER });
      const all = await runWorkflow(told, { url, github, event });
      expect(resultsOf(all)).toEqual(results);
      expect(github.comments(129)).toHaveLength(1);
    }),
  );

  test('review-gate: a fork, which has no secrets, is red with the reason', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const event = pullRequest('opened', 129, { by: STRANGER, fork: true });
      const all = await runExample('review-gate.yml', { url: sandbox.url, github, event, secrets: () => ({}) });
      expect(resultsOf(all)).toEqual({ review: 'success', verdict: 'failure' });
      expect(lastOf(all['verdict'])?.output).toMatch(/^Not reviewed: skipped\. it comes from a fork/);
      expect(await sandbox.requests()).toEqual([]);
      expect(github.requests()).toEqual([]);
    }));

  test('review-gate: a session that fails is red as well', () =>
    withGithub(async (github) => {
      const { url } = await quick();
      const event = pullRequest('opened', 129, { by: OWNER });
      const all = await runExample('review-gate.yml', { url, github, event, life: 'sandbox:error' });
      expect(resultsOf(all)).toEqual({ review: 'failure', verdict: 'failure' });
      expect(lastOf(all['verdict'])?.output).toMatch(/^Not reviewed: /);
    }));

  test('resolve-conflicts: one session and one comment for each pull request', () =>
    withGithub(async (github) => {
      const { url } = await quick();
      for (const number of [129, 131]) github.pull(number);
      const programs = mkdtempSync(join(tmpdir(), 'programs-'));
      atEnd(() => rmSync(programs, { recursive: true, force: true }));
      writeFileSync(join(programs, 'gh'), '#!/bin/sh\necho "[129,131]"\n', { mode: 0o755 });
      const all = await runExample('resolve-conflicts.yml', { url, github, programs });
      expect(all['resolve']?.map(({ result }) => result)).toEqual(['success', 'success']);
      for (const number of [129, 131]) expect(github.comments(number)).toHaveLength(1);
    }));

  test('finish-stale: a label or a number starts Devin, and the check is on the head', () =>
    withGithub(async (github) => {
      const { url } = await quick();
      github.pull(129);
      const event = pullRequest('labeled', 129, { by: OWNER, label: 'devin-finish' });
      const labeled = await runExample('finish-stale.yml', { url, github, event });
      expect(lastOf(labeled['finish'])?.outputs).toMatchObject({ session_outcome: 'finished' });
      const byHand = await runExample('finish-stale.yml', {
        url,
        github,
        inputs: { number: '129' },
        runId: '2',
        context: { event_name: 'workflow_dispatch' },
      });
      expect(lastOf(byHand['finish'])?.outputs).toMatchObject({ session_outcome: 'finished' });
      expect([...github.state.checkRuns.values()].map(({ conclusion, head }) => [conclusion, head])).toEqual([
        ['success', COMMITS.head],
        ['success', COMMITS.head],
      ]);
      expect(github.comments(129)).toHaveLength(1);
    }));

  test('respond-to-review: only the listed bot starts Devin, with the comments on lines', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      github.pull(129);
      const login = 'review-helper[bot]';
      const review = github.review(129, { author: { login, bot: true }, body: 'One bug.' });
      github.reviewComment(review, { author: { login, bot: true }, body: 'Off by one.' });
      const submitted = (by: string) => {
        const { payload } = pullRequest('submitted', 129);
        const user = { login: by, type: 'Bot' };
        const shown = { id: review.id, body: 'One bug.', state: 'commented', user, author_association: 'NONE' };
        return { name: 'pull_request_review', payload: { ...payload, sender: user, review: shown } };
      };
      const { respond } = await runExample('respond-to-review.yml', {
        url: sandbox.url,
        github,
        event: submitted(login),
      });
      expect(lastOf(respond)?.outputs).toMatchObject({ session_outcome: 'finished' });
      expect(await promptOf(sandbox, lastOf(respond)?.outputs['session_id'])).toContain('Off by one.');
      const other = await runExample('respond-to-review.yml', { url: sandbox.url, github, event: submitted('x[bot]') });
      expect(other['respond']?.[0]?.result).toBe('skipped');
    }));

  test('collect-sessions announces in one job each the sessions that no runner waited for', () =>
    withGithub(async (github) => {
      const { url } = await quick();
      const start = `on: workflow_dispatch\npermissions: {}\njobs:\n  start:\n    runs-on: ubuntu-latest\n    permissions: { issues: write }\n    steps:\n      - uses: OWNER/devin-action@v1\n        with: { operation: create-session, devin_token: "\${{ secrets.DEVIN_TOKEN }}", prompt: Fix it., wait: later, comment: true, issue_number: "128" }\n`;
      await runWorkflow(start, { url, github, life: 'sandbox:pr' });
      expect(github.comments(128)[0]?.body).toContain('⏳');
      const collect = (by: string, name = 'schedule') =>
        runExample('collect-sessions.yml', { url, github, context: { event_name: name, actor: by } });
      expect(resultsOf(await collect('maintainer', 'issue_comment'))['collect']).toBe('skipped');
      const all = await collect('devin-ai-integration[bot]', 'pull_request');
      expect(resultsOf(all)).toEqual({ collect: 'success', each: 'success' });
      expect(lastOf(all['each'])?.output).toMatch(/sessions\/\w+ finished https:\/\/github\.com/);
      expect(github.comments(128)).toHaveLength(1);
      expect(github.comments(128)[0]?.body).toContain('✅');
      expect(resultsOf(await collect('maintainer'))).toEqual({ collect: 'success', each: 'skipped' });
    }));

  test('session-events sends an event for each session that ended, which starts the second job', () =>
    withGithub(async (github) => {
      const { url } = await quick();
      const start = `on: workflow_dispatch\npermissions: {}\njobs:\n  start:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: OWNER/devin-action@v1\n        with: { operation: create-session, devin_token: "\${{ secrets.DEVIN_TOKEN }}", prompt: Fix it., wait: later }\n`;
      await runWorkflow(start, { url, github });
      const event = { name: 'schedule', payload: {} };
      const first = await runExample('session-events.yml', { url, github, event });
      expect(resultsOf(first)).toEqual({ collect: 'success', react: 'skipped' });
      const [sent, ...more] = github.state.dispatches;
      expect(more).toEqual([]);
      const { payload } = sent ?? { payload: {} };
      const second = await runExample('session-events.yml', {
        url,
        github,
        event: { name: 'repository_dispatch', payload: { action: sent?.type, client_payload: payload } },
      });
      expect(resultsOf(second)).toEqual({ collect: 'skipped', react: 'success' });
      expect(lastOf(second['react'])?.output).toMatch(/^finished https:/);
    }));

  test('nightly-across-organizations gives the task to every organization', async () => {
    const sandbox = await quick();
    const { nightly } = await runExample('nightly-across-organizations.yml', {
      url: sandbox.url,
      event: { name: 'schedule', payload: {} },
      secrets: () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' }),
      life: 'sandbox:pr',
    });
    const lines = lastOf(nightly)?.output.trim().split('\n') ?? [];
    const ids = (await organizationsIn(sandbox)).map(({ org_id: id }) => id);
    expect(lines.map((line) => line.split(' ').slice(0, 2))).toEqual(ids.map((id) => [id, 'finished']));
    for (const line of lines) expect(line).toMatch(/ https:\/\/github\.com\/acme\/api\/pull\/\d+$/);
  });
});

/** The blocks of YAML of a page that hold a workflow, or steps for one. */
async function workflowsOf(path: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, path), 'utf8');
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
  return blocks.filter((yaml) => /uses: OWNER\//.test(yaml)).map(asWorkflow);
}

/** A workflow out of what may be one, a workflow without its name, or only steps of a job. */
function asWorkflow(yaml: string): string {
  if (/^on:/m.test(yaml)) return `# Use this.\n${yaml}`;
  const steps = yaml.replace(/^(?=.)/gm, '      ');
  return `# Use this.\non: workflow_dispatch\npermissions: {}\njobs:\n  job:\n    runs-on: ubuntu-latest\n    timeout-minutes: 360\n    steps:\n${steps}`;
}

/** Pages with workflows that use this action. */
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (path) => path.endsWith('.md') && /uses: OWNER\//.test(readFileSync(join(ROOT, path), 'utf8')),
);

/** Lays the workflows of a page out. Gives their paths. */
async function layPage(page: string, home: string): Promise<string[]> {
  const folder = join(home, page.replaceAll('/', '-'));
  mkdirSync(folder);
  return (await workflowsOf(page)).map((text, at) => {
    const path = join(folder, `${at}.yml`);
    writeFileSync(path, text);
    return path;
  });
}

describe('a workflow of the documentation', onlyHere, () => {
  const home = mkdtempSync(join(tmpdir(), 'pages-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  // All of them at once, because the check takes longer to start than to check a page.
  const checked = Promise.all(PAGES.map((page) => layPage(page, home))).then(async (paths) => {
    const { output } = await checkWorkflows(...paths.flat());
    return { paths, lines: output.split('\n') };
  });

  test.each(PAGES.map((page, at) => ({ page, at })))('of $page passes every check', async ({ at }) => {
    const { paths, lines } = await checked;
    const ours = (line: string) => paths[at]?.some((path) => line.includes(path));
    // A part of a job may use the outputs of steps that the page shows elsewhere.
    const findings = lines.filter((line) => /^ {6}/.test(line) && ours(line));
    expect(findings.filter((line) => !/ property "\w+" is not defined in object type \{\}$/.test(line))).toEqual([]);
    expect(paths[at]?.length).toBeGreaterThan(0);
    expect(lines.filter((line) => /^(?:ok|FAIL) /.test(line) && ours(line))).toHaveLength(paths[at]?.length ?? 0);
  });

  test.each([
    ['README.md', 'a comment', 'issue_comment:', issueCommented(128, '/devin fix it', MAINTAINER)],
    ['README.md', 'a failed run', 'workflow_run:', runFailed(7, { by: MAINTAINER })],
    ['docs/comments-and-gates.md', 'an issue', 'issues:\n', issueOpened(128, MAINTAINER)],
    ['docs/comments-and-gates.md', 'a key', 'reuse: key', undefined],
  ])('of %s runs: %s', (page, _, has, event) =>
    withGithub(async (github) => {
      const { url } = await quick();
      github.job({ run: 7, log: 'AssertionError\n' });
      const [text = '', ...more] = (await workflowsOf(page)).filter(
        // Calls of reusable workflows have tests of their own.
        (one) => one.includes(has) && !one.includes('/.github/workflows/'),
      );
      expect(more).toEqual([]);
      const all = await runWorkflow(text, { url, github, ...(event === undefined ? {} : { event }) });
      expect(Object.values(all).map(lastOf)).toMatchObject([{ green: true, outputs: { outcome: 'success' } }]);
      expect(github.comments(128)).toHaveLength(text.includes('comment: true') ? 1 : 0);
    }),
  );

  test('for pull requests from forks: a maintainer lets Devin look, a stranger does not', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const [text = '', ...more] = await workflowsOf('docs/security.md');
      expect(more).toEqual([]);
      const label = async (name: string, sender: Doer) => {
        const about = { by: STRANGER, sender, fork: true, name: 'pull_request_target', label: name } as const;
        const event = pullRequest('labeled', 129, about);
        return (await runWorkflow(text, { url: sandbox.url, github, event }))['review'];
      };
      expect((await label('bug', MAINTAINER))?.[0]?.result).toBe('skipped');
      expect(lastOf(await label('devin-review', STRANGER))?.outputs).toMatchObject({ outcome: 'skipped' });
      expect(await posts(sandbox)).toEqual([]);
      const done = lastOf(await label('devin-review', MAINTAINER));
      expect(done).toMatchObject({ green: true, outputs: { session_outcome: 'finished' } });
      expect(await promptOf(sandbox, done?.outputs['session_id'])).toContain('src/parser.ts');
      expect(github.comments(129)).toHaveLength(1);
    }));
});
