import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { startSandbox } from '../src/sandbox/index.ts';
import { DIST, environment, type Figure, figure, home, interleave, orgOf, run } from './measure.ts';

const PAGE = 200;
const BARE = join(import.meta.dirname, 'read-pages.mjs');
const BUNDLE = join(DIST, 'index.js');
/** At least 0.7 of the bare loop's rate. */
const MAX_CALL_RATIO = 1 / 0.7;
/** A hundred times the rows in at most this much more memory. */
const MAX_GROWTH_MB = 40;

/** A list of the sandbox, page by page, by the cursor that asks for each. */
async function recordPages(seed: object, pathOf: (orgId: string) => string, credential: string) {
  const sandbox = await startSandbox({ clock: Date });
  try {
    await fetch(`${sandbox.url}/sandbox/seed`, {
      method: 'POST',
      headers: { 'x-sandbox-control': '1' },
      body: JSON.stringify(seed),
    });
    const orgId = await orgOf(sandbox.url);
    const pages = new Map<string, string>();
    let after: string | null = '';
    while (after !== null) {
      const cursor: string = after === '' ? '' : `&after=${after}`;
      const url = `${sandbox.url}${pathOf(orgId)}?first=${PAGE}${cursor}`;
      const text = await (await fetch(url, { headers: { authorization: `Bearer ${credential}` } })).text();
      pages.set(after, text);
      after = JSON.parse(text).end_cursor;
    }
    return { orgId, pages };
  } finally {
    await sandbox.close();
  }
}

/** Serves recorded pages, so that serving them costs next to nothing. */
async function serve<T>(pages: ReadonlyMap<string, string>, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    response.setHeader('content-type', 'application/json');
    response.end(pages.get(searchParams.get('after') ?? ''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port');
  try {
    return await use(`http://127.0.0.1:${address.port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function bare(url: string, expected: number) {
  const ended = await run([BARE, url]);
  if (Number(ended.output) !== expected) throw new Error(`The bare reader got ${ended.output.trim()} items`);
  return ended;
}

async function step(inputs: Record<string, string>, expected: string, more: Record<string, string> = {}) {
  const ended = await run([BUNDLE], { ...environment(inputs), ...more });
  if (!ended.output.includes(expected)) throw new Error(`No "${expected}" in:\n${ended.output.slice(0, 400)}`);
  return ended;
}

const grouped = (count: number) => count.toLocaleString('en-US');

/** Whole processes that read the same sessions. */
async function measureListing(count: number): Promise<Figure[]> {
  const path = (orgId: string) => `/v3/organizations/${orgId}/sessions`;
  const { orgId, pages } = await recordPages({ organizations: 1, sessions: count }, path, 'cog_sandbox_org');
  return await serve(pages, async (url) => {
    const inputs = {
      operation: 'list-sessions',
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      api_url: url,
      max_results: String(count),
    };
    const ours = () => step(inputs, `${grouped(count)} sessions`);
    const pairs = await interleave(9, ours, () => bare(`${url}${path(orgId)}?first=${PAGE}`, count));
    const ratios = pairs.map(([bundle, loop]) => bundle.ms / loop.ms);
    return [figure(`list-sessions over ${grouped(count)} sessions / bare fetch loop`, 'x', ratios)];
  });
}

/** The step that reads rows by `call-api` into a file. */
const callInputs = (url: string) => ({
  operation: 'call-api',
  devin_token: 'cog_sandbox_enterprise',
  api_url: url,
  endpoint: 'listAuditLogs',
  body_file: 'rows.jsonl',
});

/** Reads rows by `call-api` into a file. Gives the most memory that the process took, in MB. */
async function peakOf(url: string, count: number): Promise<number> {
  const file = join(home, 'peak');
  const preload = `--import=${new URL('peak.mjs', import.meta.url).href}`;
  await step(callInputs(url), `${grouped(count)} rows`, { NODE_OPTIONS: preload, PEAK_FILE: file });
  return Number(readFileSync(file, 'utf8')) / 1024;
}

const peaksOf = async (url: string, count: number) => [
  await peakOf(url, count),
  await peakOf(url, count),
  await peakOf(url, count),
];

/** `call-api` over many rows: its rate against the bare loop's, and its memory against that for a few rows. */
async function measureCalls(count: number, few: number): Promise<Figure[]> {
  const path = () => '/v3/enterprise/audit-logs';
  const record = (rows: number) =>
    recordPages({ audit_logs: rows, audit_log_days: 90 }, path, 'cog_sandbox_enterprise');
  const small = await serve((await record(few)).pages, (url) => peaksOf(url, few));
  return await serve((await record(count)).pages, async (url) => {
    const ours = () => step(callInputs(url), `${grouped(count)} rows`);
    const pairs = await interleave(7, ours, () => bare(`${url}${path()}?first=${PAGE}`, count));
    const peaks = await peaksOf(url, count);
    const least = Math.min(...small);
    return [
      figure(
        `call-api over ${grouped(count)} rows into a file / bare fetch loop`,
        'x',
        pairs.map(([bundle, loop]) => bundle.ms / loop.ms),
        MAX_CALL_RATIO,
      ),
      figure(`peak memory for ${grouped(few)} rows`, 'MB', small),
      figure(
        `peak memory for ${grouped(count)} rows, above that`,
        'MB',
        peaks.map((peak) => peak - least),
        MAX_GROWTH_MB,
      ),
    ];
  });
}

/** Everything about reading lists. */
export const measureReading = async (): Promise<Figure[]> => [
  ...(await measureListing(20_000)),
  ...(await measureCalls(100_000, 1_000)),
];
