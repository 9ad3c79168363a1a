import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/runner/redact.ts';
import { partsOf } from '../../src/runner/secret-forms.ts';
import { anyText } from './support.ts';

const secret = anyText(24, 6).filter((text) => text.trim().length >= 6);
const around = anyText(12);

const forms = (text: string): string[] => [
  text,
  JSON.stringify(text),
  JSON.stringify({ nested: `a${text}b` }),
  encodeURIComponent(text.toWellFormed()),
  Buffer.from(text).toString('base64'),
];

describe('hiding secrets', () => {
  it('no secret of six or more characters survives, raw, JSON-escaped, percent-encoded or in Base64', () => {
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
      { numRuns: 150 },
    );
  });

  it('a secret survives neither beside itself nor inside a longer one', () => {
    const redactor = new Redactor();
    redactor.add('abcdef');
    redactor.add('xxabcdefxx');
    redactor.add('******');
    expect(redactor.redact('abcdefabcdef xxabcdefxx abcabcdefdef')).not.toContain('abcdef');
    expect(redactor.redact('xxabcdefxx')).toBe('***');
    expect(redactor.redact('*'.repeat(50))).not.toContain('******');
  });

  it('each line of a secret is one', () => {
    const redactor = new Redactor();
    redactor.add('first line\r\nsecond line\nxy');
    expect(redactor.redact('second line, first line, xy')).toBe('***, ***, xy');
  });

  it('a shorter one is hidden where it stands alone, and stays within words, numbers, ids and addresses', () => {
    const redactor = new Redactor();
    for (const short of ['4815', 'k9Z', 'devin']) redactor.add(short);
    expect(redactor.redact('4815, "4815" (4815) =4815 _4815_ **k9z** devin.')).toBe(
      '***, "***" (***) =*** _***_ **k9z** ***.'.replace('k9z', '***'),
    );
    const kept = 'x4815 48151 4815-a a_4815 1.4815 a/4815 xk9Z devin-1 app.devin.ai';
    expect(redactor.redact(kept)).toBe(kept);
  });

  it('texts of fewer than three characters, and words of every result, stay and are told', () => {
    const redactor = new Redactor();
    expect(['ab', ' ab ', 'true', 'finished', 'session_id'].map((short) => redactor.add(short))).toEqual(
      Array(5).fill(false),
    );
    expect(['', '  \n ', 'abc'].map((other) => redactor.add(other))).toEqual([true, true, true]);
    expect(redactor.redact('ab true session_id finished')).toBe('ab true session_id finished');
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

  it('a piece of an id of ours is no secret, the same digits elsewhere and a secret that is the id are', () => {
    const redactor = new Redactor();
    const id = '0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d';
    redactor.add('2c3d0a1b');
    redactor.keep(id);
    expect(redactor.redact(`devin-${id} 2c3d0a1b ${id} 0002c3d0a1b000`)).toBe(`devin-${id} *** ${id} 000***000`);
    redactor.add(id);
    expect(redactor.redact(`devin-${id}`)).toBe('devin-***');
  });

  it('any mixture of encodings, cases and invisible characters hides nothing from it', () => {
    const codeOf = (char: string) => char.codePointAt(0) ?? 0;
    const writers: readonly ((char: string) => string)[] = [
      (char) => char,
      (char) => char.toUpperCase(),
      (char) => char.normalize('NFD'),
      (char) => `\\u${codeOf(char).toString(16).padStart(4, '0')}`,
      (char) => `&#${codeOf(char)};`,
      (char) => `&#x${codeOf(char).toString(16)}`.concat(';'),
      (char) => [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
      (char) => `${char}\u200b`,
      (char) => `\u001b[1m${char}`,
    ];
    const letters = fc.array(fc.constantFrom(...'abcdefgh12345678/=?é'), { minLength: 8, maxLength: 16 });
    const choices = fc.array(fc.nat(writers.length - 1), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(letters, choices, (chars, ways) => {
        const redactor = new Redactor();
        redactor.add(chars.join(''));
        const written = chars.map((char, at) => writers[ways[at] ?? 0]?.(char) ?? char).join('');
        expect(redactor.redact(`before ${written} after`)).toMatch(/^before .{0,6}\*\*\*(?:\u200b)? after$/u);
      }),
      { numRuns: 150 },
    );
  });

  it('takes time in proportion to the text, whatever the text is', () => {
    const redactor = new Redactor();
    for (let at = 0; at < 20; at += 1) redactor.add(`S3cret/+value ${at} ${'a'.repeat(at * 8)}é`);
    redactor.add('4815');
    const texts = [
      'S3cret/+value ',
      'a',
      '\\',
      '\u200b',
      '%',
      '%4',
      '&#',
      '&#0',
      '&#x',
      'e\u0301',
      '\u001b[',
      '\u001b]8;;x',
      '\u009d',
      '\u009b0',
      '\u001b(',
      'x\b',
      '\b',
      '\n> ',
      ' ',
      '+',
      '{"a":"b\\n"},',
    ];
    const measure = (bytes: number) =>
      texts.map((text) => {
        const start = process.cpuUsage().user;
        redactor.redact(text.repeat(bytes / text.length));
        return process.cpuUsage().user - start;
      });
    measure(5_000);
    const [small, large] = [measure(10_000), measure(100_000)];
    for (const [at, text] of texts.entries()) {
      // Ten times the text; what grows with its square would take a hundred times as long.
      expect((large[at] ?? 0) / Math.max(20_000, small[at] ?? 0), JSON.stringify(text)).toBeLessThan(60);
    }
  });

  it('the beginning of a secret is hidden where a text was cut within it, and its end where another part is missing', () => {
    const redactor = new Redactor();
    const password = 'hunter2"hunter2/hunter2 and/more+of it';
    redactor.add(password);
    const forms = [password, JSON.stringify(password).slice(1, -1), encodeURIComponent(password)];
    for (const form of [...forms, ...(['base64', 'hex'] as const).map((one) => Buffer.from(password).toString(one))]) {
      for (const length of [16, 20]) {
        expect(redactor.redact(`the key is ${form.slice(0, length)}…`), form).toMatch(/^the key is \*\*\*.{0,5}…$/);
        expect(redactor.redact(`…${form.slice(-length)} is the key`), form).toMatch(/^….{0,5}\*\*\*=* is the key$/);
      }
    }
    expect(redactor.redact('hunter2 is a word, and hunters hunt…')).toBe('hunter2 is a word, and hunters hunt…');
  });

  it.each(['\ufe0f', '\u034f', '\u180b', '\u17b4', '&shy;', '&ZeroWidthSpace;', '&zwj;'])(
    'a secret that %j splits is hidden',
    (mark) => {
      const redactor = new Redactor();
      redactor.add('correct-horse-battery');
      expect(redactor.redact(`x ${[...'correct-horse-battery'].join(mark)} y`)).not.toMatch(/b.*a.*t.*t.*e.*r.*y/s);
    },
  );

  const PASSWORD = 'correct/Horse+battery staple é 4711!';
  const sequences = [
    '\u009b1m',
    '\u001b(B',
    '\u001b]8;;https://example.com/\u0007',
    '\u001b]8;;x\u001b\\',
    '\u009d8;;\u009c',
  ].concat(['\u001bP1$r\u001b\\', '\u001b7', '\u001b=', '\u001b[38;5;1m', '\u001b%G', 'x\b', 'xy\b\b', '\u001b[1mx\b']);
  it.each(sequences)('a secret that %j splits is hidden, however it is written', (mark) => {
    const redactor = new Redactor();
    redactor.add(PASSWORD);
    const forms = [
      PASSWORD,
      PASSWORD.toUpperCase(),
      encodeURIComponent(PASSWORD),
      Buffer.from(PASSWORD).toString('base64'),
    ];
    for (const form of forms) {
      const split = [...form].join(mark);
      // In JSON, a backslash and a letter behind it look like an escaped letter.
      for (const text of mark.includes('\\') ? [split] : [split, JSON.stringify(split)]) {
        expect(redactor.redact(`before ${text} after`), text).toMatch(/^before .{0,90}\*\*\*.{0,90} after$/su);
      }
    }
  });

  it('a secret within an escape sequence is hidden as well', () => {
    const redactor = new Redactor();
    redactor.add(PASSWORD);
    const query = encodeURIComponent(PASSWORD).toLowerCase();
    expect(redactor.redact(`\u001b]8;;https://example.com/?q=${query}\u0007link\u001b]8;;\u0007`)).not.toContain(
      'battery',
    );
    expect(redactor.redact(`\u001b${PASSWORD.toUpperCase()}`)).not.toContain('BATTERY');
  });

  const ends = ['\n', '\r\n', '\n    ', '\r\n\t', '\n> ', '\n# ', ' \n  | ', ' '];
  it.each(ends)('a long secret that is wrapped by %j is hidden, in Base64 at any offset and in hex', (end) => {
    const redactor = new Redactor();
    const key = Array.from({ length: 40 }, (_, at) => `k${(at * 7919) % 1_000}/+é`).join('');
    redactor.add(key);
    const bytes = [0, 1, 2].map((offset) => Buffer.from(`${'x'.repeat(offset)}${key}`));
    const forms = bytes.flatMap((one) => (['base64', 'base64url', 'hex'] as const).map((form) => one.toString(form)));
    for (const form of forms) {
      for (const columns of [16, 64, 76]) {
        const lines = form.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
        const text = `before\n${lines.join(end)}\nafter`;
        for (const written of [text, JSON.stringify(text)]) {
          expect(redactor.redact(written).length, written).toBeLessThan(40);
        }
      }
    }
  });

  const random = (size: number) =>
    Array.from({ length: size / 60 }, (_, at) => createHash('sha384').update(`${at}`).digest('base64').slice(0, 60));
  it.each([
    ['of many lines', random(24_000).join('\n')],
    ['of one long line', random(24_000).join('')],
    ['of a line that a pattern just takes', random(9_600).join('')],
  ])('a secret %s is hidden as well, whole and in parts', (_, secret) => {
    const redactor = new Redactor();
    redactor.add(secret);
    redactor.add('short-one');
    for (const form of [secret, JSON.stringify(secret), Buffer.from(secret).toString('base64')]) {
      expect(redactor.redact(`<${form}> short-one`).replace(/\*+|\\n|[\r\n"=]/g, '')).toMatch(/^<.{0,6}> $/);
    }
    for (const line of secret.split('\n').slice(0, 3)) expect(redactor.redact(`x ${line} y`)).toMatch(/^x \*\*\* ?y$/);
  });

  it('a kept id makes hiding no slower than in proportion to the text', () => {
    const redactor = new Redactor();
    redactor.add('abcdefgh12');
    redactor.keep('devin-0123456789abcdef0123456789abcdef');
    const text = `abcdefgh12 ${'y'.repeat(40)} `.repeat(40_000);
    expect(redactor.redact(text)).not.toContain('abcdefgh12');
  });
});
