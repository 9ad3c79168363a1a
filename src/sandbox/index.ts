import { once } from 'node:events';
import { DEFAULT_HABITS, type HabitSettings } from '../contract/habits.ts';
import { Core } from './server/core.ts';
import { serve } from './server/server.ts';

/** How to start a sandbox. */
export interface SandboxOptions {
  /** 0 or none: any free port. */
  port?: number;
  /** An integer; everything made up follows from it. Default 1. */
  seed?: number;
  /** The time outside, in milliseconds since 1970. */
  clock: { now(): number };
  /** How it behaves; the preset `field` if absent. */
  habits?: HabitSettings;
}

/** A sandbox that listens. */
export interface Sandbox {
  /** Such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** The ID of its first organization. */
  readonly orgId: string;
  /** Ends every connection at once, those that hang too, and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a stateful local Devin API that only this machine reaches. Its controls are under `/sandbox/`.
 *
 * @throws the system's error (such as `EADDRINUSE`) where the port cannot be used.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const core = new Core(options.seed ?? 1, options.clock, options.habits ?? DEFAULT_HABITS);
  const closing = new AbortController();
  const server = serve(core, options.clock, closing.signal);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The sandbox listens on no port');
  core.origin = `http://127.0.0.1:${address.port}`;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const end = once(server, 'close');
    closing.abort();
    server.close();
    server.closeAllConnections();
    await end;
  };
  return {
    url: core.origin,
    orgId: core.firstOrg,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
