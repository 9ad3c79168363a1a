import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalGithub } from '../github/server/index.ts';
import {
  changed,
  type EventBench,
  errorOf,
  type Fields,
  fields,
  openBench,
  readPrompt,
  real,
  requestsOf,
} from './event-support.ts';
import { runProcess, type StepOptions, type StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';

let bench: EventBench;

beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const stranger = { login: 'stranger', type: 'User' };
const bot = { login: 'renovate[bot]', type: 'Bot' };
const devin = { login: 'devin-ai-integration[bot]', type: 'Bot' };
const reader = { login: 'reader', type: 'User' };

/** A comment on issue 1 by its owner, with changes. */
const comment = (change: Fields = {}, sender: Fields = {}): Fields => {
  const payload = changed(real('issue_comment', 0), 'comment', change);
  return { ...payload, sender: { ...fields(payload['sender']), ...sender } };
};
const by = (user: Fields, association: string, body = 'Fix it.') =>
  comment({ user, author_association: association, body }, user);

/** Issue 1, of a stranger, and who labels it. */
const labeled = (sender: Fields) => ({
  ...changed(real('issues', 9), 'issue', { user: stranger, author_association: 'NONE' }),
  sender,
});

const run = (change: Fields, sender: Fields = reader): Fields => ({
  ...changed(real('workflow_run', 1), 'workflow_run', { conclusion: 'failure', ...change }),
  sender,
});
const forked = changed(real('pull_request', 0), 'pull_request', {
  head: {
    ...fields(fields(real('pull_request', 0)['pull_request'])['head']),
    repo: { id: 9, full_name: 'stranger/x' },
  },
});
const phrase = { trigger_phrase: '/devin' };

/** A summary as it reads on the page of the run, without what only Markdown needs. */
const seen = ({ summary }: StepResult) => summary.replace(/\\(?=[!-/:-@[-`{-~])|\u200b/g, '');

/** What a person sees of a step that a gate kept out. */
function expectSkipped(result: StepResult, reason: RegExp): void {
  expect(result.stderr).toBe('');
  expect(result.exitCode).toBe(0);
  expect(result.outputs['outcome']).toBe('skipped');
  expect(result.outputs['skipped_reason']).toMatch(reason);
  expect(result.log).toContain(`Skipped: ${result.outputs['skipped_reason']}`);
  expect(seen(result)).toMatch(/^### ⚠️ The step was skipped\n\n/);
  expect(seen(result)).toContain(`${result.outputs['skipped_reason']}. `);
  expect(result.commands.map(({ name }) => name)).toEqual(result.commands.map(() => 'add-mask'));
  expect(result.outputs['session_id']).toBeUndefined();
}

async function people(payload: Fields): Promise<LocalGithub> {
  const github = await bench.github(payload);
  for (const login of ['Codertocat', 'octocat', 'maintainer', 'renovate[bot]']) github.collaborator(login, 'write');
  github.collaborator('reader', 'read');
  github.collaborator('triager', 'triage');
  return github;
}

type Gate = readonly [what: string, name: string, payload: Fields, inputs: Record<string, string>, reason: RegExp];

describe('a gate that the event itself closes', () => {
  const own = '<!-- devin-action:comment 0 -->\nDevin works on it.';
  const deleted = real('issue_comment', 5);
  const CLOSED: readonly Gate[] = [
    ['our own comment', 'issue_comment', comment({ body: own }), {}, /^the text is a comment of this action$/],
    ['a deleted comment', 'issue_comment', deleted, {}, /^the comment was deleted$/],
    [
      'a bot',
      'issue_comment',
      by(bot, 'MEMBER'),
      {},
      /^@renovate\[bot\] is a bot, which `allowed_bots` does not list$/,
    ],
    ['another bot', 'issue_comment', by(bot, 'NONE'), { allowed_bots: 'dependabot[bot]' }, /is a bot/],
    [
      'a stranger',
      'issue_comment',
      by(stranger, 'NONE'),
      { allowed_associations: 'OWNER, MEMBER' },
      /^@stranger is NONE, which `allowed_associations` does not/,
    ],
    [
      'a contributor',
      'issue_comment',
      by(stranger, 'CONTRIBUTOR'),
      { allowed_associations: 'owner' },
      /is CONTRIBUTOR/,
    ],
    ['Devin', 'issue_comment', by(devin, 'NONE'), { allowed_bots: devin.login }, /^the comment is by Devin itself$/],

    ['a narrow list', 'issue_comment', by(reader, 'MEMBER'), { allowed_associations: 'owner' }, /is MEMBER/],
    ['nobody known', 'issue_comment', { ...comment(), sender: null }, {}, /does not say who caused the event/],
    ['no phrase', 'issue_comment', comment(), phrase, /^the comment does not begin a line with `\/devin`/],
    [
      'a phrase within a line',
      'issue_comment',
      comment({ body: 'ask /devin' }),
      phrase,
      /; line 1 does not begin with it$/,
    ],
    ['a longer word', 'issue_comment', comment({ body: '/devine it' }), phrase, /other characters directly after it$/],
    ['a typo', 'issue_comment', comment({ body: 'Hi\n\n/devn fix' }), phrase, /line 3 begins with a similar word$/],
    [
      'a quoted phrase',
      'issue_comment',
      comment({ body: '> /devin fix it\n\nNo!' }),
      phrase,
      /line 1 has it in a quotation$/,
    ],
    [
      'a phrase in code',
      'issue_comment',
      comment({ body: '```\n/devin fix it\n```' }),
      phrase,
      /does not begin a line/,
    ],
    ['a hidden phrase', 'issue_comment', comment({ body: 'Hi <!--\n/devin fix it\n-->' }), phrase, /does not begin/],
    ['a fork', 'pull_request', forked, {}, /^it comes from a fork; see docs\/security\.md#pull-requests-from-forks$/],
    ['a run of a fork', 'workflow_run', real('workflow_run', 0), {}, /^it comes from a fork/],
    ['a run of nobody', 'workflow_run', run({ actor: null, triggering_actor: null }), {}, /who caused the run/],
    ['a run of a bot', 'workflow_run', run({ actor: bot, triggering_actor: bot }), {}, /is a bot/],
  ];
  test.each(CLOSED)('(%s) skips the step, green, with the reason', async (_what, name, payload, inputs, reason) => {
    const github = await people(payload);
    const asked = { name, payload, github, with: { context: 'event', comment: 'true', ...inputs } };
    const result = await bench.step(asked);
    expectSkipped(result, reason);
    expect(seen(result)).toContain('Nothing was sent to Devin; docs/security.md explains the gates.');
    expect(requestsOf(result)).toBe(0);
    expect(github.requests()).toEqual([]);
  });

  test.concurrent('(a fork) skips the step also without any credential, as GitHub starts it', async () => {
    const asked = { name: 'pull_request', payload: forked, with: { devin_token: '', github_token: '', org_id: '' } };
    const result = await bench.step(asked);
    expectSkipped(result, /^it comes from a fork/);
    expect(result.stdout).not.toContain('credential');
  });

  test.concurrent('also holds without context: event', async () => {
    const result = await bench.step({ name: 'issue_comment', payload: by(stranger, 'NONE') });
    expectSkipped(result, /^the write access of @stranger/);
  });
});

describe.concurrent('whoever may not write to the repository', () => {
  const CLOSED: readonly Gate[] = [
    [
      'a member who reads',
      'issue_comment',
      by(reader, 'MEMBER'),
      {},
      /^reader has only the role read in \S+, not write access/,
    ],
    ['a contributor who reads', 'issue_comment', by(reader, 'CONTRIBUTOR'), {}, /^reader has only the role read/],
    ['a stranger', 'issue_comment', by(stranger, 'NONE'), {}, /^stranger is not a collaborator of/],
    [
      'a member who triages',
      'issue_comment',
      by({ login: 'triager', type: 'User' }, 'MEMBER'),
      {},
      /only the role triage/,
    ],
    [
      'a stranger who sets a label',
      'issues',
      labeled({ login: 'passer-by', type: 'User' }),
      {},
      /^passer-by is not a collaborator of/,
    ],
    ['a reader who sets a label', 'issues', labeled(reader), {}, /^reader has only the role read/],
    [
      'the actor of a run',
      'workflow_run',
      run({ actor: reader, triggering_actor: { login: 'octocat', type: 'User' } }, { login: 'octocat', type: 'User' }),
      {},
      /^reader has only the role read/,
    ],
    [
      'who started a run again',
      'workflow_run',
      run({ actor: { login: 'octocat', type: 'User' }, triggering_actor: reader }, { login: 'octocat', type: 'User' }),
      {},
      /^reader has only the role read/,
    ],
  ];
  test.each(CLOSED)('(%s) is not let in', async (_what, name, payload, inputs, reason) => {
    const github = await people(payload);
    const result = await bench.step({ name, payload, github, with: { context: 'event', comment: 'true', ...inputs } });
    expectSkipped(result, reason);
    expect(seen(result)).toContain('A person with write access to the repository can make the request.');
    expect(requestsOf(result)).toBe(0);
    expect(github.requests().every(({ path }) => path.endsWith('/permission'))).toBe(true);
  });

  test('is not let in either where there is no token to ask with', async () => {
    const payload = labeled({ login: 'maintainer', type: 'User' });
    const result = await bench.step({ name: 'issues', payload, with: { context: 'event' } });
    expectSkipped(result, /^the write access of @maintainer to the repository cannot be checked without github_token$/);
    expect(seen(result)).toContain('github_token: ${{ github.token }}');
  });

  test.each([
    [403, 'permission_denied'],
    [401, 'credential_invalid'],
    [500, 'api_unavailable'],
  ])('is not known where GitHub answers %i: the step is red, and nothing is sent to Devin', async (status, code) => {
    const payload = by(reader, 'MEMBER');
    const github = await people(payload);
    github.fault({ path: '/repos/*/*/collaborators/*/permission', status, times: 99 });
    const inputs = { context: 'event', max_retries: '1' };
    const result = await bench.step({ name: 'issue_comment', payload, github, with: inputs });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: code });
    expect(github.requests()).toHaveLength(status === 500 ? 2 : 1);
    expect(errorOf(result)).toContain(
      `GitHub: Read the permission of reader in Codertocat/Hello-World: HTTP ${status}`,
    );
    expect(requestsOf(result)).toBe(0);
  });
});

describe.concurrent('an open gate', () => {
  const octocat = { login: 'octocat', type: 'User' };
  test.each<readonly [string, string, Fields, Record<string, string>]>([
    ['an owner', 'issue_comment', comment(), {}],
    ['a member who may write', 'issue_comment', by(octocat, 'MEMBER'), {}],
    ['a member whose membership is private', 'issue_comment', by(octocat, 'CONTRIBUTOR'), {}],
    ['a bot that is listed', 'issue_comment', by(bot, 'NONE'), { allowed_bots: 'Renovate, dependabot[bot]' }],
    ['an association that is listed', 'issue_comment', by(stranger, 'NONE'), { allowed_associations: 'none' }],
    ['a maintainer who sets a label', 'issues', labeled({ login: 'maintainer', type: 'User' }), {}],
    ['a maintainer who sets a label on a fork', 'pull_request_target', { ...forked, sender: octocat }, {}],
    ['a run of people who may write', 'workflow_run', run({ actor: octocat, triggering_actor: octocat }, octocat), {}],
    ['a push', 'push', real('push', 4), {}],
    ['the phrase', 'issue_comment', comment({ body: 'Thanks!\n\n/devin fix it\nsoon' }), phrase],
    ['the phrase in another case, with a comma', 'issue_comment', comment({ body: ' /Devin, fix it' }), phrase],
    ['an event without a text', 'workflow_dispatch', real('workflow_dispatch', 0), phrase],
  ])('lets in %s', async (_what, name, payload, inputs) => {
    const github = await people(payload);
    const result = await bench.step({ name, payload, github, with: { context: 'event', ...inputs } });
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({ outcome: 'success', created: 'true' });
  });

  test('lets in a member without a look-up where there is no token', async () => {
    const result = await bench.step({ name: 'issue_comment', payload: by(reader, 'MEMBER') });
    expect(result.outputs).toMatchObject({ outcome: 'success', created: 'true' });
  });

  test('hands over what stands behind the phrase as the request, in a fence of its own', async () => {
    const payload = comment({ body: 'Thanks!\n\n/devin fix it\nsoon' });
    const inputs = { context: 'event', prompt: '', ...phrase };
    const result = await bench.step({ name: 'issue_comment', payload, with: inputs });
    const { outside, blocks } = readPrompt((await bench.said(result))[0] ?? '');
    expect(blocks).toMatchObject({ request: 'fix it\nsoon', comment: 'Thanks!\n\n/devin fix it\nsoon' });
    expect(outside).toMatch(/^Carry out the request below in this repository\.\n/);
    expect(outside).toContain('"request" is a request from a person who may use this workflow');
    expect(seen(result)).toContain('in [#1](https://github.com/Codertocat/Hello-World/issues/1)');
  });

  test('/devin new starts another session, also where one is to be reused', async () => {
    const payload = (body: string) =>
      changed(changed(real('issue_comment', 0), 'comment', { body }), 'issue', { number: 77 });
    const inputs = { context: 'event', reuse: 'thread', ...phrase };
    const first = await bench.step({ name: 'issue_comment', payload: payload('/devin fix it'), with: inputs });
    const fresh = await bench.step({ name: 'issue_comment', payload: payload('/devin new fix that'), with: inputs });
    expect([first.outputs['created'], fresh.outputs['created']]).toEqual(['true', 'true']);
    expect(fresh.outputs['session_id']).not.toBe(first.outputs['session_id']);
  });
});

test.each([
  ['event', 'skipped'],
  ['none', 'success'],
])('a run that succeeded starts a session only if the workflow asks for one: context: %s', async (context, outcome) => {
  const octocat = { login: 'octocat', type: 'User' };
  const payload = run({ conclusion: 'success', actor: octocat, triggering_actor: octocat }, octocat);
  const github = await people(payload);
  const { outputs } = await bench.step({ name: 'workflow_run', payload, github, with: { context } });
  expect(outputs).toMatchObject({ outcome });
  expect(outputs['skipped_reason'] ?? '').toMatch(outcome === 'skipped' ? /^the workflow run succeeded/ : /^$/);
});

describe('max_sessions_per_hour', () => {
  const asked = (inputs: Record<string, string>, workflow: string) => ({
    name: 'workflow_dispatch',
    payload: real('workflow_dispatch', 0),
    with: { max_sessions_per_hour: '1', ...inputs },
    more: { env: { GITHUB_WORKFLOW: workflow } },
  });

  test('skips the step that would be one too many, and says when the next is possible', async () => {
    const first = await bench.step(asked({}, 'Nightly'));
    expect(first.outputs['created']).toBe('true');
    const second = await bench.step(asked({}, 'Nightly'));
    expectSkipped(
      second,
      /^max_sessions_per_hour is 1, and this workflow started 1 session within the last hour; the next is possible at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
    );
    expect(seen(second)).toContain('Run the step again then, or raise `max_sessions_per_hour`.');
  });

  test('counts each organization by itself, and the step is green where some are beyond it', async () => {
    const orgs = { devin_token: 'cog_sandbox_enterprise', org_id: '*' };
    const first = await bench.step(asked({ ...orgs, org_id: bench.orgId }, 'Weekly'));
    expect(first.outputs['created']).toBe('true');
    const second = await bench.step(asked(orgs, 'Weekly'));
    expect(second.exitCode).toBe(0);
    expect(second.outputs['outcome']).toBe('success');
    const entries: { org_id: string; session_id: string }[] = JSON.parse(second.outputs['sessions'] ?? '');
    expect(entries.length).toBeGreaterThan(1);
    expect(entries.filter(({ session_id: id }) => !id).map(({ org_id: id }) => id)).toEqual([bench.orgId]);
    expect(second.summary).toContain('| skipped |');
    const third = await bench.step(asked(orgs, 'Weekly'));
    expectSkipped(third, /^max_sessions_per_hour is 1/);
  });

  test('is red where Devin cannot tell, and no session starts', async () => {
    const fault = { method: 'GET', path: '/organizations/*/sessions', status: 403 };
    await bench.sandbox.control('faults', [fault]);
    const result = await bench.step(asked({}, 'Hourly'));
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'permission_denied' });
    expect(errorOf(result)).toContain(
      'No session was created, because it is unknown whether max_sessions_per_hour is reached',
    );
    expect(result.outputs['session_id']).toBeUndefined();
  });
});

describe.concurrent('wrong inputs and events are refused before the first request', () => {
  const EVENT = { context: 'event' };
  const noFile = { env: { GITHUB_EVENT_PATH: '/nowhere/event.json' } };
  const file = (content: string): Partial<StepOptions> => ({
    files: { 'event.json': content },
    env: { GITHUB_EVENT_PATH: 'event.json' },
  });
  const push = real('push', 4);
  const issue = real('issues', 15);
  const timer = { schedule: '0 6 * * 1', repository: issue['repository'] };
  test.each<readonly [string, string, Fields, Record<string, string>, Partial<StepOptions>, readonly string[]]>([
    ['no event file', 'issues', issue, EVENT, noFile, ['context needs the event', 'GITHUB_EVENT_PATH) cannot be read']],
    ['no event file, with gates only', 'issues', issue, {}, noFile, ['allowed_associations needs the event']],
    ['an event that is not JSON', 'issues', issue, EVENT, file('{"action":'), ['is not JSON']],
    [
      'an event of 26 MB',
      'issues',
      issue,
      EVENT,
      file(' '.repeat(26 * 1024 * 1024)),
      ['27262976 bytes, more than any'],
    ],
    [
      'a thread that is missing',
      'push',
      push,
      { reuse: 'thread' },
      {},
      ['reuse is thread, but the event push has no issue'],
    ],
    ['nothing to do', 'schedule', timer, { ...EVENT, prompt: '' }, {}, ['prompt is missing']],
    [
      'a key with spaces',
      'push',
      push,
      { reuse: 'key', reuse_key: 'a b' },
      {},
      ['reuse_key is "a b"', 'without spaces'],
    ],
    ['a key for nothing', 'push', push, { reuse_key: 'nightly' }, {}, ['reuse_key needs reuse: key']],
    ['no key', 'push', push, { reuse: 'key' }, {}, ['reuse_key is missing; reuse: key needs it']],
    ['every bot', 'push', push, { allowed_bots: '*' }, {}, ['allowed_bots is "*"', 'each by itself']],
    ['a misspelled association', 'push', push, { allowed_associations: 'MEMBR' }, {}, ['did you mean MEMBER']],
    ['a limit of none', 'push', push, { max_sessions_per_hour: '0' }, {}, ['max_sessions_per_hour is "0"']],
    ['a phrase that is a quotation', 'push', push, { trigger_phrase: '> devin' }, {}, ['trigger_phrase is "> devin"']],
  ])('(%s)', async (_what, name, payload, inputs, more, words) => {
    // A path that is relative is one from where the process is.
    const run = more.files === undefined ? runStep : runProcess;
    const result = await bench.step({ name, payload, with: inputs, more, run });
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'input_invalid' });
    for (const word of words) expect(errorOf(result)).toContain(word);
    expect(requestsOf(result)).toBe(0);
  });

  test('all in one list', async () => {
    const inputs = {
      context: 'event',
      prompt: '',
      reuse: 'key',
      reuse_key: 'a b',
      allowed_bots: '*',
      allowed_associations: 'MEMBR',
      structured_output_schema: 'type: strin',
      attachments: 'no/*.txt',
      devin_token: '',
      max_sessions_per_hour: '0',
    };
    const result = await bench.step({ name: 'issues', payload: issue, with: inputs, more: noFile });
    const listed = errorOf(result)
      .split('\n')
      .filter((line) => line.startsWith('- '));
    const names = ['allowed_bots', 'allowed_associations', 'reuse_key', 'context', 'structured_output_schema'];
    for (const name of [...names, 'attachments', 'devin_token']) {
      expect(listed.filter((line) => line.startsWith(`- ${name} `))).toHaveLength(1);
    }
    expect(requestsOf(result)).toBe(0);
  });
});
