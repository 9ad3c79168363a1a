import { describe, expect, it } from 'vitest';
import { readCredential, sandboxCredential } from '../../src/devin/credential.ts';

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

  it('the sandbox has one for each scope', () => {
    expect(readCredential(sandboxCredential('enterprise'), 'auto')).toHaveProperty('version', 'v3');
    expect(sandboxCredential('organization')).not.toBe(sandboxCredential('enterprise'));
  });
});
