import { describe, expect, it } from 'vitest';
import { markerOf } from '../../src/github/comment/body.ts';
import { stickyComment } from '../../src/github/comment/comment.ts';
import { failure, openBoth } from './server/support.ts';

const KEY = 'answer';

async function open(enterpriseServer = false) {
  const both = await openBoth({ enterpriseServer });
  const { server, github } = both;
  server.thread('discussion', 8);
  const step = (nodeId?: string) =>
    stickyComment({
      github,
      repository: server.repository,
      thread: { kind: 'discussion', number: 8, nodeId },
      key: KEY,
    });
  const texts = () => server.comments(8).map(({ body }) => body.split('\n').slice(1).join('\n'));
  return { ...both, step, texts };
}

describe('one comment on a discussion', () => {
  it.each([false, true])('is written once and edited in place (Enterprise Server: %s)', async (enterprise) => {
    const { server, step, texts } = await open(enterprise);
    server.comment(8, 'How does this work?');
    const first = step('D_8');
    await first.update('Started');
    await first.update('Waiting');
    await step().update('Finished');
    await step().update('Finished');
    expect(texts()).toEqual(['', 'Finished']);
    expect(server.comments(8)[1]?.edits).toBe(2);
    expect(first.url()).toMatch(/#discussioncomment-\d+$/);
  });

  it('is found behind three hundred later ones, of which one is forged', async () => {
    const { server, step } = await open();
    server.comment(8, `${markerOf(KEY)}\nStarted`, 'github-actions[bot]');
    for (let at = 0; at < 300; at += 1) server.comment(8, `Comment ${at}`);
    const forged = server.comment(8, `${markerOf(KEY)}\nForged`, 'github-actions');
    await step().update('Finished');
    expect(server.comments(8)[0]).toMatchObject({ body: `${markerOf(KEY)}\nFinished`, edits: 1 });
    expect(forged.edits).toBe(0);
    expect(server.comments(8).length).toBe(302);
  });

  it('that was deleted meanwhile is written anew', async () => {
    const { server, step, texts } = await open();
    const comment = step();
    await comment.update('Started');
    for (const each of server.comments(8)) server.deleteComment(each);
    await comment.update('Finished');
    expect(texts()).toEqual(['Finished']);
  });

  it('is written once, also if the answer gets lost', async () => {
    const { server, step, texts, clock } = await open();
    server.fault({ path: '/graphql', body: 'mutation', afterCommit: true, lost: 'reset' });
    await step('D_8').update('Started');
    expect(texts()).toEqual(['Started']);
    expect(clock.slept).toEqual([]);
  });

  it('a missing permission comes with the YAML to paste', async () => {
    const { server, step } = await open();
    server.identify({ permissions: { discussions: 'read' } });
    const error = await failure(step().update('Started'));
    expect(error).toMatchObject({ code: 'permission_denied', title: 'The GitHub token is missing a permission' });
    expect(error.fix).toContain('`permissions: { discussions: write }`');
  });

  it('a discussion that does not exist is not found', async () => {
    const { server, step } = await open();
    server.state.threads.clear();
    expect(await failure(step().update('Started'))).toMatchObject({ code: 'not_found', status: 404 });
  });
});
