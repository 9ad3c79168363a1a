import Agent from 'undici/lib/dispatcher/agent.js';
import type { Headers } from './body.ts';
import { type Env, proxiesOf, proxyFor } from './proxy.ts';

/** HTTP methods that requests use. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What is sent. */
export interface Outgoing {
  /** Scheme, host, and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly method: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
}

/** Ends the exchange that it belongs to. */
interface Controller {
  abort(reason: Error): void;
}

/** Receives one response in pieces; `onResponseEnd` or `onResponseError` comes last, once. */
export interface Receiver {
  /** The connection is ready, and the request is about to be written to it. */
  onRequestStart(controller: Controller): void;
  onResponseStart(controller: Controller, status: number, headers: Headers): void;
  onResponseData(controller: Controller, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: Controller, error: Error): void;
}

/** The connections of one client. */
export interface Connections {
  /** Sends a request as soon as there is a connection for it. */
  dispatch(outgoing: Outgoing, receiver: Receiver): Promise<void>;
  /** Ends all of them. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Opens connections on demand, over HTTP/1.1 only: undici would otherwise use HTTP/2 with any https server that offers
 * it. Its own timers are off, since one limit for the whole attempt says more clearly what happened.
 */
export function openConnections(env: Env, requestTimeoutMs: number): Connections {
  const settings = {
    allowH2: false,
    connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs) },
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const proxies = proxiesOf(env);
  const direct = new Agent(settings);
  let proxied: Promise<Pick<InstanceType<typeof Agent>, 'dispatch' | 'destroy'>> | undefined;
  const throughProxy = async () => {
    const [{ default: EnvHttpProxyAgent }, { default: Dispatcher }, { default: connect }] = await Promise.all([
      import('undici/lib/dispatcher/env-http-proxy-agent.js'),
      import('undici/lib/dispatcher/dispatcher.js'),
      import('undici/lib/api/api-connect.js'),
    ]);
    // undici's index would give dispatchers this method, which opens the tunnel of a proxy, together with all others.
    Object.assign(Dispatcher.prototype, { connect });
    return new EnvHttpProxyAgent({
      ...settings,
      httpProxy: proxies.http,
      httpsProxy: proxies.https,
      noProxy: proxies.none,
    });
  };
  return {
    async dispatch(outgoing, receiver) {
      if (proxyFor(new URL(outgoing.origin), proxies) === undefined) {
        direct.dispatch(outgoing, receiver);
        return;
      }
      proxied ??= throughProxy();
      (await proxied).dispatch(outgoing, receiver);
    },
    async close() {
      await Promise.all([direct.destroy(), proxied?.then((agent) => agent.destroy())]);
    },
  };
}

/** Calls `late` after `ms`, unless the returned function is called first. */
export function timer(ms: number, late: () => void): () => void {
  const timeout = setTimeout(late, ms);
  return () => clearTimeout(timeout);
}
