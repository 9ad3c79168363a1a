import { join } from 'node:path/posix';
import { checkpointText } from '../chain/checkpoint.ts';
import { commit } from '../chain/commit.ts';
import {
  type ExportManifest,
  exportManifestText,
  manifestPath,
  runOf,
  scopeOf,
  sha256Of,
} from '../chain/export-manifest.ts';
import { filePath, windowName } from '../chain/partitions.ts';
import { isoTime, type Range } from '../events/time.ts';
import { SUFFIXES } from '../formats/compression.ts';
import { loadFormat } from '../formats/index.ts';
import type { ExportContext, Job } from './job.ts';
import type { PassResult } from './run-export.ts';

/** The result of an export. */
export interface Committed {
  readonly manifest: ExportManifest;
  readonly text: string;
  readonly path: string;
  readonly window: Range;
}

/** A path of the export, in the workspace. */
export const inOutputDir = ({ inputs }: ExportContext, path: string) => join(inputs.output_dir, path);

async function manifestOf(job: Job, result: PassResult, window: Range): Promise<ExportManifest> {
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

/** The checkpoint that follows a manifest. */
function nextCheckpoint(
  { found, scope, window: { from } }: Job,
  result: PassResult,
  manifest: ExportManifest,
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
    seen: [...result.seen],
    sequence: manifest.sequence,
    last_manifest: { sha256: sha256Of(exportManifestText(manifest)) },
  });
}

/** Puts everything in its place: files, manifest, and only then the checkpoint. */
export async function commitJob(job: Job, result: PassResult): Promise<Committed> {
  const { context, label, staging, found, lock } = job;
  const { inputs, workspace } = context;
  await lock.check();
  const window = { from: job.window.from, to: result.highWater };
  const manifest = await manifestOf(job, result, window);
  const text = exportManifestText(manifest);
  const path = inOutputDir(context, manifestPath(windowName(window, manifest.sequence), label));
  const file = inputs.checkpoint_file;
  const remember = Math.max(1, Math.ceil(inputs.overlap / 1_000));
  await commit(workspace, staging, {
    schema_version: 1,
    files: manifest.files.map((each, at) => ({
      staged: result.files[at]?.staged ?? '',
      path: inOutputDir(context, each.path),
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
