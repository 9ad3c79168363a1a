import type { InputName, InputValues } from '../contract/inputs.ts';
import { proxyPasswords } from '../http/proxy.ts';
import type { Env } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';
import { partsOf } from '../runner/secret-forms.ts';

/** What may be a secret in lines that are no `KEY=VALUE`: whole lines, and what stands behind each separator. */
const possibleSecrets = (lines: string): readonly string[] =>
  lines.split(/\r\n|[\r\n]/).flatMap((line) => {
    const [, value = ''] = /^[^=:]*[=:](.*)$/s.exec(line) ?? [];
    return [line, value]
      .map((part) => part.trim().replace(/^(["'])(.*)\1$/s, '$2'))
      .filter((part) => partsOf(part).length > 0);
  });

/**
 * Hides every secret of the inputs, and the passwords of proxies, from now on.
 * @param written the input `session_secrets` as it is written
 */
export function maskSecrets(
  { env, log }: { readonly env: Env; readonly log: Log },
  values: Partial<InputValues<Extract<InputName, 'devin_token' | 'github_token' | 'session_secrets'>>>,
  written: string | undefined,
): void {
  if (values.devin_token !== undefined) log.mask(values.devin_token.trim());
  if (values.github_token !== undefined) log.mask(values.github_token);
  for (const [name, secret] of values.session_secrets ?? []) log.mask(secret, `The session secret ${name}`);
  // Of secrets that cannot be read, nothing tells where the values are: each line may hold one, behind a = or a colon.
  for (const part of values.session_secrets === undefined ? possibleSecrets(written ?? '') : []) log.mask(part);
  for (const password of proxyPasswords(env)) log.mask(password);
}
