import { entriesOf, type InputKind, nearestOf } from './kinds.ts';

/**
 * What a finding of a review is. The first four are Devin's; `unknown` is a comment of the reviewer that cannot be read.
 * Ordered from what matters most to what matters least.
 */
export const REVIEW_KINDS = ['security', 'bug', 'unknown', 'flag', 'analysis'] as const;

/** What a finding of a review is. */
export type ReviewKind = (typeof REVIEW_KINDS)[number];

const WORDS = ['bug', 'security', 'flag', 'analysis', 'unknown', 'none'] as const;

/** Kinds of findings that fail a step; `none` by itself is none of them. */
export const reviewKinds: InputKind<readonly ReviewKind[]> = {
  label: 'list of kinds, or `none`',
  parse(value) {
    const asked = [...new Set(entriesOf(value).map((entry) => entry.toLowerCase()))];
    const kinds = REVIEW_KINDS.filter((kind) => asked.includes(kind));
    if (asked.length === 1 && asked[0] === 'none') return { ok: true, value: [] };
    if (asked.length > 0 && kinds.length === asked.length) return { ok: true, value: kinds };
    const expected = `a list of ${WORDS.slice(0, -1).join(', ')}, or none by itself`;
    const wrong = asked.find((entry) => !WORDS.some((word) => word === entry));
    const nearest = wrong === undefined ? undefined : nearestOf(wrong, WORDS);
    return { ok: false, problem: expected, ...(nearest === undefined ? {} : { nearest }) };
  },
};
