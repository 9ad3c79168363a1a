import type { Problem } from '../contract/parse.ts';
import type { ApiVersion } from './endpoint.ts';

/** A credential that looks usable, and the version of the API that it is for. */
export interface Credential {
  readonly token: string;
  readonly version: ApiVersion;
}

/** Why a credential cannot be used. */
export interface CredentialProblem extends Problem {
  readonly code: 'credential_missing' | 'credential_invalid';
}

const invalid = (message: string): CredentialProblem => ({ code: 'credential_invalid', input: 'devin_token', message });

/** The credential of the embedded sandbox if none is given, whatever the operation. */
export const SANDBOX_CREDENTIAL = 'cog_sandbox_enterprise';

/**
 * Reads a credential: `cog_…` is a service user key or personal access token for v3, `apk_user_…` a personal key for
 * the legacy v2. With `asked` other than `auto` the form is not looked at, as a dedicated deployment may have its own.
 * https://docs.devin.ai/api-reference/overview
 */
export function readCredential(given: string | undefined, asked: ApiVersion | 'auto'): Credential | CredentialProblem {
  if (given === undefined) {
    const message = 'is missing; pass a service user key: devin_token: ${{ secrets.DEVIN_TOKEN }}';
    return { code: 'credential_missing', input: 'devin_token', message };
  }
  const token = given.trim();
  if (/^bearer\s/i.test(token)) return invalid('begins with "Bearer"; pass the key alone');
  // Header values take printable ASCII only, and a key has no spaces.
  if (!/^[\x21-\x7e]{8,}$/.test(token))
    return invalid('is malformed: a key is one word of at least 8 characters, without spaces');
  if (asked !== 'auto') return { token, version: asked };
  if (token.startsWith('cog_')) return { token, version: 'v3' };
  if (token.startsWith('apk_user_')) return { token, version: 'v2' };
  return invalid('has no known form; expected a service user key (cog_…) or a legacy personal key (apk_user_…)');
}
