import { ActionError } from '../../../contract/errors.ts';
import { didYouMean } from '../../../contract/kinds.ts';
import { AUDIT_LOG_ACTIONS } from '../../../devin/endpoints/audit-log-actions.ts';
import { duration } from '../../../report/units.ts';
import { type FolderLock, lockFolder } from '../../../runner/folder-lock.ts';
import type { Context } from '../../operation.ts';
import { singleOf } from '../../organization.ts';
import { nameTest } from '../../wildcards.ts';
import { checkNotFuture, type FoundCheckpoint, readCheckpoint } from '../chain/checkpoint.ts';
import { recover, stagingOf } from '../chain/commit.ts';
import { type ExportScope, labelOf, scopeFrom } from '../chain/scope.ts';
import { apiTime } from './api-time.ts';
import type { ExportInput } from './inputs.ts';
import type { AuditSource } from './range.ts';
import { Tally } from './tally.ts';
import { type Window, windowOf } from './window.ts';

/** What an export runs in. */
export type ExportContext = Context<ExportInput>;

/** One export that is running. */
export interface Job {
  readonly context: ExportContext;
  readonly scope: ExportScope;
  readonly source: AuditSource;
  readonly lock: FolderLock;
  /** Identifies scope, format, and layout in the names of the files. */
  readonly label: string;
  readonly staging: string;
  readonly found: FoundCheckpoint | undefined;
  readonly window: Window;
  readonly tally: Tally;
}

/** Warns of patterns that match no documented action: new actions appear over time, so it may be none of these. */
function warnActions({ inputs, log }: ExportContext): void {
  for (const input of ['actions', 'alert_on'] as const) {
    for (const pattern of inputs[input] ?? []) {
      if (AUDIT_LOG_ACTIONS.some(nameTest([pattern]))) continue;
      const hint = didYouMean(pattern, AUDIT_LOG_ACTIONS, '.');
      log.annotate(
        'warning',
        `The action ${pattern} is not known`,
        `${input} names it, but no documented action has this name${hint} It is used anyway, because new actions appear over time.`,
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
    `Its checkpoint is ${duration(lag)} old, more than max_lag (${duration(inputs.max_lag)}). Check why the runs before did not finish.`,
  );
}

/** How long after its maximum time a run may still own the folder. */
const LOCK_MARGIN_MS = 600_000;

/** The shards of one export may be written side by side. */
const partOf = ({ shard }: ExportContext['inputs']) => (shard === undefined ? '' : `-${shard.index}-${shard.count}`);

/** Makes this run the only owner of `output_dir`. @throws `conflict` if another run owns it */
export function lockOutput({ inputs, workspace, machine, clock, facts }: ExportContext): Promise<FolderLock> {
  return lockFolder({
    workspace,
    machine,
    folder: inputs.output_dir,
    part: partOf(inputs),
    runId: facts.runId ?? '',
    attempt: facts.attempt ?? 1,
    now: clock.now(),
    maxAgeMs: inputs.timeout + LOCK_MARGIN_MS,
  });
}

/** The scope of a run. @throws `input_invalid` for an organization in v2 */
export function scopeOfRun({ inputs, version }: ExportContext): ExportScope {
  const orgId = singleOf(inputs.org_id);
  if (version === 'v2' && orgId !== undefined) {
    throw new ActionError(
      'input_invalid',
      'One input is invalid: org_id is set, but v2 returns the audit events of the whole enterprise only.',
      { fix: 'Leave `org_id` empty, or pass a service user key (`cog_…`).' },
    );
  }
  return scopeFrom(inputs.api_url, version, orgId, inputs.actions);
}

/** Completes what an interrupted run has left, and finds out where this one begins and ends. */
export async function openJob(context: ExportContext, scope: ExportScope, lock: FolderLock): Promise<Job> {
  const { inputs, workspace, log, clock, devin, signal } = context;
  const label = labelOf(scope, inputs.format, inputs.compression, inputs.partition);
  const staging = stagingOf(inputs.output_dir, label + partOf(inputs));
  const file = inputs.checkpoint_file;
  if (await recover(workspace, { outputDir: inputs.output_dir, staging, checkpointFile: file })) {
    log.info('An interrupted run was completed: its files, manifest, and checkpoint are in place.');
  }
  const found = file === undefined ? undefined : await readCheckpoint(workspace, file, scope);
  if (file !== undefined && found === undefined)
    log.info(`The checkpoint ${file} does not exist yet: exporting from since.`);
  const source = { devin, clock, scope, patience: inputs.max_retries };
  const now = await apiTime(source, signal, log);
  if (file !== undefined && found !== undefined) checkNotFuture(file, found.checkpoint, now / 1_000);
  warnActions(context);
  warnLag(context, found, now);
  const { since, until, settle, overlap, shard, partition } = inputs;
  const window = windowOf({ since, until, settle, overlap, shard, partition }, found?.checkpoint, now);
  const tally = new Tally({ alertOn: inputs.alert_on ?? [], includeEmails: inputs.include_emails });
  return { context, scope, source, lock, label, staging, found, window, tally };
}
