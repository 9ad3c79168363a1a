import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { atEnd } from './at-end.ts';
import { type Doer, issueLabeled, pullRequest } from './e2e/events.ts';
import type { TestSandbox } from './e2e/sandbox.ts';
import { type LocalGithub, openGithub } from './github/server/index.ts';
import { lastOf, onlyHere, quick, resultsOf, runExample } from './workflow-runner.ts';

/** A GitHub of acme/api with an issue and a pull request, and a maintainer. */
async function withGithub(work: (github: LocalGithub) => Promise<void>): Promise<void> {
  const github = await openGithub({ repository: 'acme/api' });
  try {
    github.thread('issue', 128);
    github.collaborator('maintainer', 'maintain');
    github.collaborator('stranger', 'read');
    await work(github);
    expect(github.breaches()).toEqual([]);
  } finally {
    await github.close();
  }
}

const MAINTAINER: Doer = { login: 'maintainer', association: 'MEMBER' };

const sent = (action: string, payload: Readonly<Record<string, unknown>>) => ({
  name: 'repository_dispatch',
  payload: {
    action,
    client_payload: payload,
    repository: { id: 1, full_name: 'acme/api', html_url: 'https://github.com/acme/api' },
    sender: { login: 'dispatcher[bot]', type: 'Bot' },
  },
});

/** A server of somebody else that keeps what it gets. */
async function receiver() {
  const got: { readonly path: string; readonly login: string; readonly body: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const login = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString();
    got.push({ path: request.url ?? '', login, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(201).end('ok');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  atEnd(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

async function promptOf(sandbox: TestSandbox, session: string | undefined): Promise<string> {
  const path = `/v3/organizations/${await sandbox.orgId()}/sessions/${session}/messages`;
  return Object(await sandbox.api('GET', path)).items[0].message;
}

describe('an example for any thread does what it says', onlyHere, () => {
  test('dispatched-command: the comment that the payload names is the request, if its author may write', () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const command = async (body: string, login: string, runId: string) => {
        const { id } = github.comment(128, body, login);
        const comment_url = `https://github.com/acme/api/issues/128#issuecomment-${id}`;
        const event = sent('devin-command', { comment_url });
        return lastOf(
          (await runExample('dispatched-command.yml', { url: sandbox.url, github, event, runId }))['devin'],
        );
      };
      const done = await command('/devin fix the parser', 'maintainer', '1');
      expect(done).toMatchObject({ green: true, outputs: { session_outcome: 'finished' } });
      expect(await promptOf(sandbox, done?.outputs['session_id'])).toContain('fix the parser');
      expect(github.comments(128)[1]?.body).toContain('### ✅ Devin finished');
      expect((await command('/devin mine bitcoins', 'stranger', '2'))?.outputs).toMatchObject({ outcome: 'skipped' });
      expect((await command('Thank you.', 'maintainer', '3'))?.outputs).toMatchObject({ outcome: 'skipped' });
    }));

  test("pull-request-checks: the check is on Devin's pull request", () =>
    withGithub(async (github) => {
      const sandbox = await quick();
      const setting = { url: sandbox.url, github, life: 'sandbox:pr' };
      const labeled = issueLabeled(128, 'devin', MAINTAINER, MAINTAINER);
      const started = await runExample('pull-request-checks.yml', { ...setting, event: labeled });
      expect(resultsOf(started)).toEqual({ start: 'success', collect: 'skipped' });
      const path = `/v3/organizations/${await sandbox.orgId()}/sessions/${lastOf(started['start'])?.outputs['session_id']}`;
      let url: string | undefined;
      while (url === undefined) url = Object(await sandbox.api('GET', path)).pull_requests[0]?.pr_url;
      const number = Number(url.split('/').at(-1));
      const { head } = github.pull(number);
      const bot = { login: 'devin-ai-integration[bot]', association: 'NONE' };
      const event = pullRequest('opened', number, { by: bot });
      const collected = await runExample('pull-request-checks.yml', { ...setting, event });
      expect(resultsOf(collected)).toEqual({ start: 'skipped', collect: 'success' });
      expect([...github.state.checkRuns.values()].at(-1)).toMatchObject({
        ...{ head, name: 'Devin: devin create-session', conclusion: 'success' },
      });
      const other = await runExample('pull-request-checks.yml', { ...setting, event: pullRequest('opened', 7) });
      expect(resultsOf(other)).toEqual({ start: 'skipped', collect: 'skipped' });
    }));

  test('slack-notification: what Devin says is text', async () => {
    const slack = await receiver();
    const event = sent('devin-session', {
      session_url: 'https://app.devin.ai/sessions/1',
      outcome: 'waiting',
      pull_request_url: null,
      summary: '<!channel> *Which* one? $(id) "quoted"',
    });
    const secrets = () => ({ SLACK_WEBHOOK_URL: `${slack.url}/services/T/B/x` });
    expect(resultsOf(await runExample('slack-notification.yml', { event, secrets }))).toEqual({ tell: 'success' });
    const text =
      'Devin: waiting · <https://app.devin.ai/sessions/1|session> \n&lt;!channel&gt; *Which* one? $(id) "quoted"';
    expect(slack.got).toMatchObject([{ path: '/services/T/B/x', body: { text } }]);
  });

  test("jira-issue: the issue is in the prompt, and Devin's result is a comment on it", async () => {
    const [sandbox, jira] = [await quick(), await receiver()];
    const event = sent('jira-issue', {
      key: 'API-7',
      summary: 'The parser drops a comma',
      description: 'It should not.',
    });
    const all = await runExample('jira-issue.yml', {
      ...{ url: sandbox.url, event, life: 'sandbox:pr', vars: { JIRA_URL: jira.url } },
      secrets: () => ({ DEVIN_TOKEN: 'cog_sandbox_org', JIRA_LOGIN: 'bot@example.com:to"ken' }),
    });
    expect(resultsOf(all)).toEqual({ devin: 'success' });
    const { session_id: id, session_url: page } = all['devin']?.[0]?.steps[0]?.outputs ?? {};
    expect(await promptOf(sandbox, id)).toContain('The parser drops a comma');
    expect(jira.got).toMatchObject([{ path: '/rest/api/2/issue/API-7/comment', login: 'bot@example.com:to"ken' }]);
    expect(JSON.stringify(jira.got[0]?.body)).toMatch(/Devin: finished https:\/\/github\.com\/acme\/api\/pull\/\d+/);
    expect(JSON.stringify(jira.got[0]?.body)).toContain(page);
  });
});
