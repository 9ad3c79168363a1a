import { isRecord } from '../../contract/json.ts';
import { REVIEW_KINDS, type ReviewKind } from '../../contract/review-kinds.ts';
import { shortened } from '../../report/shorten.ts';
import { visible } from '../../report/visible.ts';

/** How bad the reviewer says it is: 🔴, 🟡, or 📝; `unknown` if it does not say. */
export type Severity = 'high' | 'medium' | 'info' | 'unknown';

/** What a comment of the reviewer says of itself in its mark. */
interface Mark {
  readonly id: string;
  readonly kind: ReviewKind;
  /** The review that it belongs to: `pr-review-job-<hex>`. */
  readonly job: string;
  /** Null if the mark does not name a file of the repository. */
  readonly path: string | null;
  readonly startLine: number | null;
  readonly endLine: number | null;
}

/** A comment of the reviewer as data. */
export interface ReadComment {
  /** Undefined if there is none that can be read. */
  readonly mark: Mark | undefined;
  readonly severity: Severity;
  /** One line of plain text. */
  readonly title: string;
}

const NAME = 'devin-review-comment';
const ID = /^([a-z]{1,40})_(pr-review-job-[\da-f]{1,128})_\d{1,9}$/i;
const SEVERITIES: ReadonlyArray<readonly [icon: string, severity: Severity]> = [
  ['🔴', 'high'],
  ['🟡', 'medium'],
  ['📝', 'info'],
];
const MAX_TITLE = 200;
/** A title stands at the top; what a long comment says below is not gone through. */
const MAX_HEAD = 5_000;

/**
 * The HTML comments that a text begins with, and what follows them. Everything further down may be quoted from a file or
 * from another author's comment, so no mark counts there.
 */
function opening(body: string): { readonly comments: readonly string[]; readonly rest: string } {
  const comments: string[] = [];
  let rest = body.replace(/^\uFEFF/, '').trimStart();
  while (rest.startsWith('<!--')) {
    const end = rest.indexOf('-->', 4);
    if (end < 0) return { comments: [...comments, rest.slice(4)], rest: '' };
    comments.push(rest.slice(4, end).trim());
    rest = rest.slice(end + 3).trimStart();
  }
  return { comments, rest };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const known = (word: unknown): ReviewKind =>
  REVIEW_KINDS.find((kind) => kind === String(word).trim().toLowerCase()) ?? 'unknown';

/** The one of two kinds that matters more. A newer kind that this release does not know may be worse than it looks. */
const worse = (one: ReviewKind, other: ReviewKind): ReviewKind =>
  REVIEW_KINDS.indexOf(one) <= REVIEW_KINDS.indexOf(other) ? one : other;

const lineOf = (value: unknown): number | null => {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : null;
};

function markOf(comment: string): Mark | undefined {
  const json = parsed(comment.slice(NAME.length));
  if (!isRecord(json)) return undefined;
  const { id, kind, file_path: path, start_line: start, end_line: end } = json;
  const [, prefix, job] = typeof id === 'string' ? (ID.exec(id) ?? []) : [];
  if (typeof id !== 'string' || prefix === undefined || job === undefined) return undefined;
  const named = kind === undefined || kind === null ? known(prefix) : known(kind);
  // An unknown prefix says nothing beside a kind that is known.
  const both = known(prefix) === 'unknown' ? named : worse(known(prefix), named);
  const [first, last] = [lineOf(start), lineOf(end)];
  return {
    id,
    kind: both,
    job: job.toLowerCase(),
    path: typeof path === 'string' && path.trim() !== '' ? path : null,
    startLine: first ?? last,
    endLine: last !== null && last >= (first ?? last) ? last : first,
  };
}

/** The bold text of a line: to its end if that is bold, so that stars in a title stay; the whole line if there is none. */
function boldOf(line: string): string {
  const text = line.trimEnd();
  const start = text.indexOf('**') + 2;
  const end = text.endsWith('**') ? text.length - 2 : text.indexOf('**', start);
  return start < 2 || end < start ? text : text.slice(start, end);
}

const oneLine = (text: string) => shortened(visible(text).replace(/\s+/g, ' ').trim(), MAX_TITLE);

/** Reads a comment of the reviewer. Never throws; what cannot be read has no mark. */
export function readComment(body: string): ReadComment {
  const { comments, rest } = opening(body);
  const mark = comments.find((comment) => comment.startsWith(NAME));
  const head = rest.slice(0, MAX_HEAD).split('\n', 1)[0] ?? '';
  const severity = SEVERITIES.find(([icon]) => head.startsWith(icon))?.[1] ?? 'unknown';
  const title = oneLine(boldOf(head));
  return { mark: mark === undefined ? undefined : markOf(mark), severity, title: title || 'Comment without a title' };
}
