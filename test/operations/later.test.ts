import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markerOf } from '../../src/github/comment/body.ts';
import {
  codeOf,
  keyOfCode,
  laterTags,
  markOfCode,
  readLater,
  sentTag,
  withState,
  wordsOf,
} from '../../src/operations/sessions/later/tags.ts';

const FACTS = { repository: 'Acme/api' };

test('tags carry what collect-sessions needs, in the form that tags may have', () => {
  const thread = fc.option(
    fc.record({ kind: fc.constantFrom('issue', 'pull_request'), number: fc.integer({ min: 1, max: 2 ** 31 - 1 }) }),
  );
  const request = fc.option(fc.oneof(fc.constant('thread' as const), fc.integer({ min: 1, max: 1e12 })), {
    nil: undefined,
  });
  fc.assert(
    fc.property(fc.string(), fc.boolean(), fc.boolean(), thread, request, (key, comment, check, on, asked) => {
      const tags = laterTags(FACTS, on ?? undefined, { comment, check, key, request: asked });
      for (const tag of tags) expect(tag).toMatch(/^[a-z0-9:-]{1,60}$/);
      const read = readLater(['other', ...tags], 'acme/API');
      expect(read).toMatchObject({ state: 'open', issue: on?.number, comment, check, request: asked });
      expect(markerOf(key)).toContain(markOfCode(read?.code ?? ''));
      expect(readLater(tags, 'acme/web')).toBeUndefined();
      expect(readLater(withState(withState(tags, 'asks'), 'done'), 'acme/api')?.state).toBe('done');
    }),
  );
});

test('what was announced is read again, and goes with the next state', () => {
  const tags = laterTags(FACTS, undefined, { comment: true, check: false, key: 'a' });
  const announced = { report: wordsOf(['a']), words: wordsOf(['a', 'b']), at: 1_800_000_000 };
  const asks = withState(tags, 'asks', announced);
  for (const tag of asks) expect(tag).toMatch(/^[a-z0-9:-]{1,60}$/);
  expect(readLater(asks, 'acme/api')).toMatchObject({ state: 'asks', announced });
  expect(withState(withState(asks, 'asks', announced), 'asks', announced)).toEqual(asks);
  expect(readLater(withState(asks, 'open'), 'acme/api')).toMatchObject({ state: 'open', announced: undefined });
  for (const odd of ['said-', 'said-1-2-3', 'said-00000000-00000000-', 'request-0', 'request-x', 'request-thread-1'])
    expect(readLater([...tags, `devin-action:later-${odd}`], 'acme/api')).toMatchObject({
      announced: undefined,
      request: undefined,
    });
});

test('when a step has continued a session, its tag says so, in any state', () => {
  const tags = [
    ...laterTags(FACTS, undefined, { comment: true, check: true, key: 'a' }),
    sentTag(wordsOf(['a']), 1_800_000_000),
  ];
  for (const tag of tags) expect(tag).toMatch(/^[a-z0-9:-]{1,60}$/);
  for (const state of ['open', 'asks', 'done'] as const) {
    const sent = { report: wordsOf(['a']), at: 1_800_000_000 };
    expect(readLater(withState(tags, state), 'acme/api')).toMatchObject({ state, sent });
  }
  expect(readLater(tags.slice(0, -1), 'acme/api')).toMatchObject({ sent: undefined });
});

test('a short key, and that of a job with its operation, can be read again', () => {
  for (const key of ['a', 'triage', 'devin create-session', 'resolve-conflicts create-session', 'ü', '']) {
    expect(keyOfCode(codeOf(key))).toBe(key);
  }
  expect(keyOfCode(codeOf('a key of more than twenty bytes'))).toBeUndefined();
});
