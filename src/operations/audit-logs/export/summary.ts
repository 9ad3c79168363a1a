import { code, details, fence, plain, table } from '../../../report/markdown.ts';
import { count, duration, instant, number } from '../../../report/units.ts';
import type { Manifest } from '../chain/manifest.ts';
import type { Range } from '../events/time.ts';
import type { Tally } from './tally.ts';

const SHOWN_ACTIONS = 100;
const SHOWN_NAMES = 30;
const SHOWN_FILES = 100;
/** Alerts that are shown expanded; the figures should remain visible. */
const OPEN_ALERTS = 10;
/** Bars of the chart; a longer range has a bar for each month. */
const MAX_BARS = 62;

/** What a summary shows. */
export interface ExportStory {
  readonly tally: Tally;
  readonly window: Range;
  readonly lagSeconds: number;
  readonly hasMore: boolean;
  /** Undefined if nothing was exported, not even an empty window. */
  readonly manifest: Manifest | undefined;
  readonly manifestFile: string;
  /** SHA-256 of the manifest. */
  readonly manifestHash: string;
  readonly outputDir: string;
  /** Why the step fails, in Markdown; empty if it does not. */
  readonly failure: string;
}

/** A number of bytes: `3.1 MB`. */
export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = value < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
  return step === 0 ? count(value, 'byte') : `${number(Math.round((value / 1_000 ** step) * 10) / 10)} ${units[step]}`;
}

/** `2026-11-20 03:00 → 2026-11-21 03:00`, in UTC. */
const span = ({ from, to }: Range) => `${instant(from * 1_000)} → ${instant(to * 1_000)}`;

/** The most important line. */
export function headline({ tally, window, lagSeconds, hasMore }: ExportStory): string {
  const behind = `${duration(Math.max(0, lagSeconds) * 1_000)} behind`;
  return `${count(tally.events, 'event')}, ${span(window)}${hasMore ? ', and more' : ''} · ${behind}`;
}

const organization = (id: string | null) => (id === null ? 'the enterprise itself' : code(id));

/** The alerts, which come first. */
function alertsPart({ alerts, alertCount }: Tally): string {
  if (alertCount === 0) return '';
  const rows = alerts.map(({ at, action, org, actor, id }) => [
    instant(at * 1_000),
    code(action),
    organization(org),
    plain(actor),
    code(id),
  ]);
  const rest = alertCount > alerts.length ? `\n\n${count(alertCount - alerts.length, 'more alert')} in the files.` : '';
  const head = ['Time (UTC)', 'Action', 'Organization', 'By', 'Event'];
  const folded = table(head, rows.slice(OPEN_ALERTS)) + rest;
  return [
    `**⚠ ${count(alertCount, 'alert')}**`,
    table(head, rows.slice(0, OPEN_ALERTS)),
    ...(rows.length > OPEN_ALERTS ? [details(`The other ${number(alertCount - OPEN_ALERTS)}`, folded)] : []),
  ].join('\n\n');
}

function figures({ tally, manifest }: ExportStory): string {
  const files = manifest?.files ?? [];
  const size = files.reduce((sum, file) => sum + file.bytes, 0);
  const compression = manifest === undefined || manifest.compression === 'none' ? '' : ` ${manifest.compression}`;
  const previous = manifest?.previous;
  return table(
    ['Events', 'Late', 'Repeated', 'Files', 'Size', 'Chain'],
    [
      [
        number(tally.events),
        number(tally.late),
        number(tally.duplicates),
        number(files.length),
        `${bytes(size)}${compression}`,
        previous ? `follows ${code(`${previous.sha256.slice(0, 8)}…`)}` : 'begins here',
      ],
    ],
  );
}

/** Counts by day, or by month of a long range, without gaps. */
function bars({ tally, window }: ExportStory): readonly (readonly [string, number])[] {
  const days = (window.to - window.from) / 86_400;
  const isLong = days > MAX_BARS;
  const label = (at: number) => new Date(at * 1_000).toISOString().slice(0, isLong ? 7 : 10);
  const counts = new Map<string, number>();
  const first = Math.min(tally.oldest ?? window.from, window.from);
  for (let at = first; at < window.to; at += 86_400) counts.set(label(at), 0);
  for (const [at, amount] of tally.days) counts.set(label(at), (counts.get(label(at)) ?? 0) + amount);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).slice(-MAX_BARS);
}

function chart(story: ExportStory): string {
  const columns = bars(story);
  if (story.tally.events === 0 || columns.length < 2) return '';
  const title = columns[0]?.[0].length === 7 ? 'month' : 'day';
  const lines = [
    'xychart-beta',
    `  title "Events by ${title} (UTC)"`,
    `  x-axis [${columns.map(([label]) => `"${label}"`).join(', ')}]`,
    '  y-axis "Events"',
    `  bar [${columns.map(([, amount]) => amount).join(', ')}]`,
  ];
  return fence(lines.join('\n'), 'mermaid');
}

/** A collapsed table of counts. If rare entries are the interesting ones, they come first. */
function countsPart<K>(
  title: string,
  counts: ReadonlyMap<K, number>,
  name: (key: K) => string,
  rareFirst: boolean,
  most: number,
): string {
  if (counts.size === 0) return '';
  const sorted = [...counts].sort(([, a], [, b]) => (rareFirst ? a - b : b - a));
  const rest = counts.size > most ? `\n\n${count(counts.size - most, 'more')}.` : '';
  const rows = sorted.slice(0, most).map(([key, amount]) => [name(key), number(amount)]);
  return details(`${title} (${number(counts.size)})`, table([title, 'Events'], rows) + rest);
}

function filesPart({ manifest, manifestFile, manifestHash, outputDir }: ExportStory): string {
  if (manifest === undefined) return '';
  const rows = manifest.files
    .slice(0, SHOWN_FILES)
    .map(({ path, events, bytes: size, sha256 }) => [
      code(`${outputDir}/${path}`),
      number(events),
      bytes(size),
      code(sha256),
    ]);
  const rest =
    manifest.files.length > SHOWN_FILES ? `\n\n${count(manifest.files.length - SHOWN_FILES, 'more file')}.` : '';
  const anchor = `Manifest ${code(manifestFile)}, SHA-256 ${code(manifestHash)}.`;
  const list = rows.length === 0 ? '' : `${table(['File', 'Events', 'Size', 'SHA-256'], rows)}${rest}\n\n`;
  return details(`Files (${number(manifest.files.length)}) and manifest`, list + anchor);
}

/** The summary of an export: alerts, figures, a chart, and everything else collapsed. */
export function exportSummary(story: ExportStory): string {
  const { tally, failure, manifest } = story;
  const mark = failure !== '' ? '✗' : tally.alertCount > 0 ? '⚠' : '✓';
  const parts = [
    `### ${mark} ${headline(story)}`,
    failure,
    alertsPart(tally),
    manifest === undefined ? 'Nothing was written: the range is exported already.' : figures(story),
    chart(story),
    countsPart('Action', tally.actions, (action) => code(action), true, SHOWN_ACTIONS),
    countsPart('Organization', tally.organizations, organization, false, SHOWN_NAMES),
    countsPart('By', tally.actors, plain, false, SHOWN_NAMES),
    filesPart(story),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
