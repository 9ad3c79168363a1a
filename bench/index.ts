// Measures the shipped bundle. Times depend on the machine, so each figure is a ratio of two times that were taken right
// after one another, with everything else equal; the table shows the median of the pairs, the lowest and the highest.
// It never judges: the exit code is 0 whatever the figures. usage: npm run bench [-- --json FILE]
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureAcross } from './across.ts';
import { measureExporting } from './exporting.ts';
import { cleanUp, DIST, type Figure } from './measure.ts';
import { measurePlanning } from './planning.ts';
import { measureReading } from './reading.ts';
import { measureStart } from './start.ts';

/** Sizes of the bundle; scripts/check-size.ts holds them to their budget. */
function measureSizes(): Figure[] {
  const files = readdirSync(DIST).filter((name) => name.endsWith('.js'));
  const sizes = files.map((name) => ({ name, value: statSync(join(DIST, name)).size }));
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
  if (unit === 'MB') return `${value.toFixed(0)} MB`;
  if (unit === 'ms') return `${value.toFixed(0)} ms`;
  return unit === 'bytes' ? `${value.toLocaleString('en-US')} bytes` : String(value);
}

function print(figures: readonly Figure[]): void {
  const rows = figures.map(({ name, unit, value, lowest, highest, runs, budget }) => [
    name,
    shown(value, unit),
    lowest === undefined ? '' : `${shown(lowest, unit)} – ${shown(highest, unit)}`,
    runs === undefined ? '' : String(runs),
    budget === undefined ? '' : `at most ${shown(budget, unit)}${value > budget ? '  over budget' : ''}`,
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
  const figures = [
    ...(await measureStart()),
    ...(await measureReading()),
    ...(await measureAcross()),
    ...(await measurePlanning()),
    ...(await measureExporting()),
    ...measureSizes(),
  ];
  print(figures);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ schema_version: 1, figures }, null, 2)}\n`);
} finally {
  cleanUp();
}
