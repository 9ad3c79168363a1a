import { join } from 'node:path/posix';
import { setFlagsFromString } from 'node:v8';
import { ActionError, asActionError } from '../../contract/errors.ts';
import { count, duration } from '../../report/units.ts';
import { errorPart } from '../failure.ts';
import { type Context, operation, type Report } from '../operation.ts';
import { singleOf } from '../organization.ts';
import { unknownActions } from './actions.ts';
import { checkpointText, type FoundCheckpoint, readCheckpoint } from './checkpoint.ts';
import { commit, recover, stagingOf } from './commit.ts';
import { SUFFIXES } from './compression.ts';
import { loadFormat } from './formats/index.ts';
import { checkExport, EXPORT_INPUTS, type ExportInput } from './inputs.ts';
import { type Manifest, manifestPath, manifestText, runOf, scopeOf, sha256Of } from './manifest.ts';
import { openOutput } from './output.ts';
import { filePath, windowName } from './partitions.ts';
import { rangeReader } from './read-range.ts';
import { type PassResult, runPass } from './run-export.ts';
import { labelOf, type Scope, scopeFrom } from './scope.ts';
import { type ExportStory, exportSummary, headline } from './summary.ts';
import { Tally } from './tally.ts';
import { isoTime, type Range } from './time.ts';
import { type Window, windowOf } from './window.ts';

type ExportContext = Context<ExportInput>;

const OUTPUTS = [
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

/** One export on its way. */
interface Job {
  readonly context: ExportContext;
  readonly scope: Scope;
  /** Stands for scope, format and layout in the files' names. */
  readonly label: string;
  readonly staging: string;
  readonly found: FoundCheckpoint | undefined;
  readonly window: Window;
  readonly tally: Tally;
}

/** What came of an export. */
interface Committed {
  readonly manifest: Manifest;
  readonly text: string;
  readonly path: string;
  readonly window: Range;
}

function warnActions({ inputs, log }: ExportContext): void {
  for (const input of ['actions', 'alert_on'] as const) {
    for (const { pattern, nearest } of unknownActions(inputs[input] ?? [])) {
      const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
      log.annotate(
        'warning',
        `The action ${pattern} is not known`,
        `${input} names it, but no documented action is called so.${hint} It is used as it stands, for new actions appear over time.`,
      );
    }
  }
}

function warnLag({ inputs, log }: ExportContext, found: FoundCheckpoint | undefined, now: number): void {
  if (found === undefined || inputs.max_lag === undefined) return;
  const lag = now - found.checkpoint.high_water * 1_000;
  if (lag <= inputs.max_lag) return;
  log.annotate(
    'warning',
    'The audit-log export has fallen behind',
    `Its checkpoint is ${duration(lag)} old, more than max_lag (${duration(inputs.max_lag)}). Look why the runs before did not finish.`,
  );
}

/** Finds out where a run begins and ends, before its first request. */
async function openJob(context: ExportContext): Promise<Job> {
  const { inputs, workspace, log, version, clock } = context;
  const orgId = singleOf(inputs.org_id);
  if (version === 'v2' && orgId !== undefined) {
    throw new ActionError(
      'input_invalid',
      'One input is wrong: org_id is set, but v2 gives the audit events of the enterprise only.',
      {
        fix: 'Leave `org_id` empty, or pass a service user key (`cog_…`).',
      },
    );
  }
  const scope = scopeFrom(inputs.api_url, version, orgId, inputs.actions);
  const label = labelOf(scope, inputs.format, inputs.compression, inputs.partition);
  // The shards of one export may be written side by side.
  const part = inputs.shard === undefined ? '' : `-${inputs.shard.index}-${inputs.shard.count}`;
  const staging = stagingOf(inputs.output_dir, label + part);
  const places = { outputDir: inputs.output_dir, staging, checkpointFile: inputs.checkpoint_file };
  if (await recover(workspace, places)) {
    log.info('A run that was interrupted is now in place: files, manifest and checkpoint.');
  }
  const now = clock.now();
  const file = inputs.checkpoint_file;
  const found = file === undefined ? undefined : await readCheckpoint(workspace, file, scope, now / 1_000);
  if (file !== undefined && found === undefined) log.info(`There is no checkpoint ${file} yet: exporting from since.`);
  warnActions(context);
  warnLag(context, found, now);
  const window = windowOf(
    {
      since: inputs.since,
      until: inputs.until,
      settle: inputs.settle,
      overlap: inputs.overlap,
      shard: inputs.shard,
      partition: inputs.partition,
    },
    found?.checkpoint,
    now,
  );
  const tally = new Tally({ alertOn: inputs.alert_on ?? [], includeEmails: inputs.include_emails });
  return { context, scope, label, staging, found, window, tally };
}

/** Events of a cancelled run that can be put into the files of their organizations before the runner ends the process. */
const MAX_SORTED_WHEN_CANCELLED = 200_000;

/** A run that failed half-way: with a checkpoint, what it has is kept, and the next run goes on from there. */
function isWorthKeeping({ context, window, tally }: Job, { code }: ActionError, highWater: number): boolean {
  const { checkpoint_file: file, partition } = context.inputs;
  if (file === undefined || code === 'internal') return false;
  if (code === 'cancelled' && partition === 'org' && tally.events > MAX_SORTED_WHEN_CANCELLED) return false;
  return highWater > window.from || tally.events > 0;
}

async function passOver(job: Job): Promise<PassResult> {
  const { context, scope, staging, window, tally, found } = job;
  const { inputs, devin, clock, workspace, signal, log } = context;
  const { compression, partition } = inputs;
  const format = await loadFormat(inputs.format);
  const output = openOutput({ workspace, staging, format, compression, partition, isV2: scope.version === 'v2' });
  try {
    return await runPass({
      read: rangeReader({ devin, clock, scope, patience: inputs.max_retries }),
      window,
      concurrency: inputs.concurrency,
      signal,
      actions: scope.actions,
      maxEvents: inputs.max_events,
      // At least a second, for events may still come in the last one of a window.
      remember: inputs.checkpoint_file === undefined ? undefined : Math.max(1, Math.ceil(inputs.overlap / 1_000)),
      checkpoint: found?.checkpoint,
      tally,
      output,
      progress: (text) => log.progress(text),
      keeps: (error, highWater) => isWorthKeeping(job, error, highWater),
    });
  } catch (thrown) {
    await output.discard().catch(() => undefined);
    await workspace.remove(staging).catch(() => undefined);
    throw thrown;
  }
}

const placeOf = ({ inputs }: ExportContext, path: string) => join(inputs.output_dir, path);

async function manifestOf(job: Job, result: PassResult, window: Range): Promise<Manifest> {
  const { context, scope, label, found, tally } = job;
  const { inputs, facts } = context;
  const { format, compression, partition, shard } = inputs;
  const { extension } = await loadFormat(format);
  const sequence = found === undefined ? 0 : found.checkpoint.sequence + 1;
  const naming = { partition, window, sequence, label, extension: `.${extension}${SUFFIXES[compression]}` };
  return {
    schema_version: 1,
    kind: 'devin-audit-manifest',
    scope: scopeOf(scope),
    format,
    compression,
    partition,
    window: { since: isoTime(window.from), until: isoTime(window.to), reread_from: isoTime(job.window.rereadFrom) },
    shard: shard ?? null,
    has_more: result.hasMore,
    events: tally.events,
    late_events: tally.late,
    duplicates_dropped: tally.duplicates,
    oldest: tally.oldest === undefined ? null : isoTime(tally.oldest),
    newest: tally.newest === undefined ? null : isoTime(tally.newest),
    files: result.files.map(({ staged: _staged, key, ...file }) => ({ path: filePath(naming, key), ...file })),
    sequence,
    previous: found === undefined ? null : { sha256: found.checkpoint.last_manifest.sha256 },
    run: runOf(facts),
  };
}

/** The checkpoint behind a manifest. */
function nextCheckpoint(
  { found, scope, window: { from } }: Job,
  result: PassResult,
  manifest: Manifest,
  remember: number,
): string {
  const before = found?.checkpoint;
  return checkpointText({
    schema_version: 1,
    kind: 'devin-audit-checkpoint',
    scope: scopeOf(scope),
    since: before?.since ?? from,
    high_water: result.highWater,
    seen_since: Math.max(before?.seen_since ?? from, result.highWater - remember),
    seen: result.seen.map(([id, at]) => [id, at]),
    sequence: manifest.sequence,
    last_manifest: { sha256: sha256Of(manifestText(manifest)) },
  });
}

/** Puts everything in its place: files, manifest, and only then the checkpoint. */
async function commitJob(job: Job, result: PassResult): Promise<Committed> {
  const { context, label, staging, found } = job;
  const { inputs, workspace } = context;
  const window = { from: job.window.from, to: result.highWater };
  const manifest = await manifestOf(job, result, window);
  const text = manifestText(manifest);
  const path = placeOf(context, manifestPath(windowName(window, manifest.sequence), label));
  const file = inputs.checkpoint_file;
  const remember = Math.max(1, Math.ceil(inputs.overlap / 1_000));
  await commit(workspace, staging, {
    schema_version: 1,
    files: manifest.files.map((each, at) => ({
      staged: result.files[at]?.staged ?? '',
      path: placeOf(context, each.path),
    })),
    manifest: { path, text },
    checkpoint:
      file === undefined
        ? null
        : {
            path: file,
            text: nextCheckpoint(job, result, manifest, remember),
            base: found === undefined ? null : sha256Of(found.text),
          },
  });
  return { manifest, text, path, window };
}

const DISK = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'EACCES',
  'EPERM',
  'EIO',
  'ENOTDIR',
  'EISDIR',
  'EMFILE',
  'ENAMETOOLONG',
]);

/** A failure of the disk as an error that says so. */
function diskError(thrown: unknown, folder: string): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (thrown instanceof ActionError || !DISK.has(code)) return thrown;
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
  return new ActionError(
    'input_invalid',
    `The export cannot be written to ${folder} (${code}). Nothing was committed: the checkpoint stays where it was.`,
    {
      title: isFull ? 'The disk is full' : 'The export cannot be written',
      fix: isFull
        ? 'Free space, set `compression`, or export less at once with `max_events`.'
        : 'Make the folder writable, or set `output_dir` to another one.',
      cause: thrown,
    },
  );
}

function alertError({ alertCount, alertCounts }: Tally): ActionError {
  const list = [...alertCounts].map(([action, events]) => `${action}: ${count(events, 'event')}`);
  return new ActionError('alert_raised', `${count(alertCount, 'audit event')} matched alert_on.`, { list });
}

function annotateAlerts({ context: { log }, tally }: Job): void {
  for (const [action, events] of tally.alertCounts) {
    const first = tally.alerts.find((alert) => alert.action === action);
    const detail =
      first === undefined ? '' : ` The first at ${isoTime(first.at)} by ${first.actor}, event ${first.id}.`;
    log.annotate('warning', `Audit alert: ${action}`, `${count(events, 'event')} in this export.${detail}`);
  }
}

function reportOf(
  job: Job,
  committed: Committed | undefined,
  hasMore: boolean,
  error: ActionError | undefined,
): Report<(typeof OUTPUTS)[number]> {
  const { context, tally, window, found } = job;
  const { inputs, clock, log } = context;
  const manifest = committed?.manifest;
  const end = committed?.window.to ?? found?.checkpoint.high_water ?? window.from;
  const lagSeconds = Math.max(0, Math.floor(clock.now() / 1_000) - end);
  const files = (manifest?.files ?? []).map(({ path, sha256, bytes, events, oldest, newest }) => ({
    path: placeOf(context, path),
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
    failure: error === undefined ? '' : errorPart(error),
  };
  log.info(headline(story));
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    outputs: {
      events: String(data.events),
      files: JSON.stringify(files),
      manifest_file: data.manifest_file,
      checkpoint_file: data.checkpoint_file,
      duplicates_dropped: String(data.duplicates_dropped),
      oldest: data.oldest ?? '',
      newest: data.newest ?? '',
      lag_seconds: String(lagSeconds),
      has_more: String(hasMore),
      alerts: String(data.alerts),
    },
    data,
    summary: exportSummary(story),
  };
}

/**
 * Pages are short-lived, and V8 answers so much short-lived data with more and more room for it: a long export would take
 * 200 MB more than a short one, and be none the faster. So the room for new objects stays what it is, and old ones are
 * looked through when they take three times what was alive the time before, not four times.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=200');
}

async function carryOut(context: ExportContext): Promise<Report<(typeof OUTPUTS)[number]>> {
  const job = await openJob(context);
  const { log, inputs } = context;
  const { window, tally } = job;
  if (window.to <= window.from && inputs.shard === undefined) return reportOf(job, undefined, false, undefined);
  log.info(`Exporting ${isoTime(window.from)} to ${isoTime(window.to)} to ${inputs.output_dir}`);
  const result = await passOver(job);
  const committed = await commitJob(job, result);
  annotateAlerts(job);
  const alert = inputs.fail_on_alert && tally.alertCount > 0 ? alertError(tally) : undefined;
  return reportOf(job, committed, result.hasMore, result.failure ?? alert);
}

/** Exports audit events into files, with a manifest that proves what they are. */
export const exportAuditLogsOperation = operation({
  name: 'export-audit-logs',
  summary: 'Exports the audit events of the enterprise, or of one organization, into files with a manifest.',
  inputs: EXPORT_INPUTS,
  required: [],
  outputs: OUTPUTS,
  permissions: ['ManageEnterpriseSettings or ViewAccountAuditLogs'],
  scope: 'enterprise',
  versions: ['v3', 'v2'],
  async prepare(inputs, checks) {
    keepHeapSmall();
    await checkExport(inputs, checks);
  },
  async run(context) {
    try {
      return await carryOut(context);
    } catch (thrown) {
      throw asActionError(diskError(thrown, context.inputs.output_dir));
    }
  },
});
