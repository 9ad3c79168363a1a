import { afterEach, describe, expect, it } from 'vitest';
import { type LocalGithub, openGithub } from './server/index.ts';

let server: LocalGithub | undefined;
afterEach(() => server?.close());

async function open() {
  const opened = await openGithub();
  server = opened;
  const call = async (method: string, path: string, body?: unknown, token = opened.token) => {
    const response = await fetch(opened.url + path, {
      method,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, json };
  };
  return { opened, call };
}

const COMMENTS = '/repos/octo-org/octo-repo/issues/7/comments';

describe('the local GitHub of the tests', () => {
  it.each([
    ['GET', '/repos/octo-org/octo-repo/coments', undefined, 404, 'no such route'],
    ['PUT', COMMENTS, { body: 'x' }, 404, 'no such route'],
    ['GET', `${COMMENTS}?per_pag=3`, undefined, 422, 'per_pag: no such parameter'],
    ['GET', `${COMMENTS}?page=two`, undefined, 422, 'page: value must be integer'],
    ['GET', '/repos/octo-org/octo-repo/issues/seven/comments', undefined, 422, 'issue_number: value must be integer'],
    ['POST', COMMENTS, undefined, 422, 'body: '],
    ['POST', COMMENTS, {}, 422, "must have required property 'body'"],
    ['POST', COMMENTS, { body: 3 }, 422, 'value/body must be string'],
    ['POST', COMMENTS, { body: 'x', text: 'y' }, 422, 'must NOT have additional properties'],
    ['GET', '/repos/octo-org/octo-repo/labels', undefined, 404, 'does not serve it'],
  ])('%s %s with %j is a breach', async (method, path, body, status, breach) => {
    const { opened, call } = await open();
    opened.thread('issue', 7);
    expect((await call(method, path, body)).status).toBe(status);
    expect(opened.breaches()).toEqual([expect.stringContaining(breach)]);
    expect(opened.comments(7)).toEqual([]);
  });

  it.each([
    ['{ viewer { nickname } }', {}, 'Cannot query field "nickname"'],
    ['{ viewer {', {}, 'Syntax Error'],
    ['query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {}, '"$ids" of required type'],
    ['{ viewer { email } }', {}, 'Cannot return null'],
  ])('the query %j is a breach', async (query, variables, breach) => {
    const { opened } = await open();
    const response = await fetch(opened.graphqlUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${opened.token}` },
      body: JSON.stringify({ query, variables }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.stringContaining(breach) }] });
    expect(opened.breaches()).toEqual([expect.stringContaining(breach)]);
  });

  it('every answer is checked as well', async () => {
    const { opened, call } = await open();
    opened.job({ id: 4, conclusion: 'exploded' });
    await call('GET', '/repos/octo-org/octo-repo/actions/jobs/4');
    expect(opened.breaches()).toEqual([expect.stringContaining('must be equal to one of the allowed values')]);
  });

  it('says who a token is, and what it lacks, as GitHub does', async () => {
    const { opened, call } = await open();
    opened.thread('pull_request', 7);
    expect(await call('GET', '/user')).toMatchObject({
      status: 403,
      json: { message: 'Resource not accessible by integration' },
    });
    expect(await call('GET', '/user', undefined, 'ghs_unknown')).toMatchObject({
      status: 401,
      json: { message: 'Bad credentials' },
    });
    opened.identify({ permissions: { issues: 'read' } });
    const refused = await call('POST', COMMENTS, { body: 'x' });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('x-accepted-github-permissions')).toBe('issues=write; pull_requests=write');
    opened.identify({ login: 'octocat', installation: false, permissions: 'all' });
    expect(await call('GET', '/user')).toMatchObject({ status: 200, json: { login: 'octocat' } });
    expect(opened.breaches()).toEqual([]);
  });

  it('redirects to a log at another host, which refuses the token', async () => {
    const { opened, call } = await open();
    const { id } = opened.job({ log: 'text' });
    const { status, headers } = await call('GET', `/repos/octo-org/octo-repo/actions/jobs/${id}/logs`);
    const location = headers.get('location') ?? '';
    expect(status).toBe(302);
    expect(new URL(location).origin).not.toBe(new URL(opened.url).origin);
    expect(await (await fetch(location)).text()).toBe('text');
    expect(opened.breaches()).toEqual([]);
    expect((await fetch(location, { headers: { authorization: 'Bearer x' } })).status).toBe(400);
    expect(opened.breaches().length).toBe(1);
  });
});
