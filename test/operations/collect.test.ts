import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChangedEntry, payloadOf } from '../../src/operations/sessions/collect/announce.ts';

const ENTRY: ChangedEntry = {
  session_id: `devin-${'0'.repeat(32)}`,
  session_url: 'https://app.devin.ai/sessions/0',
  org_id: 'org-1',
  outcome: 'finished',
  pull_request_url: 'https://github.com/acme/api/pull/1',
  summary: 'Done.',
  structured_output: { a: 1 },
  issue_number: 7,
  key: 'triage',
};

test('an event has all that is known of a session, if it fits', () => {
  expect(payloadOf(ENTRY)).toEqual(ENTRY);
  const { structured_output: _, ...rest } = ENTRY;
  expect(payloadOf({ ...ENTRY, structured_output: 'x'.repeat(70_000) })).toEqual({ ...rest, truncated: true });
});

test('an event is always one that GitHub accepts, in size and in members', () => {
  const long = fc
    .tuple(fc.constantFrom('x', '"', '\u0000', '😀', '\ud800', 'a\n'), fc.integer({ min: 0, max: 70_000 }))
    .map(([text, times]) => text.repeat(times));
  fc.assert(
    fc.property(long, fc.jsonValue(), long, (summary, output, more) => {
      const payload = payloadOf({ ...ENTRY, summary, structured_output: [output, more] });
      expect(Object.keys(payload).length).toBeLessThanOrEqual(10);
      expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(60_100);
      expect(payload).toMatchObject({ session_id: ENTRY.session_id, outcome: 'finished', key: 'triage' });
    }),
    { numRuns: 20 },
  );
});
