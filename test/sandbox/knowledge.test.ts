import { expect, test } from 'vitest';
import { type Answer, type Bench, bench } from './support.ts';

const NOTE = { name: 'Naming', body: 'Use short names.', trigger: 'When naming things' };
const PLAYBOOK = { title: 'Release', body: 'Tag, then deploy.' };

async function names(b: Bench, path: string): Promise<string[]> {
  const { body } = await b.ask(path);
  return body.items.map((item: { name?: string; title?: string }) => item.name ?? item.title);
}

const post = (b: Bench, path: string, json: unknown): Promise<Answer> => b.ask(path, { method: 'POST', json });
const put = (b: Bench, path: string, json: unknown): Promise<Answer> => b.ask(path, { method: 'PUT', json });

async function lastAction(b: Bench): Promise<Answer['body']> {
  return (await b.ask('/v3/enterprise/audit-logs?first=1')).body.items[0];
}

test('a note of an organization can be listed, read, replaced and deleted, and is gone then', async () => {
  const b = await bench();
  const { body: note } = await post(b, b.path('knowledge/notes'), { ...NOTE, pinned_repo: 'all', is_enabled: false });
  expect(note).toMatchObject({ ...NOTE, access_type: 'org', org_id: b.org, pinned_repo: 'all', is_enabled: false });
  const path = b.path(`knowledge/notes/${note.note_id}`);
  expect((await b.ask(path)).body).toEqual(note);
  expect(await names(b, b.path('knowledge/notes'))).toContain('Naming');
  b.clock.ms += 5000;
  const { body: replaced } = await put(b, path, { ...NOTE, body: 'Longer.' });
  expect(replaced).toEqual({
    ...note,
    body: 'Longer.',
    pinned_repo: null,
    is_enabled: true,
    updated_at: note.updated_at + 5,
  });
  expect(await lastAction(b)).toMatchObject({ action: 'edit_knowledge', org_id: b.org });
  expect((await b.ask(path, { method: 'DELETE' })).body).toEqual(replaced);
  expect(await lastAction(b)).toMatchObject({ action: 'delete_knowledge', data: { note_id: note.note_id } });
  expect((await b.ask(path)).status).toBe(404);
  expect((await b.ask(path, { method: 'DELETE' })).status).toBe(404);
});

test('the enterprise sees all notes, an organization only its own', async () => {
  const b = await bench();
  const { body: note } = await post(b, '/v3/enterprise/knowledge/notes', NOTE);
  expect(note).toMatchObject({ access_type: 'enterprise', org_id: null });
  const all = await names(b, '/v3/enterprise/knowledge/notes');
  expect(all).toEqual(expect.arrayContaining(['Naming', 'Deploying the API', 'Old warehouse schema']));
  expect(await names(b, '/v3/enterprise/knowledge/notes?access_type=enterprise')).not.toContain('Deploying the API');
  expect(await names(b, b.path('knowledge/notes'))).toEqual(['Deploying the API', 'Running the tests']);
  expect((await b.ask(b.path(`knowledge/notes/${note.note_id}`))).status).toBe(404);
  const own = { as: 'cog_sandbox_org' };
  expect((await b.ask('/v3/enterprise/knowledge/notes', own)).status).toBe(403);
  expect((await b.ask(b.path('knowledge/notes'), own)).status).toBe(200);
});

test('notes are found by words, folder and repository', async () => {
  const b = await bench();
  const notes = b.path('knowledge/notes');
  expect(await names(b, `${notes}?search=DATABASE`)).toEqual(['Running the tests']);
  expect(await names(b, `${notes}?folder_path=/Runbooks`)).toEqual(['Deploying the API', 'Running the tests']);
  expect(await names(b, `${notes}?folder_path=/Runbooks/Deploys`)).toEqual(['Deploying the API']);
  expect(await names(b, `${notes}?folder_path=/Run`)).toEqual([]);
  expect(await names(b, `${notes}?pinned_repo=acme/api`)).toEqual(['Deploying the API']);
});

test('folders count the notes in them, and a note moves by its folder', async () => {
  const b = await bench();
  const tree = async () => (await b.ask(b.path('knowledge/folders'))).body;
  const before = await tree();
  const style = before.folders.find((folder: { path: string }) => folder.path === '/Style');
  expect(style).toMatchObject({ name: 'Style', parent_folder_id: null, note_count: 0 });
  const { body: note } = await post(b, b.path('knowledge/notes'), { ...NOTE, folder_id: style.folder_id });
  expect(note.folder_path).toBe('/Style');
  expect((await tree()).folders).toContainEqual({ ...style, note_count: 1 });
  await put(b, b.path(`knowledge/notes/${note.note_id}`), NOTE);
  expect(await tree()).toEqual({ ...before, root_note_count: before.root_note_count + 1 });
  const { body: enterprise } = await b.ask('/v3/enterprise/knowledge/folders');
  const foreign = enterprise.folders[0].folder_id;
  expect((await post(b, b.path('knowledge/notes'), { ...NOTE, folder_id: foreign })).status).toBe(404);
});

test('a note without its fields, or pinned to what is no repository, is a 422', async () => {
  const b = await bench();
  const { status, body } = await post(b, b.path('knowledge/notes'), { name: 'x' });
  expect(status).toBe(422);
  expect(body.errors.map((error: { loc: string[] }) => error.loc.join('.'))).toEqual(['body.body', 'body.trigger']);
  const wrong = await post(b, b.path('knowledge/notes'), { ...NOTE, pinned_repo: 'not a path' });
  expect(wrong.body.errors[0].loc).toEqual(['body', 'pinned_repo']);
  expect((await post(b, '/v3/organizations/org-none/knowledge/notes', NOTE)).status).toBe(404);
});

test('a playbook of an organization can be listed, read, replaced and deleted, and is gone then', async () => {
  const b = await bench();
  const schema = { type: 'object', properties: { version: { type: 'string' } } };
  const sent = { ...PLAYBOOK, macro: '!release', structured_output_schema: schema };
  const { body: playbook } = await post(b, b.path('playbooks'), sent);
  expect(playbook).toMatchObject({ ...sent, access_type: 'org', org_id: b.org });
  const path = b.path(`playbooks/${playbook.playbook_id}`);
  expect((await b.ask(path)).body).toEqual(playbook);
  const { body: replaced } = await put(b, path, { ...PLAYBOOK, title: 'Ship' });
  expect(replaced).toMatchObject({ title: 'Ship', macro: null, structured_output_schema: null });
  expect(await names(b, b.path('playbooks'))).toEqual(['Fix a failing build', 'Ship']);
  expect(await names(b, '/v3/enterprise/playbooks')).toContain('Ship');
  expect(await lastAction(b)).toMatchObject({ action: 'update_playbook', org_id: b.org });
  expect((await b.ask(path, { method: 'DELETE' })).body).toEqual(replaced);
  expect((await b.ask(path)).status).toBe(404);
});

test('a macro has its form, and is taken once where sessions could mix it up', async () => {
  const b = await bench();
  const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
  const create = (path: string, macro: string) => post(b, path, { ...PLAYBOOK, macro });
  const wrong = await create(b.path('playbooks'), 'release');
  expect([wrong.status, wrong.body.errors[0].loc]).toEqual([422, ['body', 'macro']]);
  expect((await create(b.path('playbooks'), '!mine')).status).toBe(200);
  expect((await create(b.path('playbooks'), '!mine')).status).toBe(409);
  expect((await create('/v3/enterprise/playbooks', '!mine')).status).toBe(409);
  const { body, status } = await create(`/v3/organizations/${other}/playbooks`, '!mine');
  expect(status).toBe(200);
  expect((await put(b, `/v3/enterprise/playbooks/${body.playbook_id}`, { ...PLAYBOOK, macro: '!mine' })).status).toBe(
    200,
  );
});

test('a schema of structured output that is too big or refers outwards is a 422', async () => {
  const b = await bench();
  for (const schema of [{ description: 'x'.repeat(65_536) }, { $ref: 'https://example.com/schema.json' }]) {
    const { status, body } = await post(b, b.path('playbooks'), { ...PLAYBOOK, structured_output_schema: schema });
    expect([status, body.errors[0].loc]).toEqual([422, ['body', 'structured_output_schema']]);
  }
});

test('a session gives structured output by the schema of its playbook', async () => {
  const b = await bench();
  const schema = { type: 'object', properties: { version: { type: 'string' } }, required: ['version'] };
  const { body } = await post(b, b.path('playbooks'), { ...PLAYBOOK, structured_output_schema: schema });
  const { body: session } = await b.create({ prompt: 'x', playbook_id: body.playbook_id });
  const done = await b.later(600, session.session_id);
  expect(done).toMatchObject({ playbook_id: body.playbook_id, structured_output: { version: expect.any(String) } });
});

test('notes and playbooks of a deleted organization are out of reach', async () => {
  const b = await bench();
  const { body: note } = await post(b, b.path('knowledge/notes'), NOTE);
  const path = `/v3/enterprise/knowledge/notes/${note.note_id}`;
  expect((await b.ask(path)).status).toBe(200);
  await b.ask(`/v3/enterprise/organizations/${b.org}`, { method: 'DELETE' });
  expect((await b.ask(path)).status).toBe(404);
  expect((await put(b, path, NOTE)).status).toBe(404);
  expect(await names(b, '/v3/enterprise/knowledge/notes')).not.toContain('Naming');
  expect(await names(b, '/v3/enterprise/playbooks')).not.toContain('Fix a failing build');
});
