import { type Failed, type Fallible, failed } from '../contract/fallible.ts';
import type { InputProblem } from '../contract/parse.ts';
import type { ApiVersion } from './endpoint.ts';

/** A credential that looks usable, and the version of the API that it is for. */
export interface Credential {
  readonly token: string;
  readonly version: ApiVersion;
}

/** Why a credential cannot be used. */
export interface CredentialProblem extends InputProblem {
  readonly code: 'credential_missing' | 'credential_invalid';
}

const invalid = (message: string): Failed<CredentialProblem> =>
  failed({ code: 'credential_invalid', input: 'devin_token', message });

/** The credential of the embedded sandbox if none is given, whatever the operation. */
export const SANDBOX_CREDENTIAL = 'cog_sandbox_enterprise';

/** What is known of a run that has no credential. */
export interface RunWithout {
  /** Login of who caused the run. */
  readonly actor?: string | undefined;
  /** Its event is about a pull request from a fork. */
  readonly fork: boolean;
}

const MISSPELLED =
  'The secret may be misspelled or missing: compare the name in `secrets.…` with Settings → Secrets and variables → Actions.';
const DEPENDABOT =
  'A run that Dependabot starts gets only Dependabot secrets: add the key under Settings → Secrets and variables → Dependabot as well.';
const ENVIRONMENT = 'A secret of an environment needs `environment:` in the job.';
const FORK =
  'A pull request from a fork gets no secrets: run the step in a workflow of another event; docs/security.md#pull-requests-from-forks lists those that are safe.';

/** The ways in which a secret can be empty, the likeliest in this run first. */
export function whyEmpty({ actor, fork }: RunWithout): string {
  if (actor === 'dependabot[bot]') return [DEPENDABOT, MISSPELLED, ENVIRONMENT].join(' ');
  if (fork) return [FORK, MISSPELLED, ENVIRONMENT].join(' ');
  return [MISSPELLED, ENVIRONMENT, DEPENDABOT, FORK].join(' ');
}

const QUOTES = /^["'`\u00ab\u00bb\u2018-\u201f\u2039\u203a]|["'`\u00ab\u00bb\u2018-\u201f\u2039\u203a]$/;

/**
 * Reads a credential: `cog_…` is a service user key or personal access token for v3, `apk_user_…` a personal key for
 * the legacy v2. With `asked` other than `auto` the form is not looked at, as a dedicated deployment may have its own.
 * A key that looks cut off is passed on: only the API knows. https://docs.devin.ai/api-reference/overview
 */
export function readCredential(
  given: string | undefined,
  asked: ApiVersion | 'auto',
): Fallible<{ readonly credential: Credential }, CredentialProblem> {
  const token = given?.trim() ?? '';
  if (token === '') {
    const message = 'is missing; pass a service user key: devin_token: ${{ secrets.DEVIN_TOKEN }}';
    return failed({ code: 'credential_missing', input: 'devin_token', message });
  }
  if (QUOTES.test(token)) return invalid('is in quotes; store the key in the secret without them');
  if (/^bearer\s/i.test(token)) return invalid('begins with "Bearer"; pass the key alone');
  // Header values take printable ASCII only, and a key has no spaces.
  if (!/^[\x21-\x7e]+$/.test(token))
    return invalid('is malformed: a key is one word of ASCII characters, without spaces');
  if (/^apk_(?!user_)/.test(token)) {
    return invalid(
      'is a key of an organization for the retired API v1 (apk_…). Create a service user instead: Settings → Service users → Create, give it a role, and store its key (cog_…) as the secret',
    );
  }
  if (asked !== 'auto') return { ok: true, credential: { token, version: asked } };
  if (token.startsWith('cog_')) return { ok: true, credential: { token, version: 'v3' } };
  if (token.startsWith('apk_user_')) return { ok: true, credential: { token, version: 'v2' } };
  return invalid('has an unknown format; expected a service user key (cog_…) or a legacy personal key (apk_user_…)');
}
