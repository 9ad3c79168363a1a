import { ActionError } from '../../contract/errors.ts';
import { details, prose } from '../../report/markdown.ts';
import { count } from '../../report/units.ts';
import type { Log } from '../../runner/log.ts';
import { type Finding, inOrder } from './positions.ts';
import { listed } from './report.ts';

/** The page of a run shows at most ten annotations of a kind. */
const MAX_ANNOTATIONS = 10;
const MAX_LOGGED = 200;
const MAX_NOTICES = 100;

const textOf = ({ file, line, message }: Finding) => `${file}:${line}: ${message}`;

/** Each finding once, even if several organizations share a list. */
const eachOnce = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((finding) => [textOf(finding), finding])).values(),
];

/** Shows the errors of a manifest at their lines. Throws `manifest_invalid` if there are any. */
export function reject(log: Pick<Log, 'annotate'>, all: readonly Finding[]): void {
  const faults = eachOnce(all);
  if (faults.length === 0) return;
  for (const { file, line, message } of faults.slice(0, MAX_ANNOTATIONS)) {
    log.annotate('error', 'Invalid manifest', message, { file, line });
  }
  const message =
    faults.length === 1 ? 'One line of the manifest is wrong.' : `${faults.length} lines of the manifest are wrong.`;
  throw new ActionError('manifest_invalid', message, { list: listed(faults.map(textOf)) });
}

/** Warnings in the order in which they are shown. */
export function sorted(warnings: readonly Finding[]): Finding[] {
  const all = inOrder(eachOnce(warnings));
  return [...all.filter(({ display }) => display === 'first'), ...all.filter(({ display }) => display !== 'first')];
}

/** Shows warnings at their lines, except those that are only for the job summary. */
export function warn(log: Pick<Log, 'annotate' | 'info'>, warnings: readonly Finding[]): void {
  const shown = warnings.filter(({ display }) => display !== 'folded');
  for (const { file, line, message, title = 'An entry of the manifest' } of shown.slice(0, MAX_ANNOTATIONS)) {
    log.annotate('warning', title, message, { file, line });
  }
  for (const warning of shown.slice(MAX_ANNOTATIONS, MAX_LOGGED)) log.info(`  ${textOf(warning)}`);
}

/**
 * Warnings as one collapsed part of the job summary, as Markdown: they concern the manifest, not the changes. `folded`
 * says what the warnings are that are shown nowhere else, such as `inside a group or prefix`.
 */
export function warningNotice(warnings: readonly Finding[], folded: string): readonly string[] {
  if (warnings.length === 0) return [];
  const lines = warnings.slice(0, MAX_NOTICES).map((warning) => `- ${prose(textOf(warning))}`);
  const rest = warnings.length > MAX_NOTICES ? [`- and ${warnings.length - MAX_NOTICES} more`] : [];
  const areFolded = warnings.every(({ display }) => display === 'folded');
  const title = areFolded
    ? `${count(warnings.length, 'entry', 'entries')} ${folded}`
    : count(warnings.length, 'note about the manifest', 'notes about the manifest');
  return [details(title, [...lines, ...rest].join('\n'))];
}
