import { describe, expect, onTestFinished, test } from 'vitest';
import { parseYaml } from '../../src/operations/yaml.ts';
import { readYaml } from '../../src/operations/yaml-thread.ts';

/** Texts of a size that keep a parser of YAML busy: it makes an error of each character, or goes as deep. */
const SHAPES: Readonly<Record<string, (size: number) => string>> = {
  ...Object.fromEntries(
    [
      ']',
      '[',
      '{',
      '}',
      '"',
      "'",
      '"a" ',
      '&a ',
      '*a ',
      '!a ',
      '? ',
      '- ',
      '-\n',
      ': ',
      'a: ',
      'a:\n',
      '\t',
      '%',
      '%x\n',
    ]
      .concat([
        '\ta: b\n',
        '[a,',
        '{a: ',
        '{}',
        '[] ',
        ',',
        '#\n',
        '---\na\n',
        '...\n',
        '|\n',
        '\r',
        '\0',
        '\u2028',
        '\ufeff',
      ])
      .map((part) => [JSON.stringify(part), (size: number) => part.repeat(size / part.length)]),
  ),
  'a list of commas': (size) => `[${','.repeat(size - 1)}`,
  'a mapping of question marks': (size) => `{${'? '.repeat(size / 2)}`,
  'brackets that are closed': (size) => `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`,
  'a block of empty lines': (size) => `a: |\n${'\n'.repeat(size)}`,
  'keys that are mappings': (size) => '? '.repeat(Math.min(400, size / 2)),
  'keys that are lists': (size) => '? - '.repeat(Math.min(200, size / 4)),
  'bad escapes': (size) => `a: "${'\\x'.repeat(size / 2)}`,
  'a line that never ends': (size) => `a: ${'b\n '.repeat(size / 3)}`,
  'steps to the right': (size) =>
    Array.from({ length: Math.sqrt(size * 2) }, (_, at) => `${' '.repeat(at)}a:\n`).join(''),
};

describe('a text that keeps the parser busy', () => {
  const names = Object.keys(SHAPES);

  test('is read at once if it is short, and gives a value or a finding', () => {
    for (const name of names) {
      const parsed = parseYaml(SHAPES[name]?.(4 * 1024) ?? '');
      expect(parsed.ok ? 'value' in parsed : parsed.problem, name).toBeTruthy();
    }
  });

  test('is read in a thread if it is long, so that the step continues', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    onTestFinished(() => clearInterval(timer));
    for (const name of [']', '{}'].map((part) => JSON.stringify(part))) {
      const before = turns;
      const parsed = await readYaml(SHAPES[name]?.(32 * 1024) ?? '');
      expect(parsed, name).toMatchObject({ ok: false, problem: expect.stringMatching(/^is neither JSON nor YAML: /) });
      expect(turns - before, name).toBeGreaterThan(1);
    }
  });
});
