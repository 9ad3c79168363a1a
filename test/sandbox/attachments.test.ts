import { request } from 'node:http';
import { expect, test } from 'vitest';
import { type Bench, bench } from './support.ts';

function form(name: string, content: string, field = 'file'): FormData {
  const data = new FormData();
  data.append(field, new Blob([content], { type: 'text/plain' }), name);
  return data;
}

function upload(b: Bench, body: string | FormData) {
  return b.ask(b.path('attachments'), { method: 'POST', body });
}

test('an uploaded file is handed out again by a redirect that needs no credential', async () => {
  const b = await bench();
  const { status, body } = await upload(b, form('notes & plän.txt', 'héllo'));
  expect(status).toBe(200);
  expect(body).toEqual({
    attachment_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: 'notes & plän.txt',
    url: `${b.sandbox.url}/attachments/${body.attachment_id}/notes%20%26%20pl%C3%A4n.txt`,
  });
  expect((await b.ask(body.url.slice(b.sandbox.url.length))).status).toBe(403);
  const download = await b.ask(b.path(`attachments/${body.attachment_id}/notes%20%26%20pl%C3%A4n.txt`));
  expect(download.status).toBe(307);
  const location = download.headers.get('location') ?? '';
  expect(location).toMatch(/\/sandbox\/files\/[0-9a-f-]{36}\?signature=\w+$/);
  expect(location).toContain(body.attachment_id);
  expect((await fetch(location, { headers: { authorization: 'Bearer cog_sandbox_enterprise' } })).status).toBe(400);
  const response = await fetch(location);
  expect(await response.text()).toBe('héllo');
  expect(response.headers.get('content-type')).toBe('text/plain');
  const paths = (await b.ask('/sandbox/requests')).body.items.map((item: { path: string }) => item.path);
  expect(paths.filter((path: string) => path.includes('/sandbox/files'))).toEqual([]);
});

test('the files that a user gave to a session are listed with it', async () => {
  const b = await bench();
  const { url, attachment_id: id } = (await upload(b, form('a.txt', 'a'))).body;
  const elsewhere = 'https://example.com/files/b%20c.png?x=1';
  const session = (await b.create({ prompt: 'x', attachment_urls: [url] })).body.session_id;
  await b.ask(b.path(`sessions/${session}/messages`), {
    method: 'POST',
    json: { message: 'm', attachment_urls: [elsewhere, url] },
  });
  expect((await b.ask(b.path(`sessions/${session}/attachments`))).body).toEqual([
    { attachment_id: id, name: 'a.txt', url, source: 'user', content_type: 'text/plain' },
    { attachment_id: expect.any(String), name: 'b c.png', url: elsewhere, source: 'user', content_type: null },
  ]);
});

test('a file that is not there, or one of another organization, is a 404', async () => {
  const b = await bench();
  const { attachment_id: id } = (await upload(b, form('a.txt', 'a'))).body;
  const other = (await b.ask('/v3/enterprise/organizations')).body.items[1].org_id;
  expect((await b.ask(b.path('attachments/none/a.txt'))).status).toBe(404);
  expect((await b.ask(b.path(`attachments/${id}/b.txt`))).status).toBe(404);
  expect((await b.ask(`/v3/organizations/${other}/attachments/${id}/a.txt`)).status).toBe(404);
  expect((await b.ask('/sandbox/files/none', { as: null })).status).toBe(404);
});

test('a file of an organization that was deleted is a 404', async () => {
  const b = await bench();
  const path = b.path(`attachments/${(await upload(b, form('a.txt', 'a'))).body.attachment_id}/a.txt`);
  expect((await b.ask(path)).status).toBe(307);
  expect((await b.ask(`/v3/enterprise/organizations/${b.org}`, { method: 'DELETE' })).status).toBe(200);
  const { status, body } = await b.ask(path);
  expect([status, body.detail]).toEqual([404, expect.stringContaining('Organization')]);
});

test('an upload without its file, or of another type, is a 422', async () => {
  const b = await bench();
  const missing = await upload(b, form('a.txt', 'a', 'other'));
  expect(missing.status).toBe(422);
  expect(missing.body.errors[0].loc).toEqual(['body', 'file']);
  expect((await upload(b, 'just text')).status).toBe(422);
});

test('an upload over 100 MB is refused before it is read', async () => {
  const b = await bench();
  const status = await new Promise((resolve, reject) => {
    const headers = {
      authorization: 'Bearer cog_sandbox_enterprise',
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': 101 * 1024 * 1024,
    };
    const sent = request(`${b.sandbox.url}${b.path('attachments')}`, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.write('--x');
  });
  expect(status).toBe(413);
});
