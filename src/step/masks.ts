import type { InputName, InputValues } from '../contract/inputs.ts';
import { proxyPasswords } from '../http/proxy.ts';
import type { Env } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';

/** Hides every secret of the inputs, and the passwords of proxies, from now on. */
export function maskSecrets(
  { env, log }: { readonly env: Env; readonly log: Log },
  values: Partial<InputValues<Extract<InputName, 'devin_token' | 'github_token' | 'session_secrets'>>>,
): void {
  if (values.devin_token !== undefined) log.mask(values.devin_token.trim());
  if (values.github_token !== undefined) log.mask(values.github_token);
  for (const [name, secret] of values.session_secrets ?? []) log.mask(secret, `The session secret ${name}`);
  for (const password of proxyPasswords(env)) log.mask(password);
}
