import { expect, test } from 'vitest';
import { reviewKinds } from '../../src/contract/review-kinds.ts';
import { threadReference } from '../../src/contract/thread-reference.ts';

const PAGE = 'https://github.com/acme/api';

test.each([
  ['12', { number: 12 }],
  [' #12 ', { number: 12 }],
  [`${PAGE}/pull/12`, { number: 12, page: PAGE }],
  [`${PAGE}/issues/12/`, { number: 12, page: PAGE }],
  [`${PAGE}/pull/12/files?w=1#diff-3`, { number: 12, page: PAGE }],
  [`${PAGE}/pull/12#issuecomment-34`, { number: 12, page: PAGE, comment: 34 }],
  ['https://ghe.example.com/a/b/pull/1', { number: 1, page: 'https://ghe.example.com/a/b' }],
])('%s names an issue or pull request', (text, value) => {
  expect(threadReference.parse(text)).toEqual({ ok: true, value });
});

test.each([
  '',
  '0',
  '#0',
  '-1',
  '1.5',
  '1e3',
  '99999999999',
  '12 13',
  'acme/api#12',
  PAGE,
  `${PAGE}/pull/x`,
  'pull/12',
])('%j names none', (text) => {
  expect(threadReference.parse(text)).toHaveProperty('problem');
});

test.each([
  ['bug, security', ['security', 'bug']],
  ['Flag\nBUG\nbug', ['bug', 'flag']],
  ['unknown', ['unknown']],
  ['none', []],
])('%j are kinds of findings', (text, value) => {
  expect(reviewKinds.parse(text)).toEqual({ ok: true, value });
});

test.each([
  ['', undefined],
  ['none, bug', undefined],
  ['bugs', 'bug'],
  ['all', undefined],
])('%j are no kinds of findings', (text, nearest) => {
  const parsed = reviewKinds.parse(text);
  expect(parsed).toMatchObject({ problem: 'a list of bug, security, flag, analysis, unknown, or none by itself' });
  expect('nearest' in parsed ? parsed.nearest : undefined).toBe(nearest);
});
