import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, figure, home, interleave, run } from './measure.ts';

const SCRIPT = join(import.meta.dirname, 'plan-sets.ts');
const COUNT = 100_000;
/** Planning may take this many times as long as sorting the same two arrays. */
const MAX_RATIO = 6;
const MAX_PEAK_MB = 300;

const peakFile = join(home, 'plan-peak');
const preload = `--import=${new URL('peak.mjs', import.meta.url).href}`;

/** Milliseconds that the work took, and the most memory of its process in MB. */
async function measured(what: 'plan' | 'sort') {
  const { output } = await run([SCRIPT, what, String(COUNT)], { NODE_OPTIONS: preload, PEAK_FILE: peakFile });
  return { ms: Number(output), peak: Number(readFileSync(peakFile, 'utf8')) / 1024 };
}

/** A plan for as many entries as there are, against sorting both sides. */
export async function measurePlanning(): Promise<Figure[]> {
  const pairs = await interleave(
    9,
    () => measured('plan'),
    () => measured('sort'),
  );
  const name = `plan ${COUNT.toLocaleString('en-US')} entries against as many`;
  return [
    figure(
      `${name} / sorting both`,
      'x',
      pairs.map(([plan, sort]) => plan.ms / sort.ms),
      MAX_RATIO,
    ),
    figure(
      name,
      'ms',
      pairs.map(([plan]) => plan.ms),
    ),
    figure(
      `${name}, peak memory`,
      'MB',
      pairs.map(([plan]) => plan.peak),
      MAX_PEAK_MB,
    ),
  ];
}
