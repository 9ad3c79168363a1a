import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FORMAT_NAMES, type FormatName } from '../src/operations/audit-logs/formats/names.ts';
import { DIST, environment, type Figure, figure, home, interleave, run } from './measure.ts';

const BUNDLE = join(DIST, 'index.js');
const file = (name: string) => join(import.meta.dirname, name);
const CONCURRENCY = 6;
/** At least six times as fast as the documentation's loop. */
const MAX_LATENCY_RATIO = 1 / 6;
/** At least 0.6 of the rate of a reader that throws the pages away. */
const MAX_BARE_RATIO = 1 / 0.6;
/** At 20 ms a page, every format takes at most this many times as long as JSONL. */
const MAX_FORMAT_RATIO = 1.25;
/** The most memory for a million events, in every format. */
const MAX_PEAK_MB = 220;
/** Ten times the events in at most this many times the time. */
const MAX_TIME_RATIO = 10.5;

interface Server {
  readonly url: string;
  readonly since: string;
  readonly until: string;
}

/** Serves made-up events while `use` runs. */
async function serve<T>(events: number, latencyMs: number, use: (server: Server) => Promise<T>): Promise<T> {
  const args = [file('audit-server.mjs'), String(events), '90', String(latencyMs)];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
    const [url = '', since = '', until = ''] = String(line).trim().split(' ');
    return await use({ url, since, until });
  } finally {
    server.kill();
  }
}

const grouped = (count: number) => count.toLocaleString('en-US');

/** Exports every event. Gives how long that took, and the most memory that the process had, in MB. */
async function exported({ url, since, until }: Server, events: number, format = 'jsonl') {
  const peak = join(home, 'peak');
  rmSync(join(home, 'devin-audit-logs'), { recursive: true, force: true });
  const inputs = { operation: 'export-audit-logs', devin_token: 'cog_bench', api_url: url, since, until, format };
  const preload = `--import=${new URL('peak.mjs', import.meta.url).href}`;
  const ended = await run([BUNDLE], { ...environment(inputs), NODE_OPTIONS: preload, PEAK_FILE: peak });
  if (!ended.output.includes(`${grouped(events)} events, `)) throw new Error(`Not every event:\n${ended.output}`);
  return { ms: ended.ms, peakMb: Number(readFileSync(peak, 'utf8')) / 1024 };
}

async function bare({ url, since, until }: Server, events: number) {
  const path = `${url}/v3/enterprise/audit-logs`;
  const ended = await run([file('read-concurrently.mjs'), path, since, until, String(CONCURRENCY)]);
  if (Number(ended.output) !== events) throw new Error(`The bare reader got ${ended.output.trim()} events`);
  return ended;
}

/** The documentation's loop: one page of 100 after the other, in Python. Gives milliseconds; undefined without Python. */
async function documented({ url, since, until }: Server, events: number): Promise<number | undefined> {
  const startedAt = performance.now();
  const child = spawn('python3', [file('documented_loop.py'), url, since, until], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.on('error', () => undefined);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) return undefined;
  if (Number(output) !== events) throw new Error(`The documentation's loop got ${output.trim()} events`);
  return performance.now() - startedAt;
}

async function measureLatency(events: number): Promise<Figure[]> {
  return await serve(events, 100, async (server) => {
    const ours = await exported(server, events);
    const theirs = await documented(server, events);
    if (theirs === undefined) return [];
    const name = `export of ${grouped(events)} events at 100 ms a page / the documentation's loop`;
    return [figure(name, 'x', [ours.ms / theirs], MAX_LATENCY_RATIO)];
  });
}

async function measureRate(events: number): Promise<Figure[]> {
  return await serve(events, 0, async (server) => {
    const withBare = await interleave(
      5,
      () => exported(server, events),
      () => bare(server, events),
    );
    const ratios = (pairs: readonly (readonly [{ ms: number }, { ms: number }])[]) =>
      pairs.map(([a, b]) => a.ms / b.ms);
    return [
      figure(`export of ${grouped(events)} events / bare concurrent fetch`, 'x', ratios(withBare), MAX_BARE_RATIO),
    ];
  });
}

/** Each format against JSONL, at the speed of a network. */
export async function measureFormats(events: number, formats: readonly FormatName[], pairs = 3): Promise<Figure[]> {
  return await serve(events, 20, async (server) => {
    const figures: Figure[] = [];
    for (const format of formats) {
      const both = await interleave(
        pairs,
        () => exported(server, events, format),
        () => exported(server, events),
      );
      const name = `export as ${format} / as jsonl, ${grouped(events)} events at 20 ms a page`;
      const ratios = both.map(([a, b]) => a.ms / b.ms);
      figures.push(figure(name, 'x', ratios, MAX_FORMAT_RATIO));
    }
    return figures;
  });
}

/** The most memory that an export takes, in each format. */
export async function measurePeaks(events: number, formats: readonly FormatName[]): Promise<Figure[]> {
  return await serve(events, 0, async (server) => {
    const figures: Figure[] = [];
    for (const format of formats) {
      const { peakMb } = await exported(server, events, format);
      figures.push(figure(`peak memory for ${grouped(events)} events as ${format}`, 'MB', [peakMb], MAX_PEAK_MB));
    }
    return figures;
  });
}

async function measureGrowth(few: number, many: number): Promise<Figure[]> {
  const middle = await serve(few, 0, (server) => exported(server, few));
  const large = await serve(many, 0, (server) => exported(server, many));
  return [
    figure(`${grouped(many)} events / ${grouped(few)} events, time`, 'x', [large.ms / middle.ms], MAX_TIME_RATIO),
  ];
}

const OTHER_FORMATS = FORMAT_NAMES.filter((format) => format !== 'jsonl');

/** Everything about the export of audit events. */
export const measureExporting = async (): Promise<Figure[]> => [
  ...(await measureLatency(200_000)),
  ...(await measureRate(200_000)),
  ...(await measureFormats(200_000, OTHER_FORMATS)),
  ...(await measurePeaks(10_000, ['jsonl'])),
  ...(await measurePeaks(1_000_000, FORMAT_NAMES)),
  ...(await measureGrowth(100_000, 1_000_000)),
];
