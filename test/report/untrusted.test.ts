import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutToUtf8,
  explanation,
  fenced,
  fenceFor,
  freshNonce,
  sanitize,
  sanitizeVerbatim,
} from '../../src/report/untrusted.ts';
import { CASES } from '../injections/cases.ts';
import { anyText } from '../runner/support.ts';

/** Pieces of everything that the sanitizer looks for, so that any order of them comes up. */
const smuggled: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['<', '!', '-', '--', '>', '<!--', '-->', '--!>', '<!-->', '<!', '<?', '?>', '</', '<![CDATA['],
        ...[
          '&',
          'amp;',
          'amp',
          'lt;',
          'lt',
          'LT',
          'gt;',
          '#',
          '#60;',
          '#60',
          '#x3c;',
          '#X3C',
          '#0',
          '0',
          '6',
          '3',
          'c',
        ],
        ...['&lt;!--', '--&gt;', '&#45;', '&#x2d;', '&excl;', '&num;', '&semi;', '&amp;', ';', 'x'],
        ...[
          '`',
          '```',
          '~~~',
          '\n',
          '\n\n',
          '\r',
          '\t',
          ' ',
          '    ',
          '[',
          ']',
          '(',
          ')',
          '![',
          '](',
          ']:',
          '[a]:',
          '[//]: #',
        ],
        ...[
          '"',
          "'",
          '\\',
          '<img ',
          'alt="',
          'href="https://a.example/"',
          '<a ',
          '<p title="',
          '/>',
          '> ',
          '- ',
          '1. ',
        ],
        ...['\u200b', '\u00ad', '\u202e', '\u2066', '\u{e0041}', '\ufe0f', '\u{e0100}', '\u3164', '\u180e', '\u2063'],
        ...[
          '\u001b[31m',
          '\u001b]8;;x\u0007',
          '\u001b',
          '\u009b',
          '\ue000',
          '\u0301',
          '\u0338',
          'e',
          '\ud83d',
          '\ude00',
        ],
        ...['\u2028', '\u0085', '\u00a0', '\u2800', '\u1fef', '\u037e', '\u{1d173}', '\u0600', '\ufffc'],
      ),
      anyText(3),
    ),
    { maxLength: 24 },
  )
  .map((pieces) => pieces.join(''));

/** Characters that may not be in a sanitized text, written down independently of the sanitizer. */
const FORBIDDEN = new RegExp(
  [
    String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f]`,
    String.raw`[\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\ue000-\uf8ff\u{e0000}-\u{10ffff}]`,
    String.raw`\u034f`,
  ].join('|'),
  'u',
);

/** Decodes references as often as they can be decoded. */
function decoded(text: string): string {
  let now = text;
  for (let before = ''; before !== now; ) {
    before = now;
    now = now
      .replace(/&lt;?/gi, '<')
      .replace(/&gt;?/gi, '>')
      .replace(/&amp;?/gi, '&')
      .replace(/&excl;/g, '!')
      .replace(/&num;/g, '#')
      .replace(/&#0*(33|38|45|60|62)(?:;|(?!\d))/g, (_, code: string) => String.fromCharCode(Number(code)))
      .replace(/&#[xX]0*(21|26|2d|3c|3e)(?:;|(?![\da-f]))/gi, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      );
  }
  return now;
}

describe('text from outside', () => {
  it('is clean after one pass: a second changes nothing', () => {
    fc.assert(
      fc.property(smuggled, (text) => {
        const once = sanitize(text);
        expect(sanitize(once)).toBe(once);
        const verbatim = sanitizeVerbatim(text);
        expect(sanitizeVerbatim(verbatim)).toBe(verbatim);
      }),
      { numRuns: 3_000 },
    );
  });

  it('holds no character that nobody sees, and no opener of a comment in any encoding', () => {
    fc.assert(
      fc.property(smuggled, (text) => {
        for (const clean of [sanitize(text), sanitizeVerbatim(text)]) {
          expect(clean).not.toMatch(FORBIDDEN);
          expect(clean.isWellFormed()).toBe(true);
          expect(clean.normalize('NFC')).toBe(clean);
          expect(decoded(clean)).not.toContain('<!--');
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('hides nothing between the opener and the end of a comment, whatever is around it', () => {
    const secret = 'hidden7instruction';
    const opener = fc.constantFrom(
      '<!--',
      '&lt;!--',
      '&#60;!--',
      '&#x3c;!--',
      '&amp;lt;!--',
      '&LT!-&#45;',
      '<!<!-- -->--',
    );
    fc.assert(
      fc.property(smuggled, opener, smuggled, (before, open, inside) => {
        // What is inside must not close the comment, nor take its opener apart.
        const body = inside.replace(/[>;&]|[gl]t/gi, '');
        const head = before.replace(/[`~&<!-]/g, '');
        expect(sanitize(`${head}\n\n${open} ${body}${secret}`)).not.toContain(secret);
        expect(sanitize(`${head}\n\n${open} ${body}${secret} --> x`)).not.toContain(secret);
      }),
      { numRuns: 1_000 },
    );
  });

  it('that a person wrote in good faith stays as it is', () => {
    const harmless = [
      'if (a < b && c > d) return `Vec<T>`;',
      'Use `&lt;` for <, and &amp; for &. R&D, AT&T, x &ltfoo.',
      '| a | b |\n|---|---|\n| 1 | 2 |',
      'See [the docs](https://example.com/a_(b)?c=d#e) and ![](https://example.com/x.png).',
      '<details>\n<summary>Log</summary>\n\n```html\n<img alt="kept" title="in code">\n<?php echo 1 ?>\n```\n</details>',
      'נבדק, проверено, 確認済み, अनुच्छेद, cafe\u0301'.normalize('NFC'),
      '- [ ] first\n- [x] second\n\n[INFO] started: all fine [1] [2]',
      'a - b -- c --- d\n---\n-->',
      'Ünïcode ✓ → 🙂 π ≠ ∞',
      '`<!` and `<` and `&`; a[0](b) and x![1]',
    ];
    for (const text of harmless) expect(sanitize(text)).toBe(text);
  });

  it('keeps a log or a diff letter by letter, but for openers of comments', () => {
    const log = '+<img alt="kept" title=\'too\'>\n-[label]: https://example.com "title"\n a&b=1&c=2 <?php ?>';
    expect(sanitizeVerbatim(log)).toBe(log);
    expect(sanitizeVerbatim('+<!-- shown -->\r\n\u001b[31mred\u001b[0m')).toBe('+<! -- shown -->\nred');
  });

  it('takes time in proportion to its length, however it is made', () => {
    const pieces = [
      '<!-',
      '&amp;',
      '&#x3',
      '<?',
      '<!a',
      '</',
      '<a "',
      '[',
      '![[',
      '](a ',
      '`a',
      '```\n',
      '\u001b]',
      '[a]: b "\n',
    ];
    const startedAt = performance.now();
    for (const piece of pieces) sanitize(piece.repeat(200_000 / piece.length));
    sanitize(`${'&#59'.repeat(50_000)};${'&#6'.repeat(50_000)}!--`);
    sanitize(`${'&#x3'.repeat(30_000)}4${';'.repeat(30_000)}`);
    sanitize(`a${'\u0301'.repeat(200_000)}`);
    sanitize(`[a]:${' '.repeat(200_000)}`);
    sanitize(`[a]: b${' '.repeat(200_000)}c`);
    // One that goes over its text for each piece needs minutes.
    expect(performance.now() - startedAt).toBeLessThan(45_000);
  });
});

describe('the published cases', () => {
  it('are at least 40, each with a name of its own', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(40);
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
  });

  it.each(CASES)('$family: $name', ({ text, gone, stays }) => {
    const clean = sanitize(text);
    for (const hidden of gone) expect(clean).not.toContain(hidden);
    for (const seen of stays) expect(clean).toContain(seen);
    expect(clean).not.toMatch(FORBIDDEN);
    expect(sanitize(clean)).toBe(clean);
  });
});

describe('a cut', () => {
  it('leaves the beginning, in no more bytes than there is room for, and tells how many are missing', () => {
    fc.assert(
      fc.property(anyText(30), fc.nat(140), (text, max) => {
        const whole = text.toWellFormed();
        const { text: kept, cut } = cutToUtf8(text, max);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(Math.max(max, 0));
        expect(whole.startsWith(kept)).toBe(true);
        expect(kept).not.toContain('\ufffd'.repeat(whole.split('\ufffd').length));
        expect(Buffer.byteLength(kept) + cut).toBe(Buffer.byteLength(whole));
      }),
      { numRuns: 1_000 },
    );
  });

  it('parts no character from its marks', () => {
    expect(cutToUtf8('ab\u0323\u0301c', 4)).toEqual({ text: 'a', cut: 6 });
    expect(cutToUtf8('a🙂', 4)).toEqual({ text: 'a', cut: 4 });
    expect(cutToUtf8('a🙂', 5)).toEqual({ text: 'a🙂', cut: 0 });
  });
});

describe('a fence', () => {
  const nonce = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 });

  it('is closed by nothing that stands in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(smuggled, fc.constant('----- end 0 -----\n')), { maxLength: 4 }),
        nonce,
        (texts, key) => {
          const parts = texts.map((text, at) => ({ label: `part ${at}`, text: sanitize(text) }));
          const { open, close } = fenceFor(key);
          const lines = fenced(parts, key).split('\n');
          expect(lines.filter((line) => line === close)).toHaveLength(parts.length);
          expect(lines.filter((line) => line.includes(key))).toHaveLength(2 * parts.length);
          let at = 0;
          for (const { label, text } of parts) {
            expect(lines[at]).toBe(open(label));
            const end = lines.indexOf(close, at);
            expect(lines.slice(at + 1, end).join('\n')).toBe(text.replace(/\n$/, ''));
            at = end + 2;
          }
        },
      ),
    );
  });

  it('is refused where the text holds its nonce', () => {
    expect(() => fenced([{ label: 'a', text: 'has k1 in it' }], 'k1')).toThrow(RangeError);
    expect(() => fenced([{ label: 'a k1', text: '' }], 'k1')).toThrow(RangeError);
    expect(() => fenced([], '')).toThrow(RangeError);
  });

  it('gets a nonce that no text holds, and none where chance gives only such', () => {
    const draws = ['k1', 'k2', 'k3'];
    expect(freshNonce(['a k1', 'k2 b'], () => draws.shift() ?? '')).toBe('k3');
    expect(() => freshNonce(['a k1'], () => 'k1')).toThrow(RangeError);
  });

  it('is explained, the request apart', () => {
    expect(explanation('k1')).toContain('----- end k1 -----');
    expect(explanation('k1')).not.toContain('One block is different');
    expect(explanation('k1', 'request')).toContain('"request" is a request from a person who may use this workflow');
  });
});
