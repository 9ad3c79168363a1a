import { createHash } from 'node:crypto';
import type { LocalGithub } from './index.ts';
import type { Review, ReviewComment } from './reviews.ts';

/** One finding, as the reviewer would post it. */
export interface Posted {
  readonly kind: 'BUG' | 'SECURITY' | 'FLAG' | 'ANALYSIS';
  readonly title: string;
  readonly path?: string;
  readonly start?: number;
  readonly end?: number;
  /** Newer reviews name the kind in the mark as well. */
  readonly named?: boolean;
  /** The comment instead of the one that the reviewer writes. */
  readonly body?: string;
}

/** What the reviewer says about a review of nothing. */
export const NOTHING_FOUND =
  '## ✅ No issues\n\n<!-- devin-review-badge-begin -->\n<a href="#">Open</a>\n<!-- devin-review-badge-end -->';

const ICONS = { BUG: '🔴', SECURITY: '🔴', FLAG: '🟡', ANALYSIS: '📝' };

/** The ID of the review of a commit. */
export const jobOf = (commit: string): string => `pr-review-job-${createHash('md5').update(commit).digest('hex')}`;

/** A comment as the reviewer writes it: the mark, the title, the text, and the badge. */
export function bodyOf(posted: Posted, number: number, job: string): string {
  const { kind, title, path = 'src/parser.ts', start = 10, end = start, named = false, body } = posted;
  if (body !== undefined) return body;
  const id = `${kind}_${job}_${String(number).padStart(4, '0')}`;
  const mark = { id, file_path: path, start_line: start, end_line: end, side: 'RIGHT' };
  const json = JSON.stringify(named ? { ...mark, kind: kind.toLowerCase() } : mark);
  const badge = '<!-- devin-review-badge-begin -->\n<a href="#">Open</a>\n<!-- devin-review-badge-end -->';
  return `<!-- devin-review-comment ${json} -->\n\n${ICONS[kind]} **${title}**\n\nSome lines about it.\n\n${badge}\n`;
}

/** The reviewer reviews the head commit of a pull request, with one comment for each finding. */
export function postReview(
  github: LocalGithub,
  pull: number,
  findings: readonly Posted[] = [],
  given: Partial<Omit<Review, 'id' | 'pull'>> = {},
): { readonly review: Review; readonly comments: readonly ReviewComment[] } {
  const review = github.review(pull, { body: NOTHING_FOUND, ...given });
  const job = jobOf(review.commit);
  const comments = findings.map((finding, at) => {
    const { path = 'src/parser.ts', start = 10, end = start } = finding;
    const body = bodyOf(finding, at + 1, job);
    return github.reviewComment(review, { path, startLine: start === end ? null : start, endLine: end, body });
  });
  return { review, comments };
}
