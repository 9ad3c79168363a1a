import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotation, command } from '../../src/runner/commands.ts';
import { inputReader, unknownInputs } from '../../src/runner/inputs.ts';
import { masksOf } from '../../src/runner/secret-forms.ts';
import { parseCommand, parseOutput } from '../e2e/runner-grammar.ts';
import { anyText, hostile, openLog } from './support.ts';

const secretText = fc.stringMatching(/^[A-Za-z0-9%:,+/"\\ -]{4,20}$/).filter((word) => masksOf(word).length > 0);

describe('workflow commands', () => {
  it('what is written is what the runner reads, whatever the texts hold', () => {
    const name = fc.constantFrom('error', 'warning', 'notice', 'group', 'add-mask', 'debug');
    const key = fc.stringMatching(/^[a-z]{1,8}$/).filter((word) => word !== '__proto__');
    const anything = fc.oneof(hostile, anyText());
    fc.assert(
      fc.property(
        name,
        anything,
        fc.dictionary(
          key,
          anything.filter((value) => value !== ''),
          { maxKeys: 4, noNullPrototype: true },
        ),
        (kind, message, properties) => {
          const written = command(kind, message, properties);
          expect(written).toMatch(/^[^\r\n]*\n$/);
          expect(parseCommand(written.slice(0, -1))).toEqual({ name: kind, properties, message });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('an annotation carries its title and its place', () => {
    const written = annotation('error', 'Plan: 50%, done', 'two\nlines', { file: 'a,b:c.yml', line: 7 });
    expect(parseCommand(written.trimEnd())).toEqual({
      name: 'error',
      properties: { title: 'Plan: 50%, done', file: 'a,b:c.yml', line: '7' },
      message: 'two\nlines',
    });
  });
});

describe('the log', () => {
  it('of one of several begins each entry with its name, which forges no command either', () => {
    fc.assert(
      fc.property(hostile, hostile, (name, text) => {
        const { log, parsed } = openLog();
        const own = log.within(name);
        own.info(text);
        own.progress(text);
        expect(parsed().commands).toEqual([]);
      }),
    );
    const { log, parsed } = openLog();
    log.within('acme').within('api').info('hello');
    expect(parsed().log).toEqual(['acme  api  hello']);
  });

  it('prints no command but the intended ones, whatever it is given', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const { log, parsed } = openLog();
        log.info(one);
        log.progress(two);
        expect(parsed().commands).toEqual([]);
        log.group(one, [two, one]);
        log.annotate('warning', two, one, { file: one, line: 3 });
        expect(parsed().commands.map(({ name }) => name)).toEqual(['group', 'endgroup', 'warning']);
      }),
      { numRuns: 400 },
    );
  });

  it('shows when something happened, with the time since the start', () => {
    const { log, clock, text } = openLog();
    log.progress('started');
    clock.ms += 363_400;
    log.progress('two\nlines');
    clock.ms += 7_200_000;
    log.progress('late');
    expect(text()).toBe('00:00  started\n06:03  two\n       lines\n2:06:03  late\n');
  });

  it('folds lines under a title', () => {
    const { log, text } = openLog();
    log.group('Outputs', ['a=1', 'b=2\n3']);
    expect(text()).toBe('::group::Outputs\na=1\nb=2\n3\n::endgroup::\n');
  });

  it('a secret shows up nowhere: not in a line, a title, a place, nor across lines', () => {
    fc.assert(
      fc.property(secretText, secretText, hostile, (one, two, around) => {
        for (const secret of [one, `${one}\n${two}`, `${one}\r\n${two}`]) {
          const { log, parsed } = openLog();
          log.mask(secret);
          const masks = parsed().commands.filter(({ name }) => name === 'add-mask');
          log.info(`${around} ${secret} ${around}`);
          log.progress(`${around} ${secret} ${around}`);
          log.group(`${around} ${secret}`, [secret]);
          log.annotate('error', `${around} ${secret}`, `${secret} ${around}`);
          const { commands, log: lines } = parsed();
          const said = [
            ...lines,
            ...commands.slice(masks.length).flatMap((each) => [each.message, each.properties['title']]),
          ];
          for (const part of secret.split(/\r?\n/)) expect(said.join('\n')).not.toContain(part);
        }
      }),
    );
  });

  it('each line of a secret is announced to the runner, which masks line by line', () => {
    const { log, parsed } = openLog();
    log.mask('-----BEGIN KEY-----\nabcdef100%\nxy\n');
    expect(parsed().commands).toEqual([
      { name: 'add-mask', properties: {}, message: '-----BEGIN KEY-----' },
      { name: 'add-mask', properties: {}, message: 'abcdef100%' },
    ]);
  });

  it('a secret with spaces around it is masked without them too', () => {
    const { log, parsed } = openLog();
    log.mask(' hunter22 ');
    expect(parsed().commands.map(({ message }) => message)).toEqual([' hunter22 ', 'hunter22']);
    log.info('it is "hunter22".');
    expect(parsed().log).toEqual(['it is "***".']);
  });

  it('a secret is hidden before its line breaks and percent signs are escaped for an annotation', () => {
    const { log, text } = openLog();
    log.mask('50%:off,\nnow and then');
    const before = text().length;
    log.annotate('notice', 'Price 50%:off,', 'it is 50%:off,\nnow and then or so');
    expect(text().slice(before)).toBe('::notice title=Price ***::it is *** or so\n');
  });

  it('a secret that unprintable characters split does not show once they are gone', () => {
    const { log, parsed } = openLog();
    log.mask('hunter22');
    const before = parsed().log.length;
    log.info('hun\u0000ter22 and hunt\u200eer22');
    expect(parsed().log.slice(before)).toEqual(['*** and ***']);
  });

  it('a long message of an annotation is cut', () => {
    const { log, parsed } = openLog();
    log.annotate('error', 'T', 'x'.repeat(5_000));
    expect(parsed().commands[0]?.message).toBe(`${'x'.repeat(3_999)}…`);
  });
});

describe('reading inputs from the environment', () => {
  it('a value keeps its spaces and lines; one of nothing but spaces is absent', () => {
    const read = inputReader({ INPUT_PROMPT: '  two\nlines \n', INPUT_TITLE: ' \n', 'INPUT_A-B_C': 'x' });
    expect(read('prompt')).toBe('  two\nlines \n');
    expect(read('title')).toBeUndefined();
    expect(read('a-b c')).toBe('x');
    expect(read('toString')).toBeUndefined();
  });

  it('an input that does not exist is found by the name that the runner passes', () => {
    const env = { INPUT_PROMPT: 'x', INPUT_PROMT: 'y', INPUT_EMPTY: '', PATH: '/bin' };
    expect(unknownInputs(env, (name) => name === 'prompt')).toEqual(['promt']);
  });
});

it('output that holds no command is all log', () => {
  expect(parseOutput('a\nb\r\nc').log).toEqual(['a', 'b', 'c']);
});
