import { describe, expect, it } from 'vitest';
import { changedFiles } from '../../src/github/event/changed-files.ts';
import { failure, openBoth } from './server/support.ts';

const [BASE, HEAD] = ['a'.repeat(40), 'b'.repeat(40)];
const names = (count: number) => Array.from({ length: count }, (_, at) => `src/file-${at}.ts`);

describe('the files of a change', () => {
  it('are named, between two fixed commits', async () => {
    const { server, github } = await openBoth();
    server.comparison(BASE, HEAD, names(3));
    expect(await changedFiles(github, server.repository, BASE, HEAD)).toEqual({
      ok: true,
      files: names(3),
      more: false,
    });
    expect(server.requests().length).toBe(1);
  });

  it('there may be more than GitHub names', async () => {
    const { server, github } = await openBoth();
    server.comparison(BASE, HEAD, names(450));
    expect(await changedFiles(github, server.repository, BASE, HEAD)).toEqual({
      ok: true,
      files: names(300),
      more: true,
    });
  });

  it.each(['main', '', '..', 'a'.repeat(39), `${BASE}/../x`])('%j is no commit, and nothing is asked', async (head) => {
    const { server, github } = await openBoth();
    expect(await changedFiles(github, server.repository, BASE, head)).toEqual({
      ok: false,
      problem: { finding: 'The event does not name two commits to compare.', advice: '' },
    });
    expect(server.requests()).toEqual([]);
  });

  it('that may not be read are a sentence with the YAML to paste', async () => {
    const { server, github } = await openBoth();
    const unknown = await changedFiles(github, server.repository, BASE, HEAD);
    expect(unknown).toEqual({
      ok: false,
      problem: {
        finding: 'The changed files could not be read: GitHub returned HTTP 404.',
        advice: '`permissions: { contents: read }` in the job may help.',
      },
    });
    server.identify({ permissions: { issues: 'write' } });
    expect(await changedFiles(github, server.repository, BASE, HEAD)).toMatchObject({
      problem: { finding: expect.stringContaining('403') },
    });
  });

  it('a wrong token is an error', async () => {
    const { server, client } = await openBoth();
    const asked = changedFiles(client({ token: 'ghs_wrong' }), server.repository, BASE, HEAD);
    expect(await failure(asked)).toMatchObject({ code: 'credential_invalid' });
  });
});
