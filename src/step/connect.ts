import type { Clock } from '../contract/clock.ts';
import { VERSION } from '../contract/version.ts';
import { Devin } from '../devin/client.ts';
import type { Credential } from '../devin/credential.ts';
import { openTransport, type Transport, type TransportOptions } from '../devin/transport.ts';
import type { Env } from '../runner/inputs.ts';
import type { Log } from '../runner/log.ts';

/** How requests to Devin are sent. */
export interface Sending
  extends Pick<
    TransportOptions,
    'dryRun' | 'maxRetries' | 'requestTimeoutMs' | 'deadlineAt' | 'concurrency' | 'signal'
  > {
  readonly apiUrl: string;
  readonly credential: Credential;
}

/** The Devin API for a step, whose log tells of retries, and in a debug run of every attempt. */
export function connect(
  { env, clock, log }: { readonly env: Env; readonly clock: Clock; readonly log: Log },
  { apiUrl, credential, ...sending }: Sending,
): { readonly devin: Devin; readonly transport: Transport } {
  const url = new URL(apiUrl);
  const isDebug = env['RUNNER_DEBUG'] === '1';
  const transport = openTransport({
    ...sending,
    origin: url.origin,
    token: credential.token,
    userAgent: `devin-action/${VERSION}`,
    clock,
    env,
    onRetry({ method, path, attempt, maxRetries, delayMs, reason }) {
      const when = `retry ${attempt} of ${maxRetries} in ${(delayMs / 1_000).toFixed(1)} s`;
      log.progress(`${reason}: ${method} ${path}, ${when}`);
    },
    onAttempt: isDebug
      ? ({ method, path, status, ms, try: attempt }) =>
          log.debug(`${method} ${path}: ${status || 'no response'}, ${ms} ms, attempt ${attempt}`)
      : undefined,
  });
  const warn = (title: string, message: string) => log.annotate('warning', title, message);
  const devin = new Devin(transport, url.pathname.replace(/\/$/, ''), credential.version, { apiUrl, warn });
  return { devin, transport };
}
