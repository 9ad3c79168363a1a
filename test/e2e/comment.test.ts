import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { marked } from 'marked';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markerOf } from '../../src/github/comment/body.ts';
import { type LocalGithub, type Options, openGithub } from '../github/server/index.ts';
import { discussionCreated, issueCommented, issueOpened, pullRequest } from './events.ts';
import { SOON_MS, type StepOptions, type StepResult } from './fake-runner.ts';
import { runPost, runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  sandbox = await openSandbox({ speed: 30, habits: 'sleep_ms:0' });
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

type Inputs = Readonly<Record<string, string>>;

const ISSUE = 128;
const PULL_REQUEST = 129;
const DISCUSSION = 130;

/** Runs a test with a GitHub of its own, which nothing may ask for what its documents do not have. */
async function withGithub(work: (github: LocalGithub) => Promise<void>, options: Options = {}): Promise<void> {
  const github = await openGithub({ repository: 'acme/api', ...options });
  try {
    github.thread('issue', ISSUE);
    github.thread('pull_request', PULL_REQUEST);
    github.thread('discussion', DISCUSSION);
    await work(github);
    expect(github.breaches()).toEqual([]);
  } finally {
    await github.close();
  }
}

const optionsOf = (github: LocalGithub, inputs: Inputs, more: Partial<StepOptions> = {}): StepOptions => ({
  github,
  event: issueOpened(ISSUE),
  ...more,
  with: {
    operation: 'create-session',
    api_url: sandbox.url,
    devin_token: 'cog_sandbox_org',
    org_id: orgId,
    prompt: 'Fix it.',
    comment: 'true',
    poll_interval: '1s',
    ...inputs,
  },
});

const step = (github: LocalGithub, inputs: Inputs = {}, more: Partial<StepOptions> = {}) =>
  runStep(optionsOf(github, inputs, more));

/** The step of another workflow run. */
const inRun = (id: string): Partial<StepOptions> => ({ env: { GITHUB_RUN_ID: id } });

const warnings = ({ commands }: StepResult) => commands.filter(({ name }) => name === 'warning');

/** What the only comment of a thread says, below the mark that nobody sees. */
function onlyComment(github: LocalGithub, thread = ISSUE): string {
  const comments = github.comments(thread);
  expect(comments).toHaveLength(1);
  return shown(comments[0]?.body ?? '');
}

const shown = (body: string) => {
  const [mark = '', ...rest] = body.split('\n');
  expect(mark).toMatch(/^<!-- devin-action:comment [0-9a-f]{32} -->$/);
  return rest.join('\n');
};

const isBefore = (most: number) => (ms: number) => ms < most;

const writes = (github: LocalGithub) =>
  github.requests().filter(({ method, path }) => method !== 'GET' && !path.endsWith('/reactions'));

/** Runs a step, and sends it a signal as soon as the comment matches. */
const stopAt = (at: RegExp, signal: NodeJS.Signals, github: LocalGithub, inputs: Inputs) =>
  stopWhen(() => at.test(github.comments(ISSUE)[0]?.body ?? ''), signal, github, inputs);

/** Runs a step, and sends it a signal as soon as the time has come. */
async function stopWhen(
  hasCome: () => boolean,
  signal: NodeJS.Signals,
  github: LocalGithub,
  inputs: Inputs,
  more: Partial<StepOptions> = {},
): Promise<StepResult & { readonly afterSignalMs: number }> {
  let [running, signalledAt] = [false, Number.NaN];
  const result = await step(github, inputs, {
    ...more,
    onOutput(_, kill) {
      if (running) return;
      running = true;
      void (async () => {
        while (!hasCome()) await delay(10);
        signalledAt = performance.now();
        kill(signal);
      })();
    },
  });
  return { ...result, afterSignalMs: performance.now() - signalledAt };
}

// The client repeats for a quarter of a minute; so this begins first, and has more time than others.
describe('a GitHub that is out of order', { concurrent: true }, () => {
  test(
    'costs a warning, and the step stays green',
    () =>
      withGithub(async (github) => {
        github.fault({ path: '/repos/*/*/issues/*/comments', status: 500, times: 1_000 });
        const result = await step(github, { wait: 'finished' });
        expect(result.exitCode).toBe(0);
        expect(result.outputs['session_outcome']).toBe('finished');
        expect(warnings(result).map(({ message }) => message)).toEqual([expect.stringContaining('HTTP 500')]);
        expect(github.comments(ISSUE)).toEqual([]);
      }),
    60_000,
  );

  test('does not keep the step from seeing that Devin has finished', () =>
    withGithub(async (github) => {
      github.fault({ path: '/repos/*/*/issues/*/comments', lost: 'hang' });
      const result = await step(github, {
        tags: 'sandbox:pr,sandbox:finish-after=30',
        wait: 'finished',
        request_timeout: '15s',
      });
      expect(result.outputs['session_outcome']).toBe('finished');
      expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({
        duration_ms: expect.toSatisfy(isBefore(15_000)),
      });
      // What came meanwhile is not written one after the other.
      expect(onlyComment(github)).toMatch(/^### ✅ /);
      expect(writes(github).map(({ method }) => method)).toEqual(['POST', 'PATCH']);
    }));
});

describe('one comment says how far Devin is', { concurrent: true }, () => {
  test.each([
    ['issue', ISSUE, issueOpened(ISSUE)],
    ['pull request', PULL_REQUEST, pullRequest('opened', PULL_REQUEST)],
    ['discussion', DISCUSSION, discussionCreated(DISCUSSION)],
  ])('of the %s: it runs, it asks, it has finished', (kind, thread, event) =>
    withGithub(async (github) => {
      const tags = 'sandbox:waiting,sandbox:pr,sandbox:finish-after=120';
      const inputs = { tags, wait: 'finished', on_waiting: 'keep-waiting', max_acu_limit: '10' };
      const body = () => github.comments(thread)[1]?.body ?? '';
      let answered = false;
      const onOutput = async (output: string) => {
        if (answered || !output.includes('waiting for user')) return;
        answered = true;
        while (!body().includes('Which of the two')) await delay(10);
        const id = /(?<=\/sessions\/)[0-9a-f]{32}/.exec(body())?.[0];
        const path = `/v3/organizations/${orgId}/sessions/devin-${id}/messages`;
        await sandbox.api('POST', path, { message: 'The first one.' });
      };
      const result = await step(github, inputs, { event, onOutput: (output) => void onOutput(output) });
      expect(result.outputs).toMatchObject({ outcome: 'success', session_outcome: 'finished' });
      expect(warnings(result)).toEqual([]);
      const subject = `${kind === 'discussion' ? kind : 'issue'} ${thread}`;
      expect(github.state.reactions).toEqual([
        [subject, 'eyes'],
        [subject, 'rocket'],
      ]);
      const [comment, question, ...others] = github.comments(thread);
      expect(others.map(({ body: other }) => other)).toEqual([]);
      expect(comment?.author.login).toBe('github-actions[bot]');
      const earlier = (comment?.earlier ?? []).map(shown);
      const asksAt = earlier.findIndex((body) => /^### ✋ Devin has a question · \[session\]/.test(body));
      const asks = earlier[asksAt];
      const finished = shown(comment?.body ?? '');
      // After the reply Devin may be seen at work once more.
      expect(earlier.length).toBeLessThanOrEqual(3);
      expect(asks).toBeDefined();
      // A busy machine may first see Devin when it asks.
      for (const before of earlier.slice(0, asksAt)) expect(before).toMatch(/^### ⏳ Devin is working · \[session\]/);
      expect(asks).not.toContain('Which of the two');
      expect(shown(question?.body ?? '')).toMatch(
        /^### ✋ Devin has a question .*\n\n> Which of the two ways do you prefer\?.*\n\nReply in the \[session\]/,
      );
      expect(finished).toMatch(/^### ✅ Devin finished: .*\(https:\/\/github\.com\/acme\/api\/pull\/\d+\) \(open\)/);
      expect(finished).toMatch(/\n<sub>(\d+\.\d+ of 10 ACUs|ACUs not reported) · .*<\/sub>\n$/);
      expect(finished).not.toMatch(/<details|sha256|`devin-/);
    }),
  );

  test('the next run of the workflow edits it, and another key makes another comment', () =>
    withGithub(async (github) => {
      const first = await step(github, {}, inRun('1'));
      const second = await step(github, {}, inRun('2'));
      expect(onlyComment(github)).toContain(second.outputs['session_url']);
      expect(onlyComment(github)).not.toContain(first.outputs['session_url']);
      const third = await step(github, { comment_key: 'nightly' }, inRun('3'));
      const [one, other] = github.comments(ISSUE).map(({ body }) => shown(body));
      expect(one).toContain(second.outputs['session_url']);
      expect(other).toContain(third.outputs['session_url']);
      const [, , ...rest] = github.comments(ISSUE);
      expect(rest).toEqual([]);
    }));

  test('one that somebody deletes meanwhile is written anew', () =>
    withGithub(async (github) => {
      let deleted = false;
      const result = await step(
        github,
        { tags: 'sandbox:finish-after=100', wait: 'finished' },
        {
          onOutput() {
            const [comment] = github.comments(ISSUE);
            if (deleted || comment === undefined) return;
            deleted = true;
            github.deleteComment(comment);
          },
        },
      );
      expect(deleted).toBe(true);
      expect(warnings(result)).toEqual([]);
      expect(onlyComment(github)).toMatch(/^### ✅ Devin finished/);
    }));

  test('a comment with a forged mark is left alone', () =>
    withGithub(async (github) => {
      const forged = `${markerOf('devin create-session')}\nAll is well.`;
      const forgery = github.comment(ISSUE, forged, 'mallory');
      await step(github);
      expect(forgery).toMatchObject({ body: forged, edits: 0 });
      const [, own, ...more] = github.comments(ISSUE);
      expect(more).toEqual([]);
      expect(own?.body.split('\n')[0]).toBe(forged.split('\n')[0]);
      expect(own?.author.login).toBe('github-actions[bot]');
    }));

  test.each([
    ['fails', 'sandbox:error', /^### ❌ Devin stopped with an error · \[session\]/],
    ['is out of credits', 'sandbox:out-of-credits', /^### ❌ Devin stopped\\: out of credits .*[\s\S]*Add credits/],
  ])('a session that %s is told with what helps', (_, tags, says) =>
    withGithub(async (github) => {
      const result = await step(github, { tags, wait: 'finished' });
      expect(result.exitCode).toBe(1);
      expect(onlyComment(github)).toMatch(says);
    }),
  );

  test('a request that Devin refuses is told, so that nobody waits', () =>
    withGithub(async (github) => {
      const result = await step(github, { devin_token: 'cog_of_nobody', api_url: 'sandbox?habits=documents' });
      expect(result.outputs['error_code']).toBe('credential_invalid');
      expect(onlyComment(github)).toMatch(/^### ❌ Devin rejected the credential\n/);
    }));

  test('of several organizations there is one, with all of them in a table', () =>
    withGithub(async (github) => {
      const inputs = { org_id: '*', devin_token: 'cog_sandbox_enterprise', wait: 'finished', tags: 'sandbox:pr' };
      const result = await step(github, inputs);
      expect(result.exitCode).toBe(0);
      expect(onlyComment(github)).toMatch(
        /^### ✅ 3 of 3 sessions finished · 7\.2 ACUs · 3 pull requests\n\n\| Organization \|/,
      );
    }));

  test('on GitHub Enterprise Server', () =>
    withGithub(
      async (github) => {
        await step(github);
        await step(github, {}, { event: discussionCreated(DISCUSSION) });
        expect(onlyComment(github)).toMatch(/^### ⏳ Devin is working/);
        expect(onlyComment(github, DISCUSSION)).toMatch(/^### ⏳ Devin is working/);
      },
      { enterpriseServer: true },
    ));

  test('another operation shows its summary there', () =>
    withGithub(async (github) => {
      const { outputs } = await step(github, { comment: 'false' });
      const id = outputs['session_id'] ?? '';
      const own = { prompt: '' };
      await step(github, { ...own, operation: 'get-session', session_id: id });
      await step(github, { ...own, operation: 'list-sessions', max_results: '3' });
      const [got, listed, ...more] = github.comments(ISSUE).map(({ body }) => shown(body));
      expect(more).toEqual([]);
      expect(got).toContain(id.replace('devin-', ''));
      expect(listed).toMatch(/^### ✅ 3 sessions/);
    }));
});

describe('the people in the thread', { concurrent: true }, () => {
  const asked = { event: issueCommented(ISSUE, '/devin fix it', { login: 'member', association: 'MEMBER' }) };
  const phrase = { context: 'event', trigger_phrase: '/devin', prompt: 'Carry out the request.', wait: 'finished' };

  test('see at once that the request was seen, then that it is done, and how to go on', () =>
    withGithub(async (github) => {
      github.collaborator('member', 'write');
      const schema =
        '{"type":"object","properties":{"approve":{"type":"boolean"},"findings":{"type":"array","minItems":1,"items":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}}},"required":["approve","findings"]}';
      const inputs = { ...phrase, comment_text: 'The robot **speaks**.', structured_output_schema: schema };
      await step(github, inputs, asked);
      expect(github.state.reactions).toEqual([
        ['comment 1', 'eyes'],
        ['comment 1', 'rocket'],
      ]);
      const comment = onlyComment(github);
      expect(comment).toMatch(/^The robot \*\*speaks\*\*\.\n\n### ✅ Devin finished/);
      expect(comment).toContain('| Field | Value |\n|:--|:--|\n| approve | `');
      expect(comment).toContain('**findings**\n\n| path |\n|:--|\n| ');
      expect(comment).toMatch(/ · requested by .* · reply with `\/devin …`<\/sub>\n$/);
    }));

  test('are asked once per question, in a comment of its own, with the way to reply', () =>
    withGithub(async (github) => {
      github.collaborator('member', 'write');
      const inputs = { ...phrase, tags: 'sandbox:waiting', idempotency: 'one question' };
      for (const run of ['1', '2']) await step(github, inputs, { ...asked, ...inRun(run) });
      const [status, question, ...more] = github.comments(ISSUE).map(({ body }) => shown(body));
      expect(more).toEqual([]);
      expect(status).toMatch(/^### ✋ Devin has a question · \[session\]/);
      expect(question).toMatch(/\n> Which of the two ways .*\n\nReply here with `\/devin …`, or in the \[session\]/);
      expect(github.state.reactions.map(([, content]) => content)).toEqual(['eyes', 'confused', 'eyes', 'confused']);
    }));

  test('are told that a run that does not wait leaves the comment as it is', () =>
    withGithub(async (github) => {
      await step(github, { wait: 'started', tags: 'sandbox:slow' });
      expect(onlyComment(github)).toMatch(
        /^### ⏳ [\s\S]*This run does not wait for Devin, so this comment does not change/,
      );
      expect(github.state.reactions).toEqual([[`issue ${ISSUE}`, 'eyes']]);
    }));

  test('do not hear of a token that may not react', () =>
    withGithub(async (github) => {
      github.fault({ path: '/repos/*/*/issues/*/reactions', status: 403, times: 10 });
      const result = await step(github, { wait: 'finished' });
      expect(result.exitCode).toBe(0);
      expect(warnings(result)).toEqual([]);
      expect(onlyComment(github)).toMatch(/^### ✅ /);
    }));
});

// Windows has no signals that a process could catch from another.
describe.skipIf(process.platform === 'win32')('when the step is stopped', { concurrent: true }, () => {
  const inputs = { tags: 'sandbox:slow', wait: 'finished' };

  test('the comment says so within five seconds', () =>
    withGithub(async (github) => {
      const result = await stopAt(/Devin is working/, 'SIGINT', github, inputs);
      expect(result.afterSignalMs).toBeLessThan(SOON_MS);
      expect(result.outputs['error_code']).toBe('cancelled');
      expect(onlyComment(github)).toMatch(/^### ❌ Devin stopped\\: the session was terminated with the workflow /);
    }));

  test('after it has written its outputs, it ends as they say', () =>
    withGithub(async (github) => {
      // Its only comment is still on its way when the outputs are written.
      github.latency(500);
      let written = '';
      const before = (workspace: string) => {
        written = join(workspace, '..', 'output');
      };
      const hasWritten = () => existsSync(written) && readFileSync(written, 'utf8').includes('outcome<<');
      const result = await stopWhen(hasWritten, 'SIGTERM', github, { wait: 'none' }, { before });
      expect(result.outputs).toMatchObject({ outcome: 'success', error_code: '' });
      expect(result.exitCode).toBe(0);
      expect(onlyComment(github)).toMatch(/^### ✅|^### ⏳/);
    }));

  test('by force, the post step says so', () =>
    withGithub(async (github) => {
      const killed = await stopAt(/Devin is working/, 'SIGKILL', github, inputs);
      expect(killed.exitCode).toBe(null);
      const post = await runPost(killed, optionsOf(github, inputs));
      expect(post.exitCode).toBe(0);
      expect(warnings(post)).toEqual([]);
      expect(onlyComment(github)).toMatch(
        /^### ❌ Devin was stopped with the workflow\n\n- \[session\]\(https:.*\) · The session was terminated\\\.(?: Devin may need some seconds to stop\\\.)?\n$/,
      );
    }));

  test('no answer of GitHub keeps it from its end', () =>
    withGithub(async (github) => {
      github.fault({ path: '/repos/*/*/issues/comments/*', lost: 'hang', times: 100 });
      const result = await stopAt(/Devin is working/, 'SIGINT', github, inputs);
      expect(result.afterSignalMs).toBeLessThan(SOON_MS);
      expect(result.outputs).toMatchObject({ error_code: 'cancelled', session_outcome: 'terminated' });
    }));

  test('while GitHub keeps it waiting for its first answer, the session ends before the comment', () =>
    withGithub(async (github) => {
      github.fault({ path: '/repos/*/*/issues/*/comments', lost: 'hang', times: 100 });
      const result = await stopWhen(
        () => github.requests().some(({ path }) => path.includes('/comments')),
        'SIGINT',
        github,
        inputs,
      );
      expect(result.outputs).toMatchObject({ error_code: 'cancelled', session_outcome: 'terminated' });
      const { journal } = JSON.parse(result.outputs['result'] ?? '').requests;
      expect(journal).toContainEqual(expect.objectContaining({ method: 'DELETE', status: 200 }));
    }));

  test('while GitHub is asked who may write, at once', () =>
    withGithub(async (github) => {
      github.fault({ path: '/repos/*/*/collaborators/*/permission', lost: 'hang', times: 100 });
      const event = issueCommented(ISSUE, 'Please fix it.', { login: 'member', association: 'MEMBER' });
      const asked = { ...inputs, comment: 'false' };
      const result = await stopWhen(() => github.requests().length > 0, 'SIGINT', github, asked, { event });
      expect(result.outputs['error_code']).toBe('cancelled');
      expect(result.afterSignalMs).toBeLessThan(SOON_MS);
    }));
});

describe('a comment that cannot be written is one warning, and the step stays green', { concurrent: true }, () => {
  test.each([
    ['an issue', 'issues', 'read', issueOpened(ISSUE)],
    ['an issue that it may not even read', 'issues', undefined, issueOpened(ISSUE)],
    ['a pull request', 'pull-requests', 'read', pullRequest('opened', PULL_REQUEST)],
    ['a discussion', 'discussions', undefined, discussionCreated(DISCUSSION)],
  ] as const)('without the permission for %s, with the line to paste', (_, permission, level, event) =>
    withGithub(async (github) => {
      github.identify({ permissions: level === undefined ? {} : { [permission]: level } });
      const result = await step(github, { wait: 'finished' }, { event });
      expect(result.exitCode).toBe(0);
      const [warning, ...more] = warnings(result);
      expect(more).toEqual([]);
      expect(warning?.message).toContain(`\`permissions: { ${permission}: write }\``);
    }),
  );

  test('without a token', () =>
    withGithub(async (github) => {
      const result = await step(github, { github_token: '', wait: 'finished' });
      expect(result.exitCode).toBe(0);
      expect(warnings(result).map(({ message }) => message)).toEqual([
        'The input github_token is empty. Pass `github_token: ${{ github.token }}`.',
      ]);
      expect(github.requests()).toEqual([]);
    }));

  test('for an event without an issue, pull request or discussion', () =>
    withGithub(async (github) => {
      const result = await step(github, { wait: 'finished' }, { event: { name: 'schedule', payload: {} } });
      expect(result.exitCode).toBe(0);
      expect(warnings(result).map(({ message }) => message)).toEqual([
        'The event schedule has no issue, pull request or discussion to comment on.',
      ]);
      expect(github.requests()).toEqual([]);
    }));

  test('on a thread that is locked', () =>
    withGithub(async (github) => {
      const thread = github.state.threads.get(ISSUE);
      if (thread !== undefined) thread.locked = true;
      const result = await step(github, { wait: 'finished' });
      expect(result.exitCode).toBe(0);
      expect(warnings(result).map(({ message }) => message)).toEqual([expect.stringContaining('issue is locked')]);
    }));
});

describe('no comment is written', { concurrent: true }, () => {
  test('for a stranger whom a gate keeps out', () =>
    withGithub(async (github) => {
      const event = issueCommented(ISSUE, '/devin', { login: 'stranger', association: 'NONE' });
      const result = await step(github, {}, { event });
      expect(result.outputs['outcome']).toBe('skipped');
      // GitHub is asked whether a stranger may write, and nothing else.
      expect(github.requests().map(({ path }) => path)).toEqual(['/repos/acme/api/collaborators/stranger/permission']);
    }));

  test('in a dry run', () =>
    withGithub(async (github) => {
      const result = await step(github, { dry_run: 'true' });
      expect(result.exitCode).toBe(0);
      expect(writes(github)).toEqual([]);
      expect(warnings(result)).toEqual([]);
    }));

  test('unless it is asked for', () =>
    withGithub(async (github) => {
      await step(github, { comment: 'false', wait: 'finished' });
      expect(github.requests()).toEqual([]);
    }));
});

describe('what Devin writes', { concurrent: true }, () => {
  const ATTACKS = [
    `${markerOf('another')}\n### ✓ Devin finished`,
    '<!-- hidden --> <!-- unclosed',
    '@acme/everyone @octocat #1 acme/api#2 https://evil.example/ www.evil.example',
    '![x](https://evil.example/x.png) [a](javascript:alert(1)) <img src=x onerror=alert(1)>',
    '::error::forged',
    '::add-mask::forged',
    '</details></summary><script>alert(1)</script>',
    '```\n# forged heading\n| a | b |\n|---|---|',
    '$\\sqrt{x}$ :tada: ~~struck~~ `code`',
    'the key is cog_hostile_secret_key, the secret hunter2hunter2, the token ghs_made_up_token_of_the_tests',
  ];
  const HOSTILE = ATTACKS.join('\n');

  /** A Devin whose session says all this. */
  async function withHostileDevin(detail: string, work: (url: string) => Promise<void>): Promise<void> {
    const session = {
      session_id: 'devin-1',
      url: 'https://app.devin.ai/sessions/1)[x](javascript:alert(1)',
      status: 'running',
      status_detail: detail,
      title: HOSTILE,
      tags: ATTACKS,
      org_id: 'org-1',
      created_at: 1,
      updated_at: 2,
      acus_consumed: 1,
      pull_requests: [{ pr_url: `https://evil.example/${HOSTILE}`, pr_state: HOSTILE }],
      structured_output: { text: HOSTILE },
    };
    const items = [{ event_id: 'e1', source: 'devin', message: HOSTILE, created_at: 1 }];
    const server = createServer((request, response) => {
      const messages = request.method === 'GET' && request.url?.includes('/messages');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(messages ? { items, has_next_page: false } : session));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await work(`http://127.0.0.1:${port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test.each(['waiting_for_user', 'finished'])('is plain text in a comment (%s), with no secret in it', (detail) =>
    withHostileDevin(detail, (url) =>
      withGithub(async (github) => {
        const session_secrets = 'PASSWORD=hunter2hunter2';
        const devin_token = 'cog_hostile_secret_key';
        const inputs = { api_url: url, devin_token, session_secrets, wait: 'finished', idempotency: 'none' };
        await step(github, { ...inputs, org_id: 'org-1', on_waiting: 'succeed' });
        const comment = onlyComment(github);
        const secrets = /cog\\*_hostile|hunter2|ghs\\*_made/;
        expect(comment).not.toMatch(secrets);
        const html = (await marked(comment, { gfm: true })).replace(/<(pre|code)\b[\s\S]*?<\/\1>/g, '');
        expect(html).not.toMatch(/<(?:img|script|!--)/);
        expect(html.match(/<h\d/g)).toHaveLength(1);
        const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, to = '']) => to);
        for (const to of links) expect(to).toMatch(/^https:\/\/(?:app\.devin\.ai|evil\.example|github\.com)\//);
        // GitHub makes mentions and references of text, wherever that comes from; references only outside of links.
        expect(html.replace(/<[^>]*>/g, '')).not.toMatch(/@\w/);
        expect(html.replace(/<a\b.*?<\/a>|<[^>]*>/gs, '')).not.toMatch(/#\d/);
        // The next run still finds its own comment, by the mark of its key alone.
        await step(github, { ...inputs, org_id: 'org-1', on_waiting: 'succeed' }, inRun('2'));
        expect(github.comments(ISSUE)).toHaveLength(1);
        await step(github, { ...inputs, org_id: 'org-1', on_waiting: 'succeed', comment_key: 'another' }, inRun('3'));
        expect(github.comments(ISSUE)).toHaveLength(2);
      }),
    ),
  );
});
