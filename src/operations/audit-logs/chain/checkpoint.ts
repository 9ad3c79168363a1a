import * as z from 'zod/mini';
import { ActionError } from '../../../contract/errors.ts';
import type { Workspace } from '../../../runner/workspace.ts';
import { isoTime } from '../events/time.ts';
import { ExportManifest, scopeOf, sha256Of } from './export-manifest.ts';
import type { ExportScope } from './scope.ts';

const MAX_CHECKPOINT_BYTES = 256 * 1024 * 1024;
/** The clocks of two runs may differ by this much. */
const CLOCK_TOLERANCE_S = 300;

/** What a checkpoint file contains, except its own hash. Times are in Unix seconds. */
const Content = z.object({
  schema_version: z.literal(1),
  kind: z.literal('devin-audit-checkpoint'),
  scope: ExportManifest.shape.scope,
  /** Where the first export of the chain began. */
  since: z.int(),
  /** Every event before this time is exported; the next window begins here. */
  high_water: z.int(),
  /** `seen` has every exported event from this time on. */
  seen_since: z.int(),
  /** Exported events near the high-water mark: ID, time, and fingerprint of each. Earlier releases wrote no fingerprint. */
  seen: z.array(z.union([z.tuple([z.string(), z.number(), z.string()]), z.tuple([z.string(), z.number()])])),
  /** Place of the last manifest in its chain, from 0. */
  sequence: z.int(),
  /** SHA-256 of the bytes of the last manifest. */
  last_manifest: z.object({ sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)) }),
});

/** A checkpoint file. `sha256` is the hash of the text that the file would have without this member and without its line end. */
export const CheckpointFile = z.extend(Content, { sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)) });

/** What a checkpoint contains. */
export type Checkpoint = z.output<typeof Content>;

const invalid = (path: string, problem: string, fix?: string) =>
  new ActionError('checkpoint_invalid', `The checkpoint ${JSON.stringify(path)} ${problem}.`, {
    fix:
      fix ??
      'Restore the file from a backup, or delete it to export from `since` again; nothing is lost, but events may be exported twice.',
  });

/** The text of a checkpoint file. Its last member is the hash of the others, which shows damage. */
export function checkpointText(checkpoint: Checkpoint): string {
  const content = JSON.stringify(checkpoint);
  return `${content.slice(0, -1)},"sha256":"${sha256Of(content)}"}\n`;
}

/** Reads the text of a checkpoint. @throws `checkpoint_invalid` if it is damaged or not a checkpoint */
export function parseCheckpoint(path: string, text: string): Checkpoint {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ActionError('checkpoint_invalid', `The checkpoint ${JSON.stringify(path)} is damaged: it is not JSON.`, {
      cause,
    });
  }
  const version = z.safeParse(z.object({ kind: Content.shape.kind, schema_version: z.int() }), json);
  if (!version.success)
    throw invalid(path, 'is not a checkpoint of an audit-log export', 'Set `checkpoint_file` to the right file.');
  if (version.data.schema_version !== 1) {
    const fix = 'Use that release again, or delete the file to export from `since`.';
    throw invalid(
      path,
      `has version ${version.data.schema_version}, which belongs to another release of this action`,
      fix,
    );
  }
  const read = z.safeParse(CheckpointFile, json);
  if (!read.success) throw invalid(path, `is damaged: ${read.error.issues[0]?.path.join('.')} is wrong`);
  const { sha256, ...content } = read.data;
  // Of the text as it is: a newer release may have written members that this one does not know.
  const [whole, tail] = [text.trim(), `,"sha256":"${sha256}"}`];
  if (!whole.endsWith(tail) || sha256Of(`${whole.slice(0, -tail.length)}}`) !== sha256)
    throw invalid(path, 'is damaged: its content and its hash differ');
  return content;
}

function checkScope(path: string, checkpoint: Checkpoint, scope: ExportScope): void {
  const [own, asked] = [checkpoint.scope, scopeOf(scope)];
  const differing = (['api', 'version', 'org_id', 'actions'] as const).filter(
    (name) => JSON.stringify(own[name]) !== JSON.stringify(asked[name]),
  );
  if (differing.length > 0) {
    const list = differing.map((name) => `${name}: ${JSON.stringify(own[name])}, not ${JSON.stringify(asked[name])}`);
    throw new ActionError('checkpoint_invalid', `The checkpoint ${JSON.stringify(path)} belongs to another export.`, {
      list,
      fix: 'Give each export its own `checkpoint_file`, or restore the previous values of the inputs.',
    });
  }
}

/** @throws `checkpoint_invalid` if a checkpoint is dated in the future; `now` is the API's time in Unix seconds */
export function checkNotFuture(path: string, { high_water: mark }: Checkpoint, now: number): void {
  if (mark <= now + CLOCK_TOLERANCE_S) return;
  const fix =
    'A run on a machine with a wrong clock may have written it. Restore an older checkpoint, or delete the file to export from `since`.';
  throw invalid(
    path,
    `is dated in the future: it ends at ${isoTime(mark)}, but the API's time is ${isoTime(now)}`,
    fix,
  );
}

/** A checkpoint as it was found. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly text: string;
}

/**
 * Reads a checkpoint; undefined if the file does not exist.
 *
 * @throws `checkpoint_invalid` if it is damaged or belongs to another scope
 */
export async function readCheckpoint(
  workspace: Workspace,
  path: string,
  scope: ExportScope,
): Promise<FoundCheckpoint | undefined> {
  if (!(await workspace.exists(path))) return undefined;
  const read = await workspace.readText(path, MAX_CHECKPOINT_BYTES);
  if (!read.ok) throw invalid(path, read.problem);
  const checkpoint = parseCheckpoint(path, read.text);
  checkScope(path, checkpoint, scope);
  return { checkpoint, text: read.text };
}
