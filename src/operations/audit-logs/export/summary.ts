import { timeChart } from '../../../report/chart.ts';
import { code, details, nameOrId, sections, table } from '../../../report/markdown.ts';
import { type Mark, title } from '../../../report/marks.ts';
import { count, duration, instant, number, size } from '../../../report/units.ts';
import type { ExportManifest } from '../chain/export-manifest.ts';
import type { Range } from '../events/time.ts';
import type { Tally } from './tally.ts';

const SHOWN_ACTIONS = 100;
const SHOWN_NAMES = 30;
const SHOWN_FILES = 100;
/** Alerts that are shown expanded; the figures should remain visible. */
const OPEN_ALERTS = 10;

/** What a summary shows. */
export interface ExportStory {
  readonly tally: Tally;
  readonly window: Range;
  readonly lagSeconds: number;
  readonly hasMore: boolean;
  /** Undefined if nothing was exported, not even an empty window. */
  readonly manifest: ExportManifest | undefined;
  readonly manifestFile: string;
  /** SHA-256 of the manifest. */
  readonly manifestHash: string;
  readonly outputDir: string;
  /** Names of organizations by their IDs, as far as they are known. */
  readonly names: ReadonlyMap<string, string>;
  /** Why the step fails, in Markdown; empty if it does not. */
  readonly failure: string;
}

/** `2026-11-20 03:00 → 2026-11-21 03:00`, in UTC. */
const span = ({ from, to }: Range) => `${instant(from * 1_000)} → ${instant(to * 1_000)}`;

/** The most important line. */
export function exportHeadline({ tally, window, lagSeconds, hasMore }: ExportStory): string {
  const behind = `${duration(Math.max(0, lagSeconds) * 1_000)} behind`;
  return `${count(tally.events, 'event')}, ${span(window)}${hasMore ? ', and more' : ''} · ${behind}`;
}

/** The first line of a summary: alerts come first. */
function titleOf(story: ExportStory): string {
  const { tally, window, failure, manifest } = story;
  const alerts = tally.alertCount;
  const mark: Mark = failure !== '' ? 'failed' : alerts > 0 ? 'attention' : 'done';
  const events = count(tally.events, 'audit event');
  const exported = manifest === undefined ? 'No new audit events' : `Exported ${events}`;
  return title(mark, alerts === 0 ? `${exported}, ${span(window)}` : `${count(alerts, 'alert')} in ${events}`);
}

const organizationOf =
  ({ names }: ExportStory) =>
  (id: string | null) =>
    id === null ? 'the enterprise itself' : nameOrId(names.get(id) ?? id);

/** The alerts, the newest first, which come before everything else; the IDs of their events are in the files and the result. */
function alertsPart(story: ExportStory): string {
  const { alerts, alertCount } = story.tally;
  if (alertCount === 0) return '';
  const named = organizationOf(story);
  const rows = alerts
    .toReversed()
    .map(({ at, action, org, actor }) => [instant(at * 1_000), code(action), nameOrId(actor), named(org)]);
  const rest =
    alertCount > alerts.length ? `\n\n${count(alertCount - alerts.length, 'older alert')} in the files.` : '';
  const head = ['Time (UTC)', 'Action', 'By', 'Organization'];
  const folded = rows.slice(OPEN_ALERTS);
  const more =
    folded.length === 0 ? '' : details(`${count(alertCount - OPEN_ALERTS, 'more alert')}`, table(head, folded) + rest);
  return sections(table(head, rows.slice(0, OPEN_ALERTS)), more).trim();
}

/** The figures in one line: `14 repeated events left out · 24 files · 3.1 MB gzip · continues the chain from a41c…`. */
function figures({ tally, manifest, window, lagSeconds, hasMore }: ExportStory): string {
  const range = tally.alertCount === 0 ? [] : [span(window)];
  const behind = `complete up to ${duration(Math.max(0, lagSeconds) * 1_000)} ago${hasMore ? ', and more to export' : ''}`;
  if (manifest === undefined) return `Nothing was written: the range is exported already · ${behind}`;
  const { files, compression, previous } = manifest;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    ...range,
    ...(tally.late === 0 ? [] : [count(tally.late, 'late event')]),
    ...(tally.duplicates === 0 ? [] : [`${count(tally.duplicates, 'repeated event')} left out`]),
    count(files.length, 'file'),
    `${size(bytes)}${compression === 'none' ? '' : ` ${compression}`}`,
    previous ? `continues the chain from ${code(`${previous.sha256.slice(0, 4)}…`)}` : 'starts a new chain',
    behind,
  ].join(' · ');
}

/** A collapsed table of counts. If rare entries are the interesting ones, they come first. */
function countsPart<K>(
  [heading, noun]: readonly [heading: string, noun: string],
  counts: ReadonlyMap<K, number>,
  name: (key: K) => string,
  rareFirst: boolean,
  most: number,
): string {
  if (counts.size === 0) return '';
  const sorted = [...counts].sort(([, a], [, b]) => (rareFirst ? a - b : b - a));
  const rest = counts.size > most ? `\n\n${count(counts.size - most, 'more')}.` : '';
  const rows = sorted.slice(0, most).map(([key, amount]) => [name(key), number(amount)]);
  return details(count(counts.size, noun), table([heading, 'Events'], rows) + rest);
}

function filesPart({ manifest, manifestFile, manifestHash, outputDir }: ExportStory): string {
  if (manifest === undefined) return '';
  const rows = manifest.files
    .slice(0, SHOWN_FILES)
    .map(({ path, events, bytes, sha256 }) => [
      code(`${outputDir}/${path}`),
      number(events),
      size(bytes),
      code(sha256),
    ]);
  const rest =
    manifest.files.length > SHOWN_FILES ? `\n\n${count(manifest.files.length - SHOWN_FILES, 'more file')}.` : '';
  const anchor = `Manifest ${code(manifestFile)}, SHA-256 ${code(manifestHash)}.`;
  const list = rows.length === 0 ? '' : `${table(['File', 'Events', 'Size', 'SHA-256'], rows)}${rest}\n\n`;
  return details(`${count(manifest.files.length, 'file')} and the manifest`, list + anchor);
}

/** The summary of an export: alerts, figures, a chart, and everything else collapsed. */
export function exportSummary(story: ExportStory): string {
  const { tally, failure, window } = story;
  return sections(
    titleOf(story),
    failure,
    alertsPart(story),
    figures(story),
    timeChart('Events', tally.hours, window),
    countsPart(['Action', 'action'], tally.actions, code, true, SHOWN_ACTIONS),
    countsPart(['Organization', 'organization'], tally.organizations, organizationOf(story), false, SHOWN_NAMES),
    countsPart(['By', 'user'], tally.actors, nameOrId, false, SHOWN_NAMES),
    filesPart(story),
  );
}
