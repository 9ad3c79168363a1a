import { describe, expect, test } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { conclusionOf, titleOf } from '../../src/operations/head-check.ts';
import { code, link, plain } from '../../src/report/markdown.ts';

test.each([
  ['2 bugs in #128', '2 bugs in #128'],
  ['a_b *c* [d](e) <f> & `g` | h', 'a_b *c* [d](e) <f> & `g` | h'],
  ['a_b [d](e) <code>c</code> &lt; `g', 'a_b [d](e) <code>c</code> &lt; `g'],
  ['0f9a8b7c6d5e4f3a', '0f9a8b7c6d5e4f3a'],
])('the title of a check is the first line as people read it: %s', (text, title) => {
  expect(titleOf(`### ❌ ${plain(text)}\n\nMore.`)).toBe(`❌ ${title}`);
  expect(titleOf(`### ❌ ${link(text, 'https://github.com/acme/api/pull/1')} · x`)).toBe(`❌ ${title} · x`);
  expect(titleOf(`### ❌ ${code(text)} · ${code('a\\.b')} · [x](y)`)).toBe(`❌ ${title} · a\\.b · x`);
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
