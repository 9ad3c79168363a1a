import { describe, expect, it } from 'vitest';
import { readCredential, SANDBOX_CREDENTIAL, whyEmpty } from '../../src/devin/credential.ts';

describe('the credential', () => {
  it('goes by its prefix where the version is auto', () => {
    expect(readCredential(' cog_1234\n', 'auto')).toEqual({
      ok: true,
      credential: { token: 'cog_1234', version: 'v3' },
    });
    expect(readCredential('apk_user_1', 'auto')).toEqual({
      ok: true,
      credential: { token: 'apk_user_1', version: 'v2' },
    });
    expect(readCredential('own-form-key', 'v3beta1')).toEqual({
      ok: true,
      credential: { token: 'own-form-key', version: 'v3beta1' },
    });
  });

  it('is refused where it cannot be one, and never repeated', () => {
    for (const empty of [undefined, '', ' \n']) {
      expect(readCredential(empty, 'auto')).toMatchObject({
        problem: { code: 'credential_missing', input: 'devin_token' },
      });
    }
    const wrong = ['Bearer cog_12345678', 'cog_ 12345678', 'cog_\n12345', 'short', 'sk-12345678', 'cog_ä1234567'];
    for (const given of wrong) {
      const read = readCredential(given, 'auto');
      expect(read).toMatchObject({ problem: { code: 'credential_invalid', input: 'devin_token' } });
      if (given.length > 5) expect(JSON.stringify(read)).not.toContain(given);
    }
  });

  it('in quotes of any kind is refused for that', () => {
    for (const given of [
      '"cog_1234"',
      "'cog_1234'",
      '“cog_1234”',
      '‘cog_1234’',
      '«cog_1234»',
      '`cog_1234`',
      'cog_1234"',
    ]) {
      for (const version of ['auto', 'v3', 'v2'] as const) {
        expect(readCredential(given, version)).toMatchObject({
          problem: { code: 'credential_invalid', message: 'is in quotes; store the key in the secret without them' },
        });
      }
    }
  });

  it('a key of the retired v1 is refused, with the way to a service user', () => {
    for (const version of ['auto', 'v3'] as const) {
      const read = readCredential('apk_0123456789abcdef', version);
      expect(read).toMatchObject({ problem: { code: 'credential_invalid' } });
      expect(JSON.stringify(read)).toContain('Create a service user instead: Settings → Service users');
    }
  });

  it('a key that looks cut off is left to the API to judge', () => {
    for (const given of ['cog_', 'cog_a', 'cog_ABC', `cog_${'a'.repeat(51)}`, `cog_${'a'.repeat(53)}`]) {
      expect(readCredential(given, 'auto')).toEqual({ ok: true, credential: { token: given, version: 'v3' } });
    }
  });

  it.each([
    ['nothing is known', {}, /^The secret may be misspelled.*environment.*Dependabot.*fork/],
    ['Dependabot started the run', { actor: 'dependabot[bot]' }, /^A run that Dependabot starts.*misspelled/],
    ['a fork is behind it', { fork: true }, /^A pull request from a fork.*misspelled/],
  ])('a secret that is empty has its likeliest cause first: %s', (_name, facts, wanted) => {
    expect(whyEmpty({ fork: false, ...facts })).toMatch(wanted);
  });

  it('that of the embedded sandbox is a service user key', () => {
    expect(readCredential(SANDBOX_CREDENTIAL, 'auto')).toHaveProperty('credential.version', 'v3');
  });
});
