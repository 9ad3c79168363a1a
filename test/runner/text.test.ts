import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstLine, logLines } from '../../src/runner/text.ts';
import { parseCommand } from '../e2e/runner-grammar.ts';
import { hostile } from './support.ts';

const UNPRINTABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u200b\u2028-\u202e\u2060-\u206f\ufeff]/;

describe('lines of the log', () => {
  it('no text can be read as a workflow command', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const line of logLines(text)) {
          expect(parseCommand(line)).toBeUndefined();
          expect(line).not.toContain('##[');
          // The runner trims more kinds of space than JavaScript does.
          expect(line.replace(/^[\s\u0085\u200b\ufeff]+/, '').startsWith('::')).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('nothing unprintable comes through: no line end inside a line, no terminal code, no mark that turns text around', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const line of logLines(text)) {
          expect(line).not.toMatch(UNPRINTABLE);
          expect(line.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it('a text that was made safe stays as it is', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const once = logLines(text).join('\n');
        expect(logLines(once).join('\n')).toBe(once);
      }),
    );
  });

  it('ordinary text comes through unchanged, line by line', () => {
    const line = fc.stringMatching(/^[a-zA-Z0-9 .,;()'"/äöü…🙂-]{0,40}$/u);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
        expect(logLines(lines.join(end))).toEqual(lines);
      }),
    );
  });

  it('a command stays readable', () => {
    expect(logLines('  ::error file=a.ts::boom\nsay ##[error]x\na::b')).toEqual([
      '  : :error file=a.ts::boom',
      'say # #[error]x',
      'a::b',
    ]);
  });
});

describe('the first line of a text', () => {
  it('never has more characters than asked for, and ends in … where something is missing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 2, max: 30 }), (text, max) => {
        const shown = firstLine(text, max);
        expect([...shown].length).toBeLessThanOrEqual(max + 1);
        expect(shown).not.toMatch(/\n/);
        if (shown !== text.trim()) expect(shown.endsWith('…')).toBe(true);
      }),
    );
    expect(firstLine('one\ntwo')).toBe('one…');
    expect(firstLine('one\n')).toBe('one');
  });
});
