import { expect, test } from 'vitest';
import { barChart, timeChart } from '../../src/report/chart.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const START = Date.parse('2026-11-20T03:00:00Z') / 1_000;

const listOf = (chart: string, line: RegExp) => (line.exec(chart)?.[1] ?? '').split(', ');
const labelsOf = (chart: string) =>
  listOf(chart, /x-axis \[(.*)\]/)
    .map((label) => label.replaceAll(/["\u00ad]/g, ''))
    .filter((label) => label !== '');
const valuesOf = (chart: string) => listOf(chart, /bar \[(.*)\]/).map(Number);
const range = (seconds: number) => ({ from: START, to: START + seconds });

test('a chart begins at zero, and has its numbers beside it', () => {
  const chart = barChart(
    'Events by day',
    ['Day', 'Events'],
    [
      ['11-20', 264],
      ['11-21', 1333],
    ],
  );
  expect(chart).toContain('y-axis "Events" 0 --> 1500');
  expect(chart).toContain('| Day | Events |\n|:--|--:|\n| 11-20 | 264 |\n| 11-21 | 1,333 |');
  expect(barChart('x', ['a', 'b'], [['one', 1]])).toBe('');
});

/** How well two colors can be told apart, by WCAG 2.2: from 1 to 21. */
function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
    const [red = 0, green = 0, blue = 0] = parts.map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

test.each(['#ffffff', '#333333', '#0d1117'])('bars can be seen on %s', (background) => {
  const chart = timeChart('Events', new Map([[START, 1]]), range(DAY));
  const [, color = ''] = /^%%\{init: .*"plotColorPalette": "(#[\da-f]{6})"\}+%%$/m.exec(chart) ?? [];
  expect(contrast(color, background)).toBeGreaterThan(3);
});

test('bars stand for hours up to 48 hours, days up to 60 days, then weeks or months, without gaps', () => {
  const counts = new Map([
    [START, 5],
    [START + 30 * HOUR, 7],
  ]);
  for (const [seconds, by, bars] of [
    [48 * HOUR, 'hour', 48],
    [60 * DAY, 'day', 61],
    [200 * DAY, 'week', 30],
    [800 * DAY, 'month', 27],
  ] as const) {
    const chart = timeChart('Events', counts, range(seconds));
    expect(chart).toContain(`title "Events by ${by} (UTC)"`);
    const values = valuesOf(chart);
    expect(Math.abs(values.length - bars)).toBeLessThan(2);
    expect(values.reduce((sum, value) => sum + value, 0)).toBe(12);
  }
  expect(timeChart('Events', new Map(), range(DAY))).toBe('');
  const late = { from: START + 2_700, to: START + 2_700 + 48 * HOUR };
  expect(timeChart('Events', counts, late)).toContain('by hour');
});

test('labels never overlap, and each bar is one of its own', () => {
  for (let hours = 2; hours < 24 * 60; hours += 5) {
    const chart = timeChart('Events', new Map([[START, 1]]), range(hours * HOUR));
    const labels = labelsOf(chart);
    expect(labels.join('   ').length).toBeLessThan(115);
    expect(labels.length).toBeGreaterThan(0);
    const all = listOf(chart, /x-axis \[(.*)\]/);
    expect(new Set(all).size).toBe(valuesOf(chart).length);
  }
});

test('a late event before the window has a bar, and years have one for each month', () => {
  const chart = timeChart('Events', new Map([[START - 2 * DAY, 3]]), range(HOUR));
  expect(valuesOf(chart)[0]).toBe(3);
  expect(valuesOf(timeChart('Events', new Map([[START, 3]]), range(20 * 366 * DAY))).length).toBeLessThan(70);
});
