import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findTrigger, nearMiss } from '../../src/github/event/trigger.ts';

const find = (text: string) => findTrigger(text, '/devin');

describe('the trigger phrase', () => {
  it('asks for the rest of its line and everything below', () => {
    expect(find('/devin fix the test')).toEqual({ args: 'fix the test', fresh: false });
    expect(find('Hello\r\n\r\n/devin fix\r\nthe test\r\n')).toEqual({ args: 'fix\nthe test', fresh: false });
    expect(find('/devin')).toEqual({ args: '', fresh: false });
    expect(find('/devin\n\nfix it')).toEqual({ args: 'fix it', fresh: false });
    expect(find('/devin one\n/devin two')).toEqual({ args: 'one\n/devin two', fresh: false });
  });

  it('with the word new asks for another session', () => {
    expect(find('/devin new fix it')).toEqual({ args: 'fix it', fresh: true });
    expect(find('/devin new')).toEqual({ args: '', fresh: true });
    expect(find('/devin new\nfix it')).toEqual({ args: 'fix it', fresh: true });
    expect(find('/devin newest first')).toEqual({ args: 'newest first', fresh: false });
    expect(find('/devin\nnew fix')).toEqual({ args: 'new fix', fresh: false });
    expect(find('/devin New fix')).toEqual({ args: 'New fix', fresh: false });
  });

  it('counts only at the start of a line, and whole', () => {
    for (const text of [
      'please /devin fix',
      '/devinfix',
      '/devin-fix',
      '/devin.sh',
      '\\/devin fix',
      '/d\u0435vin fix',
      '',
    ]) {
      expect(find(text)).toBeUndefined();
    }
    expect(findTrigger('anything', '')).toBeUndefined();
  });

  it('counts in any case, after spaces, and before a punctuation mark', () => {
    for (const text of ['/Devin fix', ' /devin fix', '   /DEVIN fix', '/devin, fix', '/devin: fix', '/devin!\tfix']) {
      expect(find(text)).toEqual({ args: 'fix', fresh: false });
    }
    expect(findTrigger('@devin, new fix', '@devin')).toEqual({ args: 'fix', fresh: true });
    expect(findTrigger('@Devin.', '@devin')).toEqual({ args: '', fresh: false });
    expect(findTrigger('@devin,\nfix', '@devin')).toEqual({ args: 'fix', fresh: false });
  });

  it('that is missed by a little is told by its line, and never by its text', () => {
    expect(nearMiss('Hello\nplease /devin fix', '/devin')).toBe('line 2 does not begin with it');
    expect(nearMiss('```\n/devin fix\n```', '/devin')).toBe('line 2 has it in a block of code');
    expect(nearMiss('    /devin fix', '/devin')).toBe('line 1 has it in a block of code');
    expect(nearMiss('> /devin fix', '/devin')).toBe('line 1 has it in a quotation');
    expect(nearMiss('/devin-fix', '/devin')).toBe('line 1 has other characters directly after it');
    expect(nearMiss('/dvein fix', '/devin')).toBe('line 1 begins with a similar word');
    expect(nearMiss('/deploy\nThank you!', '/devin')).toBeUndefined();
  });

  it('does not count in code and quotations', () => {
    for (const text of [
      '```\n/devin fix\n```',
      '```sh\n/devin fix',
      '~~~\n/devin fix\n~~~',
      '````\n```\n/devin fix\n```\n````',
      '```\n~~~\n/devin fix\n~~~\n```',
      '```\n``` not closed by this\n/devin fix',
      '   ```\n/devin fix',
      '> /devin fix',
      '>/devin fix',
      '    /devin fix',
    ]) {
      expect(find(text)).toBeUndefined();
    }
    expect(find('```\ncode\n```\n/devin fix')).toEqual({ args: 'fix', fresh: false });
    expect(find('```inline``` is no fence\n/devin fix')).toEqual({ args: 'fix', fresh: false });
    expect(findTrigger('> x', '>')).toBeUndefined();
  });

  it('is never found in a fenced or quoted line, whatever is around', () => {
    const line = fc.constantFrom('a', '', '> q', '/devin do', '> /devin do', '- x', '  y', '`c`');
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('```', '~~~', '`````'), (lines, fence) => {
        const without = lines.filter((row) => !row.startsWith('/devin'));
        const quoted = lines.map((row) => `> ${row}`);
        expect(find([...without, fence, ...lines].join('\n'))).toBeUndefined();
        expect(find([...quoted, fence, ...lines, fence, ...without].join('\r\n'))).toBeUndefined();
        expect(find([...without, '/devin go', ...lines].join('\n'))?.args.startsWith('go')).toBe(true);
      }),
    );
  });
});
