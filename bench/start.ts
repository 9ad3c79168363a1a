import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { startSandbox } from '../src/sandbox/index.ts';
import { DIST, environment, type Figure, figure, interleave, orgOf, run } from './measure.ts';

const START_PAIRS = 21;
/** The first request has left before four empty starts of Node are over. */
const MAX_START_RATIO = 4;
/** The whole step takes at most one and a half times as long as a process that sends the same request with undici. */
const MAX_POST_RATIO = 1.5;
const PROMPT = 'Fix the parser so that it keeps a trailing comma.';
const KEY = 'cog_sandbox_org';
const MAX_REQUESTS = 1;

/** From the start of the process to its first request, and how many requests there are. */
export async function measureStart(): Promise<Figure[]> {
  const sandbox = await startSandbox({ clock: Date });
  try {
    const orgId = await orgOf(sandbox.url);
    const env = environment({
      operation: 'create-session',
      devin_token: KEY,
      org_id: orgId,
      api_url: sandbox.url,
      prompt: PROMPT,
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
    const url = `${sandbox.url}/v3/organizations/${orgId}/sessions`;
    const post = () => run([join(import.meta.dirname, 'post.mjs'), url, KEY, JSON.stringify({ prompt: PROMPT })]);
    const posts = await interleave(START_PAIRS, bundle, post);
    return [
      figure(
        'whole step / one POST with undici',
        'x',
        posts.map(([step, bare]) => step.ms / bare.ms),
        MAX_POST_RATIO,
      ),
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
