import { details, fence, sections, table } from './markdown.ts';
import { number } from './units.ts';

/** What one bar stands for, and how long it is. */
export type Bar = readonly [label: string, value: number];

/** Labels that fit beside each other, by their length in characters. */
const MAX_WIDTH = 84;
/** Bars of the same label are drawn as one: this makes a label unique, and does not show. */
const INVISIBLE = '\u00ad';

/** GitHub draws charts in its light or its dark theme, whose own bars are too pale on white. This blue can be seen on both. */
const THEME = '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#2f81f7"}}}}%%';

/** The next round number: the end of an axis. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 1.5, 2, 3, 4, 5, 7.5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** Only as many labels as can be read; the other bars have none. */
function readable(labels: readonly string[]): readonly string[] {
  const width = Math.max(...labels.map((label) => label.length)) + 3;
  const every = Math.ceil((labels.length * width) / MAX_WIDTH);
  return labels.map((label, at) => (at % every === 0 ? label : INVISIBLE.repeat(at + 1)));
}

/**
 * A bar chart that begins at zero, with its numbers in a folded table. Labels are our own: letters, digits, `:` and `-`,
 * each once. Empty for less than two bars.
 */
export function barChart(title: string, [x, y]: readonly [x: string, y: string], bars: readonly Bar[]): string {
  if (bars.length < 2) return '';
  const lines = [
    THEME,
    'xychart-beta',
    `  title "${title}"`,
    `  x-axis [${readable(bars.map(([label]) => label))
      .map((label) => `"${label}"`)
      .join(', ')}]`,
    `  y-axis "${y}" 0 --> ${roundUp(Math.max(...bars.map(([, value]) => value)))}`,
    `  bar [${bars.map(([, value]) => value).join(', ')}]`,
  ];
  const rows = bars.map(([label, value]) => [label, number(value)]);
  return sections(fence(lines.join('\n'), 'mermaid'), details(`${title}: the numbers`, table([x, y], rows))).trim();
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** How bars of time are grouped: what one of them is called, and the beginning of the one that contains a Unix second. */
interface Grouping {
  readonly name: string;
  beginning(at: number): number;
  label(at: number): string;
}

const iso = (at: number) => new Date(at * 1_000).toISOString();
const day = (at: number) => iso(at).slice(5, 10);

const GROUPINGS = {
  hour: { name: 'hour', beginning: (at) => at - (at % HOUR), label: (at) => iso(at).slice(5, 16).replace('T', ' ') },
  day: { name: 'day', beginning: (at) => at - (at % DAY), label: day },
  // The first of January 1970 was a Thursday, so that the week of its Monday began three days before.
  week: { name: 'week', beginning: (at) => at - ((at + 3 * DAY) % (7 * DAY)), label: day },
  month: {
    name: 'month',
    beginning: (at) => Date.parse(`${iso(at).slice(0, 7)}-01T00:00:00Z`) / 1_000,
    label: (at) => iso(at).slice(0, 7),
  },
} as const satisfies Readonly<Record<string, Grouping>>;

/** More bars could not be told apart; the newest are kept. */
const MAX_BARS = 64;

/** The first hour of a range may have begun before it. */
function groupingOf(seconds: number): Grouping {
  if (seconds < 49 * HOUR) return GROUPINGS.hour;
  if (seconds < 60 * DAY + HOUR) return GROUPINGS.day;
  return seconds <= 52 * 7 * DAY ? GROUPINGS.week : GROUPINGS.month;
}

/**
 * Numbers in time as a chart: by hour up to two days, by day up to 60 days, then by week or month, without gaps. `counts`
 * has a number for each of the hours in which something happened, by the Unix second at which it begins; `from` and `to`
 * are Unix seconds.
 */
export function timeChart(
  what: string,
  counts: ReadonlyMap<number, number>,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const earliest = to - MAX_BARS * 31 * DAY;
  const first = [...counts.keys()].reduce(
    (least, at) => Math.min(least, Math.max(at, earliest)),
    Math.max(from, earliest),
  );
  const { name, beginning, label } = groupingOf(to - first);
  const bars = new Map<string, number>();
  for (let at = beginning(first); at < to; at += HOUR) bars.set(label(beginning(at)), 0);
  for (const [at, value] of counts) {
    if (at < earliest) continue;
    const key = label(beginning(at));
    bars.set(key, (bars.get(key) ?? 0) + value);
  }
  if ([...bars.values()].every((value) => value === 0)) return '';
  const column = `${name.replace(/^./, (letter) => letter.toUpperCase())} (UTC)`;
  return barChart(`${what} by ${name} (UTC)`, [column, what], [...bars].slice(-MAX_BARS));
}
