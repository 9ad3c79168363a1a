import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiUrl } from '../../src/contract/api-url.ts';
import {
  bool,
  choice,
  duration,
  durationMs,
  type InputKind,
  id,
  instant,
  integer,
  keyValues,
  line,
  list,
  nearestOf,
  organizations,
  path,
  sessionId,
  text,
} from '../../src/contract/kinds.ts';
import { anyText } from '../runner/support.ts';

const accepted = <T>(kind: InputKind<T>, given: string): T => {
  const parsed = kind.parse(given);
  if (!parsed.ok) throw new Error(`${JSON.stringify(given)} was refused; expected ${parsed.problem}`);
  return parsed.value;
};
const isRefused = (kind: InputKind<unknown>, given: string) => !kind.parse(given).ok;

const spaces = fc.constantFrom('', ' ', '  ', '\t', '\n', '\r\n');
const plainWord = fc.stringMatching(/^[a-z0-9][a-z0-9 /._-]{0,10}[a-z0-9]$/);

describe('text, lines and paths', () => {
  it('a text comes through as it was written', () => {
    fc.assert(
      fc.property(anyText(), (given) => {
        expect(accepted(text, given)).toBe(given);
      }),
    );
  });

  it('a line loses the spaces around it, and more than one line is refused', () => {
    fc.assert(
      fc.property(plainWord, plainWord, spaces, spaces, (one, two, before, after) => {
        expect(accepted(line, before + one + after)).toBe(one);
        expect(isRefused(line, `${one}\n${two}`)).toBe(true);
        expect(isRefused(line, `${one}\r${two}`)).toBe(true);
      }),
    );
  });

  it('a path is one line without a NUL', () => {
    expect(accepted(path, ' prompts/review.md\n')).toBe('prompts/review.md');
    expect(isRefused(path, 'a\nb')).toBe(true);
    expect(isRefused(path, 'a\0.md')).toBe(true);
  });
});

describe('booleans', () => {
  it('true and false are read in any case', () => {
    fc.assert(
      fc.property(fc.boolean(), spaces, (value, around) => {
        const written = String(value);
        for (const form of [written, written.toUpperCase(), `${written[0]?.toUpperCase()}${written.slice(1)}`]) {
          expect(accepted(bool, around + form + around)).toBe(value);
        }
      }),
    );
  });

  it('a misspelled boolean is reported with the nearest word, never read as false', () => {
    expect(bool.parse('ture')).toEqual({ ok: false, problem: '`true` or `false`', nearest: 'true' });
    expect(bool.parse('fasle')).toEqual({ ok: false, problem: '`true` or `false`', nearest: 'false' });
    for (const other of ['yes', 'no', 'on', 'off', '1', '0', 'y', 'null', '']) {
      expect(bool.parse(other), other).toEqual({ ok: false, problem: '`true` or `false`' });
    }
  });

  it('whatever is not true or false is refused', () => {
    fc.assert(
      fc.property(fc.string(), (given) => {
        fc.pre(!['true', 'false'].includes(given.trim().toLowerCase()));
        expect(isRefused(bool, given)).toBe(true);
      }),
    );
  });
});

describe('whole numbers', () => {
  it('every whole number within the bounds is read, every other refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 150 }), spaces, (value, around) => {
        const parsed = integer(0, 100).parse(`${around}${value}${around}`);
        if (value >= 0 && value <= 100) expect(parsed).toEqual({ ok: true, value });
        else expect(parsed).toEqual({ ok: false, problem: 'a whole number from 0 to 100' });
      }),
    );
  });

  it('a number with anything around it is refused, never cut to a number', () => {
    const junk = fc.constantFrom('x', '.5', '.0', 'e3', ' 1', ',000', '_000', '%', 'n', '/2');
    fc.assert(
      fc.property(fc.nat(99), junk, (value, tail) => {
        expect(isRefused(integer(0), value + tail)).toBe(true);
      }),
    );
    for (const given of ['', 'Infinity', 'NaN', '0x10', '1e3', '٣', '99999999999999999999']) {
      expect(isRefused(integer(0), given), given).toBe(true);
    }
  });

  it('a lower bound alone is named alone', () => {
    expect(integer(1).parse('0')).toEqual({ ok: false, problem: 'a whole number of at least 1' });
  });
});

describe('choices', () => {
  const kind = choice(['succeed', 'fail', 'keep-waiting']);

  it('case does not matter, and an underscore is as good as a hyphen', () => {
    for (const form of ['keep-waiting', 'keep_waiting', 'Keep-Waiting', ' KEEP_WAITING ']) {
      expect(accepted(kind, form)).toBe('keep-waiting');
    }
  });

  it('a misspelled choice is refused with the nearest right one', () => {
    expect(kind.parse('keep-wating')).toEqual({
      ok: false,
      problem: 'one of succeed, fail, keep-waiting',
      nearest: 'keep-waiting',
    });
    expect(kind.parse('sucseed')).toEqual({
      ok: false,
      problem: 'one of succeed, fail, keep-waiting',
      nearest: 'succeed',
    });
    expect(kind.parse('explode')).toEqual({ ok: false, problem: 'one of succeed, fail, keep-waiting' });
  });
});

describe('the nearest word', () => {
  it('a word with one letter wrong finds its way back', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{4,20}$/), fc.nat(), fc.constantFrom('', '9', '_'), (word, at, other) => {
        const cut = at % word.length;
        expect(nearestOf(word.slice(0, cut) + other + word.slice(cut + 1), [word])).toBe(word);
      }),
    );
  });

  it('a word that shares no letter with the candidates finds none, however short it is', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-m0-4]{0,12}$/),
        fc.array(fc.stringMatching(/^[n-z5-9]{1,12}$/), { minLength: 1, maxLength: 5 }),
        (word, candidates) => {
          expect(nearestOf(word, candidates)).toBeUndefined();
        },
      ),
    );
    expect(nearestOf('x', ['v2', 'v3'])).toBeUndefined();
  });

  it('the nearer of two candidates wins', () => {
    expect(nearestOf('Structured_Output_Shema', ['structured_output_schema_file', 'structured_output_schema'])).toBe(
      'structured_output_schema',
    );
  });
});

describe('lists', () => {
  const entry = fc.stringMatching(/^[\w/.:-]([\w /.:-]{0,8}[\w/.:-])?$/);
  const separator = fc.constantFrom('\n', ',', ', ', '\r\n', ',\n', '\n\n', ' ,, ');

  it('newlines and commas separate alike, and empty entries go', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, separator)), separator, (pairs, before) => {
        const written = before + pairs.map(([word, between]) => word + between).join('');
        expect(accepted(list(), written)).toEqual(pairs.map(([word]) => word));
      }),
    );
  });

  it('too many entries are refused with both numbers', () => {
    expect(list(2).parse('a,b,c')).toEqual({ ok: false, problem: 'at most 2 entries, not 3' });
    expect(accepted(list(2), 'a,b,,\n')).toEqual(['a', 'b']);
  });
});

describe('KEY=VALUE lines', () => {
  const key = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
  const value = fc.stringMatching(/^[ -~]{0,20}$/);

  it('everything behind the first = is the value, spaces and further = included', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name }), (pairs) => {
        const written = pairs.map(([name, secret]) => `${name}=${secret}`).join('\n');
        expect([...accepted(keyValues, written)]).toEqual(pairs);
      }),
    );
  });

  it('a line without a key or without = is refused by its number', () => {
    expect(keyValues.parse('A=1\n\nhunter2')).toEqual({
      ok: false,
      problem: 'KEY=VALUE on each line; line 3 has no key or no =',
    });
    expect(isRefused(keyValues, '=value')).toBe(true);
    expect(isRefused(keyValues, '  =value')).toBe(true);
  });

  it('a key that comes twice is refused without a word of what stands on the line', () => {
    const parsed = keyValues.parse('KEY=first\nc2VjcmV0=\nc2VjcmV0=');
    expect(parsed).toEqual({ ok: false, problem: 'each key once; line 3 repeats one' });
  });
});

describe('durations', () => {
  const unit = fc.constantFrom(['s', 1_000], ['m', 60_000], ['h', 3_600_000], ['d', 86_400_000] as const);

  it('seconds, minutes, hours and days are read in any case', () => {
    fc.assert(
      fc.property(fc.nat(99_999), unit, spaces, (amount, [name, ms], around) => {
        expect(durationMs(`${around}${amount}${name}${around}`)).toBe(amount * Number(ms));
        expect(durationMs(`${amount}${String(name).toUpperCase()}`)).toBe(amount * Number(ms));
      }),
    );
  });

  it('a number without a unit, or with another one, is no duration', () => {
    for (const given of [
      '',
      '30',
      's',
      '1.5h',
      '-1m',
      '+1m',
      '1h30m',
      '1w',
      '1ms',
      '5 minutes',
      '1e3s',
      'constructor',
    ]) {
      expect(durationMs(given), given).toBeUndefined();
    }
  });

  it('the bounds belong to the range', () => {
    const kind = duration('1s', '15m');
    expect(accepted(kind, '1s')).toBe(1_000);
    expect(accepted(kind, '900s')).toBe(900_000);
    expect(kind.parse('0s')).toEqual({ ok: false, problem: 'a duration from 1s to 15m, such as 30s, 15m, 2h or 7d' });
    expect(isRefused(kind, '901s')).toBe(true);
  });
});

describe('instants', () => {
  it('what a date prints as ISO 8601 is read as that date', () => {
    const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (moment) => {
        expect(accepted(instant, moment.toISOString())).toEqual({ at: moment.getTime() });
        const day = moment.toISOString().slice(0, 10);
        expect(accepted(instant, day)).toEqual({ at: Date.parse(`${day}T00:00:00Z`) });
      }),
    );
  });

  it('Unix seconds and durations back are read', () => {
    expect(accepted(instant, '1769846400')).toEqual({ at: Date.UTC(2026, 0, 31, 8) });
    expect(accepted(instant, '7d')).toEqual({ ago: 7 * 86_400_000 });
    expect(accepted(instant, '2026-01-31T09:00+01:00')).toEqual({ at: Date.UTC(2026, 0, 31, 8) });
  });

  it('a day that its month does not have is refused, never moved to the next month', () => {
    for (const given of [
      '2026-02-29',
      '2026-02-31',
      '2026-04-31T08:00:00Z',
      '2026-13-01',
      '2026-00-10',
      '2026-01-00',
    ]) {
      expect(isRefused(instant, given), given).toBe(true);
    }
    expect(accepted(instant, '2028-02-29')).toEqual({ at: Date.UTC(2028, 1, 29) });
  });

  it('local times, other formats and milliseconds are refused', () => {
    for (const given of [
      '',
      'now',
      '2026-01-31T08:00:00',
      '31.01.2026',
      '2026-1-31',
      '1769846400000',
      '2026-01-31T25:00Z',
    ]) {
      expect(isRefused(instant, given), given).toBe(true);
    }
  });
});

describe('ids', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_]{1,40}$/).filter((word) => !word.startsWith('devin-'));

  it('an id is letters, digits, hyphens and underscores, and nothing that leads to another path', () => {
    fc.assert(
      fc.property(name, spaces, (word, around) => {
        expect(accepted(id, around + word + around)).toBe(word);
      }),
    );
    for (const given of ['', 'a/b', '..', '../x', 'a b', 'a?b', 'a#b', 'a%2Fb', 'a,b', 'a\nb', 'ä', 'x'.repeat(201)]) {
      expect(isRefused(id, given), given).toBe(true);
    }
  });

  it('organizations are ids, each once, or all of them', () => {
    expect(accepted(organizations, ' * ')).toBe('*');
    expect(accepted(organizations, 'org-1')).toEqual(['org-1']);
    expect(accepted(organizations, 'org-2, org-1\norg-2,\r\n')).toEqual(['org-2', 'org-1']);
    for (const given of [',', '*, org-1', 'org-1, a/b', 'org 1']) {
      expect(isRefused(organizations, given), given).toBe(true);
    }
  });

  it('a session is the same by its id, with or without devin-, and by the address of its page', () => {
    const tail = fc.constantFrom('', '/', '?tab=log', '#top', '/?a=b#c');
    fc.assert(
      fc.property(name, tail, spaces, (word, more, around) => {
        const wanted = `devin-${word}`;
        for (const form of [
          word,
          wanted,
          `https://app.devin.ai/sessions/${word}${more}`,
          `https://acme.devinenterprise.com/sessions/${wanted}${more}`,
        ]) {
          expect(accepted(sessionId, around + form + around)).toBe(wanted);
        }
      }),
    );
  });

  it('a session id with a slash is refused unless it is the address of a session', () => {
    for (const given of [
      '',
      'devin-',
      'a/b',
      '../organizations',
      'sessions/abc',
      'https://app.devin.ai/sessions/',
      'https://app.devin.ai/sessions/a/b',
      'https://app.devin.ai/other/abc',
      'http://app.devin.ai/sessions/abc',
      'https://app.devin.ai/sessions/abc def',
      'javascript:alert(1)',
    ]) {
      expect(isRefused(sessionId, given), given).toBe(true);
    }
  });
});

describe('the address of the API', () => {
  it('an https address is taken, without the slashes at its end', () => {
    expect(accepted(apiUrl, ' https://api.devin.ai/ ')).toBe('https://api.devin.ai');
    expect(accepted(apiUrl, 'https://acme.devinenterprise.com:8443/api//')).toBe(
      'https://acme.devinenterprise.com:8443/api',
    );
    expect(accepted(apiUrl, 'sandbox')).toBe('sandbox');
  });

  it('http is taken on loopback only', () => {
    for (const given of ['http://127.0.0.1:8787', 'http://localhost:8787', 'http://[::1]:8787']) {
      expect(accepted(apiUrl, given)).toBe(given);
    }
    for (const given of [
      'http://api.devin.ai',
      'http://127.0.0.1.evil.example',
      'http://localhost.evil.example',
      'http://localhost@evil.example',
      'http://127.0.0.1:80@evil.example',
      'http://evil.example/127.0.0.1',
      'http://evil.example#localhost',
      'http://evil.example\\@localhost/',
      'http://0.0.0.0',
      'http://[::ffff:10.0.0.1]',
    ]) {
      expect(isRefused(apiUrl, given), given).toBe(true);
    }
  });

  it('no host can pass for loopback', () => {
    fc.assert(
      fc.property(fc.domain(), fc.constantFrom('127.0.0.1', 'localhost', '[::1]'), (host, local) => {
        for (const given of [`http://${host}`, `http://${local}.${host}`, `http://${local}@${host}`]) {
          expect(isRefused(apiUrl, given), given).toBe(true);
        }
      }),
    );
  });

  it('credentials, queries, fragments and other schemes are refused', () => {
    for (const given of [
      'https://user:pw@api.devin.ai',
      'https://user@api.devin.ai',
      'https://api.devin.ai?x=1',
      'https://api.devin.ai/#x',
      'ftp://api.devin.ai',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'api.devin.ai',
      'Sandboxx',
      '',
    ]) {
      expect(isRefused(apiUrl, given), given).toBe(true);
    }
  });
});
