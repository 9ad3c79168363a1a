import { downloadAttachment, listSessionAttachments, uploadAttachment } from '../../../devin/endpoints/sessions.ts';
import { FormFile, MAX_UPLOAD_BYTES } from '../../request/body.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { decoded } from '../../request/text.ts';
import { standing } from '../../views/session-view.ts';
import { recordChange } from '../../world/changes.ts';
import { existing, type Handler, on, Redirect } from '../../world/handler.ts';
import { organizationOf, rowOf } from '../../world/rows.ts';
import { attachmentUrlsOf, repositoryOf, type SessionRecord } from '../../world/sessions.ts';
import type { StoredFile, World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { sessionOf } from './session-access.ts';

/** The address of a file in the web app, which is what responses contain. */
function urlOf(world: World, uuid: string, name: string): string {
  return `${world.origin}/attachments/${uuid}/${encodeURIComponent(name)}`;
}

/** The ID of a file, which need not be the UUID in its path. */
function shownId({ seeded, habits }: World, { n, id }: Row<StoredFile>): string {
  return habits.attachment_ids === 'own' ? seeded.uuid('attachment', n) : id;
}

function nameIn(url: string): string {
  const last = URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? '') : '';
  return decoded(last) || 'attachment';
}

function given(world: World, url: string, n: number, i: number) {
  const uuid = url.startsWith(`${world.origin}/`) ? url.split('/').at(-2) : undefined;
  const row = uuid === undefined ? undefined : world.state.files.get(uuid);
  const file = row?.value;
  return {
    attachment_id: row ? shownId(world, row) : world.seeded.uuid(`given-${i}`, n),
    name: file?.name ?? nameIn(url),
    url,
    source: 'user',
    content_type: file?.contentType ?? null,
  };
}

/** The patch that a session with a pull request leaves behind, made when it is first asked for. */
function patchOf(world: World, row: Row<SessionRecord>) {
  const id = world.seeded.uuid('patch', row.n);
  const name = 'changes.patch';
  let file = world.state.files.get(id);
  if (!file) {
    const text = `# Made by the sandbox for ${repositoryOf(row.value.request)}\n--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-old\n+new\n`;
    file = world.state.files.add(id, row.orgId, {
      name,
      contentType: 'text/x-patch',
      bytes: new TextEncoder().encode(text),
    });
  }
  return {
    attachment_id: shownId(world, file),
    name,
    url: urlOf(world, id, name),
    source: 'devin',
    content_type: 'text/x-patch',
  };
}

/** The files of a session: those that users gave it, then those that it made. */
export function attachmentsOf(world: World, row: Row<SessionRecord>) {
  const fromUser = attachmentUrlsOf(row.value, world.now).map((url, i) => given(world, url, row.n, i));
  const { pullRequest, detail } = standing(world, row.value);
  return pullRequest && (detail === 'finished' || detail === 'inactivity')
    ? [...fromUser, patchOf(world, row)]
    : fromUser;
}

/** Uploads, lists and hands out files. */
export const attachmentHandlers: readonly Handler[] = [
  on(uploadAttachment, ({ world, caller, body, param }) => {
    const { file } = body;
    if (!(file instanceof FormFile)) throw invalidField(['body', 'file'], 'Field required', 'missing');
    if (file.bytes.byteLength > MAX_UPLOAD_BYTES) throw new Problem(413, 'A file should be at most 100 MB');
    const { files } = world.state;
    const organization = organizationOf({ world, param });
    const id = world.seeded.uuid('file', files.next);
    const name = file.name || 'file';
    const row = files.add(id, organization.id, { name, contentType: file.contentType, bytes: file.bytes });
    const attachment_id = shownId(world, row);
    // The documented list has no action for an upload; this one comes nearest.
    const change = { change: 'upload_attachment', attachment_id };
    recordChange({ world, caller }, 'update_org_settings', organization.id, change);
    return { attachment_id, name, url: urlOf(world, id, name) };
  }),
  on(downloadAttachment, ({ world, param }) => {
    const { id: orgId } = organizationOf({ world, param });
    const found = rowOf(world.state.files, param('uuid'), orgId, 'Attachment');
    const row = existing(found.value.name === param('name') ? found : undefined, 'Attachment');
    return new Redirect(`${world.origin}/sandbox/files/${row.id}?signature=${world.seeded.hex('signature', row.n)}`);
  }),
  on(listSessionAttachments, (call) => attachmentsOf(call.world, sessionOf(call))),
];
