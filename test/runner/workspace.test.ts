import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workspace } from '../../src/runner/workspace.ts';

const OUTSIDE = 'is outside of the workspace';

let base = '';
let root = '';
let away = '';
let workspace: Workspace;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'workspace-')));
  [root, away] = [join(base, 'root'), join(base, 'away')];
  await mkdir(root);
  await mkdir(away);
  await writeFile(join(away, 'secret.txt'), 'secret');
  workspace = new Workspace(root);
});

afterEach(() => rm(base, { recursive: true, force: true }));

const read = (path: string) => workspace.readText(path, 1_000);

describe('reading a file of the workspace', () => {
  it('gives its text as it stands', async () => {
    await mkdir(join(root, 'a'));
    await writeFile(join(root, 'a/prompt.md'), ' Grüße\r\n\n');
    expect(await read('a/prompt.md')).toEqual({ ok: true, text: ' Grüße\r\n\n' });
    expect(await read('./a/../a/prompt.md')).toEqual({ ok: true, text: ' Grüße\r\n\n' });
    expect(await read(join(root, 'a/prompt.md'))).toEqual({ ok: true, text: ' Grüße\r\n\n' });
  });

  it('a byte order mark at its start goes', async () => {
    await writeFile(join(root, 'bom.md'), '\ufeffhello');
    expect(await read('bom.md')).toEqual({ ok: true, text: 'hello' });
  });

  it('nothing outside is read: by dots, by an absolute path, by a link to a file or to a folder', async () => {
    await symlink(join(away, 'secret.txt'), join(root, 'link.txt'));
    await symlink(away, join(root, 'folder'));
    await symlink('../away', join(root, 'relative'));
    for (const path of [
      '../away/secret.txt',
      'a/../../away/secret.txt',
      '..',
      join(away, 'secret.txt'),
      'link.txt',
      'folder/secret.txt',
      'relative/secret.txt',
      'folder/none.txt',
      `${root}-other/x`,
    ]) {
      expect(await read(path), path).toEqual({ ok: false, problem: OUTSIDE });
    }
  });

  it('a name that only begins with two dots is inside', async () => {
    await writeFile(join(root, '..notes'), 'x');
    expect(await read('..notes')).toEqual({ ok: true, text: 'x' });
  });

  it('a link to another file of the workspace is followed', async () => {
    await writeFile(join(root, 'real.md'), 'real');
    await symlink('real.md', join(root, 'link.md'));
    expect(await read('link.md')).toEqual({ ok: true, text: 'real' });
  });

  it('works where the workspace itself is behind a link', async () => {
    await writeFile(join(root, 'a.md'), 'x');
    await symlink(root, join(base, 'alias'));
    workspace = new Workspace(join(base, 'alias'));
    expect(await read('a.md')).toEqual({ ok: true, text: 'x' });
    expect(await read(join(root, 'a.md'))).toEqual({ ok: true, text: 'x' });
    expect(await read('../away/secret.txt')).toEqual({ ok: false, problem: OUTSIDE });
  });

  it('says what is wrong with what is there', async () => {
    await writeFile(join(root, 'binary'), Uint8Array.of(0x68, 0xff, 0xfe));
    await writeFile(join(root, 'large'), 'x'.repeat(1_001));
    await writeFile(join(root, 'exact'), 'x'.repeat(1_000));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('loop', join(root, 'loop'));
    expect(await read('.')).toEqual({ ok: false, problem: 'is a directory, not a file' });
    expect(await read('none.md')).toEqual({ ok: false, problem: 'does not exist' });
    expect(await read('binary/x')).toEqual({ ok: false, problem: 'does not exist' });
    expect(await read('dangling')).toEqual({ ok: false, problem: 'does not exist' });
    expect(await read('binary')).toEqual({ ok: false, problem: 'is not UTF-8 text' });
    expect(await read('large')).toEqual({ ok: false, problem: 'has 1001 bytes; at most 1000 are allowed' });
    expect(await read('exact')).toEqual({ ok: true, text: 'x'.repeat(1_000) });
    expect(await read('loop')).toEqual({ ok: false, problem: 'cannot be read (ELOOP)' });
    expect(await read('a\0b')).toEqual({ ok: false, problem: OUTSIDE });
  });
});

describe('writing a file of the workspace', () => {
  it('makes the folders, replaces what was there, and leaves nothing else behind', async () => {
    expect(await workspace.writeFile('out/result.json', 'one')).toBe('out/result.json');
    expect(await workspace.writeFile('out/result.json', 'two')).toBe('out/result.json');
    expect(await readFile(join(root, 'out/result.json'), 'utf8')).toBe('two');
    expect(await readdir(join(root, 'out'))).toEqual(['result.json']);
    expect((await stat(join(root, 'out/result.json'))).mode & 0o077).toBe(0);
  });

  it('a reader sees the old text or the new one, never a part', async () => {
    const [old, fresh] = ['a'.repeat(300_000), 'b'.repeat(300_000)];
    await workspace.writeFile('f', old);
    let writing = true;
    const done = workspace.writeFile('f', fresh).finally(() => {
      writing = false;
    });
    const seen = new Set<string>();
    while (writing) seen.add(await readFile(join(root, 'f'), 'utf8'));
    await done;
    seen.add(await readFile(join(root, 'f'), 'utf8'));
    expect([...seen].filter((text) => text !== old && text !== fresh)).toEqual([]);
    expect(seen).toContain(fresh);
  });

  it('nothing outside is written: by dots, by an absolute path, or behind a link', async () => {
    await symlink(away, join(root, 'folder'));
    await symlink(join(away, 'new.txt'), join(root, 'dangling'));
    await symlink(join(away, 'none'), join(root, 'hole'));
    await symlink(join(away, 'secret.txt'), join(root, 'file'));
    for (const path of ['../away/x', join(away, 'x'), 'folder/x', 'file', 'a\0b']) {
      expect(await workspace.whyNotWritable(path), path).toBe(OUTSIDE);
      await expect(workspace.writeFile(path, 'x')).rejects.toMatchObject({ code: 'input_invalid' });
    }
    await workspace.writeFile('dangling', 'x');
    await workspace.writeFile('hole/x', 'x').catch(() => undefined);
    expect(await readdir(away)).toEqual(['secret.txt']);
    expect(await readFile(join(away, 'secret.txt'), 'utf8')).toBe('secret');
    expect(await readFile(join(root, 'dangling'), 'utf8')).toBe('x');
  });

  it('a link that waits in the place of the draft is not followed', async () => {
    await symlink(join(away, 'secret.txt'), join(root, '.result.json.part'));
    await workspace.writeFile('result.json', 'mine');
    expect(await readFile(join(away, 'secret.txt'), 'utf8')).toBe('secret');
    expect(await readFile(join(root, 'result.json'), 'utf8')).toBe('mine');
  });

  it('a folder cannot be written, and that is said beforehand', async () => {
    await mkdir(join(root, 'out'));
    expect(await workspace.whyNotWritable('out')).toBe('is a directory, not a file');
    expect(await workspace.whyNotWritable('.')).toBe('is a directory, not a file');
    expect(await workspace.whyNotWritable('new/')).toBe('is a directory, not a file');
    expect(await workspace.whyNotWritable('new/file.json')).toBeUndefined();
    await writeFile(join(root, 'text'), '');
    expect(await workspace.whyNotWritable('text')).toBeUndefined();
    // Found before any work is done, not when the file is written at the end of it.
    expect(await workspace.whyNotWritable('text/file.json')).toBe('is below a file, not a folder');
    expect(await workspace.whyNotWritable('text/deep/file.json')).toBe('is below a file, not a folder');
    await expect(workspace.writeFile('out', 'x')).rejects.toThrow();
    expect(await readdir(root)).toEqual(['out', 'text']);
  });
});

describe('what is found in the workspace', () => {
  it('is read only as it was found', async () => {
    const path = join(root, 'a.txt');
    await writeFile(path, 'first');
    const { size: bytes, mtimeMs: changedAt } = await stat(path);
    const found = { path: 'a.txt', bytes, changedAt };
    expect(await workspace.readFound(found)).toEqual({ ok: true, bytes: Buffer.from('first') });
    await writeFile(path, 'other');
    await utimes(path, 1, 2);
    expect(await workspace.readFound(found)).toEqual({ ok: false, problem: 'changed while it was read' });
    await rm(path);
    await symlink(join(away, 'secret.txt'), path);
    expect(await workspace.readFound(found)).toEqual({ ok: false, problem: 'changed while it was read' });
  });

  it('a link counts as something that exists, wherever it leads', async () => {
    await symlink(join(away, 'nothing'), join(root, 'link'));
    expect(await workspace.exists('link')).toBe(true);
    expect(await workspace.exists('nothing')).toBe(false);
  });

  it('a folder may be new or there, but no file, and not outside', async () => {
    await writeFile(join(root, 'file'), '');
    await mkdir(join(root, 'folder'));
    await symlink(away, join(root, 'out'));
    expect(await workspace.whyNoFolder('new/one')).toBeUndefined();
    expect(await workspace.whyNoFolder('folder')).toBeUndefined();
    expect(await workspace.whyNoFolder('file')).toBe('is a file, not a folder');
    expect(await workspace.whyNoFolder('out/one')).toBe(OUTSIDE);
  });
});

describe('a pattern that would keep the matcher busy', () => {
  it.each([
    ['{a,b}'.repeat(30), 'expands to more than 1000 patterns'],
    ['{1..1000000}', 'expands to more than 1000 patterns'],
    ['{1..99}{z..a}', 'expands to more than 1000 patterns'],
    ['{a,'.repeat(200) + '}'.repeat(200), 'expands to more than 1000 patterns'],
    ['+(a|aa)b', 'has an extended pattern such as +(…), which is not supported'],
    ['a/!(x)*', 'has an extended pattern such as +(…), which is not supported'],
    [`${'*a'.repeat(25)}*b`, 'has more than 3 stars in one name'],
    [`${'[a-z]*'.repeat(20)}b`, 'has more than 3 stars in one name'],
    [`${'**/'.repeat(30)}x`, 'contains ** more than 4 times'],
    ['a'.repeat(100_000), 'has 100000 characters; the maximum is 1000'],
  ])('is rejected: %.30s', async (pattern, problem) => {
    expect(await workspace.findFiles(pattern)).toEqual({ ok: false, problem });
  });

  it('leaves usual ones: braces, ranges, classes and stars', async () => {
    await mkdir(join(root, 'src/b'), { recursive: true });
    for (const file of ['src/a1.test.ts', 'src/b/c2.md']) await writeFile(join(root, file), '');
    const found = await workspace.findFiles('**/{a,b,c}{1..3}*.{test.*,md}');
    expect('files' in found ? found.files.map(({ path }) => path) : found).toEqual(['src/a1.test.ts', 'src/b/c2.md']);
  });
});
