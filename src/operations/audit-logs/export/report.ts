import { ActionError } from '../../../contract/errors.ts';
import { listOrganizations } from '../../../devin/endpoints/organizations.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import { count } from '../../../report/units.ts';
import { errorPart } from '../../failure.ts';
import type { Report } from '../../operation.ts';
import { sha256Of } from '../chain/export-manifest.ts';
import { isoTime } from '../events/time.ts';
import { type Committed, inOutputDir } from './export-commit.ts';
import type { Job } from './job.ts';
import { type ExportStory, exportHeadline, exportSummary } from './summary.ts';
import type { Tally } from './tally.ts';

/** Outputs of an export. */
export const OUTPUTS = [
  'events',
  'files',
  'manifest_file',
  'checkpoint_file',
  'duplicates_dropped',
  'oldest',
  'newest',
  'lag_seconds',
  'has_more',
  'alerts',
] as const;

/** The error for events that `alert_on` names. */
export function alertError({ alertCount, alertCounts }: Tally): ActionError {
  const list = [...alertCounts].map(([action, events]) => `${action}: ${count(events, 'event')}`);
  return new ActionError('alert_raised', `${count(alertCount, 'audit event')} matched alert_on.`, { list });
}

/** Shows a warning on the page of the run for each action that matched `alert_on`. */
export function annotateAlerts({ context: { log }, tally }: Job): void {
  for (const [action, events] of tally.alertCounts) {
    const last = tally.alerts.findLast((alert) => alert.action === action);
    const detail = last === undefined ? '' : ` The last at ${isoTime(last.at)} by ${last.actor}, event ${last.id}.`;
    log.annotate('warning', `Audit alert: ${action}`, `${count(events, 'event')} in this export.${detail}`);
  }
}

/** The names are asked for no longer than this, in milliseconds: the export is committed by then. */
const NAMES_MS = 5_000;

/** Names of organizations, if alerts are to show them; a credential that may not list them sees their IDs. */
async function namesOf({ context, tally }: Job): Promise<ReadonlyMap<string, string>> {
  const { devin, clock, version, signal } = context;
  const names = new Map<string, string>();
  if (tally.alertCount === 0 || version === 'v2' || signal.aborted) return names;
  const limits = { deadlineAt: clock.now(), signal: AbortSignal.any([signal, clock.deadline(NAMES_MS)]) };
  try {
    const call = { params: {}, query: { first: LARGEST_PAGE }, ...limits };
    for await (const { org_id: id, name } of devin.items(listOrganizations, call)) if (name) names.set(id, name);
  } catch (thrown) {
    if (!(thrown instanceof ActionError)) throw thrown;
  }
  return names;
}

/** Reports the result of an export; without `committed`, there was nothing new to cover. */
export async function reportOf(
  job: Job,
  committed: Committed | undefined,
  hasMore: boolean,
  error: ActionError | undefined,
): Promise<Report<(typeof OUTPUTS)[number]>> {
  const { context, tally, window, found } = job;
  const { inputs, devin, log } = context;
  const manifest = committed?.manifest;
  const end = committed?.window.to ?? found?.checkpoint.high_water ?? window.from;
  const lagSeconds = Math.max(0, Math.floor(devin.now() / 1_000) - end);
  const files = (manifest?.files ?? []).map(({ path, sha256, bytes, events, oldest, newest }) => ({
    path: inOutputDir(context, path),
    sha256,
    bytes,
    events,
    oldest,
    newest,
  }));
  const data = {
    events: tally.events,
    files,
    manifest_file: committed?.path ?? '',
    manifest_sha256: committed === undefined ? null : sha256Of(committed.text),
    checkpoint_file: inputs.checkpoint_file ?? '',
    since: isoTime(committed?.window.from ?? end),
    until: isoTime(end),
    late_events: tally.late,
    duplicates_dropped: tally.duplicates,
    oldest: manifest?.oldest ?? null,
    newest: manifest?.newest ?? null,
    lag_seconds: lagSeconds,
    has_more: hasMore,
    alerts: tally.alertCount,
    alert_events: tally.alerts.map(({ id, at, action, org }) => ({
      audit_log_id: id,
      created_at: isoTime(at),
      action,
      org_id: org,
    })),
    actions: Object.fromEntries(tally.actions),
  };
  const story: ExportStory = {
    tally,
    window: committed?.window ?? { from: end, to: end },
    lagSeconds,
    hasMore,
    manifest,
    manifestFile: committed?.path ?? '',
    manifestHash: data.manifest_sha256 ?? '',
    outputDir: inputs.output_dir,
    names: await namesOf(job),
    failure: error === undefined ? '' : errorPart(error),
  };
  log.info(exportHeadline(story));
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    data,
    summary: exportSummary(story),
  };
}
