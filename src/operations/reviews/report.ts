import type { OperationOutput } from '../../contract/outputs.ts';
import type { Report } from '../operation.ts';
import { reviewSummary } from './summary.ts';
import { grouped, type ReviewStory, verdictOf } from './verdict.ts';

/** Outputs that describe one review. */
export const REVIEW_OUTPUTS = [
  'review_status',
  'review_url',
  'findings',
  'findings_count',
  'blocking_count',
] as const satisfies readonly OperationOutput[];

/** The report of a step out of its story. */
export function reviewReport(story: ReviewStory): Report<(typeof REVIEW_OUTPUTS)[number]> {
  const { status, outcome, error, skippedReason } = verdictOf(story);
  const { found, target, head } = story;
  const findings = found?.findings ?? [];
  return {
    outcome,
    ...(error === undefined ? {} : { error }),
    ...(skippedReason === undefined ? {} : { skippedReason }),
    data: {
      pull_request: target.number,
      commit: head,
      review_status: status,
      review_url: found?.url ?? '',
      review_jobs: found?.jobs ?? [],
      findings,
      findings_count: findings.length,
      blocking_count: grouped(story).blocking.length,
    },
    summary: reviewSummary(story),
  };
}
