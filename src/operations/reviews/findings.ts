import type { ReviewKind } from '../../contract/review-kinds.ts';
import type { Review, ReviewComment } from '../../github/review/reviews.ts';
import { readComment, type Severity } from './mark.ts';

/** One finding, as the output `findings` has it. */
export interface Finding {
  /** The reviewer's own ID, or that of the comment on GitHub. */
  readonly id: string;
  readonly kind: ReviewKind;
  readonly severity: Severity;
  /** Null if the finding is about no file. */
  readonly path: string | null;
  readonly start_line: number | null;
  readonly end_line: number | null;
  readonly title: string;
  /** Its conversation on the pull request. */
  readonly url: string;
  readonly resolved: boolean;
}

/** What the reviews of one commit say. */
export interface Findings {
  readonly findings: readonly Finding[];
  /** A review is there that can be read, so that no finding means that none was made. */
  readonly isReadable: boolean;
  /** URL of the newest review; empty if there is none. */
  readonly url: string;
  /** The reviews by their own IDs, oldest first: `pr-review-job-<hex>`. */
  readonly jobs: readonly string[];
}

/** A finding, and the review that its mark names. */
interface Made {
  readonly finding: Finding;
  readonly job: string | undefined;
}

/** A reply without a mark is talk about a finding, or about another author's comment. */
const isTalk = ({ body, isReply }: ReviewComment) => isReply && !body.includes('devin-review-comment');

function madeBy(comment: ReviewComment): Made {
  const { id, body, url, path, startLine, endLine, isResolved, isEdited } = comment;
  const { mark, severity, title } = readComment(body);
  // What others have edited into a comment of the reviewer does not count.
  const trusted = isEdited ? undefined : mark;
  // A mark that speaks of another file than the comment is on has no lines for this one.
  const isPlaced = trusted?.startLine != null && (trusted.path === path || path === '');
  const place = isPlaced
    ? { path: trusted.path, start_line: trusted.startLine, end_line: trusted.endLine }
    : { path: path || (trusted?.path ?? null), start_line: startLine, end_line: endLine };
  const finding = {
    id: trusted?.id ?? `comment-${id}`,
    kind: trusted?.kind ?? 'unknown',
    severity,
    ...place,
    title: isEdited ? `Edited by someone else: ${title}` : title,
    url,
    resolved: isResolved,
  } as const;
  return { finding, job: trusted?.job };
}

/** A review that requests changes and has no comment says that something is wrong, but not what. */
const withoutComment = ({ id, url }: Review): Made => ({
  finding: {
    id: `review-${id}`,
    kind: 'unknown',
    severity: 'unknown',
    path: null,
    start_line: null,
    end_line: null,
    title: 'Changes are requested without a comment',
    url,
    resolved: false,
  },
  job: undefined,
});

const madeIn = (review: Review): readonly Made[] => {
  const made = review.comments.filter((comment) => !isTalk(comment)).map(madeBy);
  return made.length === 0 && review.state === 'CHANGES_REQUESTED' ? [withoutComment(review)] : made;
};

/** A review that was withdrawn lets nothing pass, and one of nothing but replies is a conversation. */
const isReadable = ({ state, comments }: Review): boolean =>
  state !== 'DISMISSED' && (comments.length === 0 || comments.some((comment) => !isTalk(comment)));

/** The findings of the reviews of one commit. */
export function findingsOf(reviews: readonly Review[]): Findings {
  const made = reviews.flatMap(madeIn);
  const jobs = made.flatMap(({ job }) => (job === undefined ? [] : [job]));
  return {
    findings: made.map(({ finding }) => finding),
    isReadable: reviews.some(isReadable),
    url: (reviews.findLast(isReadable) ?? reviews.at(-1))?.url ?? '',
    jobs: [...new Set(jobs)],
  };
}
