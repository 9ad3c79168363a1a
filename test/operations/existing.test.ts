import { describe, expect, it } from 'vitest';
import { openExisting } from '../../src/operations/existing-sessions.ts';

const one = (id: string) => ({ org_id: `org-${id}`, session_id: `devin-${id}`, session_url: `https://x.test/${id}` });

describe('a session that exists', () => {
  it('is in outputs and summary at once, and says that Devin may still be running', async () => {
    const published: [unknown, string][] = [];
    const exists = openExisting(async (outputs, summary) => void published.push([outputs, summary]));
    await exists(one('1'));
    expect(published).toEqual([
      [
        {
          session_id: 'devin-1',
          session_url: 'https://x.test/1',
          sessions: JSON.stringify([one('1')]),
          count: '1',
        },
        expect.stringMatching(
          /^### ⏳ Devin is working: \[session\]\(https:\/\/x\.test\/1\)\n[\s\S]*may still be running/,
        ),
      ],
    ]);
  });

  it('never takes the place of another one, however many begin at the same time', async () => {
    const published: string[] = [];
    let busy = false;
    const exists = openExisting(async ({ sessions = '' }) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise(setImmediate);
      busy = false;
      published.push(sessions);
    });
    await Promise.all(['1', '2', '3'].map((id) => exists(one(id))));
    expect(published.map((sessions) => JSON.parse(sessions).length)).toEqual([1, 2, 3]);
    expect(JSON.parse(published.at(-1) ?? '')).toEqual([one('1'), one('2'), one('3')]);
  });
});
