import type { Clock } from '../contract/clock.ts';
import { VERSION } from '../contract/version.ts';
import { Devin } from '../devin/client.ts';
import type { Credential } from '../devin/credential.ts';
import { openTransport, type Transport, type TransportOptions } from '../devin/transport.ts';
import type { HttpRequest } from '../http/exchange.ts';
import { shortened } from '../report/shorten.ts';
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

/** Longest body that a dry run shows, in characters. */
const MAX_HELD = 20_000;
/** Fields whose values are secrets, however short. */
const SECRET_FIELD = /secret|password|token|api_key|^value$/i;

/** A request as a dry run shows it, without the values of secrets. */
function heldLines({ method, path, body }: Pick<HttpRequest, 'method' | 'path' | 'body'>): string[] {
  if (typeof body !== 'string') return [body === undefined ? `${method} ${path}` : `${method} ${path} (a file)`];
  const hide = (name: string, value: unknown) => (SECRET_FIELD.test(name) && typeof value === 'string' ? '***' : value);
  let text = body;
  try {
    text = JSON.stringify(JSON.parse(body, hide), null, 2);
  } catch {
    // What is no JSON is shown as it is.
  }
  return [`${method} ${path}`, ...shortened(text, MAX_HELD).split('\n')];
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
    onHeld: (request) => log.group('Dry run: the request that would be sent', heldLines(request)),
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
