import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { carriedPlan } from '../../src/reconcile/carried.ts';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import type { Comment } from '../github/server/state.ts';
import { COMMITS, pullRequest } from './events.ts';
import type { StepOptions } from './fake-runner.ts';
import {
  apply,
  BASE,
  CHANGED,
  changes,
  data,
  engineering,
  engineeringOf,
  entries,
  errorOf,
  everyTestHasASandbox,
  FILE,
  forget,
  manifestOf,
  path,
  START,
  sandbox,
  service,
  sync,
} from './git-permissions-support.ts';

everyTestHasASandbox();
let github: LocalGithub;

const MERGE = 'c'.repeat(40);
const MINUTE = 60_000;
const manifest = engineeringOf(...CHANGED);
const anyRemovals = { max_removals: '100%' };
const reviewed = { mode: 'apply', expected_plan_hash: 'reviewed', ...anyRemovals };

beforeEach(async () => {
  github = await openGithub({ repository: 'acme/api' });
  github.thread('pull_request', 129);
});
afterEach(async () => {
  const breaches = github.breaches();
  await github.close();
  expect(breaches).toEqual([]);
});

/** What a job sees when its pull request is closed. */
function closed(merged = true, number = 129): Partial<StepOptions> {
  const { name, payload } = pullRequest('closed', number);
  return { github, event: { name, payload: { ...payload, pull_request: { ...payload.pull_request, merged } } } };
}

/** What a job sees when commits arrive on a branch. */
const pushed = (commit = MERGE, branch = 'main'): Partial<StepOptions> => ({
  github,
  event: { name: 'push', payload: {} },
  env: { GITHUB_SHA: commit, GITHUB_REF: `refs/heads/${branch}` },
});

/** Plans the manifest on the pull request, as a job with these permissions and a dry run does. */
async function plan(text = manifest, inputs: Record<string, string> = {}): Promise<Comment> {
  github.identify({ permissions: { contents: 'read', 'pull-requests': 'write' } });
  const more = { github, event: pullRequest('opened', 129) };
  const result = await sync(text, { comment: 'true', dry_run: 'true', ...anyRemovals, ...inputs }, more);
  expect(result.outputs, result.stdout).toMatchObject({ outcome: 'changes' });
  const [comment] = github.comments(129);
  if (comment === undefined) throw new Error('no comment');
  github.state.now += MINUTE;
  github.identify({ permissions: { contents: 'read', 'pull-requests': 'read' } });
  await forget();
  return comment;
}

const codeOf = async (more: Partial<StepOptions>, inputs: Record<string, string> = {}, text = manifest) => {
  const result = await sync(text, { ...reviewed, ...inputs }, more);
  return [result.outputs['error_code'], errorOf(result)?.message.split('\n')[0] ?? ''];
};

describe('the plan in the comment on a merged pull request', () => {
  test('is applied when the pull request is closed, and by a push of its merge', async () => {
    const comment = await plan();
    expect(comment.body).toMatch(/^<!-- devin-action:comment \w+ -->\n### ⚠️ Plan: \+2 −1 ~2/);
    expect(carriedPlan(comment.body)).toMatchObject({ kind: 'git permission', head: COMMITS.head });
    expect(await changes()).toEqual([]);
    github.merge(129, MERGE);
    const done = await apply(manifest, { expected_plan_hash: 'reviewed', comment: 'true' }, closed());
    expect(done.stderr).toBe('');
    expect(done.outputs).toMatchObject({ outcome: 'success', added: '2', removed: '1', updated: '2' });
    // Without the permission to write comments, the apply has none, and it never edits the one of the plan.
    expect(comment.edits).toBe(0);
    await sandbox.api('PUT', `/v3${path(engineering)}`, { permissions: [] });
    expect(await codeOf(pushed())).toEqual(['plan_changed', expect.stringContaining('not the reviewed')]);
  });

  test('is found by a push, and a partial apply of it can be continued', async () => {
    const rows = [0, 1].map((at) => `{ connection: main, repo: ${service(at)} }`);
    const text = engineeringOf(...BASE.slice(0, 4), ...rows);
    await plan(text);
    github.merge(129, MERGE);
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), status: 422, times: 2 }]);
    const first = await sync(text, reviewed, pushed());
    expect(first.outputs).toMatchObject({ error_code: 'apply_incomplete', added: '1', removed: '1', failed: '1' });
    // Anything that was not in the plan stops it.
    const [, more] = await codeOf(pushed(), {}, `${text}      - { connection: main, repo: ${service(7)} }\n`);
    expect(more).toContain('not the reviewed');
    const second = await sync(text, reviewed, pushed());
    expect(second.outputs).toMatchObject({ outcome: 'success', added: '1', removed: '0', converged: 'true' });
    // A third run has nothing to do, and looks nothing up.
    expect((await sync(text, reviewed, pushed('d'.repeat(40)))).outputs).toMatchObject({ outcome: 'success' });
  });

  test('counts only if it is the one plan comment by the own login, unchanged since the merge', async () => {
    const comment = await plan();
    const { body } = comment;
    const cases: [what: string, arrange: () => void, message: RegExp][] = [
      ['no comment', () => github.deleteComment(comment), /has no plan comment/],
      [
        'a forged one',
        () => {
          github.deleteComment(comment);
          github.comment(129, body, 'mallory');
        },
        /has no plan comment/,
      ],
      ['two', () => void github.comment(129, body, 'github-actions[bot]'), /has 2 plan comments/],
      [
        'an edit after the merge',
        () => {
          comment.editedAt = github.state.now + MINUTE;
        },
        /written or edited after the merge/,
      ],
      [
        'a damaged one',
        () => {
          comment.body = body.replace(/(devin-action:plan .{20})../, '$1AA');
        },
        /is damaged/,
      ],
      [
        'another commit',
        () => github.merge(129, MERGE, { head: 'e'.repeat(40) }),
        /is for bbbbbbb, not for its last commit/,
      ],
    ];
    for (const [what, arrange, message] of cases) {
      github.merge(129, MERGE);
      arrange();
      expect(await codeOf(closed()), what).toEqual(['plan_changed', expect.stringMatching(message)]);
      github.state.comments = [comment];
      comment.body = body;
      comment.editedAt = null;
    }
    github.comment(129, body, 'mallory');
    github.merge(129, MERGE);
    expect((await sync(manifest, reviewed, closed())).outputs).toMatchObject({ outcome: 'success' });
    expect(await entries()).toContain('group acme/platform');
  });

  test('needs one pull request without doubt', async () => {
    await plan();
    github.state.pulls.set(129, {
      ...{ number: 129, head: COMMITS.head, base: 'main', draft: false, state: 'open', mergedAt: null },
      ...{ mergeCommit: MERGE, commits: [MERGE] },
    });
    const none = '0 pull requests are merged as the commit of this run';
    expect((await codeOf(closed(false)))[1]).toBe('#129 is not merged, so there is no reviewed plan.');
    expect((await codeOf(pushed()))[1]).toContain(none);
    github.merge(129, MERGE);
    expect((await codeOf(pushed(MERGE, 'release')))[1]).toContain(none);
    // A commit of a pull request is not its merge.
    github.merge(129, MERGE, { commits: [MERGE, 'f'.repeat(40)] });
    expect((await codeOf(pushed('f'.repeat(40))))[1]).toContain(none);
    github.merge(130, MERGE);
    expect((await codeOf(pushed()))[1]).toContain('2 pull requests are merged');
    const tag = { ...pushed(), env: { GITHUB_SHA: MERGE, GITHUB_REF: 'refs/tags/v1' } };
    expect((await codeOf(tag))[0]).toBe('plan_changed');
    expect((await codeOf({ event: pullRequest('closed', 129) }))[0]).toBe('credential_missing');
    github.identify({ permissions: { contents: 'read' } });
    expect((await codeOf(closed()))[0]).toBe('permission_denied');
    expect(await changes()).toEqual([]);
    expect(await entries()).toEqual(START);
  });

  test('of several organizations continues only what was in it', async () => {
    const text = manifestOf({ 'Engineering Team': CHANGED, 'Data Platform': BASE });
    await plan(text);
    github.merge(129, MERGE);
    await sandbox.api('PUT', `/v3${path(data)}`, { permissions: [] });
    expect((await codeOf(closed(), {}, text))[0]).toBe('plan_changed');
    expect(await changes()).toEqual(['PUT permissions']);
  });

  test('that is too large carries its hash, and says that it needs plan_file', async () => {
    await sandbox.control('seed', { repositories: 4_000 });
    const rows = Array.from({ length: 3_000 }, (_, at) => `{ connection: main, repo: ${service(at)} }`);
    const text = engineeringOf(...BASE, ...rows);
    let file = '';
    const keep = (workspace: string) => {
      file = readFileSync(join(workspace, 'plan.json'), 'utf8');
    };
    await sync(text, { ...anyRemovals, plan_file: 'plan.json' }, { after: keep });
    const comment = await plan(text);
    expect(comment.body.length).toBeLessThanOrEqual(65_536);
    expect(comment.body).toContain('The plan has 3,000 changes, too many for a comment');
    expect(comment.body).toContain('`plan_file`');
    expect(carriedPlan(comment.body)?.scopes).toBeUndefined();
    github.merge(129, MERGE);
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), status: 503, after_commit: true }]);
    await sandbox.control('faults', [{ method: 'POST', path: path(engineering), status: 403 }]);
    const first = await sync(text, { ...reviewed, concurrency: '1' }, closed());
    expect(first.outputs).toMatchObject({ error_code: 'apply_incomplete' });
    const { length } = await entries();
    expect(length).toBeGreaterThan(5);
    expect(length).toBeLessThan(3_005);
    // The plan is another one now, and only the file of the reviewed one says that the rest was in it.
    expect((await codeOf(closed(), {}, text))[0]).toBe('plan_changed');
    const files = { [FILE]: text, 'plan.json': file };
    const rest = await sync(text, { ...reviewed, plan_file: 'plan.json' }, { ...closed(), files });
    expect(rest.outputs).toMatchObject({ outcome: 'success', added: String(3_005 - length), converged: 'true' });
  });
});

describe('an apply', () => {
  test('before the merge warns, and edits no plan comment with the same key', async () => {
    const comment = await plan(manifest, { comment_key: 'git' });
    github.identify({ permissions: { contents: 'read', 'pull-requests': 'write' } });
    const inputs = { mode: 'apply', comment: 'true', comment_key: 'git', ...anyRemovals };
    const early = await sync(manifest, inputs, { github, event: pullRequest('synchronize', 129) });
    expect(early.outputs).toMatchObject({ outcome: 'success' });
    expect(early.commands).toContainEqual(
      expect.objectContaining({
        name: 'warning',
        properties: { title: 'This apply runs before the merge' },
      }),
    );
    expect(comment.edits).toBe(0);
    expect(github.comments(129).map(({ body }) => body.split('\n')[1])).toEqual([
      expect.stringContaining('### ⚠️ Plan: '),
      expect.stringContaining('Applied: '),
    ]);
    const late = await sync(manifest, inputs, closed());
    expect(late.commands.filter(({ name }) => name === 'warning')).toEqual([]);
  });
});
