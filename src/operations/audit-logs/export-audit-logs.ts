import { ActionError, asActionError } from '../../contract/errors.ts';
import { operation, type Report, ready } from '../operation.ts';
import { isoTime } from './events/time.ts';
import { checkPast } from './export/api-time.ts';
import { commitJob } from './export/export-commit.ts';
import { checkExport, EXPORT_INPUTS } from './export/inputs.ts';
import { type ExportContext, type Job, lockOutput, openJob, scopeOfRun } from './export/job.ts';
import { rangeReader } from './export/read-range.ts';
import { alertError, annotateAlerts, OUTPUTS, reportOf } from './export/report.ts';
import { type PassResult, runPass } from './export/run-export.ts';
import { openWriter } from './export/writer.ts';
import { loadFormat } from './formats/index.ts';

/** Events of a canceled run that can be written to the files of their organizations before the runner ends the process. */
const MAX_SORTED_WHEN_CANCELLED = 20_000;

/** Whether a run that failed halfway keeps what it has: the next one continues from its checkpoint. */
function isWorthKeeping({ context, window, tally }: Job, { code }: ActionError, highWater: number): boolean {
  const { checkpoint_file: file, partition } = context.inputs;
  if (file === undefined || code === 'internal') return false;
  if (code === 'cancelled' && partition === 'org' && tally.events > MAX_SORTED_WHEN_CANCELLED) return false;
  return highWater > window.from || tally.events > 0;
}

async function passOver(job: Job): Promise<PassResult> {
  const { context, scope, source, staging, window, tally, found } = job;
  const { inputs, workspace, signal, log } = context;
  const { compression, partition } = inputs;
  const format = await loadFormat(inputs.format);
  const writer = openWriter({ workspace, staging, format, compression, partition, isV2: scope.version === 'v2' });
  try {
    const result = await runPass({
      read: rangeReader(source),
      window,
      concurrency: inputs.concurrency,
      signal,
      actions: scope.actions,
      maxEvents: inputs.max_events,
      // At least a second: more events may appear in the last second of a window.
      remember: inputs.checkpoint_file === undefined ? undefined : Math.max(1, Math.ceil(inputs.overlap / 1_000)),
      checkpoint: found?.checkpoint,
      tally,
      writer,
      progress: (text) => log.progress(text),
      keeps: (error, highWater) => isWorthKeeping(job, error, highWater),
    });
    checkPast(source, result.highWater);
    return result;
  } catch (thrown) {
    await writer.discard().catch(() => undefined);
    await workspace.remove(staging).catch(() => undefined);
    throw thrown;
  }
}

/** A failure of the disk as an error that says so. */
function diskError(thrown: unknown, folder: string): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  // A code of the system; one of Node has an underscore. A failure of the network is an `ActionError` by now.
  if (thrown instanceof ActionError || !/^E[A-Z0-9]+$/.test(code)) return thrown;
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
  return new ActionError(
    'input_invalid',
    `The export cannot be written to ${folder} (${code}). The checkpoint did not change: nothing is lost.`,
    {
      title: isFull ? 'The disk is full' : 'The export cannot be written',
      fix: isFull
        ? 'Free space, set `compression`, or export less at once with `max_events`.'
        : 'Make the folder writable, or set `output_dir` to another one.',
      cause: thrown,
    },
  );
}

async function lockAndExport(context: ExportContext): Promise<Report<(typeof OUTPUTS)[number]>> {
  const scope = scopeOfRun(context);
  const lock = await lockOutput(context);
  try {
    return await exportLocked(await openJob(context, scope, lock));
  } finally {
    await lock.release().catch(() => undefined);
  }
}

async function exportLocked(job: Job): Promise<Report<(typeof OUTPUTS)[number]>> {
  const { context } = job;
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

/** Exports audit events to files, with a manifest that proves their content. */
export const exportAuditLogsOperation = operation({
  name: 'export-audit-logs',
  summary: 'Exports the audit events of the enterprise, or of one organization, into files with a manifest.',
  inputs: EXPORT_INPUTS,
  required: [],
  outputs: OUTPUTS,
  permissions: [{ anyOf: ['ManageEnterpriseSettings', 'ViewAccountAuditLogs'] }],
  versions: ['v3', 'v2'],
  prepare: async (inputs, checks) => ready(await checkExport(inputs, checks)),
  async run(context) {
    try {
      return await lockAndExport(context);
    } catch (thrown) {
      throw asActionError(diskError(thrown, context.inputs.output_dir));
    }
  },
});
