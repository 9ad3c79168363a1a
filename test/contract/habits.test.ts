import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiUrl, isSandbox, sandboxHabits } from '../../src/contract/api-url.ts';
import { DEFAULT_HABITS, HABITS, parseHabits, readHabits, resolveHabits } from '../../src/contract/habits.ts';

const parsed = (text: string) => {
  const habits = parseHabits(text);
  if (!habits.ok) throw new Error(habits.problem);
  return resolveHabits(habits.value);
};
const refusal = (text: string) => {
  const habits = parseHabits(text);
  return habits.ok ? 'accepted' : habits.problem;
};

describe('habits of the sandbox', () => {
  it('are those of the field if nothing is said, and any of them can differ', () => {
    expect(parsed('')).toEqual(resolveHabits(DEFAULT_HABITS));
    expect(parsed('')).toMatchObject({ ids: 'bare', turn_end: 'waiting', wrong_key: '403', pages: 'sparse' });
    expect(parsed('documents')).toMatchObject({ ids: 'prefixed', turn_end: 'finished', wrong_key: '401', sleep_ms: 0 });
    const mixed = parsed(' documents , turn_end:waiting, zero_acus=true,refused_fields:resumable+platform');
    expect(mixed).toEqual({
      ...parsed('documents'),
      turn_end: 'waiting',
      zero_acus: true,
      refused_fields: ['resumable', 'platform'],
    });
  });

  it('have the times of the field multiplied by pace, and those that are set as they are', () => {
    expect(parsed('pace:1')).toMatchObject({ sleep_ms: 1_800_000, delete_ms: 12_000 });
    expect(parsed('pace:0.5,sleep_ms:700')).toMatchObject({ sleep_ms: 700, delete_ms: 6_000 });
    expect(parsed('documents,pace:1')).toMatchObject({ sleep_ms: 0, delete_ms: 0 });
  });

  it('with a name or a value that does not exist are refused with the valid ones, the nearest first', () => {
    expect(refusal('feild')).toMatch(/\(field, documents, ids, .*\), not "feild"/);
    expect(refusal('turnend:waiting')).toMatch(/\(turn_end, ids, .*pace\), not "turnend"/);
    expect(refusal('turn_end:finishd')).toBe('one of finished, waiting for the habit turn_end, not "finishd"');
    expect(refusal('turn_end')).toMatch(/waiting, finished/);
    expect(refusal('sleep_ms:1h')).toMatch(/milliseconds such as 1500 for the habit sleep_ms, not "1h"/);
    expect(refusal('pace:0')).toMatch(/above 0/);
    expect(refusal('constructor:1')).toMatch(/not "constructor"/);
  });

  it('are read from an object on top of those before, or from a preset', () => {
    const before = { preset: 'documents', set: { pace: 1 } } as const;
    expect(readHabits({ zero_acus: true, refused_fields: ['tags'] }, before)).toEqual({
      ok: true,
      value: { preset: 'documents', set: { pace: 1, zero_acus: true, refused_fields: ['tags'] } },
    });
    expect(readHabits({ ids: 'bare', preset: 'field' }, before)).toEqual({
      ok: true,
      value: { preset: 'field', set: { ids: 'bare' } },
    });
    expect(readHabits({ preset: 'real' }, before)).toHaveProperty('problem');
    expect(readHabits({ ids: 7 }, before)).toHaveProperty('problem');
  });

  it('that are written as text are read as they were', () => {
    const entries = fc.record(
      {
        ids: fc.constantFrom('bare', 'prefixed'),
        sleep_ms: fc.nat(1_000_000),
        odd_fields: fc.boolean(),
        pace: fc.constantFrom(0.02, 0.5, 1),
        report: fc.constantFrom('given', 'refused', 'ignored'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(entries, (set) => {
        const text = Object.entries(set).map(([name, value]) => `${name}:${value}`);
        expect(parseHabits(text.join(','))).toEqual({ ok: true, value: { preset: 'field', set } });
      }),
    );
  });

  it('no text makes the parser fail, or accept a habit that does not exist', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const habits = parseHabits(text);
        if (habits.ok) for (const name of Object.keys(habits.value.set)) expect(HABITS).toHaveProperty(name);
      }),
    );
  });
});

describe('api_url with the embedded sandbox', () => {
  it('may choose habits', () => {
    const url = 'sandbox?habits=documents,turn_end:waiting';
    expect(apiUrl.parse(` ${url} `)).toEqual({ ok: true, value: url });
    expect(isSandbox(url)).toBe(true);
    expect(sandboxHabits(url)).toEqual({ preset: 'documents', set: { turn_end: 'waiting' } });
    expect(sandboxHabits('sandbox')).toEqual(DEFAULT_HABITS);
    for (const other of [undefined, 'https://api.devin.ai', 'sandboxes', 'https://x.example/sandbox?habits=field']) {
      expect(isSandbox(other)).toBe(false);
    }
  });

  it('is refused with a habit that does not exist, or with anything else after its name', () => {
    expect(apiUrl.parse('sandbox?habits=ids:bar')).toEqual({
      ok: false,
      problem: 'one of bare, prefixed for the habit ids, not "bar"',
    });
    for (const wrong of ['sandbox?habit=field', 'sandbox?x', 'sandbox/v3']) {
      expect(apiUrl.parse(wrong)).toEqual({ ok: false, problem: expect.stringContaining('sandbox?habits=') });
    }
  });
});

describe('api_url', () => {
  it.each([
    ...[
      'https://api.devin.ai@evil.example',
      'https://user:pass@api.devin.ai',
      'https://api.devin.ai:443\\@evil.example',
    ],
    ...['ht\ntps://evil.example', 'https://api.devin.ai\t.evil.example', 'https:evil.example', 'https:///evil.example'],
    ...['https://\u0430pi.devin.ai', 'https://api.devin.ai/a b', 'https://api.devin.ai?x=1', 'https://api.devin.ai#x'],
    ...['http://127.0.0.1.evil.example', 'http://localhost.evil.example', 'http://localhost.', 'http://0.0.0.0'],
    ...['http://api.devin.ai', 'file:///etc/passwd', '//api.devin.ai', 'javascript:alert(1)'],
  ])('is rejected where it hides where the key goes, or is open to the network: %j', (value) => {
    expect(apiUrl.parse(value)).toMatchObject({ ok: false });
  });

  it.each(['https://api.devin.ai', 'https://acme.devinenterprise.com/api/', 'http://127.0.0.1:8080', 'http://[::1]:1'])(
    'is an https address, or one of this machine: %s',
    (value) => {
      expect(apiUrl.parse(value)).toEqual({ ok: true, value: value.replace(/\/$/, '') });
    },
  );
});
