import type * as z from 'zod/mini';
import * as knowledge from '../../../devin/endpoints/knowledge.ts';
import { invalidField, notFound } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { anyRow, lists, organizationOf, removes, rowOf, shows } from '../../world/rows.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { foldersOf, type Note, notes } from './knowledge-seed.ts';

type Request = z.output<ReturnType<typeof knowledge.KnowledgeNoteCreateRequest>>;

/** What the body of a request makes of a note; `folder_id` has to be a folder of the same owner. */
function written({ world }: Change, orgId: string | null, request: Request) {
  const { folder_id: folderId = null, pinned_repo: pinned = null } = request;
  const folder = foldersOf(world, orgId).find(({ id }) => id === folderId);
  if (folderId !== null && !folder) throw notFound('Folder');
  if (pinned !== null && pinned !== 'all' && !/^[^\s/]+(\/[^\s/]+)+$/.test(pinned)) {
    throw invalidField(
      ['body', 'pinned_repo'],
      'Input should be `all` or a path such as `owner/name`',
      'invalid_format',
    );
  }
  return {
    name: request.name,
    body: request.body,
    trigger: request.trigger,
    folder_id: folderId,
    folder_path: folder?.path ?? '/',
    pinned_repo: pinned,
    is_enabled: request.is_enabled ?? true,
    updated_at: Math.floor(world.now / 1000),
  };
}

function create(change: Change, orgId: string | null, request: Request): Note {
  const { world } = change;
  const table = notes(world);
  const content = written(change, orgId, request);
  const note_id = `note-${world.seeded.hex('note', table.next)}`;
  const { value } = table.add(note_id, orgId, {
    note_id,
    ...content,
    access_type: orgId === null ? 'enterprise' : 'org',
    org_id: orgId,
    macro: null,
    created_at: content.updated_at,
  });
  recordChange(change, 'create_knowledge', orgId, { note_id, name: value.name });
  return value;
}

function replace(change: Change, row: Row<Note>, request: Request): Note {
  row.value = { ...row.value, ...written(change, row.orgId, request) };
  recordChange(change, 'edit_knowledge', row.orgId, { note_id: row.id, name: row.value.name });
  return row.value;
}

interface Filters {
  readonly search?: string | null | undefined;
  readonly folder_path?: string | null | undefined;
  readonly pinned_repo?: string | null | undefined;
}

/** Whether a note is wanted; a folder's notes include those of the folders below. */
function matches(note: Note, { search, folder_path: path, pinned_repo: pinned }: Filters): boolean {
  const has = (text: string) => text.toLowerCase().includes((search ?? '').toLowerCase());
  const below = `${(path ?? '/').replace(/\/+$/, '')}/`;
  return (
    (has(note.name) || has(note.body) || has(note.trigger)) &&
    `${note.folder_path.replace(/\/+$/, '')}/`.startsWith(below) &&
    (typeof pinned !== 'string' || note.pinned_repo?.toLowerCase() === pinned.toLowerCase())
  );
}

function tree(world: World, orgId: string | null) {
  const own = notes(world)
    .all()
    .filter((row) => row.orgId === orgId);
  const count = (id: string | null) => own.filter(({ value }) => value.folder_id === id).length;
  return {
    folders: foldersOf(world, orgId).map(({ id, name, path, parent }) => ({
      folder_id: id,
      name,
      path,
      parent_folder_id: parent?.id ?? null,
      note_count: count(id),
    })),
    root_note_count: count(null),
  };
}

const any = { table: notes, key: 'note_id', what: 'Note' } as const;
const ofOrg = { ...any, of: 'org_id' } as const;
const removal = { action: 'delete_knowledge', data: ({ name }: Note) => ({ name }) };

/** The knowledge notes of the enterprise and of its organizations, and their folders. */
export const knowledgeHandlers: readonly Handler[] = [
  on(knowledge.listEnterpriseKnowledgeFolders, ({ world }) => tree(world, null)),
  lists(knowledge.listEnterpriseNotes, {
    table: notes,
    where: ({ value }, { query }) =>
      (query.access_type ?? value.access_type) === value.access_type && matches(value, query),
  }),
  on(knowledge.createEnterpriseNote, (call) => create(call, null, call.body)),
  shows(knowledge.getEnterpriseNote, any),
  on(knowledge.updateEnterpriseNote, (call) =>
    replace(call, anyRow(call.world, notes(call.world), call.param('note_id'), any.what), call.body),
  ),
  removes(knowledge.deleteEnterpriseNote, { ...any, ...removal }),
  on(knowledge.listOrgKnowledgeFolders, (call) => tree(call.world, organizationOf(call).id)),
  lists(knowledge.listOrgNotes, {
    table: notes,
    of: 'org_id',
    where: ({ value }, { query }) => matches(value, query),
  }),
  on(knowledge.createOrgNote, (call) => create(call, organizationOf(call).id, call.body)),
  shows(knowledge.getOrgNote, ofOrg),
  on(knowledge.updateOrgNote, (call) =>
    replace(call, rowOf(notes(call.world), call.param('note_id'), organizationOf(call).id, any.what), call.body),
  ),
  removes(knowledge.deleteOrgNote, { ...ofOrg, ...removal }),
];
