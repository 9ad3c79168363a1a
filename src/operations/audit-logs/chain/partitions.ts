import { compactTime, type Range } from '../events/time.ts';
import { sha256Of } from './export-manifest.ts';

/** How the events of an export are divided into files. */
export type Partition = 'none' | 'hour' | 'day' | 'org';

/** The length of a partition by time, in seconds; undefined for the others. */
export const UNIT_SECONDS: Readonly<Record<Partition, number | undefined>> = {
  none: undefined,
  hour: 3_600,
  day: 86_400,
  org: undefined,
};

/** The folder of events without an organization; readers of such folders read it as null. */
const NO_ORGANIZATION = '__HIVE_DEFAULT_PARTITION__';

const LONGEST_NAME = 150;

/** A character as percent-encoded UTF-8; a half surrogate, which UTF-8 does not have, in the same form. */
function percent(character: string): string {
  const code = character.charCodeAt(0);
  const half = [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  const bytes = character.isWellFormed() ? [...Buffer.from(character)] : half;
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/**
 * An ID from the API as the name of a folder. No ID can leave its folder, and no two IDs share one, even on a disk that
 * does not distinguish capital letters.
 */
function folderName(id: string): string {
  const name = id.replaceAll(/[^a-z0-9_-]/gu, percent);
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}-${sha256Of(name).slice(0, 16)}`;
}

/** The partition of an event by time: when its hour or day begins, in Unix seconds; 0 without such a partition. */
export function timeKey(partition: Partition, at: number): number {
  const unit = UNIT_SECONDS[partition];
  return unit === undefined ? 0 : Math.floor(at / unit) * unit;
}

function timeFolder(partition: 'hour' | 'day', start: number): string {
  const [, year, month, day, hour] = /^(\d{4})(\d{2})(\d{2})T(\d{2})/.exec(compactTime(start)) ?? [];
  const folder = `year=${year}/month=${month}/day=${day}/`;
  return partition === 'hour' ? `${folder}hour=${hour}/` : folder;
}

/** The folder of a partition inside `output_dir`, with a slash at its end; empty if there are no partitions. */
export function partitionFolder(partition: Partition, key: number | string | null): string {
  if (partition === 'none') return '';
  if (partition === 'org') return `org_id=${typeof key === 'string' ? folderName(key) : NO_ORGANIZATION}/`;
  return timeFolder(partition, Number(key));
}

/** The parts of the name of a file. */
export interface FileNaming {
  readonly partition: Partition;
  /** The window of the run. */
  readonly window: Range;
  /** Place of its manifest in the chain. */
  readonly sequence: number;
  /** What identifies the scope. */
  readonly label: string;
  /** With its dot. */
  readonly extension: string;
}

/**
 * A window in the form of names. Several runs may end within one second if `max_events` stops them; such windows of
 * no length differ by their place in the chain.
 */
export const windowName = ({ from, to }: Range, sequence: number): string =>
  `${compactTime(from)}_${compactTime(to)}${from === to ? `_${sequence}` : ''}`;

/**
 * The path of a file inside `output_dir`: the folders of its partition, and the part of the window that it covers. So
 * another attempt at the same window writes the same names. Late events, of hours before the window, get a name of their
 * own.
 */
export function filePath(naming: FileNaming, key: number | string | null): string {
  const { partition, window, sequence, label, extension } = naming;
  const name = (range: Range, late = '') => `devin-audit_${windowName(range, sequence)}${late}_${label}${extension}`;
  const folder = partitionFolder(partition, key);
  const unit = UNIT_SECONDS[partition];
  if (unit === undefined) return folder + name(window);
  const start = Number(key);
  const covered = { from: Math.max(start, window.from), to: Math.min(start + unit, window.to) };
  return folder + (covered.from < covered.to ? name(covered) : name(window, '_late'));
}
