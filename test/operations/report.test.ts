import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { isEnvironmentWarning, piecesOf, readable } from '../../src/operations/sessions/outcome/message-text.ts';
import { isReportRejected, readReport, withReport } from '../../src/operations/sessions/outcome/report.ts';

describe('the completion report', () => {
  it('goes with a request as a schema, which is required, and a tag', () => {
    const body = withReport({ prompt: 'Fix it.', tags: ['a'], structured_output_required: false });
    expect(body).toMatchObject({
      prompt: 'Fix it.',
      tags: ['a', 'devin-action:report'],
      structured_output_required: true,
      structured_output_schema: { required: ['outcome', 'summary'] },
    });
  });

  it.each([
    [
      { outcome: 'done', summary: ' Fixed. ' },
      { outcome: 'done', summary: 'Fixed.' },
    ],
    [
      { outcome: 'Question', summary: 'Which?' },
      { outcome: 'question', summary: 'Which?' },
    ],
    [
      { outcome: 'blocked', summary: null },
      { outcome: 'blocked', summary: '' },
    ],
    [{ outcome: 'blocked' }, undefined],
    [
      { outcome: 'done', summary: 7 },
      { outcome: 'done', summary: '' },
    ],
    [{ outcome: 'maybe', summary: 'x' }, undefined],
    [{ summary: 'x' }, undefined],
    ['done', undefined],
    [['done'], undefined],
    [null, undefined],
  ])('is read out of %j', (output, report) => {
    expect(readReport(output)).toEqual(report);
  });

  it('is left out only if the API names it in its rejection', () => {
    const of = (status: number, message: string, list: string[] = []) =>
      isReportRejected(new ActionError('api_rejected', message, { status, list }));
    expect(of(422, 'Start a session: HTTP 422', ['body.structured_output_schema: not allowed'])).toBe(true);
    expect(of(400, 'structured_output_required is not a field')).toBe(true);
    expect(of(400, 'tags: too long')).toBe(false);
    expect(of(500, 'structured_output_schema')).toBe(false);
  });
});

describe('the text of a message', () => {
  it.each([
    ['See ATTACHMENT:"https://a.example/x/report.txt".', 'See [report.txt](https://a.example/x/report.txt).'],
    ['ATTACHMENT:{"file_name":"a].txt","url":"https://a.example/1"} end', '[a .txt](https://a.example/1) end'],
    [
      'two: ATTACHMENT:"https://a.example/a" ATTACHMENT:"https://a.example/b"',
      'two: [a](https://a.example/a) [b](https://a.example/b)',
    ],
    ['ATTACHMENT:"javascript:alert(1)"', 'ATTACHMENT:"javascript:alert(1)"'],
    ['ATTACHMENT:{"url": broken', 'ATTACHMENT:{"url": broken'],
    ['ATTACHMENT: nothing', 'ATTACHMENT: nothing'],
  ])('%j is shown as %j', (text, shown) => {
    expect(readable(text)).toBe(shown);
  });

  it('stays as it is without a mark, and loses nothing around marks', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('ATTACHMENT:', 'ATTACHMENT:"', 'ATTACHMENT:{', '"', '{', '}', '\\'),
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((all) => all.join('')),
        (text) => {
          const pieces = piecesOf(text);
          const texts = pieces.map((each) => ('text' in each ? each.text : '')).join('');
          if (pieces.every((each) => 'text' in each)) expect(texts).toBe(text);
          else expect(text.length).toBeGreaterThan(texts.length);
        },
      ),
    );
  });

  it.each([
    'Warning: failed to pull the latest changes of acme/api.',
    '⚠️ The environment build is incomplete; some tools may be missing.',
    'Environment setup failed.',
    'Failed to pull acme/api.',
  ])('%j is a warning about the environment', (text) => {
    expect(isEnvironmentWarning(text)).toBe(true);
  });

  it.each([
    'Done. The build failed before, and passes now.',
    'I could not pull the branch. Shall I use main?',
    'Warning: this changes the public API.',
    'The environment variable is missing in the workflow; I added it.',
    `Warning: the build failed. ${'Here is all that I did. '.repeat(40)}`,
  ])('%j is a message like any other', (text) => {
    expect(isEnvironmentWarning(text)).toBe(false);
  });
});
