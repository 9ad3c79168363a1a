import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, retryAfterMs } from '../../src/http/timing.ts';
import { START } from '../devin/support.ts';

describe('Retry-After', () => {
  it('seconds are read as they are', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom('', ' '), (seconds, around) => {
        expect(retryAfterMs(`${around}${seconds}${around}`, START)).toBe(seconds * 1_000);
      }),
    );
    expect(retryAfterMs('0.5', START)).toBe(500);
    expect(retryAfterMs(['3', '9'], START)).toBe(3_000);
  });

  it('a date is read as the time until then, and never as less than nothing', () => {
    const seconds = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(seconds, (ahead) => {
        const date = new Date(START + ahead * 1_000).toUTCString();
        expect(retryAfterMs(date, START)).toBe(Math.max(0, ahead * 1_000));
      }),
    );
  });

  it('what is neither says nothing', () => {
    for (const header of [undefined, '', ' ', 'soon', '-5', '1e9', 'NaN', '5 minutes', '0x10', []]) {
      expect(retryAfterMs(header, START), String(header)).toBeUndefined();
    }
  });

  it('is never negative, whatever comes', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(retryAfterMs(header, START) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('the wait without Retry-After', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('is between half and all of a time that doubles up to 30 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), chance, (attempt, random) => {
        const whole = Math.min(30_000, 500 * 2 ** (attempt - 1));
        const ms = backoffMs(attempt, random);
        expect(ms).toBeLessThanOrEqual(whole);
        expect(ms).toBeGreaterThanOrEqual(whole / 2);
      }),
    );
    expect([1, 2, 3, 7, 20].map((attempt) => backoffMs(attempt, 0))).toEqual([500, 1_000, 2_000, 30_000, 30_000]);
  });

  it('differs by chance, so that many steps do not come back at once', () => {
    expect(backoffMs(4, 0)).toBe(4_000);
    expect(backoffMs(4, 0.999)).toBe(2_002);
  });
});
