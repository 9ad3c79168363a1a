import type * as z from 'zod/mini';
import type { KnowledgeNote } from '../../../devin/endpoints/knowledge.ts';
import { beginningOf, DAY, seededOrganization } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { Table } from '../../world/table.ts';

/** A note as the API shows it. */
export type Note = z.input<ReturnType<typeof KnowledgeNote>>;

/** A folder of notes; `parent` is the folder around it. */
export interface Folder {
  readonly id: string;
  readonly name: string;
  /** Such as `/Runbooks/Deploys`. */
  readonly path: string;
  readonly parent: Folder | null;
}

/** The enterprise and each organization have folders of these paths: the API has no call that makes one. */
const FOLDERS = ['/Runbooks', '/Runbooks/Deploys', '/Style'];

const known = shelf(() => new Map<string | null, readonly Folder[]>());

/** The folders of an organization, or of the enterprise (null). */
export function foldersOf(world: World, orgId: string | null): readonly Folder[] {
  const made = known(world).get(orgId);
  if (made) return made;
  const folders: Folder[] = [];
  for (const [i, path] of FOLDERS.entries()) {
    const slash = path.lastIndexOf('/');
    const parent = folders.find((folder) => folder.path === path.slice(0, slash)) ?? null;
    const id = `folder-${world.seeded.hex(`folder/${orgId ?? ''}`, i)}`;
    folders.push({ id, name: path.slice(slash + 1), path, parent });
  }
  known(world).set(orgId, folders);
  return folders;
}

interface SeedNote {
  /** Counted from 0; null for the enterprise. */
  readonly org: number | null;
  readonly name: string;
  readonly body: string;
  readonly trigger: string;
  readonly path?: string;
  readonly pinned?: string;
  readonly macro?: string;
  readonly off?: true;
}

const NOTES: readonly SeedNote[] = [
  {
    org: null,
    name: 'Commit messages',
    body: 'Write the subject in the imperative, at most 72 characters.',
    trigger: 'When committing to any repository',
    path: '/Style',
    pinned: 'all',
  },
  {
    org: null,
    name: 'Who to ask about outages',
    body: 'Post in the incident channel first, then open a ticket.',
    trigger: 'When a service seems to be down',
    macro: '!outage',
  },
  {
    org: 0,
    name: 'Deploying the API',
    body: 'Deploys go through the release workflow; never push a tag by hand.',
    trigger: 'When asked to deploy or release the API',
    path: '/Runbooks/Deploys',
    pinned: 'acme/api',
  },
  {
    org: 0,
    name: 'Running the tests',
    body: 'Use npm test; the database starts by itself.',
    trigger: 'When tests have to run',
    path: '/Runbooks',
  },
  {
    org: 1,
    name: 'Old warehouse schema',
    body: 'The tables with the prefix old_ are read-only.',
    trigger: 'When a query touches the warehouse',
    off: true,
  },
];

/** The notes, those of the enterprise and of all organizations together. */
export const notes = shelf((world) => {
  const table = new Table<Note>();
  const beginning = beginningOf(world.state);
  for (const seed of NOTES) {
    const orgId = seed.org === null ? null : seededOrganization(world, seed.org)?.org_id;
    if (orgId === undefined) continue;
    const folder = foldersOf(world, orgId).find(({ path }) => path === seed.path);
    const note_id = `note-${world.seeded.hex('note', table.next)}`;
    table.add(note_id, orgId, {
      note_id,
      name: seed.name,
      body: seed.body,
      trigger: seed.trigger,
      access_type: orgId === null ? 'enterprise' : 'org',
      org_id: orgId,
      folder_id: folder?.id ?? null,
      folder_path: folder?.path ?? '/',
      pinned_repo: seed.pinned ?? null,
      macro: seed.macro ?? null,
      is_enabled: seed.off !== true,
      created_at: beginning + 140 * DAY + table.next,
      updated_at: beginning + 190 * DAY + table.next,
    });
  }
  return table;
});
