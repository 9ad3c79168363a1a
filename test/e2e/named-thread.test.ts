import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import {
  type EventBench,
  errorOf,
  type Fields,
  openBench,
  readPrompt,
  requestsOf,
  warningsOf,
} from './event-support.ts';
import { COMMITS, issueCommented, OWNER, pullRequest } from './events.ts';

let bench: EventBench;
const opened: LocalGithub[] = [];

beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => Promise.all([bench.close(), ...opened.map((github) => github.close())]));

/** acme/api with the issue 5, the pull request 7, and 8 from a fork. */
async function acme(): Promise<LocalGithub> {
  const github = await openGithub({ repository: 'acme/api' });
  opened.push(github);
  Object.assign(github.thread('issue', 5), { title: 'Commas', body: 'A comma is lost.<!-- and a secret wish -->' });
  Object.assign(github.thread('issue', 6), { locked: true });
  github.pull(7, { files: ['src/lexer.ts'] });
  github.pull(8, { fork: 'stranger/api' });
  github.collaborator('maintainer', 'write');
  github.collaborator('reader', 'read');
  return github;
}

const repository: Fields = { id: 1, full_name: 'acme/api', html_url: 'https://github.com/acme/api' };
const dispatch: Fields = { repository, sender: { login: 'maintainer', type: 'User' }, inputs: {} };
const events: ReadonlyArray<readonly [name: string, payload: Fields]> = [
  ['workflow_dispatch', dispatch],
  ['schedule', { repository, schedule: '0 6 * * *' }],
  ['push', { repository, sender: { login: 'maintainer', type: 'User' }, ref: 'refs/heads/main', commits: [] }],
];
const byHand = (inputs: Record<string, string>, github: LocalGithub) =>
  bench.step({ name: 'workflow_dispatch', payload: dispatch, github, with: { context: 'event', ...inputs } });

describe.concurrent('issue_number', () => {
  test.each(events)('gives an issue to Devin from %s, and the comment and reuse go by it', async (name, payload) => {
    const github = await acme();
    const inputs = { context: 'event', comment: 'true', issue_number: '#5', reuse: 'thread' };
    const more = { env: { GITHUB_WORKFLOW_REF: `acme/api/.github/workflows/${name}.yml@refs/heads/main` } };
    const first = await bench.step({ name, payload, github, with: inputs, more });
    expect(first.outputs).toMatchObject({ outcome: 'success', created: 'true' });
    const { outside, blocks } = readPrompt((await bench.said(first))[0] ?? '');
    expect(blocks).toMatchObject({ 'issue: title': 'Commas', 'issue: description': 'A comma is lost.' });
    expect(outside).toContain('- issue: https://github.com/acme/api/issues/5');
    expect(outside).toContain(`- event: ${name}`);
    expect(github.comments(5)).toHaveLength(1);
    expect(first.summary).toContain('](https://github.com/acme/api/issues/5)');
    // The issue is fetched once.
    expect(github.requests().filter(({ path }) => path.endsWith('/issues/5'))).toHaveLength(1);
    const second = await bench.step({ name, payload, github, with: { ...inputs, context: 'none' }, more });
    expect(second.outputs).toMatchObject({ reused: 'true', session_id: first.outputs['session_id'] });
  });

  test('gives a pull request with its branches and files, and keeps a check on its head', async () => {
    const github = await acme();
    const done = await byHand({ issue_number: 'https://github.com/acme/api/pull/7', check: 'true' }, github);
    const { outside, blocks } = readPrompt((await bench.said(done))[0] ?? '');
    expect(outside).toContain('- from a fork: no');
    expect(blocks).toMatchObject({ 'changed files': 'src/lexer.ts', 'pull request: base branch': 'main' });
    const [check] = github.state.checkRuns.values();
    expect(check).toMatchObject({ head: COMMITS.head, status: 'completed', externalId: done.outputs['session_id'] });
    expect(check?.output?.summary).toContain(done.outputs['session_url']);
    const fork = await byHand({ issue_number: '8' }, github);
    expect(readPrompt((await bench.said(fork))[0] ?? '').outside).toContain('- from a fork: yes');
  });

  test('that names another thread than the event takes its place, and the request stays that of the comment', async () => {
    const github = await acme();
    const { name, payload } = issueCommented(5, '/devin close this one');
    const inputs = { context: 'event', trigger_phrase: '/devin', issue_number: '7' };
    const { blocks } = readPrompt(
      (await bench.said(await bench.step({ name, payload, github, with: inputs })))[0] ?? '',
    );
    expect(blocks).toMatchObject({ request: 'close this one', 'pull request: title': 'Read commas' });
    expect(blocks['issue: title']).toBeUndefined();
    const same = await bench.step({ name, payload, github, with: { ...inputs, issue_number: '5' } });
    const own = readPrompt((await bench.said(same))[0] ?? '').blocks;
    expect(own).toMatchObject({ request: 'close this one', 'issue: title': 'The parser drops a comma' });
  });

  test('as the URL of a comment has that comment pass the gates, and no other text', async () => {
    const github = await acme();
    const say = (body: string, login: string, association: string) => {
      const comment = Object.assign(github.comment(7, body, login), { association });
      const issue_number = `https://github.com/acme/api/pull/7#issuecomment-${comment.id}`;
      return byHand({ issue_number, trigger_phrase: '/devin' }, github);
    };
    const done = await say('Hm.\n/Devin rename it', 'maintainer', 'CONTRIBUTOR');
    const { blocks, outside } = readPrompt((await bench.said(done))[0] ?? '');
    expect(blocks).toMatchObject({ request: 'rename it', 'changed files': 'src/lexer.ts' });
    expect(outside).toContain('- author of the comment: @maintainer');
    for (const [body, login, association, reason] of [
      ['/devin mine', 'stranger', 'NONE', /^stranger is not a collaborator/],
      ['/devin mine', 'reader', 'MEMBER', /only the role read/],
      ['/devin mine', 'renovate[bot]', 'NONE', /is a bot/],
      ['Nice.', 'maintainer', 'MEMBER', /^the comment does not begin a line/],
    ] as const) {
      const { outputs } = await say(body, login, association);
      expect(outputs).toMatchObject({ outcome: 'skipped' });
      expect(outputs['skipped_reason']).toMatch(reason);
    }
  });

  test('that cannot be used stops the step before Devin gets anything', async () => {
    const github = await acme();
    const other = await byHand({ issue_number: 'https://github.com/acme/web/issues/5' }, github);
    expect(other.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(other)).toContain('issue_number names an issue or pull request of https://github.com/acme/web');
    const missing = await byHand({ issue_number: '99' }, github);
    expect(missing.outputs['error_code']).toBe('not_found');
    expect(errorOf(missing)).toContain('#99 does not exist in acme/api');
    const elsewhere = github.comment(7, 'Hm.');
    const moved = await byHand(
      { issue_number: `https://github.com/acme/api/issues/5#issuecomment-${elsewhere.id}` },
      github,
    );
    expect(moved.outputs['error_code']).toBe('not_found');
    const noPull = await byHand({ issue_number: '5', reuse: 'pull_request' }, github);
    expect(noPull.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(noPull)).toContain('#5 is not a pull request of acme/api');
    github.identify({ permissions: { contents: 'read' } });
    const hidden = await byHand({ issue_number: '5' }, github);
    expect(hidden.outputs['error_code']).toBe('permission_denied');
    expect(errorOf(hidden)).toContain('permissions: { issues: read }');
    for (const result of [other, missing, moved, noPull, hidden]) expect(requestsOf(result)).toBe(0);
  });

  test('of a locked thread costs the comment only', async () => {
    const github = await acme();
    const done = await byHand({ issue_number: '6', comment: 'true' }, github);
    expect(done.outputs['outcome']).toBe('success');
    expect(warningsOf(done).join()).toMatch(/The comment was not written: .*issue is locked/);
  });
});

describe.concurrent('reuse: pull_request', () => {
  test('continues the session that opened the pull request, and starts another one for a pull request of a person', async () => {
    const github = await acme();
    const begun = await byHand(
      { context: 'none', tags: 'sandbox:pr', repos: 'acme/api', wait: 'finished', poll_interval: '1s' },
      github,
    );
    const url = begun.outputs['pull_request_url'] ?? '';
    expect(url).toMatch(/^https:\/\/github\.com\/acme\/api\/pull\/\d+$/);
    const number = Number(url.split('/').at(-1));
    github.pull(number);
    const devin = 'devin-ai-integration[bot]';
    const strange = `See https://app.devin.ai/sessions/${'0'.repeat(32)}.`;
    Object.assign(github.state.threads.get(number) ?? {}, { author: devin, body: strange });
    const inputs = { context: 'none', reuse: 'pull_request', prompt: 'Resolve the conflicts.' };
    const reused = await byHand({ ...inputs, issue_number: url }, github);
    expect(reused.outputs).toMatchObject({ reused: 'true', session_id: begun.outputs['session_id'] });
    expect((await bench.said(reused)).at(-1)).toContain('Resolve the conflicts.');
    const other = await byHand({ ...inputs, issue_number: '7' }, github);
    expect(other.outputs).toMatchObject({ created: 'true', reused: 'false' });
    Object.assign(github.pull(8, { fork: 'stranger/api' }), {});
    Object.assign(github.state.threads.get(8) ?? {}, { author: devin });
    expect((await byHand({ ...inputs, issue_number: '8' }, github)).outputs['created']).toBe('true');
    const issue = await byHand({ ...inputs, issue_number: '5' }, github);
    expect(issue.outputs['error_code']).toBe('input_invalid');
    expect(errorOf(issue)).toContain('#5 is not a pull request of acme/api');
  });

  test('starts a new session that follows one that is too old', async () => {
    const github = await acme();
    const begun = await byHand(
      { context: 'none', tags: 'sandbox:pr', repos: 'acme/api', wait: 'finished', poll_interval: '1s' },
      github,
    );
    const url = begun.outputs['pull_request_url'] ?? '';
    github.pull(Number(url.split('/').at(-1)));
    Object.assign(github.state.threads.get(Number(url.split('/').at(-1))) ?? {}, {
      author: 'devin-ai-integration[bot]',
    });
    await bench.sandbox.api(
      'DELETE',
      `/v3/organizations/${bench.orgId}/sessions/${begun.outputs['session_id']}?archive=true`,
    );
    const next = await byHand({ context: 'none', reuse: 'pull_request', issue_number: url }, github);
    expect(next.outputs).toMatchObject({ created: 'true' });
    expect((await bench.said(next))[0]).toContain(
      `This task follows the Devin session ${begun.outputs['session_url']}`,
    );
  });
});

describe.concurrent('what GitHub adds to an event', () => {
  const asked = { context: 'event' };

  test('a comment on a pull request comes with branch, base, and changed files', async () => {
    const github = await acme();
    const { name, payload } = issueCommented(7, 'Fix it.');
    const on = { ...payload, issue: { ...payload.issue, pull_request: { url: 'x' } } };
    const { outside, blocks } = readPrompt(
      (await bench.said(await bench.step({ name, payload: on, github, with: asked })))[0] ?? '',
    );
    expect(outside).toContain(`- head commit: ${COMMITS.head}`);
    expect(blocks).toMatchObject({ 'pull request: base branch': 'main', 'changed files': 'src/lexer.ts' });
  });

  test('a review comes with its comments on lines', async () => {
    const github = await acme();
    github.comparison(COMMITS.base, COMMITS.head, ['src/lexer.ts']);
    const by = { login: 'octocat', bot: false };
    const review = github.review(7, { author: by, body: 'Not yet.' });
    github.reviewComment(review, { author: by, body: 'Why so?<!-- hidden -->', path: 'src/lexer.ts', endLine: 3 });
    github.reviewComment(github.review(7, { author: by }), { author: by, body: 'Another review.' });
    const { payload } = pullRequest('submitted', 7);
    const shown = { id: review.id, body: 'Not yet.', state: 'commented', user: payload.sender };
    const whole = { ...payload, review: { ...shown, author_association: OWNER.association } };
    const done = await bench.step({ name: 'pull_request_review', payload: whole, github, with: asked });
    const { blocks } = readPrompt((await bench.said(done))[0] ?? '');
    expect(blocks).toMatchObject({
      review: 'Not yet.',
      'comment 1 of the review: place': 'src/lexer.ts:3',
      'comment 1 of the review': 'Why so?',
    });
    expect(JSON.stringify(blocks)).not.toContain('Another review.');
  });

  test.each<readonly [string, Fields, Record<string, string>, readonly string[]]>([
    [
      'release',
      {
        release: { id: 3, tag_name: 'v2', name: 'Two', body: 'Commas.', author: { login: 'maintainer', type: 'User' } },
      },
      { 'release: tag': 'v2', 'release: description': 'Commas.' },
      ['author of the release: @maintainer'],
    ],
    [
      'deployment_status',
      {
        deployment_status: { state: 'failure', environment: 'production', description: 'It crashed.' },
        deployment: { id: 4, sha: COMMITS.head, ref: 'main' },
      },
      { 'deployment: environment': 'production', 'deployment status: description': 'It crashed.' },
      ['state of the deployment: failure', `deployed commit: ${COMMITS.head}`],
    ],
    [
      'status',
      {
        sha: COMMITS.head,
        state: 'failure',
        context: 'ci/circle',
        description: 'Red.',
        branches: [{ name: 'commas' }],
      },
      { 'commit status: context': 'ci/circle', 'branches with the commit': 'commas' },
      ['state of the commit: failure'],
    ],
    [
      'merge_group',
      {
        action: 'checks_requested',
        merge_group: {
          head_sha: COMMITS.head,
          base_sha: COMMITS.base,
          head_ref: 'refs/heads/gh-readonly-queue/main/pr-7',
        },
      },
      { 'merge group: branch': 'refs/heads/gh-readonly-queue/main/pr-7', 'changed files': 'src/lexer.ts' },
      [`head commit: ${COMMITS.head}`],
    ],
  ])('%s has a reader of its own', async (name, more, parts, facts) => {
    const github = await acme();
    github.comparison(COMMITS.base, COMMITS.head, ['src/lexer.ts']);
    const done = await bench.step({ name, payload: { ...dispatch, ...more }, github, with: asked });
    const { blocks, outside } = readPrompt((await bench.said(done))[0] ?? '');
    expect(blocks).toMatchObject(parts);
    for (const fact of facts) expect(outside).toContain(`- ${fact}`);
  });
});
