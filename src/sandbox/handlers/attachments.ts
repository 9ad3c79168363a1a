import { downloadAttachment, listSessionAttachments, uploadAttachment } from '../../devin/endpoints/sessions.ts';
import { FormFile, MAX_UPLOAD_BYTES } from '../body.ts';
import { existing, type Handler, on, Redirect } from '../handler.ts';
import { invalidField, Problem } from '../problem.ts';
import { momentOf } from '../session-life.ts';
import { attachmentUrlsOf, repositoryOf, type SessionRecord } from '../sessions.ts';
import type { World } from '../state.ts';
import type { Row } from '../table.ts';
import { decoded } from '../text.ts';
import { recordChange } from './changes.ts';
import { organizationOf, rowOf } from './rows.ts';
import { sessionOf } from './session-access.ts';

function urlOf(world: World, orgId: string, id: string, name: string): string {
  return `${world.origin}/v3/organizations/${orgId}/attachments/${id}/${encodeURIComponent(name)}`;
}

function nameIn(url: string): string {
  const last = URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? '') : '';
  return decoded(last) || 'attachment';
}

function given(world: World, url: string, n: number, i: number) {
  const uuid = url.startsWith(`${world.origin}/`) ? url.split('/').at(-2) : undefined;
  const file = uuid === undefined ? undefined : world.state.files.get(uuid)?.value;
  return {
    attachment_id: file?.attachment_id ?? world.seeded.uuid(`given-${i}`, n),
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
  if (!world.state.files.get(id)) {
    const text = `# Made by the sandbox for ${repositoryOf(row.value.request)}\n--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-old\n+new\n`;
    world.state.files.add(id, row.orgId, {
      attachment_id: id,
      name,
      contentType: 'text/x-patch',
      bytes: new TextEncoder().encode(text),
    });
  }
  const url = urlOf(world, row.orgId ?? '', id, name);
  return { attachment_id: id, name, url, source: 'devin', content_type: 'text/x-patch' };
}

/** The files of a session: those that users gave it, then those that it made. */
export function attachmentsOf(world: World, row: Row<SessionRecord>) {
  const fromUser = attachmentUrlsOf(row.value, world.now).map((url, i) => given(world, url, row.n, i));
  const moment = momentOf(row.value.steps, world.now);
  return moment.pullRequest && moment.detail === 'finished' ? [...fromUser, patchOf(world, row)] : fromUser;
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
    files.add(id, organization.id, { attachment_id: id, name, contentType: file.contentType, bytes: file.bytes });
    // The documented list has no action for an upload; this one comes nearest.
    const change = { change: 'upload_attachment', attachment_id: id };
    recordChange({ world, caller }, 'update_org_settings', organization.id, change);
    return { attachment_id: id, name, url: urlOf(world, organization.id, id, name) };
  }),
  on(downloadAttachment, ({ world, param }) => {
    const { id: orgId } = organizationOf({ world, param });
    const row = rowOf(world.state.files, param('uuid'), orgId, 'Attachment');
    const { id } = existing(row.value.name === param('name') ? row : undefined, 'Attachment');
    return new Redirect(`${world.origin}/sandbox/files/${id}`);
  }),
  on(listSessionAttachments, (call) => attachmentsOf(call.world, sessionOf(call))),
];
