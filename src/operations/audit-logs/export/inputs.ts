import type { InputName, InputValues } from '../../../contract/inputs.ts';
import { instantSeconds } from '../../../contract/kinds.ts';
import type { Checks } from '../../operation.ts';

/** Inputs of an export. */
export const EXPORT_INPUTS = [
  'since',
  'until',
  'settle',
  'overlap',
  'checkpoint_file',
  'actions',
  'format',
  'compression',
  'output_dir',
  'partition',
  'max_events',
  'max_lag',
  'include_emails',
  'shard',
  'alert_on',
  'fail_on_alert',
] as const satisfies readonly InputName[];

/** The name of an input of an export. */
export type ExportInput = (typeof EXPORT_INPUTS)[number];

type Given = Partial<InputValues<ExportInput>>;

async function checkTimes({ since, until, checkpoint_file: file }: Given, checks: Checks): Promise<void> {
  const { clock, workspace, problem } = checks;
  const now = clock.now();
  if (since === undefined) {
    if (file === undefined) problem('since', 'is missing; without a checkpoint_file, the export needs a start');
    else if (!(await workspace.exists(file))) {
      problem(
        'since',
        `is missing; the checkpoint ${JSON.stringify(file)} does not exist, so the export needs a start`,
      );
    }
    return;
  }
  if (instantSeconds(since, now) * 1_000 > now) problem('since', 'is in the future');
  if (until !== undefined && instantSeconds(since, now) >= instantSeconds(until, now))
    problem('since', 'is not before until');
}

function checkShard({ shard, since, until, checkpoint_file: file }: Given, { problem }: Checks): void {
  if (shard === undefined) return;
  for (const [name, instant] of [
    ['since', since],
    ['until', until],
  ] as const) {
    if (instant === undefined || 'ago' in instant) {
      problem('shard', `needs a fixed ${name}: otherwise, the jobs of a matrix would not agree on the borders`);
    }
  }
  if (file !== undefined) problem('shard', 'cannot be used with checkpoint_file: a shard is a part of a fixed range');
}

async function checkPlaces({ output_dir: folder, checkpoint_file: file }: Given, checks: Checks): Promise<void> {
  const { workspace, problem } = checks;
  const noFolder = folder === undefined ? undefined : await workspace.whyNoWritableFolder(folder);
  if (noFolder !== undefined) problem('output_dir', `names ${JSON.stringify(folder)}, which ${noFolder}`);
  const noFile = file === undefined ? undefined : await workspace.whyNotWritable(file);
  if (noFile !== undefined) problem('checkpoint_file', `names ${JSON.stringify(file)}, which ${noFile}`);
}

/** Checks what can be checked before the first request. */
export async function checkExport(given: Given, checks: Checks): Promise<void> {
  const { format, compression, fail_on_alert: failOnAlert, alert_on: alertOn = [], max_lag: maxLag } = given;
  await checkTimes(given, checks);
  checkShard(given, checks);
  await checkPlaces(given, checks);
  if (format === 'parquet' && compression !== undefined && compression !== 'none') {
    checks.problem('compression', `is ${compression}, but parquet compresses its own columns; leave it at none`);
  }
  if (failOnAlert === true && alertOn.length === 0) checks.problem('fail_on_alert', 'needs alert_on');
  if (maxLag !== undefined && given.checkpoint_file === undefined) checks.problem('max_lag', 'needs checkpoint_file');
}
