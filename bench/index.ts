// Measures the shipped bundle. Times depend on the machine, so each figure is a ratio of two times that were taken right
// after one another, with everything else equal; the table shows the median of the pairs, the lowest and the highest.
// It never judges: the exit code is 0 whatever the figures. usage: npm run bench [-- --json FILE]
import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { startSandbox } from '../src/sandbox/index.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const NODE = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
const START_PAIRS = 21;
const READ_PAIRS = 15;
const WARM_UPS = 2;
const SESSIONS = 20_000;
const PAGE = 200;
/** The first request has left before four empty starts of Node are over. */
const MAX_START_RATIO = 4;
const MAX_REQUESTS = 1;

interface Figure {
  readonly name: string;
  readonly unit: 'x' | 'ms' | 'bytes' | 'requests';
  readonly value: number;
  readonly lowest?: number;
  readonly highest?: number;
  /** How many pairs or runs the median is of. */
  readonly runs?: number;
  readonly budget?: number;
}

const home = mkdtempSync(join(tmpdir(), 'bench-'));
const { inputs: declared } = parse(readFileSync(join(root, 'action.yml'), 'utf8'));
const DEFAULTS = Object.entries<{ default?: string }>(declared).map(([name, input]) => [name, input.default ?? '']);

/** The environment of a step, as a runner sets it. */
function environment(inputs: Readonly<Record<string, string>>): Record<string, string> {
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
async function run(
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

function figure(name: string, unit: Figure['unit'], values: readonly number[], budget?: number): Figure {
  const order = sorted(values);
  const middle = order.length >> 1;
  const upper = order[middle] ?? Number.NaN;
  const value = order.length % 2 === 1 ? upper : ((order[middle - 1] ?? upper) + upper) / 2;
  const [lowest = value, highest = value] = [order[0], order.at(-1)];
  return { name, unit, value, lowest, highest, runs: values.length, ...(budget === undefined ? {} : { budget }) };
}

/** Runs pairs, the first member first in one and last in the next, so that neither gains by its place. */
async function interleave<A, B>(count: number, a: () => Promise<A>, b: () => Promise<B>): Promise<[A, B][]> {
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

async function orgOf(url: string): Promise<string> {
  const response = await fetch(`${url}/v3/self`, { headers: { authorization: 'Bearer cog_sandbox_org' } });
  return JSON.parse(await response.text()).org_id;
}

/** From the start of the process to its first request, and how many requests there are. */
async function measureStart(): Promise<Figure[]> {
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
      const { startedAt, ms } = await run([join(dist, 'index.js')], env);
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

/** Every page of the sandbox's list, by the cursor that asks for it. */
async function recordPages(): Promise<{ orgId: string; pages: ReadonlyMap<string, string> }> {
  const sandbox = await startSandbox({ clock: Date });
  try {
    const seed = JSON.stringify({ organizations: 1, sessions: SESSIONS });
    await fetch(`${sandbox.url}/sandbox/seed`, { method: 'POST', body: seed });
    const orgId = await orgOf(sandbox.url);
    const pages = new Map<string, string>();
    let after: string | null = '';
    while (after !== null) {
      const cursor: string = after === '' ? '' : `&after=${after}`;
      const url = `${sandbox.url}/v3/organizations/${orgId}/sessions?first=${PAGE}${cursor}`;
      const text = await (await fetch(url, { headers: { authorization: 'Bearer cog_sandbox_org' } })).text();
      pages.set(after, text);
      after = JSON.parse(text).end_cursor;
    }
    return { orgId, pages };
  } finally {
    await sandbox.close();
  }
}

/** Whole processes that read the sandbox's pages; these are recorded first, so that serving them costs next to nothing. */
async function measureReading(): Promise<Figure[]> {
  const { orgId, pages } = await recordPages();
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    response.setHeader('content-type', 'application/json');
    response.end(pages.get(searchParams.get('after') ?? ''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port');
  const url = `http://127.0.0.1:${address.port}`;
  try {
    const env = environment({
      operation: 'list-sessions',
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      api_url: url,
      max_results: String(SESSIONS),
    });
    const list = `${url}/v3/organizations/${orgId}/sessions?first=${PAGE}`;
    const bare = async () => {
      const ended = await run([join(import.meta.dirname, 'read-pages.mjs'), list]);
      if (Number(ended.output) !== SESSIONS) throw new Error(`The bare reader got ${ended.output.trim()} sessions`);
      return ended;
    };
    const bundle = async () => {
      const ended = await run([join(dist, 'index.js')], env);
      if (!ended.output.includes(`${SESSIONS.toLocaleString('en-US')} sessions`))
        throw new Error(`The bundle did not read ${SESSIONS} sessions:\n${ended.output.slice(0, 400)}`);
      return ended;
    };
    const pairs = await interleave(READ_PAIRS, bundle, bare);
    return [
      figure(
        `list-sessions over ${SESSIONS} sessions / bare fetch loop`,
        'x',
        pairs.map(([ours, plain]) => ours.ms / plain.ms),
      ),
      figure(
        `list-sessions over ${SESSIONS} sessions`,
        'ms',
        pairs.map(([ours]) => ours.ms),
      ),
      figure(
        'bare fetch loop over the same pages',
        'ms',
        pairs.map(([, plain]) => plain.ms),
      ),
    ];
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Sizes of the bundle; scripts/check-size.ts holds them to their budget. */
function measureSizes(): Figure[] {
  const files = readdirSync(dist).filter((name) => name.endsWith('.js'));
  const sizes = files.map((name) => ({ name, value: statSync(join(dist, name)).size }));
  const chunks = sizes
    .toSorted((a, b) => b.value - a.value)
    .map(({ name, value }) => ({ name: `dist/${name}`, value }));
  const total = sizes.reduce((sum, { value }) => sum + value, 0);
  return [{ name: `dist/, ${files.length} chunks`, value: total }, ...chunks].map((entry) => ({
    ...entry,
    unit: 'bytes',
  }));
}

function shown(value: number | undefined, unit: Figure['unit']): string {
  if (value === undefined) return '';
  if (unit === 'x') return value.toFixed(2);
  if (unit === 'ms') return `${value.toFixed(0)} ms`;
  return unit === 'bytes' ? `${value.toLocaleString('en-US')} bytes` : String(value);
}

function print(figures: readonly Figure[]): void {
  const rows = figures.map(({ name, unit, value, lowest, highest, runs, budget }) => [
    name,
    shown(value, unit),
    lowest === undefined ? '' : `${shown(lowest, unit)} – ${shown(highest, unit)}`,
    runs === undefined ? '' : String(runs),
    budget === undefined ? '' : `at most ${budget}${value > budget ? '  over budget' : ''}`,
  ]);
  const all = [['', 'median', 'lowest – highest', 'pairs', 'budget'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  for (const row of all) {
    const cells = row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)));
    console.log(cells.join('  ').trimEnd());
  }
}

const { values } = parseArgs({ options: { json: { type: 'string' } } });
try {
  const figures = [...(await measureStart()), ...(await measureReading()), ...measureSizes()];
  print(figures);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ schema_version: 1, figures }, null, 2)}\n`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
