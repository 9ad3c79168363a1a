import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/runner/redact.ts';
import { partsOf } from '../../src/runner/secret-forms.ts';
import { anyText } from './support.ts';

const secret = anyText(24, 4).filter((text) => text.trim().length >= 4);
const around = anyText(12);

const forms = (text: string): string[] => [
  text,
  JSON.stringify(text),
  JSON.stringify({ nested: `a${text}b` }),
  encodeURIComponent(text.toWellFormed()),
  Buffer.from(text).toString('base64'),
];

describe('hiding secrets', () => {
  it('no secret of four or more characters survives, raw, JSON-escaped, percent-encoded or in Base64', () => {
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 3 }), around, around, (secrets, before, after) => {
        const redactor = new Redactor();
        for (const each of secrets) redactor.add(each);
        for (const each of secrets) {
          for (const form of forms(each)) {
            const clean = redactor.redact(before + form + after);
            expect(clean).not.toContain(each);
            expect(clean).not.toContain(JSON.stringify(each).slice(1, -1));
            expect(clean).not.toContain(encodeURIComponent(each.toWellFormed()));
            expect(clean).not.toContain(Buffer.from(each).toString('base64'));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a secret survives neither beside itself nor inside a longer one', () => {
    const redactor = new Redactor();
    redactor.add('abcd');
    redactor.add('xxabcdxx');
    redactor.add('****');
    expect(redactor.redact('abcdabcd xxabcdxx ababcdcd')).not.toContain('abcd');
    expect(redactor.redact('xxabcdxx')).toBe('***');
    expect(redactor.redact('*'.repeat(50))).not.toContain('****');
  });

  it('each line of a secret is one', () => {
    const redactor = new Redactor();
    redactor.add('first line\r\nsecond line\nxy');
    expect(redactor.redact('second line, first line, xy')).toBe('***, ***, xy');
  });

  it('shorter texts stay, since they occur everywhere', () => {
    const redactor = new Redactor();
    for (const short of ['', 'abc', ' abc ', '   \n  ']) redactor.add(short);
    expect(redactor.redact('abc  abc \n')).toBe('abc  abc \n');
    expect(partsOf('ab')).toEqual([]);
  });

  it('hidden text stays hidden: a second pass changes nothing', () => {
    fc.assert(
      fc.property(secret, around, (each, text) => {
        const redactor = new Redactor();
        redactor.add(each);
        const once = redactor.redact(text + each + text);
        expect(redactor.redact(once)).toBe(once);
      }),
    );
  });

  it('a text without secrets comes through unchanged', () => {
    fc.assert(
      fc.property(around, (text) => {
        const redactor = new Redactor();
        redactor.add('a secret that is nowhere else');
        expect(redactor.redact(text)).toBe(text);
      }),
    );
  });

  it('a value keeps its structure, with every text in it free of secrets', () => {
    const redactor = new Redactor();
    redactor.add('hunter22');
    const value = { a: ['hunter22', 1, null, true, { 'key hunter22': 'x hunter22 y' }], b: { c: undefined, d: 2.5 } };
    expect(redactor.redactDeep(value)).toEqual({
      a: ['***', 1, null, true, { 'key ***': 'x *** y' }],
      b: { c: undefined, d: 2.5 },
    });
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(new Redactor().redactDeep(json)).toEqual(json);
      }),
    );
  });

  it('no secret stays in a value, whatever quotes, backslashes and line breaks it holds, and however deep it stands', () => {
    fc.assert(
      fc.property(secret, around, fc.integer({ min: 0, max: 4 }), (each, text, depth) => {
        const redactor = new Redactor();
        redactor.add(each);
        let value: unknown = `${text}${each}${text}`;
        for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? { [`k${at}`]: value, n: at } : [at, value, null];
        const texts: string[] = [];
        JSON.stringify(redactor.redactDeep(value), (_key, entry: unknown) => {
          if (typeof entry === 'string') texts.push(entry);
          return entry;
        });
        expect(texts.some((one) => one.includes(each))).toBe(false);
        // The same value as JSON inside of a text, which escapes the secret once more.
        expect(JSON.stringify(redactor.redactDeep({ nested: JSON.stringify(value) }))).not.toContain(each);
      }),
    );
  });
});
