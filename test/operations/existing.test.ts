import { describe, expect, it } from 'vitest';
import { openExisting } from '../../src/operations/existing-sessions.ts';

const one = (id: string) => ({ org_id: `org-${id}`, session_id: `devin-${id}`, session_url: `https://x.test/${id}` });

describe('a session that exists', () => {
  it('is in outputs and summary at once, and says that Devin may still be running', async () => {
    const published: [unknown, string][] = [];
    const existing = openExisting(async (data, summary) => void published.push([data, summary]));
    expect(existing.data()).toEqual({});
    await existing.add(one('1'));
    expect(existing.data()).toEqual(published[0]?.[0]);
    expect(published).toEqual([
      [
        {
          session_id: 'devin-1',
          session_url: 'https://x.test/1',
          sessions: [one('1')],
          count: 1,
        },
        expect.stringMatching(
          /^### ⏳ Devin is working: \[session\]\(https:\/\/x\.test\/1\)\n[\s\S]*may still be running/,
        ),
      ],
    ]);
  });

  it('never takes the place of another one, however many begin at the same time', async () => {
    const published: unknown[] = [];
    let busy = false;
    const existing = openExisting(async ({ sessions }) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise(setImmediate);
      busy = false;
      published.push(sessions);
    });
    await Promise.all(['1', '2', '3'].map((id) => existing.add(one(id))));
    expect(published).toEqual([[one('1')], [one('1'), one('2')], [one('1'), one('2'), one('3')]]);
  });
});
