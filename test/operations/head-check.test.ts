import { describe, expect, test } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { conclusionOf, titleOf } from '../../src/operations/head-check.ts';
import { link, plain } from '../../src/report/markdown.ts';

test.each([
  ['2 bugs in #128', '2 bugs in #128'],
  ['a_b *c* [d](e) <f> & `g` | h', 'a_b *c* [d](e) <f> & `g` | h'],
])('the title of a check is the first line as people read it: %s', (text, title) => {
  expect(titleOf(`### ❌ ${plain(text)}\n\nMore.`)).toBe(`❌ ${title}`);
  expect(titleOf(`### ❌ ${link(text, 'https://github.com/acme/api/pull/1')} · x`)).toBe(`❌ ${title} · x`);
});

describe('a check ends as its step', () => {
  test.each([
    ['success', undefined, 'success'],
    ['changes', undefined, 'success'],
    ['skipped', undefined, 'neutral'],
    ['failure', 'review_findings', 'failure'],
    ['failure', 'session_blocked', 'action_required'],
    ['failure', 'cancelled', 'cancelled'],
    ['changes', 'drift_found', 'failure'],
  ] as const)('%s with %s: %s', (outcome, code, conclusion) => {
    const error = code === undefined ? {} : { error: new ActionError(code, 'x') };
    expect(conclusionOf({ outcome, ...error })).toBe(conclusion);
  });
});
