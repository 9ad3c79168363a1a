import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { startSandbox } from '../src/sandbox/index.ts';
import { DIST, environment, type Figure, figure, interleave, orgOf, run } from './measure.ts';

const START_PAIRS = 21;
/** The first request has left before four empty starts of Node are over. */
const MAX_START_RATIO = 4;
const MAX_REQUESTS = 1;

/** From the start of the process to its first request, and how many requests there are. */
export async function measureStart(): Promise<Figure[]> {
  const sandbox = await startSandbox({ clock: Date });
  try {
    const env = environment({
      operation: 'create-session',
      devin_token: 'cog_sandbox_org',
      org_id: await orgOf(sandbox.url),
      api_url: sandbox.url,
      prompt: 'Fix the parser so that it keeps a trailing comma.',
      wait: 'none',
    });
    const bundle = async () => {
      const arrivals: number[] = [];
      const arrived = () => void arrivals.push(performance.now());
      subscribe('http.server.request.start', arrived);
      const { startedAt, ms } = await run([join(DIST, 'index.js')], env);
      unsubscribe('http.server.request.start', arrived);
      return { first: (arrivals[0] ?? Number.NaN) - startedAt, ms, requests: arrivals.length };
    };
    const pairs = await interleave(START_PAIRS, bundle, () => run(['-e', '0']));
    return [
      figure(
        'start to first request / empty Node process',
        'x',
        pairs.map(([step, bare]) => step.first / bare.ms),
        MAX_START_RATIO,
      ),
      figure(
        'whole step / empty Node process',
        'x',
        pairs.map(([step, bare]) => step.ms / bare.ms),
      ),
      figure(
        'start to first request',
        'ms',
        pairs.map(([step]) => step.first),
      ),
      figure(
        'whole step, create-session without waiting',
        'ms',
        pairs.map(([step]) => step.ms),
      ),
      figure(
        'empty Node process',
        'ms',
        pairs.map(([, bare]) => bare.ms),
      ),
      figure(
        'requests of create-session with org_id',
        'requests',
        pairs.map(([step]) => step.requests),
        MAX_REQUESTS,
      ),
    ];
  } finally {
    await sandbox.close();
  }
}
