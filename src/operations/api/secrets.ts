import { isRecord } from '../../contract/json.ts';

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

/** Every secret in a response: what its endpoint names, what has a telling name, and what looks like a credential. */
export function secretsIn(value: unknown, named: readonly string[] = []): string[] {
  const found: string[] = [];
  // A list of what is left rather than a call for each level: a response may be deeper than calls can be.
  const left: [name: string, value: unknown][] = [['', value]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [name, entry] = next;
    if (typeof entry === 'string') {
      const isTold = entry !== '' && (named.includes(name) || SECRET_NAMES.has(name));
      if (isTold || CREDENTIAL.test(entry)) found.push(entry);
    } else if (Array.isArray(entry)) for (const one of entry.toReversed()) left.push(['', one]);
    else if (isRecord(entry)) for (const pair of Object.entries(entry).toReversed()) left.push(pair);
  }
  return found;
}
