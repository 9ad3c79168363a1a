// What every measurement needs: whole processes with the environment of a step, and pairs of them in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
/** The bundle that is measured. */
export const DIST = join(root, 'dist');
/** The Node that runs it, as on a runner. */
export const NODE = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
const WARM_UPS = 2;

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly unit: 'x' | 'ms' | 'bytes' | 'requests' | 'MB';
  readonly value: number;
  readonly lowest?: number;
  readonly highest?: number;
  /** How many pairs or runs the median is of. */
  readonly runs?: number;
  readonly budget?: number;
}

/** Folder of the steps. */
export const home = mkdtempSync(join(tmpdir(), 'bench-'));
const { inputs: declared } = parse(readFileSync(join(root, 'action.yml'), 'utf8'));
const DEFAULTS = Object.entries<{ default?: string }>(declared).map(([name, input]) => [name, input.default ?? '']);

/** The environment of a step, as a runner sets it. */
export function environment(inputs: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.entries({ ...Object.fromEntries(DEFAULTS), ...inputs });
  const file = (name: string) => join(home, name);
  for (const name of ['output', 'state', 'env', 'summary']) writeFileSync(file(name), '');
  return {
    PATH: process.env['PATH'] ?? '',
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: file('output'),
    GITHUB_STATE: file('state'),
    GITHUB_ENV: file('env'),
    GITHUB_STEP_SUMMARY: file('summary'),
    GITHUB_REPOSITORY: 'acme/api',
    GITHUB_WORKSPACE: home,
    RUNNER_TEMP: home,
    ...Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, String(value)])),
  };
}

/** Runs a Node process to its end. Gives when it was started and how long it took. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ startedAt: number; ms: number; output: string }> {
  const startedAt = performance.now();
  const child = spawn(NODE, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  let endedAt = 0;
  child.once('exit', () => {
    endedAt = performance.now();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}`);
  return { startedAt, ms: endedAt - startedAt, output };
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

/** The median of some values, with the lowest and the highest. */
export function figure(name: string, unit: Figure['unit'], values: readonly number[], budget?: number): Figure {
  const order = sorted(values);
  const middle = order.length >> 1;
  const upper = order[middle] ?? Number.NaN;
  const value = order.length % 2 === 1 ? upper : ((order[middle - 1] ?? upper) + upper) / 2;
  const [lowest = value, highest = value] = [order[0], order.at(-1)];
  return { name, unit, value, lowest, highest, runs: values.length, ...(budget === undefined ? {} : { budget }) };
}

/** Runs pairs, the first member first in one and last in the next, so that neither gains by its place. */
export async function interleave<A, B>(count: number, a: () => Promise<A>, b: () => Promise<B>): Promise<[A, B][]> {
  const pairs: [A, B][] = [];
  for (let at = -WARM_UPS; at < count; at += 1) {
    let pair: [A, B];
    if (at % 2 === 0) {
      const first = await a();
      pair = [first, await b()];
    } else {
      const first = await b();
      pair = [await a(), first];
    }
    if (at >= 0) pairs.push(pair);
  }
  return pairs;
}

/** Removes what the steps left. */
export const cleanUp = () => rmSync(home, { recursive: true, force: true });

/** The sandbox's first organization. */
export async function orgOf(url: string): Promise<string> {
  const response = await fetch(`${url}/v3/self`, { headers: { authorization: 'Bearer cog_sandbox_org' } });
  return JSON.parse(await response.text()).org_id;
}
