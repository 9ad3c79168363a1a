import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCredential, SANDBOX_CREDENTIAL } from '../../src/devin/credential.ts';
import { backoffMs, retryAfterMs } from '../../src/devin/retry.ts';
import { START } from './support.ts';

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

describe('the credential', () => {
  it('goes by its prefix where the version is auto', () => {
    expect(readCredential(' cog_1234\n', 'auto')).toEqual({ token: 'cog_1234', version: 'v3' });
    expect(readCredential('apk_user_1', 'auto')).toEqual({ token: 'apk_user_1', version: 'v2' });
    expect(readCredential('own-form-key', 'v3beta1')).toEqual({ token: 'own-form-key', version: 'v3beta1' });
  });

  it('is refused where it cannot be one, and never repeated', () => {
    expect(readCredential(undefined, 'auto')).toMatchObject({ code: 'credential_missing', input: 'devin_token' });
    const wrong = ['Bearer cog_12345678', 'cog_ 12345678', 'cog_\n12345', 'short', 'sk-12345678', 'cog_ä1234567', ''];
    for (const given of wrong) {
      const read = readCredential(given, 'auto');
      expect(read).toMatchObject({ code: 'credential_invalid', input: 'devin_token' });
      if (given.length > 5) expect(JSON.stringify(read)).not.toContain(given);
    }
  });

  it('that of the embedded sandbox is a service user key', () => {
    expect(readCredential(SANDBOX_CREDENTIAL, 'auto')).toHaveProperty('version', 'v3');
  });
});
