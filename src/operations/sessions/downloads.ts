import { join } from 'node:path';
import { ActionError, asActionError } from '../../contract/errors.ts';
import type { ItemOf } from '../../devin/endpoint.ts';
import { downloadAttachment, listSessionAttachments } from '../../devin/endpoints/sessions.ts';
import { count } from '../../report/units.ts';
import type { Context } from '../operation.ts';

/** Longest name of a file, in bytes: file systems take 255, and a number may come on top. */
const MAX_NAME = 200;

/** A file that Devin attached, now in the workspace. */
export interface Downloaded {
  /** As Devin named it. */
  readonly name: string;
  /** Where it is in the workspace. */
  readonly path: string;
  readonly bytes: number;
}

/** The result of the downloads: the files that are there, and an error that lists those that are not. */
export interface Downloads {
  readonly files: readonly Downloaded[];
  readonly error: ActionError | undefined;
}

/** A name for a file in any folder of any system: no path, no hidden file, no device of Windows. */
export function safeName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? '';
  const clean = last
    .normalize('NFC')
    .toWellFormed()
    .replace(/[\p{C}<>:"|?*]/gu, '_');
  // The end stays, since the extension is there.
  const characters = [...clean].slice(-MAX_NAME);
  while (Buffer.byteLength(characters.join('')) > MAX_NAME) characters.shift();
  const kept = characters.join('').replace(/^[.\s]+|[.\s]+$/g, '');
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(kept) ? `_${kept}` : kept || 'attachment';
}

/** One segment of a path without its percent-encoding; as it is where that is broken. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * What the download of an attachment is asked by. The URL of the response rejects API keys, but has both parts; the
 * member `attachment_id` may differ from the UUID in it.
 */
export function addressOf({
  url,
  attachment_id: id,
  name,
}: Pick<ItemOf<typeof listSessionAttachments>, 'url' | 'attachment_id' | 'name'>):
  | { readonly uuid: string; readonly name: string }
  | undefined {
  const path = URL.parse(url ?? '', 'https://app.devin.ai')?.pathname ?? '';
  const [, uuid, last] = /\/attachments\/([^/]+)(?:\/([^/]+))?\/?$/.exec(path) ?? [];
  const found = { uuid: uuid === undefined ? id : decoded(uuid), name: last === undefined ? name : decoded(last) };
  return found.uuid && found.name ? { uuid: found.uuid, name: found.name } : undefined;
}

/** `report.txt`, or `report-2.txt` where there is one, and so on. */
async function freePath(
  folder: string,
  name: string,
  taken: Set<string>,
  workspace: Context['workspace'],
): Promise<string> {
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let at = 1; ; at += 1) {
    const path = join(folder, at === 1 ? name : `${stem}-${at}${extension}`);
    // Two names that differ only in case are one file on some systems.
    const key = path.toLowerCase();
    if (taken.has(key) || (await workspace.exists(path))) continue;
    taken.add(key);
    return path;
  }
}

/**
 * Downloads the files that Devin attached to a session into a folder of the workspace. Never throws: what went wrong
 * must not cost the outputs.
 */
export async function downloadAll(
  { devin, workspace, log, redact }: Pick<Context, 'devin' | 'workspace' | 'log' | 'redact'>,
  orgId: string,
  sessionId: string,
  folder: string,
): Promise<Downloads> {
  const files: Downloaded[] = [];
  const wrong: string[] = [];
  const taken = new Set<string>();
  try {
    const call = { params: { org_id: orgId, devin_id: sessionId } };
    const all = await devin.call(listSessionAttachments, call);
    for (const attachment of all.filter(({ source }) => source === 'devin')) {
      const address = addressOf(attachment);
      if (address === undefined) {
        wrong.push('An attachment has neither a URL nor an ID.');
        continue;
      }
      const { uuid, name } = address;
      try {
        const bytes = await devin.download(downloadAttachment, { params: { org_id: orgId, uuid, name } });
        // The bytes stay as they are; a name gets into logs and artifacts.
        const path = await workspace.writeFile(await freePath(folder, safeName(redact(name)), taken, workspace), bytes);
        files.push({ name, path, bytes: bytes.length });
      } catch (thrown) {
        wrong.push(`${name}: ${asActionError(thrown).message}`);
      }
    }
  } catch (thrown) {
    return { files, error: asActionError(thrown) };
  }
  log.info(`  ${count(files.length, 'attachment')} in ${folder}`);
  if (wrong.length === 0) return { files, error: undefined };
  const message = `${count(wrong.length, 'attachment')} of the session could not be downloaded.`;
  const fix = 'Open the session to see its files; `call-api` with `downloadAttachment` fetches one.';
  return { files, error: new ActionError('api_unavailable', message, { list: wrong, fix }) };
}
