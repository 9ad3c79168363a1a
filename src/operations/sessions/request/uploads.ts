import { basename } from 'node:path';
import { ActionError } from '../../../contract/errors.ts';
import { uploadAttachment } from '../../../devin/endpoints/sessions.ts';
import { count, number } from '../../../report/units.ts';
import { whyMissing } from '../../../runner/checkout.ts';
import type { FoundFile } from '../../../runner/workspace.ts';
import type { Checks, Context } from '../../operation.ts';

const MIB = 1024 * 1024;
/** Largest file that is uploaded, and the most that all of them may have. */
const MAX_FILE_BYTES = 50 * MIB;
const MAX_ALL_BYTES = 100 * MIB;

/** A text to upload that is no file, such as the log of a job. */
export interface UploadText {
  /** The name under which Devin sees it, one part of a path. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Something to upload: a file of the workspace, or a text. */
export type Upload = FoundFile | UploadText;

const megabytes = (bytes: number) => `${number(bytes / MIB)} MB`;

/** Finds the files of the input `attachments`, each once, and reports what is wrong with them. */
export async function findUploads(
  patterns: readonly string[] | undefined,
  { workspace, problem }: Checks,
): Promise<readonly FoundFile[]> {
  const all = new Map<string, FoundFile>();
  for (const pattern of patterns ?? []) {
    const found = await workspace.findFiles(pattern);
    const name = JSON.stringify(pattern);
    if (!found.ok) problem('attachments', `names ${name}, which ${found.problem}`);
    else if (found.files.length === 0) {
      const why = await whyMissing(workspace, pattern);
      problem('attachments', `names ${name}, which matches no file${why}`);
    } else for (const file of found.files) all.set(file.path, file);
  }
  const files = [...all.values()];
  for (const { path, bytes } of files.filter((file) => file.bytes > MAX_FILE_BYTES)) {
    const most = megabytes(MAX_FILE_BYTES);
    problem('attachments', `names ${JSON.stringify(path)}, which has ${megabytes(bytes)}; at most ${most} are allowed`);
  }
  const sum = files.reduce((bytes, file) => bytes + file.bytes, 0);
  if (sum > MAX_ALL_BYTES) {
    problem('attachments', `has ${megabytes(sum)} in total; at most ${megabytes(MAX_ALL_BYTES)} are allowed`);
  }
  return files;
}

async function contentOf(workspace: Context['workspace'], upload: Upload): Promise<UploadText> {
  if ('name' in upload) return upload;
  const read = await workspace.readFound(upload);
  if (!read.ok) {
    throw new ActionError('input_invalid', `The file ${JSON.stringify(upload.path)} ${read.problem}.`, {
      fix: 'Make sure that nothing writes to the file while this step runs, then run the step again.',
    });
  }
  return { name: basename(upload.path), bytes: read.bytes };
}

/** Uploads to an organization, one after the other. Gives the addresses by which a session gets the files. */
export async function uploadAll(
  { devin, workspace, log, signal }: Pick<Context, 'devin' | 'workspace' | 'log' | 'signal'>,
  orgId: string,
  uploads: readonly Upload[],
): Promise<string[]> {
  const urls: string[] = [];
  for (const upload of uploads) {
    signal.throwIfAborted();
    const file = await contentOf(workspace, upload);
    const { url } = await devin.call(uploadAttachment, { params: { org_id: orgId }, file });
    urls.push(url);
  }
  log.info(`  uploaded ${count(uploads.length, 'file')}`);
  return urls;
}
