import { setFlagsFromString } from 'node:v8';
import { ActionError, asActionError } from '../../contract/errors.ts';
import { operation, type Report, ready } from '../operation.ts';
import { isoTime } from './events/time.ts';
import { commitJob } from './export/export-commit.ts';
import { checkExport, EXPORT_INPUTS } from './export/inputs.ts';
import { type ExportContext, type Job, openJob } from './export/job.ts';
import { openOutput } from './export/output.ts';
import { rangeReader } from './export/read-range.ts';
import { alertError, annotateAlerts, OUTPUTS, reportOf } from './export/report.ts';
import { type PassResult, runPass } from './export/run-export.ts';
import { loadFormat } from './formats/index.ts';

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
  permissions: [{ anyOf: ['ManageEnterpriseSettings', 'ViewAccountAuditLogs'] }],
  versions: ['v3', 'v2'],
  async prepare(inputs, checks) {
    keepHeapSmall();
    return ready(await checkExport(inputs, checks));
  },
  async run(context) {
    try {
      return await carryOut(context);
    } catch (thrown) {
      throw asActionError(diskError(thrown, context.inputs.output_dir));
    }
  },
});
