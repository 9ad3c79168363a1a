import { isRecord } from '../record.ts';

/** Names of fields that hold a secret wherever they stand. */
const SECRET_NAMES = new Set([
  'token',
  'api_key',
  'access_token',
  'client_secret',
  'private_key',
  'password',
  'secret_value',
]);
/** A credential of the API, by its form. */
const CREDENTIAL = /^(?:cog|apk)_[\w-]{8,}$/;

/** What a JSON text must hold for a closer look to be worth it. */
const TELLING = new RegExp(`"(?:${[...SECRET_NAMES].join('|')})":|"(?:cog|apk)_`);

/** Whether a JSON text may hold a secret; a quick look that most rows do not pass. */
export const mayHoldSecrets = (json: string, named: readonly string[] = []): boolean =>
  TELLING.test(json) || named.some((name) => json.includes(`"${name}":`));

/** Every secret in an answer: what its endpoint names, what has a telling name, and what looks like a credential. */
export function secretsIn(value: unknown, named: readonly string[] = []): string[] {
  if (typeof value === 'string') return CREDENTIAL.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((entry) => secretsIn(entry, named));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, entry]) =>
    typeof entry === 'string' && entry !== '' && (named.includes(name) || SECRET_NAMES.has(name))
      ? [entry]
      : secretsIn(entry, named),
  );
}
