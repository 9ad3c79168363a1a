import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { code, details, fence, link, nameOrId, plain, quote, table } from '../../src/report/markdown.ts';
import { anyText } from '../runner/support.ts';

/** Text that tries to be markup: every sign that Markdown, HTML or GitHub gives a meaning. */
const markup: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<script>',
        '</details>',
        '<!--',
        '&lt;',
        '&#x3c;',
        '**',
        '__',
        '~~~',
        '`',
        '```',
        '``',
        '# ',
        '- ',
        '1. ',
        '1) ',
        '+ ',
        '> ',
        '===',
        '|',
        '\\',
        '\\|',
        '[a](javascript:alert(1))',
        '](https://evil.example)',
        '![x](https://evil.example/p.png)',
        'https://evil.example',
        'www.evil.example',
        '@octocat',
        'acme/api#1',
        '$x$',
        ':tada:',
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        '\u2028',
        '\u0085',
        '\t',
        '    ',
        '\u202e',
        '\u200b',
        '\u001b[31m',
        '\ud800',
      ),
      anyText(6),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 10 },
  )
  .map((pieces) => pieces.join(''));

const LINE_END = /[\r\n\u0085\u2028\u2029]/;
/** Pipes that end a cell: those that no backslash stands before. */
const cellEnds = (row: string) => row.match(/(?<!\\)\|/g)?.length ?? 0;
/** Takes back what `plain` escaped, in one pass from left to right. */
const shown = (markdown: string) =>
  markdown
    .replaceAll('\u200b', '')
    .replace(/\\([!-/:-@[-`{-~])|&(amp|lt|gt);/g, (_, sign: string | undefined, name: string) =>
      sign === undefined ? ({ amp: '&', lt: '<', gt: '>' }[name] ?? '') : sign,
    );

describe('plain text', () => {
  it('has no sign left that Markdown or HTML would read', () => {
    fc.assert(
      fc.property(markup, (text) => {
        const markdown = plain(text);
        expect(markdown).not.toMatch(LINE_END);
        expect(markdown).not.toMatch(/[<>]/);
        expect(markdown.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
        // Every escaped sign goes; none of these may be left without its backslash.
        const unescaped = markdown.replace(/\\[!-/:-@[-`{-~]/g, '.');
        expect(unescaped).not.toMatch(/[\\`*_{}[\]()#+!|~@:=$]/);
        expect(unescaped).not.toMatch(/^\s|\s$/);
        expect(markdown.isWellFormed()).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('shows just the text that it was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(shown(plain(text))).toBe(text.trim());
      }),
    );
    expect(shown(plain('one\r\n  two\n\n\nthree'))).toBe('one two three');
  });

  it('mentions nobody and refers to nothing, also where GitHub looks once the backslashes are gone', async () => {
    const text = '@octocat @acme/team #1 acme/api#2 mail@example.com # heading';
    const html = String(await marked(plain(text)));
    expect(html).not.toMatch(/@\w|#\d|<a/);
    expect(html.replaceAll('\u200b', '').trim()).toBe(`<p>${text}</p>`);
  });

  it('takes a long text of nothing but spaces without effort', () => {
    const startedAt = performance.now();
    plain(`a${' '.repeat(200_000)}b`);
    code(`a${' '.repeat(200_000)}b`);
    quote(`a${' '.repeat(200_000)}b`);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

describe('inline code', () => {
  it('cannot be closed by what it holds, nor end a cell of a table', () => {
    fc.assert(
      fc.property(markup, (text) => {
        const markdown = code(text);
        if (markdown === '') return;
        const [ticks = ''] = /^`+/.exec(markdown) ?? [];
        expect(markdown.endsWith(ticks)).toBe(true);
        const inside = markdown.slice(ticks.length, -ticks.length);
        const runs = inside.match(/`+/g) ?? [];
        expect(runs.filter((run) => run.length === ticks.length)).toEqual([]);
        expect(inside.startsWith('`') || inside.endsWith('`')).toBe(false);
        expect(cellEnds(markdown)).toBe(0);
        expect(markdown).not.toMatch(LINE_END);
      }),
      { numRuns: 500 },
    );
  });

  it('backticks at its ends are kept apart from its own', () => {
    expect(code('a')).toBe('`a`');
    expect(code('`a`')).toBe('`` `a` ``');
    expect(code('a ``` b')).toBe('````a ``` b````');
    expect(code(' \n ')).toBe('');
  });
});

describe('links', () => {
  const page = 'https://app.devin.ai/sessions/1';

  it('lead to the page, under a text that is shown as it is', () => {
    expect(link('Fix [the] *parser*', page)).toBe(`[Fix \\[the\\] \\*parser\\*](${page})`);
    expect(link('x', 'http://127.0.0.1:8787/a?b=c#d')).toBe('[x](http://127.0.0.1:8787/a?b=c#d)');
  });

  it('nothing but a web page becomes a link', () => {
    for (const url of [
      'https://github.com@evil.example/acme/api/pull/2',
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      ' javascript:alert(1)',
      'java\nscript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'file:///etc/passwd',
      '//evil.example',
      '/relative',
      'not a url',
      '',
    ]) {
      expect(link('text', url), url).toBe('text');
    }
  });

  it('no address breaks out of its parentheses, its cell or its line', () => {
    const address = fc.oneof(
      markup.map((tail) => `https://evil.example/${tail}`),
      markup.map((tail) => `https://evil.example/?q=${tail}`),
      markup.map((tail) => `https://evil.example/#${tail}`),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
    );
    fc.assert(
      fc.property(markup, address, (text, url) => {
        const markdown = link(text, url).replaceAll('\u200b', '');
        expect(cellEnds(markdown)).toBe(0);
        expect(markdown).not.toMatch(LINE_END);
        const label = (nameOrId(text) || plain(url)).replaceAll('\u200b', '');
        if (!URL.canParse(url)) return expect(markdown).toBe(plain(text).replaceAll('\u200b', ''));
        expect(markdown.startsWith(`[${label}](http`)).toBe(true);
        expect(markdown.slice(label.length + 3, -1)).toMatch(/^https?:\/\/[^()<>\s\\|`$]*$/);
        expect(markdown.endsWith(')')).toBe(true);
        return undefined;
      }),
      { numRuns: 500, examples: [['+@0.0', 'https://evil.example/']] },
    );
  });

  it('the text of a link can be copied as it is, and still mentions nobody', () => {
    expect(link('acme/api#11', page)).toBe(`[acme/api\\#11](${page})`);
    expect(link('0123abc', page)).toBe(`[\`0123abc\`](${page})`);
    expect(link('Fix GH-7 in deadbee', page)).toBe(`[Fix GH\\-7 in deadbee](${page})`);
    expect(link('Thank you, @octocat', page)).toBe(`[Thank you, \\@\u200boctocat](${page})`);
  });

  it('an address of email can be copied, and is no link', async () => {
    expect(nameOrId('user-1@example.com')).toBe('`user-1@example.com`');
    expect(nameOrId('@octocat')).toBe('\\@\u200boctocat');
  });

  it('a link always has something to click', () => {
    expect(link(' \u200b', page)).toBe(`[${plain(page)}](${page})`);
  });
});

describe('tables', () => {
  it('have as many cells in every row, whatever plain text, code and links hold', () => {
    const cell = fc.oneof(
      markup.map(plain),
      markup.map(code),
      markup.map((text) => link(text, `https://evil.example/?${text}`)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell)), (rows) => {
        const lines = table(['A', 'B', 'C'], rows).split('\n');
        expect(lines.length).toBe(rows.length + 2);
        for (const line of lines) {
          expect(cellEnds(line)).toBe(cellEnds(lines[0] ?? ''));
          expect(line.startsWith('|') && line.endsWith('|')).toBe(true);
        }
      }),
    );
  });

  it('an empty cell keeps its place, and a column without any content is left out', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['', 'x'],
          ['y', ''],
        ],
      ),
    ).toBe('| A | B |\n|:--|:--|\n|   | x |\n| y |   |');
    expect(table(['A', 'B', 'C'], [['x', '', 'y']])).toBe('| A | C |\n|:--|:--|\n| x | y |');
    expect(table(['A', 'B'], [['', '']])).toBe('| A | B |\n|:--|:--|\n|   |   |');
    expect(table(['A', 'B'], [])).toBe('| A | B |\n|:--|:--|');
  });

  it('numbers are aligned right, text left', () => {
    for (const numbers of [
      ['1', '18,204'],
      ['2.4 of 10', 'not reported'],
      ['9.7 kB', '1 byte'],
      ['21 %', ''],
      ['+3', '\u22121'],
    ])
      expect(
        table(
          ['A', 'B'],
          numbers.map((value) => ['x', value]),
        ),
      ).toContain('\n|:--|--:|\n');
    for (const texts of [['none'], ['2026-11-20 03:00'], ['1', 'one'], ['`1`'], ['1 / 2', 'two'], ['12 events']])
      expect(
        table(
          ['A'],
          texts.map((value) => [value]),
        ),
      ).toContain('\n|:--|\n');
  });
});

describe('names and IDs', () => {
  it('an ID is code, which stays in one piece; a name is text', () => {
    for (const id of [
      'org-7b20a9a43c91aa2b07a7a0bf9c2fcf53',
      'devin-0034331d8b3ffcf424e574361a5eeba6',
      '91c40770e338',
      'audit_log-1e7eb22e',
      'user-1f0c2d3e-77aa-4c0d-9e1b-8d5f0a6b7c8d',
    ])
      expect(nameOrId(id)).toBe(`\`${id}\``);
    for (const name of ['Engineering Team', 'feedface', 'Data 2', '']) expect(nameOrId(name)).toBe(plain(name));
    expect(link('devin-0034331d8b3f', 'https://x.test/1')).toBe('[`devin-0034331d8b3f`](https://x.test/1)');
  });
});

describe('blocks', () => {
  it('a fence cannot be closed by what it holds', () => {
    const lines = fc.array(fc.oneof(markup, fc.constantFrom('```', '````', '  `````', '~~~', '```json')), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(lines, (parts) => {
        const [first = '', ...rest] = fence(parts.join('\n'), 'json').split('\n');
        const [ticks = ''] = /^`+/.exec(first) ?? [];
        expect(first).toBe(`${ticks}json`);
        expect(ticks.length).toBeGreaterThanOrEqual(3);
        const closing = rest.findIndex((line) => /^ {0,3}`+[ \t]*$/.test(line) && line.trim().length >= ticks.length);
        expect(closing).toBe(rest.length - 1);
        expect(rest.at(-1)).toBe(ticks);
      }),
      { numRuns: 500 },
    );
    expect(fence('{}\n', 'json')).toBe('```json\n{}\n```');
    expect(fence('``\u200b`\nx')).toBe('````\n```\nx\n````');
    expect(fence('```\n'.repeat(200_000)).startsWith('````\n')).toBe(true);
  });

  it('a quotation stays one, line by line', () => {
    fc.assert(
      fc.property(markup, (text) => {
        for (const line of quote(text).split('\n')) {
          expect(line.startsWith('> ')).toBe(true);
          expect(line.slice(2)).toBe(plain(shown(line.slice(2))));
        }
      }),
    );
    expect(quote('Which one?\n\n- a\n- b')).toBe('> Which one?\n> \n> \\- a\n> \\- b');
  });

  it('a folded part opens and closes once, whatever its title holds', () => {
    fc.assert(
      fc.property(markup, (title) => {
        const markdown = details(title, 'body');
        expect(markdown.match(/<[^>]*>/g)).toEqual(['<details>', '<summary>', '</summary>', '</details>']);
        expect(markdown.endsWith('</summary>\n\nbody\n\n</details>')).toBe(true);
        expect(markdown.split('\n')[0]?.endsWith('</summary>')).toBe(true);
      }),
    );
    expect(details('Structured output (valid)', 'x')).toContain('<summary>Structured output (valid)</summary>');
  });
});
