import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DIST, environment, type Figure, figure, NODE, run } from './measure.ts';

const ORGANIZATIONS = 200;
const LATENCY_MS = 100;
const CONCURRENCY = 16;
const RUNS = 5;
/** The step itself, from the start of Node to its end, may take so many times what the API's latency takes alone. */
const MAX_RATIO = 2.5;

const SANDBOX = join(import.meta.dirname, '..', 'scripts', 'sandbox.ts');

/** A sandbox in a process of its own, so that serving costs the step nothing but time of the machine. */
async function withSandbox<T>(use: (url: string) => Promise<T>): Promise<T> {
  const child = spawn(NODE, [SANDBOX, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let output = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      output += chunk;
      const url = /listening on (\S+)/.exec(output)?.[1];
      if (url !== undefined) return await use(url);
    }
    throw new Error(`The sandbox did not start:\n${output}`);
  } finally {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

async function control(url: string, name: string, method: 'POST' | 'DELETE' | 'GET', body?: object): Promise<string> {
  const content = {
    headers: { 'x-sandbox-control': '1' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const response = await fetch(`${url}/sandbox/${name}`, { method, ...content });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return await response.text();
}

/** Sessions in many organizations: the whole process against the time that their requests take at the least. */
export const measureAcross = (): Promise<Figure[]> =>
  withSandbox(async (url) => {
    await control(url, 'seed', 'POST', { organizations: ORGANIZATIONS });
    await control(url, 'latency', 'POST', { ms: LATENCY_MS });
    const ratios: number[] = [];
    const counts: number[] = [];
    for (let at = -1; at < RUNS; at += 1) {
      await control(url, 'requests', 'DELETE');
      const inputs = {
        operation: 'create-session',
        devin_token: 'cog_sandbox_enterprise',
        org_id: '*',
        api_url: url,
        prompt: `Update the dependencies, run ${at}.`,
        concurrency: String(CONCURRENCY),
      };
      const { ms, output } = await run([join(DIST, 'index.js')], environment(inputs));
      if (!output.includes(`${ORGANIZATIONS} of ${ORGANIZATIONS} sessions`)) throw new Error(output.slice(-400));
      const { items } = JSON.parse(await control(url, 'requests', 'GET'));
      if (at < 0) continue;
      counts.push(items.length);
      ratios.push(ms / ((items.length * LATENCY_MS) / CONCURRENCY));
    }
    const about = `create-session in ${ORGANIZATIONS} organizations`;
    return [
      figure(`${about}, ${LATENCY_MS} ms latency, concurrency ${CONCURRENCY} / ideal`, 'x', ratios, MAX_RATIO),
      figure(`requests of ${about}`, 'requests', counts),
    ];
  });
