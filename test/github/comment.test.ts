import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GithubOptions } from '../../src/github/client/client.ts';
import { commentBody, hasMarker, MAX_COMMENT, markerOf } from '../../src/github/comment/body.ts';
import { stickyComment } from '../../src/github/comment/comment.ts';
import { COMMENT_MARKER } from '../../src/github/event/marker.ts';
import type { Options } from './server/index.ts';
import { failure, openBoth } from './server/support.ts';

const COMMENTS = '/repos/octo-org/octo-repo/issues/7/comments';
const ONE = '/repos/octo-org/octo-repo/issues/comments/*';
const KEY = 'build / create-session';

async function open(options: Partial<GithubOptions> & Options = {}, kind: 'issue' | 'pull_request' = 'issue') {
  const both = await openBoth(options);
  const { server, github, client } = both;
  server.thread(kind, 7);
  const notices: string[] = [];
  /** A step, which knows nothing of the comments of the steps before it. */
  const step = (key = KEY, more: Partial<GithubOptions> = {}) =>
    stickyComment({
      github: Object.keys(more).length === 0 ? github : client(more),
      repository: server.repository,
      thread: { kind, number: 7 },
      key,
      onNotice: (text) => notices.push(text),
    });
  const methods = () => server.requests().map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
  const texts = () => server.comments(7).map(({ body }) => body.split('\n').slice(1).join('\n'));
  return { ...both, notices, step, methods, texts };
}

describe.each(['issue', 'pull_request'] as const)('one comment on an %s', (kind) => {
  it('is written once and edited in place, in this step and in the next', async () => {
    const { server, step, texts } = await open({}, kind);
    server.comment(7, 'Me too');
    const first = step();
    expect(first.url()).toBeUndefined();
    await first.update('Started');
    await first.update('Waiting');
    const second = step();
    await second.update('Finished');
    expect(texts()).toEqual(['', 'Finished']);
    expect(server.comments(7)[1]).toMatchObject({ edits: 2, author: { login: 'github-actions[bot]' } });
    expect(server.comments(7)[1]?.body.startsWith(COMMENT_MARKER)).toBe(true);
    expect(second.url()).toBe(first.url());
    expect(second.url()).toMatch(/^https:\/\/github\.com\/.*#issuecomment-\d+$/);
  });
});

describe('one comment', () => {
  it('that says so already is not sent again', async () => {
    const { step, methods } = await open();
    const comment = step();
    await comment.update('Started');
    await comment.update('Started');
    await step().update('Started');
    expect(methods().filter((each) => !each.startsWith('GET') && !each.includes('graphql'))).toEqual([
      `POST ${COMMENTS}`,
    ]);
  });

  it('has its key: another key has another comment', async () => {
    const { step, texts } = await open();
    await step('a').update('A');
    await step('b').update('B');
    await step('a').update('A2');
    expect(texts()).toEqual(['A2', 'B']);
  });

  it('that was deleted meanwhile is written anew, and a person is told', async () => {
    const { server, step, texts, notices } = await open();
    const comment = step();
    await comment.update('Started');
    for (const each of server.comments(7)) server.deleteComment(each);
    await comment.update('Finished');
    expect(texts()).toEqual(['Finished']);
    expect(notices).toEqual(['The comment was deleted. A new one is written.']);
    await comment.update('Finished again');
    expect(texts()).toEqual(['Finished again']);
  });

  it('with our marker that somebody else wrote is left alone', async () => {
    const { server, step, texts } = await open();
    const forged = `${markerOf(KEY)}\nAll is well.`;
    const forgery = server.comment(7, forged, 'mallory');
    // GraphQL would name this person as it names the app.
    server.comment(7, forged, 'github-actions');
    await step().update('Failed');
    await step().update('Failed twice');
    expect(forgery).toMatchObject({ body: forged, edits: 0 });
    expect(texts()).toEqual(['All is well.', 'All is well.', 'Failed twice']);
  });

  it('is found behind three hundred others, among them three hundred forged ones', async () => {
    const { server, step, methods } = await open();
    for (let at = 0; at < 300; at += 1) server.comment(7, `${markerOf(KEY)}\nForged ${at}`, 'mallory');
    server.comment(7, `${markerOf(KEY)}\nStarted`, 'github-actions[bot]');
    await step().update('Finished');
    expect(server.comments(7).at(-1)).toMatchObject({ body: `${markerOf(KEY)}\nFinished`, edits: 1 });
    expect(server.comments(7).length).toBe(301);
    expect(methods().length).toBe(9);
  });

  it('nobody is asked who wrote what where nothing looks like ours', async () => {
    const { server, step, methods } = await open();
    server.comment(7, `I like ${markerOf(KEY)}`);
    server.comment(7, `${markerOf(KEY)} in the first line`);
    await step().update('Started');
    expect(methods()).toEqual([`GET ${COMMENTS}`, `POST ${COMMENTS}`]);
  });

  it.each([{ lost: 'reset' }, { status: 502 }] as const)(
    'is written once, also if the answer gets lost (%o)',
    async (fault) => {
      const { server, step, texts, methods } = await open();
      server.fault({ method: 'POST', path: COMMENTS, afterCommit: true, ...fault });
      await step().update('Started');
      expect(texts()).toEqual(['Started']);
      expect(methods().filter((each) => each === `POST ${COMMENTS}`).length).toBe(1);
    },
  );

  it.each([{ lost: 'reset' }, { status: 502 }] as const)(
    'is written in the end if the request got lost (%o)',
    async (fault) => {
      const { server, step, texts } = await open();
      server.fault({ method: 'POST', path: COMMENTS, ...fault });
      const comment = step();
      await comment.update('Started');
      await comment.update('Finished');
      expect(texts()).toEqual(['Finished']);
    },
  );

  it('is looked for again after a creation of which nothing is known', async () => {
    const { server, step, texts } = await open({ maxRetries: 0 });
    server.fault({ method: 'POST', path: COMMENTS, afterCommit: true, lost: 'reset' });
    server.fault({ method: 'GET', path: COMMENTS, skip: 1, status: 503 });
    const comment = step();
    expect(await failure(comment.update('Started'))).toMatchObject({ code: 'api_unavailable', status: 503 });
    await comment.update('Finished');
    expect(texts()).toEqual(['Finished']);
  });

  it('an edit of which nothing is known is made again', async () => {
    const { server, step, texts } = await open({ maxRetries: 0 });
    const comment = step();
    await comment.update('Started');
    server.fault({ method: 'PATCH', path: ONE, lost: 'reset' });
    expect(await failure(comment.update('Finished'))).toMatchObject({ code: 'api_unavailable', ambiguous: true });
    await comment.update('Started');
    await comment.update('Finished');
    expect(texts()).toEqual(['Finished']);
    expect(server.comments(7)[0]?.edits).toBe(2);
  });

  it('updates come one after the other, the last one last', async () => {
    const { server, step, texts } = await open();
    server.latency(20);
    const comment = step();
    await Promise.all(['One', 'Two', 'Three'].map((text) => comment.update(text)));
    expect(texts()).toEqual(['Three']);
    expect(server.comments(7)[0]?.edits).toBe(2);
  });

  it('an update that failed does not keep the next one from trying', async () => {
    const { server, step, texts } = await open();
    server.identify({ permissions: { issues: 'read' } });
    const comment = step();
    const error = await failure(comment.update('Started'));
    expect(error).toMatchObject({ code: 'permission_denied', status: 403 });
    expect(error.fix).toContain('`permissions: { issues: write }`');
    server.identify({ permissions: { issues: 'write' } });
    await comment.update('Finished');
    expect(texts()).toEqual(['Finished']);
  });

  it('a dry run reads, and writes no comment', async () => {
    const { server, step } = await open();
    expect(await failure(step(KEY, { dryRun: true }).update('Started'))).toMatchObject({ code: 'gate_closed' });
    await step().update('Started');
    expect(await failure(step(KEY, { dryRun: true }).update('Finished'))).toMatchObject({ code: 'gate_closed' });
    expect(server.comments(7).map(({ edits }) => edits)).toEqual([0]);
  });

  it('an issue that is gone or locked is an error, not a comment elsewhere', async () => {
    const { server, step } = await open();
    server.thread('issue', 7).locked = true;
    expect(await failure(step().update('Started'))).toMatchObject({ code: 'permission_denied' });
    server.state.threads.clear();
    expect(await failure(step().update('Started'))).toMatchObject({ code: 'not_found' });
    expect(server.comments(7)).toEqual([]);
  });

  it.each([{ enterpriseServer: true }, {}])('works where the API lies elsewhere: %o', async (options) => {
    const { step, texts } = await open(options);
    await step().update('Started');
    await step().update('Finished');
    expect(texts()).toEqual(['Finished']);
  });

  it("a person's token finds its own comments, not those of the app", async () => {
    const { server, step, texts } = await open();
    await step().update('By the app');
    server.identify({ login: 'octocat', bot: false, installation: false, permissions: 'all' });
    await step().update('By a person');
    await step().update('By a person, twice');
    expect(texts()).toEqual(['By the app', 'By a person, twice']);
  });
});

describe('the text of a comment', () => {
  it('that is too long is cut at the end of a line, with a note, and GitHub takes it', async () => {
    const { step, texts } = await open();
    await step().update('A line of some words.\n'.repeat(10_000));
    const [text = ''] = texts();
    expect(text.endsWith('\n\n_The rest did not fit into a comment._\n')).toBe(true);
    expect(text.length).toBeGreaterThan(MAX_COMMENT - 2_000);
    expect(text.replace(/\n\n_The rest.*\n/, '').endsWith('A line of some words.')).toBe(true);
  });

  it.each([
    ['a fence', `\`\`\`\`log\n${'a line\n'.repeat(20_000)}\`\`\`\`\n`, '\n````\n\n_The rest'],
    ['a folded part', `<details>\n\n${'a line\n'.repeat(20_000)}\n</details>\n`, '\n\n</details>\n\n_The rest'],
    ['both', `<details>\n\n~~~\n${'a line\n'.repeat(20_000)}~~~\n</details>\n`, '\n~~~\n\n</details>\n\n_The rest'],
  ])('closes %s that the cut leaves open', (_name, markdown, end) => {
    expect(commentBody('<!-- m -->', markdown)).toContain(end);
  });

  it('never exceeds the limit, keeps its marker, and holds no half of a character', () => {
    const unit = fc.oneof(
      fc.constantFrom('```', '~~~~', '<details>', '</details>', '😀', '\n', '\n\n', 'word ', '`'.repeat(900)),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 30 }), fc.nat(3_000), (units, more) => {
        const piece = units.join('') || 'x';
        const markdown = piece.repeat(Math.ceil((MAX_COMMENT - 1_500 + more) / piece.length)).toWellFormed();
        const body = commentBody(markerOf(KEY), markdown);
        expect(body.length).toBeLessThanOrEqual(MAX_COMMENT);
        expect(hasMarker(body, markerOf(KEY))).toBe(true);
        expect(body.isWellFormed()).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('any key gives a marker of one line that ends where it should', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(markerOf(one)).toMatch(/^<!-- devin-action:comment [\da-f]{32} -->$/);
        expect(markerOf(one) === markerOf(other)).toBe(one === other);
      }),
    );
  });
});
