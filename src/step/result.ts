import type { JournalEntry, Result } from '../contract/result.ts';
import type { Report } from '../operations/operation.ts';
import type { Known } from './check.ts';

/** Requests that the result lists; the counts are always of all. */
const MAX_JOURNAL = 200;

/** When a step ran, and what it sent. */
export interface Times {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly journal: readonly JournalEntry[];
}

/** The result of a step that ended as `report` says. Times are in milliseconds since 1970. */
export function resultOf({ operation, dryRun }: Known, report: Report, { startedAt, endedAt, journal }: Times): Result {
  const { error } = report;
  return {
    schema_version: 1,
    operation,
    outcome: report.outcome,
    ...(error === undefined
      ? {}
      : { error: { code: error.code, message: error.message, fix: error.fix, list: [...error.list] } }),
    ...(report.skippedReason === undefined ? {} : { skipped_reason: report.skippedReason }),
    started_at: new Date(startedAt).toISOString(),
    duration_ms: Math.round(endedAt - startedAt),
    dry_run: dryRun,
    requests: {
      count: journal.length,
      retries: journal.filter((entry) => entry.try > 1).length,
      journal: journal.slice(0, MAX_JOURNAL),
    },
    ...(Object.keys(report.data).length === 0 ? {} : { data: { ...report.data } }),
  };
}
