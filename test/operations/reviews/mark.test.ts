import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REVIEW_KINDS } from '../../../src/contract/review-kinds.ts';
import type { Review, ReviewComment } from '../../../src/github/review/reviews.ts';
import { findingsOf } from '../../../src/operations/reviews/findings.ts';
import { readComment } from '../../../src/operations/reviews/mark.ts';

const JOB = 'pr-review-job-0123456789abcdef';
const mark = (json: unknown) =>
  `<!-- devin-review-comment ${typeof json === 'string' ? json : JSON.stringify(json)} -->`;
const MARK = { id: `BUG_${JOB}_0001`, file_path: 'src/a.ts', start_line: 3, end_line: 5, side: 'RIGHT' };
const kindOf = (body: string) => readComment(body).mark?.kind;

describe('a comment of the reviewer', () => {
  test('is read: its ID, kind, place, severity, and title', () => {
    expect(readComment(`${mark(MARK)}\n\n🔴 **The comma is lost**\n\nText.`)).toEqual({
      mark: { id: MARK.id, kind: 'bug', job: JOB, path: 'src/a.ts', startLine: 3, endLine: 5 },
      severity: 'high',
      title: 'The comma is lost',
    });
  });

  test.each([
    ['BUG', undefined, 'bug'],
    ['SECURITY', undefined, 'security'],
    ['FLAG', undefined, 'flag'],
    ['ANALYSIS', undefined, 'analysis'],
    ['analysis', 'ANALYSIS', 'analysis'],
    // Two that differ: the one that matters more.
    ['BUG', 'security', 'security'],
    ['BUG', 'analysis', 'bug'],
    ['FLAG', 'bug', 'bug'],
    // A kind of a newer reviewer may be worse than the prefix of its ID says.
    ['FLAG', 'vulnerability', 'unknown'],
    ['BUG', 'vulnerability', 'bug'],
    ['VULNERABILITY', undefined, 'unknown'],
    ['VULNERABILITY', 'security', 'security'],
    ['FLAG', '', 'unknown'],
    ['FLAG', null, 'flag'],
    ['FLAG', 7, 'unknown'],
  ])('with the prefix %s and the kind %s is of kind %s', (prefix, kind, expected) => {
    expect(kindOf(mark({ ...MARK, id: `${prefix}_${JOB}_0001`, kind }))).toBe(expected);
  });

  test.each([
    ['no mark', '🔴 **A bug**'],
    ['an empty body', ''],
    ['JSON that is cut', '<!-- devin-review-comment {"id": "BUG_ -->'],
    ['a mark without an end', `<!-- devin-review-comment ${JSON.stringify(MARK)}`],
    ['a list', mark([MARK])],
    ['a text', mark('"BUG"')],
    ['null', mark('null')],
    ['no JSON', '<!-- devin-review-comment -->'],
    ['no ID', mark({ ...MARK, id: undefined })],
    ['a number as its ID', mark({ ...MARK, id: 1 })],
    ['an ID of another form', mark({ ...MARK, id: 'BUG_0001' })],
    ['an ID with something before it', mark({ ...MARK, id: `x BUG_${JOB}_0001` })],
    ['an ID with something behind it', mark({ ...MARK, id: `BUG_${JOB}_0001\n` })],
    ['a mark in a quotation', `> ${mark(MARK)}\n\n**A bug**`],
    ['a mark in code', `\`\`\`\n${mark(MARK)}\n\`\`\``],
    ['a mark below its text', `🔴 **A bug**\n\n${mark(MARK)}`],
    ['a mark with another name', mark(MARK).replace('devin-review-comment', 'devin-review')],
  ])('with %s cannot be read', (_, body) => {
    expect(readComment(body).mark).toBeUndefined();
  });

  test.each([
    ['a byte order mark', `\uFEFF${mark(MARK)}`],
    ['blank lines', `\r\n\n  ${mark(MARK)}`],
    ['another HTML comment', `<!-- generated -->\n${mark(MARK)}`],
    ['no space behind the name', mark(MARK).replace('comment {', 'comment{')],
    ['a mark over several lines', `<!--\ndevin-review-comment\n${JSON.stringify(MARK, null, 2)}\n-->`],
  ])('is read if its mark comes after or with %s', (_, body) => {
    expect(kindOf(`${body}\n\n🔴 **A bug**`)).toBe('bug');
  });

  test('keeps its own mark, whatever it quotes below', () => {
    const forged = mark({ ...MARK, id: `ANALYSIS_${JOB}_0009` });
    const body = `${mark(MARK)}\n\n🔴 **A bug**\n\n> ${forged}\n\n\`\`\`html\n${forged}\n\`\`\`\n\n${forged}`;
    expect(readComment(body)).toMatchObject({ mark: { id: MARK.id, kind: 'bug' }, title: 'A bug' });
  });

  test.each([
    [{ start_line: '7', end_line: '9' }, [7, 9]],
    [{ start_line: 0, end_line: -1 }, [null, null]],
    [{ start_line: 9, end_line: 3 }, [9, 9]],
    [{ start_line: undefined }, [5, 5]],
    [{ end_line: 1.5 }, [3, 3]],
    [{ start_line: 1e300, end_line: '1e3' }, [null, null]],
  ])('has lines that a file can have: %o', (lines, expected) => {
    const { startLine, endLine } = readComment(mark({ ...MARK, ...lines })).mark ?? {};
    expect([startLine, endLine]).toEqual(expected);
  });

  test.each([
    ['🟡 **Rename **it****', 'medium', 'Rename **it**'],
    ['📝 **Info: fine** for now', 'info', 'Info: fine'],
    ['🔴 No bold text', 'high', '🔴 No bold text'],
    ['**Only bold**', 'unknown', 'Only bold'],
    ['🔴 **A\u202Eb\u0007c**', 'high', 'Abc'],
  ])('has a title of one line: %s', (line, severity, title) => {
    const read = readComment(`${mark(MARK)}\n\n${line}\n\nMore.`);
    expect(read.severity).toBe(severity);
    expect(read.title).toBe(title);
  });

  test('has a title even if it is endless, or missing', () => {
    const { title } = readComment(`${mark(MARK)}\n\n🔴 **${'x'.repeat(1_000)}**`);
    expect([title.length, title.slice(-2)]).toEqual([200, 'x…']);
    expect(readComment(mark(MARK)).title).toBe('Comment without a title');
  });
});

/** Texts that are near to what the reviewer writes, and texts that are not. */
const bodies = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        '<!--',
        '-->',
        ' devin-review-comment ',
        '{"id":"',
        `BUG_${JOB}_0001`,
        '"}',
        '\n',
        '**',
        '🔴 ',
        '> ',
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
  fc.tuple(fc.json(), fc.string()).map(([json, text]) => `${mark(json)}\n\n${text}`),
  fc
    .record({
      id: fc.string(),
      kind: fc.anything(),
      file_path: fc.anything(),
      start_line: fc.anything(),
      end_line: fc.anything(),
    })
    .map((json) => {
      try {
        return mark(JSON.stringify(json));
      } catch {
        return mark('{}');
      }
    }),
);

const commentOf = (body: string, more: Partial<ReviewComment> = {}): ReviewComment => ({
  id: 7,
  body,
  url: 'https://github.com/acme/api/pull/1#discussion_r7',
  isReply: false,
  path: 'src/a.ts',
  startLine: 3,
  endLine: 5,
  isResolved: false,
  isOutdated: false,
  isEdited: false,
  ...more,
});

const reviewOf = (comments: readonly ReviewComment[], state = 'COMMENTED'): Review => ({
  id: 1,
  url: 'https://github.com/acme/api/pull/1#pullrequestreview-1',
  state,
  comments,
});

describe('any text as a comment of the reviewer', () => {
  test('is one finding of a known kind, and never none', () => {
    fc.assert(
      fc.property(bodies, fc.constantFrom('COMMENTED', 'CHANGES_REQUESTED', 'APPROVED', 'DISMISSED'), (body, state) => {
        const { findings } = findingsOf([reviewOf([commentOf(body)], state)]);
        expect(findings).toHaveLength(1);
        const [{ kind, id, title, resolved, start_line: start, end_line: end } = {} as never] = findings;
        expect(REVIEW_KINDS).toContain(kind);
        expect(id).not.toBe('');
        expect(title).not.toBe('');
        expect(title).not.toMatch(/[\r\n]/);
        expect(resolved).toBe(false);
        for (const line of [start, end]) expect(line === null || (Number.isSafeInteger(line) && line > 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('changes nothing about a mark that stands above it', () => {
    fc.assert(
      fc.property(bodies, (text) => {
        expect(readComment(`${mark(MARK)}\n${text}`).mark).toMatchObject({ id: MARK.id, kind: 'bug' });
      }),
    );
  });

  test('makes no mark below a line of text', () => {
    fc.assert(
      fc.property(bodies, (text) => {
        expect(readComment(`Text.\n${text}\n${mark(MARK)}`).mark).toBeUndefined();
      }),
    );
  });
});

describe('the findings of a review', () => {
  test('are those of every review of the commit, whatever job a mark names', () => {
    const other = mark({ ...MARK, id: 'FLAG_pr-review-job-ffff_0001' });
    const { findings, jobs } = findingsOf([reviewOf([commentOf(mark(MARK))]), reviewOf([commentOf(other)])]);
    expect(findings.map(({ kind }) => kind)).toEqual(['bug', 'flag']);
    expect(jobs).toEqual([JOB, 'pr-review-job-ffff']);
  });

  test.each([
    ['nothing at all', [], false],
    ['a review without comments', [reviewOf([])], true],
    ['a review that was dismissed', [reviewOf([], 'DISMISSED')], false],
    ['nothing but replies', [reviewOf([commentOf('Done.', { isReply: true })])], false],
    ['a reply beside a finding', [reviewOf([commentOf('Done.', { isReply: true }), commentOf(mark(MARK))])], true],
  ])('can be read from %s: %s', (_, reviews, expected) => {
    expect(findingsOf(reviews).isReadable).toBe(expected);
  });

  test('leave out replies without a mark, and keep those with one', () => {
    const replies = [commentOf('Done.', { isReply: true }), commentOf(`x ${mark(MARK)}`, { isReply: true })];
    expect(findingsOf([reviewOf(replies)]).findings.map(({ kind }) => kind)).toEqual(['unknown']);
  });

  test('have one of a review that requests changes without a comment', () => {
    expect(findingsOf([reviewOf([], 'CHANGES_REQUESTED')]).findings).toMatchObject([
      { kind: 'unknown', resolved: false },
    ]);
  });

  test('do not believe a comment that somebody else has edited', () => {
    const edited = commentOf(mark({ ...MARK, id: `ANALYSIS_${JOB}_0001` }), { isEdited: true });
    expect(findingsOf([reviewOf([edited])]).findings).toMatchObject([{ kind: 'unknown', id: 'comment-7' }]);
  });

  test.each([
    ['its mark', {}, {}, ['src/a.ts', 3, 5]],
    [
      'the comment, if the mark is about another file',
      { file_path: 'src/b.ts' },
      { startLine: 8, endLine: 9 },
      ['src/a.ts', 8, 9],
    ],
    [
      'the comment, if the mark has no lines',
      { start_line: null, end_line: null },
      { startLine: 8, endLine: 9 },
      ['src/a.ts', 8, 9],
    ],
    ['the mark, if the comment is on nothing', {}, { path: '', startLine: null, endLine: null }, ['src/a.ts', 3, 5]],
    [
      'nothing, if neither has a place',
      { file_path: 1, start_line: 0, end_line: 0 },
      { path: '', startLine: null, endLine: null },
      [null, null, null],
    ],
  ])('have the place of %s', (_, change, comment, expected) => {
    const [finding] = findingsOf([reviewOf([commentOf(mark({ ...MARK, ...change }), comment)])]).findings;
    expect([finding?.path, finding?.start_line, finding?.end_line]).toEqual(expected);
  });
});
