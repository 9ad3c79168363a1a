import { execFile } from 'node:child_process';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { ActionError } from '../../src/contract/errors.ts';
import type { GraphqlCall, RestCall } from '../../src/github/client/client.ts';
import { listen, serve } from '../devin/support.ts';
import { NODE_24 } from '../e2e/fake-runner.ts';
import { failure, openBoth, START } from './server/support.ts';

const parameters = { owner: 'octo-org', repo: 'octo-repo', issue_number: 7 };
const READ: RestCall = {
  route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
  parameters,
  summary: 'Read the comments',
  permissions: { issues: 'read' },
};
const WRITE: RestCall = {
  route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
  parameters: { ...parameters, body: 'Hello' },
  summary: 'Write the comment',
  permissions: { issues: 'write' },
};
const WHO: GraphqlCall = {
  query: 'query { viewer { login } }',
  variables: {},
  summary: 'Ask who the token is',
  permissions: {},
};
const ADD: GraphqlCall = {
  query:
    'mutation ($id: ID!) { addDiscussionComment(input: { discussionId: $id, body: "Hi" }) { comment { id url } } }',
  variables: { id: 'D_8' },
  summary: 'Write the comment',
  permissions: { discussions: 'write' },
};
const Rows = z.array(z.object({ body: z.string() }));
const Any = z.unknown();
const Who = z.object({ viewer: z.object({ login: z.string() }) });
const COMMENTS = '/repos/octo-org/octo-repo/issues/7/comments';

describe('one request', () => {
  it.each([false, true])(
    'reaches REST and GraphQL where GitHub has them (Enterprise Server: %s)',
    async (enterprise) => {
      const { server, github } = await openBoth({ enterpriseServer: enterprise });
      server.thread('issue', 7);
      server.comment(7, 'Me too');
      expect(await github.rest(READ, Rows)).toEqual([{ body: 'Me too' }]);
      expect(await github.graphql(WHO, Who)).toEqual({ viewer: { login: 'github-actions[bot]' } });
      expect(server.url.endsWith('/api/v3')).toBe(enterprise);
      expect(server.requests().every(({ authorization }) => authorization)).toBe(true);
    },
  );

  it('goes to the address of its options, whatever the environment says', async () => {
    vi.stubEnv('GITHUB_API_URL', 'https://api.invalid.example');
    vi.stubEnv('GITHUB_GRAPHQL_URL', 'https://api.invalid.example/graphql');
    vi.stubEnv('GITHUB_TOKEN', 'ghs_other');
    const { server, github } = await openBoth();
    server.thread('issue', 7);
    expect(await github.rest(READ, Rows)).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('a redirect to another host is followed without the token', async () => {
    const elsewhere = await serve(() => ({ body: [{ body: 'Moved' }] }));
    const here = await serve(() => ({ status: 301, headers: { location: `${elsewhere.origin}/moved` } }));
    const { client } = await openBoth();
    expect(await client({ apiUrl: here.origin }).rest(READ, Rows)).toEqual([{ body: 'Moved' }]);
    expect(here.seen[0]?.headers.authorization).toContain('ghs_');
    expect(elsewhere.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('loads and sends nothing before it is needed, and says what an empty token means', async () => {
    const { server, client } = await openBoth();
    const github = client({ token: '' });
    expect(await failure(github.rest(READ, Rows))).toMatchObject({
      code: 'credential_missing',
      fix: expect.stringContaining('github_token'),
    });
    expect(server.requests()).toEqual([]);
  });

  it('a list is read to its last page', async () => {
    const { server, github } = await openBoth();
    server.thread('issue', 7);
    for (let at = 0; at < 300; at += 1) server.comment(7, `Comment ${at}`);
    const pages = [];
    for await (const page of github.pages(READ, Rows)) pages.push(page.length);
    expect(pages).toEqual([100, 100, 100]);
    expect(server.requests().length).toBe(3);
  });

  it('an answer that lacks what it should have is an error, and so is one that is cut short', async () => {
    const { server, github } = await openBoth({ maxRetries: 0 });
    server.thread('issue', 7);
    const wrong = await failure(github.rest(READ, z.object({ id: z.int() })));
    expect(wrong).toMatchObject({ code: 'api_contract', title: expect.stringContaining('GitHub') });
    server.fault({ path: COMMENTS, lost: 'truncate' });
    expect(await failure(github.rest(READ, Rows))).toMatchObject({ code: 'api_unavailable', ambiguous: false });
  });
});

describe('a dry run', () => {
  it('sends no change, by REST or GraphQL, and reads as ever', async () => {
    const { server, github } = await openBoth({ dryRun: true });
    server.thread('issue', 7);
    server.thread('discussion', 8);
    expect(await failure(github.rest(WRITE, Any))).toMatchObject({
      code: 'gate_closed',
      message: `dry run: POST ${COMMENTS} was not sent`,
      fix: 'Set `dry_run: false` to send it.',
    });
    expect(await failure(github.graphql(ADD, Any))).toMatchObject({
      code: 'gate_closed',
      message: 'dry run: POST /graphql was not sent',
    });
    for (const method of ['PATCH', 'PUT', 'DELETE'] as const) {
      const call: RestCall = { ...WRITE, route: `${method} /repos/{owner}/{repo}/issues/comments/{comment_id}` };
      const refused = github.rest({ ...call, parameters: { ...parameters, comment_id: 1 } }, Any);
      expect(await failure(refused)).toMatchObject({ code: 'gate_closed' });
    }
    expect(server.requests()).toEqual([]);
    expect(await github.rest(READ, Rows)).toEqual([]);
    expect(await github.graphql(WHO, Who)).toBeDefined();
  });

  it('takes what begins like a query and is a mutation for a change', async () => {
    const { server, github } = await openBoth({ dryRun: true });
    for (const query of ['# query\nmutation { x }', 'fragment f on X { y } mutation { x }', ' mutation{x}']) {
      expect(await failure(github.graphql({ ...WHO, query }, Any))).toMatchObject({ code: 'gate_closed' });
    }
    expect(server.requests()).toEqual([]);
  });
});

describe('repeating a request', () => {
  it.each([{ status: 500 }, { status: 502 }, { status: 503 }, { lost: 'reset' }, { lost: 'truncate' }] as const)(
    'reading goes on after %o, and tells about it',
    async (fault) => {
      const { server, github, clock, progress } = await openBoth();
      server.thread('issue', 7);
      server.fault({ path: COMMENTS, times: 2, ...fault });
      server.fault({ path: '/graphql', ...fault });
      expect(await github.rest(READ, Rows)).toEqual([]);
      expect(await github.graphql(WHO, Who)).toBeDefined();
      expect(clock.slept).toEqual([500, 1_000, 500]);
      expect(progress.length).toBe(3);
      expect(progress[0]).toMatch(/^GitHub: .*: GET \/repos.*\/comments, retry 1 of 5 in 0\.5 s$/);
    },
  );

  it.each([{ status: 502 }, { lost: 'reset' }] as const)(
    'a change is sent once, and %o leaves open if it was made',
    async (fault) => {
      const { server, github, clock } = await openBoth();
      server.thread('issue', 7);
      server.thread('discussion', 8);
      server.fault({ path: COMMENTS, afterCommit: true, ...fault });
      server.fault({ path: '/graphql', afterCommit: true, ...fault });
      expect(await failure(github.rest(WRITE, Any))).toMatchObject({ code: 'api_unavailable', ambiguous: true });
      expect(await failure(github.graphql(ADD, Any))).toMatchObject({ code: 'api_unavailable', ambiguous: true });
      expect([server.comments(7).length, server.comments(8).length]).toEqual([1, 1]);
      expect(clock.slept).toEqual([]);
    },
  );

  it('a change that GitHub held back for its limits is sent again when it says', async () => {
    const { server, github, clock } = await openBoth();
    server.thread('issue', 7);
    server.fault({ method: 'POST', path: COMMENTS, status: 429, retryAfter: 7 });
    server.fault({ method: 'POST', path: COMMENTS, status: 403, message: 'You have exceeded a secondary rate limit' });
    server.fault({ method: 'POST', path: COMMENTS, status: 403, retryAfter: 3 });
    await github.rest(WRITE, Any);
    expect(clock.slept).toEqual([7_000, 60_000, 3_000]);
    expect(server.comments(7).length).toBe(1);
  });

  it('a used-up limit is waited for if it is soon renewed, else reported at once', async () => {
    const { server, github, clock } = await openBoth();
    server.thread('issue', 7);
    const limited = (seconds: number) => ({
      path: COMMENTS,
      status: 403,
      message: 'API rate limit exceeded',
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(START / 1_000 + seconds) },
    });
    server.fault(limited(20));
    expect(await github.rest(READ, Rows)).toEqual([]);
    expect(clock.slept).toEqual([20_000]);
    server.fault(limited(3_600));
    expect(await failure(github.rest(READ, Rows))).toMatchObject({
      code: 'rate_limited',
      title: 'GitHub rate limit exceeded',
    });
    expect(clock.slept).toEqual([20_000]);
  });

  it('gives up after its retries, with what GitHub said last', async () => {
    const { server, github, clock } = await openBoth({ maxRetries: 2 });
    server.fault({ path: COMMENTS, times: 9, status: 503, message: 'Service down' });
    const error = await failure(github.rest(READ, Rows));
    expect(error).toMatchObject({ code: 'api_unavailable', status: 503, ambiguous: false });
    expect(error.message).toBe(`GitHub: Read the comments: HTTP 503 for GET ${COMMENTS}: Service down.`);
    expect(clock.slept).toEqual([500, 1_000]);
  });

  it.each([400, 401, 403, 404, 410, 422])(
    'an answer that stays the same (%d) is not asked for again',
    async (status) => {
      const { server, github } = await openBoth();
      server.fault({ path: COMMENTS, status });
      expect(await failure(github.rest(READ, Rows))).toMatchObject({ status });
      expect(server.requests().length).toBe(1);
    },
  );
});

describe('limits', () => {
  it('a request without an answer ends after its time, and the next try may succeed', async () => {
    const { server, github, progress } = await openBoth({ requestTimeoutMs: 1_500 });
    server.thread('issue', 7);
    server.fault({ path: COMMENTS, lost: 'hang' });
    expect(await github.rest(READ, Rows)).toEqual([]);
    expect(progress).toEqual([`GitHub: no complete response within 1.5 s: GET ${COMMENTS}, retry 1 of 5 in 0.5 s`]);
  });

  it('ends with the step', async () => {
    const stop = new AbortController();
    const { server, github } = await openBoth({ signal: stop.signal });
    server.fault({ path: COMMENTS, lost: 'hang' });
    const asked = failure(github.rest(READ, Rows));
    await vi.waitFor(() => expect(server.requests().length).toBe(1));
    stop.abort(new ActionError('cancelled', 'The workflow was canceled.'));
    expect(await asked).toMatchObject({ code: 'cancelled', message: 'The workflow was canceled.' });
    expect(await failure(github.rest(READ, Rows))).toMatchObject({ code: 'cancelled' });
    expect(server.requests().length).toBe(1);
  });
});

describe('errors', () => {
  it('a missing permission comes with the YAML to paste, as GitHub names it', async () => {
    const { server, github } = await openBoth();
    server.thread('issue', 7);
    server.thread('pull_request', 9);
    server.identify({ permissions: { contents: 'read' } });
    const error = await failure(github.rest(WRITE, Any));
    expect(error).toMatchObject({
      code: 'permission_denied',
      title: 'The GitHub token is missing a permission',
      message: `GitHub: Write the comment: HTTP 403 for POST ${COMMENTS}: Resource not accessible by integration.`,
    });
    expect(error.fix).toContain('`permissions: { issues: write }`');
    const onPull = { ...WRITE, parameters: { ...WRITE.parameters, issue_number: 9 } };
    const asked: RestCall = { ...onPull, permissions: { 'pull-requests': 'write' } };
    expect((await failure(github.rest(asked, Any))).fix).toContain('`permissions: { pull-requests: write }`');
  });

  it('where GitHub does not name it, the advice is what the request needs', async () => {
    const { server, github } = await openBoth();
    server.thread('discussion', 8);
    server.identify({ permissions: {} });
    const error = await failure(github.graphql(ADD, Any));
    expect(error).toMatchObject({ code: 'permission_denied', status: 403 });
    expect(error.fix).toContain('`permissions: { discussions: write }`');
  });

  it.each(['x=y`\n', 'administration=write', 'metadata=read', 'issues=admin', ''])(
    'no YAML is made of a header that names no grant (%j)',
    async (header) => {
      const { server, github } = await openBoth();
      const headers = { 'x-accepted-github-permissions': header.trim() };
      server.fault({ path: COMMENTS, status: 403, message: 'Resource not accessible by integration', headers });
      expect((await failure(github.rest(READ, Rows))).fix).toContain('`permissions: { issues: read }`');
    },
  );

  it('another refusal is told in the words of GitHub, without YAML that would not help', async () => {
    const { server, github } = await openBoth();
    server.thread('issue', 7).locked = true;
    const error = await failure(github.rest(WRITE, Any));
    expect(error.message).toContain('Unable to create comment because issue is locked.');
    expect(error.fix).not.toContain('permissions:');
  });

  it('a wrong token is the token, not the Devin credential, and is never shown', async () => {
    const { server, client } = await openBoth();
    const token = 'ghp_wrong_token_that_nobody_may_see';
    const github = client({ token });
    const error = await failure(github.rest(READ, Rows));
    expect(error).toMatchObject({ code: 'credential_invalid', title: 'GitHub rejected the token' });
    expect(error.fix).toContain('`github_token`');
    server.fault({ path: COMMENTS, status: 422, message: `What is ${token}?` });
    const echoed = await failure(github.rest(READ, Rows));
    expect(echoed.message).toContain('What is ***?');
    expect(JSON.stringify([error, error.message, error.stack, echoed.message, echoed.stack])).not.toContain(token);
  });

  it('what GitHub does not know is not found', async () => {
    const { github } = await openBoth();
    const error = await failure(github.rest(READ, Rows));
    expect(error).toMatchObject({ code: 'not_found', status: 404, title: 'Not found on GitHub' });
    expect(`${error.title} ${error.message} ${error.fix}`).not.toContain('Devin');
  });

  it('an address where nobody listens is unavailable, and no change is in doubt', async () => {
    const { server, github } = await openBoth({ maxRetries: 0 });
    await server.close();
    expect(await failure(github.rest(WRITE, Any))).toMatchObject({
      code: 'api_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
      ambiguous: false,
    });
  });

  it('a query that the schema of GitHub refuses is rejected', async () => {
    const { server, github } = await openBoth();
    server.fault({ path: '/graphql', status: 400, message: 'Problems parsing JSON' });
    expect(await failure(github.graphql(WHO, Who))).toMatchObject({ code: 'api_rejected', status: 400 });
  });
});

describe('proxies', () => {
  /** Reads the comments in a process of its own, with the variables of a runner. */
  async function readBehind(proxyUrl: string, apiUrl: string, token: string) {
    const script = `
      import * as z from 'zod/mini';
      import { openGithub } from ${JSON.stringify(new URL('../../src/github/client/client.ts', import.meta.url).href)};
      const github = openGithub({
        token: ${JSON.stringify(token)},
        apiUrl: ${JSON.stringify(apiUrl)},
        graphqlUrl: ${JSON.stringify(`${apiUrl}/graphql`)},
        userAgent: 'devin-action/test',
        dryRun: false,
        signal: new AbortController().signal,
        requestTimeoutMs: 5_000,
        maxRetries: 0,
        clock: { now: () => 0, sleep: async () => {}, deadline: (ms) => AbortSignal.timeout(ms), random: () => 0 },
        env: process.env,
        onProgress: () => {},
      });
      const read = github.rest(${JSON.stringify(READ)}, z.array(z.object({ body: z.string() })));
      console.log(JSON.stringify(await read.catch((error) => error.message)));
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(NODE_24, ['--input-type=module', '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
      env: { http_proxy: proxyUrl, https_proxy: proxyUrl, GITHUB_API_URL: apiUrl },
    });
    const answer: unknown = JSON.parse(stdout);
    return answer;
  }

  it('a request goes to the proxy that the runner names, and its answer comes back', async () => {
    const { server } = await openBoth();
    server.thread('issue', 7);
    server.comment(7, 'Me too');
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? '');
      const path = new URL(request.url ?? '/').pathname;
      get(server.url + path, { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
    });
    const url = `http://127.0.0.1:${await listen(proxy)}`;
    expect(await readBehind(url, 'http://github.invalid.example', server.token)).toEqual([{ body: 'Me too' }]);
    expect(asked).toEqual([`http://github.invalid.example${COMMENTS}`]);
  });

  it('https goes through a tunnel, and the proxy does not see the token', async () => {
    const asked: string[] = [];
    const hello = Promise.withResolvers<Buffer>();
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no token'}`);
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.once('data', (data: Buffer) => {
        hello.resolve(data);
        socket.destroy();
      });
    });
    const url = `http://127.0.0.1:${await listen(proxy)}`;
    const token = 'ghs_made_up_token';
    const said = await readBehind(url, 'https://github.invalid.example', token);
    expect(said).toMatch(/^GitHub: Read the comments: GET \S+: the connection failed/);
    expect(asked).toEqual(['CONNECT github.invalid.example:443 no token']);
    const first = await hello.promise;
    // 22 is a handshake record, 1 a ClientHello.
    expect([first[0], first[5]]).toEqual([22, 1]);
    expect(first.toString('latin1')).not.toContain(token);
  });
});
