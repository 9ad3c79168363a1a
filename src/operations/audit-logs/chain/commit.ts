import { createHash } from 'node:crypto';
import { basename, join, normalize } from 'node:path/posix';
import * as z from 'zod/mini';
import { ActionError } from '../../../contract/errors.ts';
import type { Workspace } from '../../../runner/workspace.ts';
import { MAX_EXPORT_MANIFEST_BYTES, parseExportManifest, sha256Of } from './export-manifest.ts';

const MAX_JOURNAL_BYTES = 512 * 1024 * 1024;

/**
 * What remains to be done once every file is complete. It is written down first, so that the next run can complete it if this
 * one is killed.
 */
const PendingCommit = z.object({
  schema_version: z.literal(1),
  /** Files by their names in the staging folder, and in the workspace. */
  files: z.array(z.object({ staged: z.string(), path: z.string() })),
  manifest: z.object({ path: z.string(), text: z.string() }),
  /** `base` is the hash of the checkpoint that the run began with; null where it began with none. */
  checkpoint: z.nullable(z.object({ path: z.string(), text: z.string(), base: z.nullable(z.string()) })),
});

/** What remains to be done. Paths are relative to the workspace. */
export type PendingCommit = z.output<typeof PendingCommit>;

/** Where a run keeps incomplete files: beside the final ones, so that a file only has to change its name. */
export const stagingOf = (outputDir: string, label: string): string => join(outputDir, `.devin-audit-${label}`);

const journalOf = (staging: string) => join(staging, 'journal.json');

/**
 * Puts files and manifest in their places, in this order; each step may be repeated.
 *
 * @param isRecovery an earlier run may have done a part of it
 */
async function putInPlace(
  workspace: Workspace,
  staging: string,
  { files, manifest }: PendingCommit,
  isRecovery: boolean,
): Promise<void> {
  const hashes = hashesOf(manifest);
  const present = await workspace.readText(manifest.path, MAX_EXPORT_MANIFEST_BYTES);
  // The manifest comes after the files, which a later step may have moved elsewhere since.
  const isPlaced = isRecovery && present.ok && present.text === manifest.text;
  if (!isPlaced) await removeFormer(workspace, manifest, files);
  for (const [at, { staged, path }] of files.entries()) {
    if (await workspace.exists(join(staging, staged))) await workspace.move(join(staging, staged), path);
    // A run that was interrupted here may have moved it already.
    else if (!isPlaced && !(isRecovery && (await hashOf(workspace, path)) === hashes[at])) {
      // Without this, every later run would fail in the same way.
      await workspace.remove(staging);
      throw missing(path);
    }
  }
  await workspace.writeFile(manifest.path, manifest.text);
}

/** Writes the checkpoint, once everything else is in its place. */
async function finish(workspace: Workspace, staging: string, { checkpoint }: PendingCommit): Promise<void> {
  if (checkpoint !== null && (await isBase(workspace, checkpoint))) {
    await workspace.writeFile(checkpoint.path, checkpoint.text);
  }
  await workspace.remove(staging);
}

/** SHA-256 of each file of a manifest, in the order of the files. */
function hashesOf({ text }: PendingCommit['manifest']): readonly string[] {
  const read = parseExportManifest(text);
  return read.ok ? read.manifest.files.map(({ sha256 }) => sha256) : [];
}

async function hashOf(workspace: Workspace, path: string): Promise<string | undefined> {
  if (!(await workspace.exists(path))) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of workspace.chunks(path)) hash.update(chunk);
  return hash.digest('hex');
}

const missing = (path: string) =>
  new ActionError('export_corrupt', `The file ${JSON.stringify(path)} of this export is missing.`, {
    fix: 'Something removed it while the export ran. The checkpoint did not change: run the export again.',
  });

/** Whether the checkpoint is still the one that the run began with; if not, it belongs to another run. */
async function isBase(
  workspace: Workspace,
  { path, base }: NonNullable<PendingCommit['checkpoint']>,
): Promise<boolean> {
  if (!(await workspace.exists(path))) return true;
  const present = await workspace.readText(path, MAX_JOURNAL_BYTES);
  return present.ok && sha256Of(present.text) === base;
}

/** Removes the files of an earlier run over the same window that this run does not write again. */
async function removeFormer(
  workspace: Workspace,
  manifest: PendingCommit['manifest'],
  files: PendingCommit['files'],
): Promise<void> {
  const former = await workspace.readText(manifest.path, MAX_EXPORT_MANIFEST_BYTES);
  if (!former.ok) return;
  const read = parseExportManifest(former.text);
  if (!read.ok) return;
  const folder = join(manifest.path, '../..');
  const kept = new Set(files.map(({ path }) => path));
  for (const { path } of read.manifest.files) {
    const target = join(folder, path);
    // A manifest is a file like others, so it may contain any path.
    const isOurs = !path.split(/[\\/]/).includes('..') && /(^|\/)devin-audit_[^/]+$/.test(path);
    if (isOurs && !kept.has(target)) await workspace.remove(target);
  }
}

/** Commits a run whose files are all complete. As soon as the journal has its name, the run counts. */
export async function commit(workspace: Workspace, staging: string, pending: PendingCommit): Promise<void> {
  try {
    await workspace.writeFile(journalOf(staging), JSON.stringify(pending));
  } catch (thrown) {
    // Without its journal, the run does not count; a full disk needs the space.
    await workspace.remove(staging).catch(() => undefined);
    throw thrown;
  }
  await putInPlace(workspace, staging, pending, false);
  await finish(workspace, staging, pending);
}

/** Where a run may have written. */
export interface ExportPaths {
  readonly outputDir: string;
  readonly staging: string;
  readonly checkpointFile: string | undefined;
}

/**
 * Completes what a killed run had begun to commit, and removes what a run left that had not. True if there was a commit.
 *
 * @throws `export_corrupt` for a journal that no run has written, or if a file of it is missing
 */
export async function recover(workspace: Workspace, paths: ExportPaths): Promise<boolean> {
  const { staging } = paths;
  if (!(await workspace.exists(staging))) return false;
  const found = await workspace.readText(journalOf(staging), MAX_JOURNAL_BYTES);
  const pending = found.ok ? parsePending(found.text) : undefined;
  if (pending === undefined) await workspace.remove(staging);
  else {
    const left = expected(pending, paths);
    await putInPlace(workspace, staging, left, true).catch((thrown: unknown) => {
      // What a link in the staging folder leads to is not a file of an export.
      throw thrown instanceof ActionError && thrown.code === 'input_invalid' ? foreign(thrown) : thrown;
    });
    await finish(workspace, staging, left);
  }
  return pending !== undefined;
}

const foreign = (cause?: unknown) =>
  new ActionError('export_corrupt', 'The journal of an interrupted run is damaged.', {
    cause,
    fix: 'Remove the folder `.devin-audit-…` in `output_dir`, and export again.',
  });

function parsePending(text: string): PendingCommit {
  try {
    return PendingCommit.parse(JSON.parse(text));
  } catch (cause) {
    // It got its name when it was complete, so something else changed it.
    throw foreign(cause);
  }
}

/**
 * A journal that names only files of this export: one that came with the repository must not write others, such as the
 * hooks of git. A checkpoint with another name is ignored.
 */
function expected(pending: PendingCommit, { outputDir, checkpointFile }: ExportPaths): PendingCommit {
  const { files, manifest, checkpoint } = pending;
  // As `join` writes it: the workspace itself, `.`, is an empty beginning.
  const folder = join(outputDir, 'x').slice(0, -1);
  const isOurs = (path: string) =>
    normalize(path) === path && path.startsWith(folder) && basename(path).startsWith('devin-audit_');
  const isFine = files.every(({ staged, path }) => /^file-\d+$/.test(staged) && isOurs(path)) && isOurs(manifest.path);
  if (!isFine || !parseExportManifest(manifest.text).ok) throw foreign();
  return { ...pending, checkpoint: checkpoint?.path === checkpointFile ? checkpoint : null };
}
