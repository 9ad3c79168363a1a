import { code, details, link, plain, prose, table } from '../../report/markdown.ts';
import { count, duration } from '../../report/units.ts';
import type { Finding } from './findings.ts';
import { counted, grouped, type ReviewStory, shortCommit, type Verdict, verdictOf } from './verdict.ts';

/** Rows of one table that are shown at once. */
const MAX_ROWS = 30;
/** Rows of one table that are written at all; the outputs have every finding. */
const MAX_LISTED = 200;

const ICONS = { success: '✅', failure: '❌', skipped: '⚠️' } as const;

/** A step that lets a review pass that has no verdict succeeds, but not without a word. */
function iconOf({ outcome, status }: Verdict): string {
  return outcome === 'success' && status !== 'completed' ? '⚠️' : ICONS[outcome];
}

/** `src/parser.ts:12-14` */
function locationOf({ path, start_line: start, end_line: end }: Finding): string {
  if (path === null) return '';
  if (start === null) return path;
  return end === null || end === start ? `${path}:${start}` : `${path}:${start}-${end}`;
}

/** The page of the lines at the commit that was reviewed. */
function linesUrl(finding: Finding, { target, head }: ReviewStory): string {
  const { path, start_line: start, end_line: end } = finding;
  const page = target.url.slice(0, target.url.lastIndexOf('/pull/'));
  const file = (path ?? '').split('/').map(encodeURIComponent).join('/');
  const lines = start === null ? '' : `#L${start}${end === null || end === start ? '' : `-L${end}`}`;
  return `${page}/blob/${head}/${file}${lines}`;
}

function rowOf(finding: Finding, story: ReviewStory): readonly string[] {
  const location = locationOf(finding);
  const { kind, severity, title, url } = finding;
  return [
    severity === 'unknown' || kind === 'analysis' ? kind : `${kind}, ${severity}`,
    link(title, url),
    location === '' ? 'no file' : link(location, linesUrl(finding, story)),
  ];
}

const tableOf = (findings: readonly Finding[], story: ReviewStory) =>
  table(
    ['Kind', 'Finding', 'Location'],
    findings.map((finding) => rowOf(finding, story)),
  );

const omitted = (number: number) =>
  number <= 0 ? '' : `\n\n${count(number, 'more finding')}: see the output \`findings\`.`;

function blockingPart(findings: readonly Finding[], story: ReviewStory): string {
  if (findings.length === 0) return '';
  const [shown, more] = [findings.slice(0, MAX_ROWS), findings.slice(MAX_ROWS)];
  const first = tableOf(shown, story);
  return more.length === 0 ? first : `${first}\n\n${foldedPart(`${counted(more)} more`, more, story)}`;
}

const foldedPart = (title: string, findings: readonly Finding[], story: ReviewStory): string =>
  findings.length === 0
    ? ''
    : details(title, tableOf(findings.slice(0, MAX_LISTED), story) + omitted(findings.length - MAX_LISTED));

/** The first line, in which the number of the pull request is a link. */
function firstLine(story: ReviewStory, verdict: Verdict): string {
  const { target } = story;
  const name = `#${target.number}`;
  const others = counted(grouped(story).others);
  const [before = '', after] = verdict.headline.split(name);
  const said =
    after === undefined
      ? `${plain(verdict.headline)} · ${link(name, target.url)}`
      : `${prose(before).trim()} ${link(name, target.url)} ${plain(after)}`.trim();
  return `### ${iconOf(verdict)} ${said}${others === '' ? '' : ` · ${others}`}`;
}

function figures({ target, head, found, durationMs, facts }: ReviewStory): string {
  const page = target.url.slice(0, target.url.lastIndexOf('/pull/'));
  const parts = [
    `commit ${link(shortCommit(head), `${page}/commit/${head}`)}`,
    duration(durationMs),
    ...(found === undefined || found.url === '' ? [] : [link('review', found.url)]),
    ...(facts.runUrl === undefined ? [] : [link('run', facts.runUrl)]),
  ];
  return parts.join(' · ');
}

/** What the first line does not say yet: why, what to do, and by which code a workflow knows it. */
function advice({ headline, note = '', error }: Verdict): string {
  if (error === undefined) return prose(note);
  const { code: name, message, fix } = error;
  const isSaid = name === 'review_findings' || message.startsWith(headline);
  return `${isSaid ? '' : `${prose(message)} `}${prose(fix)} · ${code(name)}`;
}

/** The job summary of one review. */
export function reviewSummary(story: ReviewStory): string {
  const verdict = verdictOf(story);
  const { blocking, others, resolved } = grouped(story);
  const parts = [
    firstLine(story, verdict),
    blockingPart(blocking, story),
    advice(verdict),
    figures(story),
    foldedPart(counted(others), others, story),
    foldedPart(`${resolved.length} resolved`, resolved, story),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** What the comment and the check say while Devin works. */
export const waitingSummary = ({ target, head, status }: Pick<ReviewStory, 'target' | 'head' | 'status'>): string =>
  `### ⏳ Devin reviews ${link(`#${target.number}`, target.url)}\n\ncommit ${plain(shortCommit(head))} · ${plain(status)}\n`;

/** The last line of the log. */
export function closingLine(story: ReviewStory): string {
  const { headline } = verdictOf(story);
  const { others, resolved } = grouped(story);
  return [
    headline,
    ...(others.length === 0 ? [] : [counted(others)]),
    ...(resolved.length === 0 ? [] : [`${resolved.length} resolved`]),
    duration(story.durationMs),
  ].join(' · ');
}
