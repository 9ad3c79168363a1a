import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markerOf } from '../../src/github/comment/body.ts';
import {
  codeOf,
  keyOfCode,
  laterTags,
  markOfCode,
  readLater,
  withState,
} from '../../src/operations/sessions/later/tags.ts';

const FACTS = { repository: 'Acme/api' };

test('tags carry what collect-sessions needs, in the form that tags may have', () => {
  const thread = fc.option(
    fc.record({ kind: fc.constantFrom('issue', 'pull_request'), number: fc.integer({ min: 1, max: 2 ** 31 - 1 }) }),
  );
  fc.assert(
    fc.property(fc.string(), fc.boolean(), fc.boolean(), thread, (key, comment, check, on) => {
      const tags = laterTags(FACTS, on ?? undefined, { comment, check, key });
      for (const tag of tags) expect(tag).toMatch(/^[a-z0-9:-]{1,60}$/);
      const read = readLater(['other', ...tags], 'acme/API');
      expect(read).toMatchObject({ state: 'open', issue: on?.number, comment, check });
      expect(markerOf(key)).toContain(markOfCode(read?.code ?? ''));
      expect(readLater(tags, 'acme/web')).toBeUndefined();
      expect(readLater(withState(withState(tags, 'asks'), 'done'), 'acme/api')?.state).toBe('done');
    }),
  );
});

test('a short key, and that of a job with its operation, can be read again', () => {
  for (const key of ['a', 'triage', 'devin create-session', 'resolve-conflicts create-session', 'ü', '']) {
    expect(keyOfCode(codeOf(key))).toBe(key);
  }
  expect(keyOfCode(codeOf('a key of more than twenty bytes'))).toBeUndefined();
});
