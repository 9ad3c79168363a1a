import { ActionError } from '../../../contract/errors.ts';
import { duration } from '../../../report/units.ts';
import type { Context } from '../../operation.ts';
import { singleOf } from '../../organization.ts';
import { type FoundCheckpoint, readCheckpoint } from '../chain/checkpoint.ts';
import { recover, stagingOf } from '../chain/commit.ts';
import { labelOf, type Scope, scopeFrom } from '../chain/scope.ts';
import { unknownActions } from './actions.ts';
import type { ExportInput } from './inputs.ts';
import { Tally } from './tally.ts';
import { type Window, windowOf } from './window.ts';

/** What an export runs in. */
export type ExportContext = Context<ExportInput>;

/** One export on its way. */
export interface Job {
  readonly context: ExportContext;
  readonly scope: Scope;
  /** Stands for scope, format and layout in the files' names. */
  readonly label: string;
  readonly staging: string;
  readonly found: FoundCheckpoint | undefined;
  readonly window: Window;
  readonly tally: Tally;
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
export async function openJob(context: ExportContext): Promise<Job> {
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
