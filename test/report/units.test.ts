import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acus, clockTime, count, duration, instant, number, share, size } from '../../src/report/units.ts';

describe('numbers', () => {
  it('thousands are grouped, decimals are two at most', () => {
    expect(number(18_204)).toBe('18,204');
    expect(number(2.4)).toBe('2.4');
    expect(number(0.125)).toBe('0.13');
    fc.assert(
      fc.property(fc.nat(), (value) => {
        expect(Number(number(value).replaceAll(',', ''))).toBe(value);
      }),
    );
  });

  it('one is one, every other count is many', () => {
    expect(count(1, 'request')).toBe('1 request');
    expect(count(0, 'request')).toBe('0 requests');
    expect(count(1_200, 'retry', 'retries')).toBe('1,200 retries');
  });

  it('ACUs are shown with their limit where there is one', () => {
    expect(acus(2.4)).toBe('2.4 ACUs');
    expect(acus(2.4, 10)).toBe('2.4 of 10 ACUs');
  });
});

describe('sizes, shares and clock times', () => {
  it('a size has one decimal, in the unit that fits', () => {
    for (const [bytes, shown] of [
      [0, '0 bytes'],
      [1, '1 byte'],
      [999, '999 bytes'],
      [1_000, '1 kB'],
      [3_149_999, '3.1 MB'],
      [999_960, '1 MB'],
      [5e9, '5 GB'],
      [2.25e15, '2,250 TB'],
    ] as const)
      expect(size(bytes)).toBe(shown);
  });

  it('a share is a percentage, and none of nothing', () => {
    expect(share(3, 14)).toBe('21 %');
    expect(share(0, 14)).toBe('0 %');
    expect(share(6, 140)).toBe('4.3 %');
    expect(share(1, 0)).toBe('n/a');
  });

  it('time since a start has hours only after the first of them', () => {
    expect(clockTime(12_400)).toBe('00:12');
    expect(clockTime(3_599_000)).toBe('59:59');
    expect(clockTime(5_412_000)).toBe('1:30:12');
    expect(clockTime(-5)).toBe('00:00');
  });
});

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [212, '212 ms'],
    [999, '999 ms'],
    [999.7, '1 s'],
    [1_000, '1 s'],
    [59_499, '59 s'],
    [59_600, '1 min'],
    [363_000, '6 min 3 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_399_600, '1 d'],
    [90_000_000, '1 d 1 h'],
    [86_405_000, '1 d'],
  ])('%d ms is %s', (ms, expected) => {
    expect(duration(ms)).toBe(expected);
  });

  it('what is shown is the time, up to the unit below the second one', () => {
    const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(
      fc.property(fc.nat(400_000_000), (ms) => {
        const parts = duration(ms).match(/\d+ \w+/g) ?? [];
        const sum = parts
          .map((part) => part.split(' '))
          .reduce((all, [n, unit = '']) => all + Number(n) * (units[unit] ?? 0), 0);
        const largest = units[parts[0]?.split(' ')[1] ?? ''] ?? 0;
        expect(parts.length).toBeLessThanOrEqual(2);
        expect(Math.abs(ms - sum)).toBeLessThan(
          largest === 86_400_000 ? 3_600_000 : largest === 3_600_000 ? 60_000 : 1_000,
        );
      }),
    );
  });
});

it('an instant is shown in UTC to the minute', () => {
  expect(instant(Date.UTC(2026, 10, 21, 3, 0, 59))).toBe('2026-11-21 03:00');
});
