import fc from 'fast-check';
import type { Clock } from '../../src/contract/clock.ts';
import { Log } from '../../src/runner/log.ts';
import { Redactor } from '../../src/runner/redact.ts';
import { parseOutput } from '../e2e/runner-grammar.ts';

/** Any text, half characters included. fast-check's own texts of this kind take a second to prepare. */
export const anyText = (maxLength = 20, minLength = 0): fc.Arbitrary<string> =>
  fc
    .array(fc.nat(0x10ffff), { minLength, maxLength })
    .map((points) => points.map((point) => String.fromCodePoint(point)).join(''));

/** Text as somebody hostile would write it: pieces of commands, line ends of every kind, marks that nobody sees. */
export const hostile: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '::',
        ':',
        '##[',
        '##',
        '[',
        ']',
        'error',
        'warning',
        'set-output name=a',
        'add-mask',
        'stop-commands',
        '%0A',
        '%25',
        ',',
        '=',
        '\r',
        '\n',
        '\r\n',
        '\u2028',
        '\u2029',
        '\u0085',
        '\u000b',
        '\f',
        '\ufeff',
        '\u00a0',
        '\u3000',
        '\u200b',
        '\u202e',
        '\u0000',
        '\u001b[31m',
        '\ud800',
        ' ',
        '\t',
        '🙂',
      ),
      anyText(6),
    ),
    { maxLength: 14 },
  )
  .map((pieces) => pieces.join(''));

/** A log whose output is kept, at a time that a test sets. */
export function openLog() {
  let written = '';
  const clock: Clock & { ms: number } = {
    ms: 1_000,
    now: () => clock.ms,
    sleep: async () => {},
    deadline: () => new AbortController().signal,
    random: () => 0,
  };
  const redactor = new Redactor();
  const log = new Log(
    (text) => {
      written += text;
    },
    redactor,
    clock,
  );
  return {
    log,
    redactor,
    clock,
    text: () => written,
    parsed: () => parseOutput(written),
  };
}
