import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, seconds, tolerant } from '../tolerant.ts';
import { cursorQuery, open, optionalText, page } from './shapes.ts';

const OF_ENTERPRISE = { permission: ['ManageAccountKnowledge'] };
const OF_ORGANIZATION = { permission: ['ManageOrgKnowledge'] };

/** A folder of notes. `note_count` counts the notes right in it, not those of folders below. */
export const FolderSummary = lazy(() =>
  tolerant(
    {
      folder_id: z.string(),
      name: z.string(),
      path: z.string(),
      parent_folder_id: optionalText(),
      note_count: z.int(),
    },
    ['folder_id'],
  ),
);

/** Every folder, and how many notes are in none. */
export const FolderTree = lazy(() =>
  tolerant({ folders: list(FolderSummary()), root_note_count: z.int() }, ['folders']),
);

/**
 * A note to create, or what takes the place of one. `trigger` says when Devin should recall it; `pinned_repo` is a
 * repository (`owner/name`) in which it always applies, or `all`.
 */
export const KnowledgeNoteCreateRequest = lazy(() =>
  z.strictObject({
    name: z.string(),
    body: z.string(),
    trigger: z.string(),
    folder_id: optionalText(),
    pinned_repo: optionalText(),
    is_enabled: z.nullish(z.boolean()),
  }),
);

/** A knowledge note. `org_id` is null for a note of the enterprise; times are Unix seconds. */
export const KnowledgeNote = lazy(() =>
  tolerant(
    {
      note_id: z.string(),
      name: z.string(),
      body: z.string(),
      trigger: z.string(),
      access_type: open(['enterprise', 'org']),
      org_id: z.nullable(z.string()),
      folder_id: z.nullable(z.string()),
      folder_path: z.string(),
      pinned_repo: z.nullable(z.string()),
      macro: z.nullable(z.string()),
      is_enabled: z.boolean(),
      created_at: seconds(),
      updated_at: seconds(),
    },
    ['note_id'],
  ),
);

const noteQuery = () => ({
  ...cursorQuery,
  search: optionalText(),
  folder_path: optionalText(),
  pinned_repo: optionalText(),
});

/** https://docs.devin.ai/api-reference/v3/notes */
export const listEnterpriseKnowledgeFolders = endpoint(
  'listEnterpriseKnowledgeFolders',
  'GET /v3/enterprise/knowledge/folders',
  { summary: 'Show the folders of the enterprise notes', ...OF_ENTERPRISE, answer: FolderTree },
);

/** All notes, those of the organizations too unless `access_type` says otherwise. */
export const listEnterpriseNotes = endpoint('listEnterpriseNotes', 'GET /v3/enterprise/knowledge/notes', {
  summary: 'List all knowledge notes',
  ...OF_ENTERPRISE,
  paging: 'cursor',
  query: lazy(() => z.strictObject({ ...noteQuery(), access_type: z.nullish(z.enum(['org', 'enterprise'])) })),
  answer: page(KnowledgeNote),
});

/** Adds a note that every organization shares. */
export const createEnterpriseNote = endpoint('createEnterpriseNote', 'POST /v3/enterprise/knowledge/notes', {
  summary: 'Create a knowledge note of the enterprise',
  ...OF_ENTERPRISE,
  body: KnowledgeNoteCreateRequest,
  answer: KnowledgeNote,
});

/** One note, by an id such as `note-abc123def456`. */
export const getEnterpriseNote = endpoint('getEnterpriseNote', 'GET /v3/enterprise/knowledge/notes/{note_id}', {
  summary: 'Show any knowledge note',
  ...OF_ENTERPRISE,
  answer: KnowledgeNote,
});

/** Replaces the whole note: what the body leaves out goes back to its default. */
export const updateEnterpriseNote = endpoint('updateEnterpriseNote', 'PUT /v3/enterprise/knowledge/notes/{note_id}', {
  summary: 'Replace any knowledge note',
  ...OF_ENTERPRISE,
  body: KnowledgeNoteCreateRequest,
  answer: KnowledgeNote,
});

/** Answers with the note as it was. */
export const deleteEnterpriseNote = endpoint(
  'deleteEnterpriseNote',
  'DELETE /v3/enterprise/knowledge/notes/{note_id}',
  { summary: 'Delete any knowledge note', ...OF_ENTERPRISE, answer: KnowledgeNote },
);

/** The folders of one organization's notes. */
export const listOrgKnowledgeFolders = endpoint(
  'listOrgKnowledgeFolders',
  'GET /v3/organizations/{org_id}/knowledge/folders',
  { summary: 'Show the note folders of an organization', ...OF_ORGANIZATION, answer: FolderTree },
);

/** The notes of one organization, without those of the enterprise. */
export const listOrgNotes = endpoint('listOrgNotes', 'GET /v3/organizations/{org_id}/knowledge/notes', {
  summary: 'List the knowledge notes of an organization',
  ...OF_ORGANIZATION,
  paging: 'cursor',
  query: lazy(() => z.strictObject(noteQuery())),
  answer: page(KnowledgeNote),
});

/** Adds a note to one organization. */
export const createOrgNote = endpoint('createOrgNote', 'POST /v3/organizations/{org_id}/knowledge/notes', {
  summary: 'Create a knowledge note in an organization',
  ...OF_ORGANIZATION,
  body: KnowledgeNoteCreateRequest,
  answer: KnowledgeNote,
});

/** One note of an organization. */
export const getOrgNote = endpoint('getOrgNote', 'GET /v3/organizations/{org_id}/knowledge/notes/{note_id}', {
  summary: 'Show a knowledge note of an organization',
  ...OF_ORGANIZATION,
  answer: KnowledgeNote,
});

/** Replaces the whole note: what the body leaves out goes back to its default. */
export const updateOrgNote = endpoint('updateOrgNote', 'PUT /v3/organizations/{org_id}/knowledge/notes/{note_id}', {
  summary: 'Replace a knowledge note of an organization',
  ...OF_ORGANIZATION,
  body: KnowledgeNoteCreateRequest,
  answer: KnowledgeNote,
});

/** Answers with the note as it was. */
export const deleteOrgNote = endpoint('deleteOrgNote', 'DELETE /v3/organizations/{org_id}/knowledge/notes/{note_id}', {
  summary: 'Delete a knowledge note of an organization',
  ...OF_ORGANIZATION,
  answer: KnowledgeNote,
});
