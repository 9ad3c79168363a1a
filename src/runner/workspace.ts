import { type FileHandle, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ActionError } from '../contract/errors.ts';

/** What came of reading a file: its text, or what is wrong, as a clause that follows the file's name. */
export type FileText = { readonly text: string } | { readonly problem: string };

/** What came of reading a file: its bytes, or what is wrong. */
export type FileBytes = { readonly bytes: Buffer<ArrayBuffer> } | { readonly problem: string };

const codeOf = (thrown: unknown) =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;

/** A file that gets its name only when it is whole. */
export class Draft {
  readonly #handle: FileHandle;
  readonly #part: string;
  readonly #final: string;
  readonly #path: string;

  constructor(handle: FileHandle, part: string, final: string, path: string) {
    this.#handle = handle;
    this.#part = part;
    this.#final = final;
    this.#path = path;
  }

  /** Adds text or bytes at the end. */
  async write(text: string | Uint8Array): Promise<void> {
    await this.#handle.appendFile(text);
  }

  /** Gives the file its name. Gives its path as it was asked for. */
  async commit(): Promise<string> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#part, this.#final);
    return this.#path;
  }

  /** Takes the file away, if it has no name yet. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#part, { force: true });
  }
}

/** The files of the workflow: nothing outside of the workspace is read or written, also not behind a link. */
export class Workspace {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** Reads a UTF-8 file of at most `maxBytes`. A mark at its start goes; everything else stays. */
  async readText(path: string, maxBytes: number): Promise<FileText> {
    const read = await this.readBytes(path, maxBytes);
    if ('problem' in read) return read;
    try {
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(read.bytes) };
    } catch {
      return { problem: 'is not UTF-8 text' };
    }
  }

  /** Reads a file of at most `maxBytes`. */
  async readBytes(path: string, maxBytes: number): Promise<FileBytes> {
    const inside = await this.#locate(path);
    if (inside === undefined) return { problem: 'is outside of the workspace' };
    let handle: FileHandle | undefined;
    try {
      handle = await open(inside, 'r');
      const stat = await handle.stat();
      if (stat.isDirectory()) return { problem: 'is a directory, not a file' };
      if (!stat.isFile()) return { problem: 'is not a regular file' };
      if (stat.size > maxBytes) return { problem: `has ${stat.size} bytes; at most ${maxBytes} are allowed` };
      return { bytes: await handle.readFile() };
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return { problem: 'does not exist' };
      if (codeOf(thrown) === 'EISDIR') return { problem: 'is a directory, not a file' };
      return { problem: `cannot be read (${String(codeOf(thrown) ?? thrown)})` };
    } finally {
      await handle?.close();
    }
  }

  /** What forbids writing to a path, as a clause that follows its name; undefined if nothing does. */
  async whyNotWritable(path: string): Promise<string | undefined> {
    const inside = await this.#locate(path);
    if (inside === undefined) return 'is outside of the workspace';
    if (inside === this.root || /[\\/]$/.test(path)) return 'is a directory, not a file';
    const there = await open(inside, 'r').catch(() => undefined);
    try {
      return (await there?.stat())?.isDirectory() ? 'is a directory, not a file' : undefined;
    } finally {
      await there?.close();
    }
  }

  /** Writes a file as a whole: a reader sees the old one or the new one. Gives its path as it was asked for. */
  async writeFile(path: string, text: string | Uint8Array): Promise<string> {
    const draft = await this.draft(path);
    try {
      await draft.write(text);
      return await draft.commit();
    } catch (thrown) {
      await draft.discard();
      throw thrown;
    }
  }

  /** Begins a file that is written piece by piece. Only its owner may read it. */
  async draft(path: string): Promise<Draft> {
    const inside = await this.#locate(path);
    if (inside === undefined) throw new ActionError('input_invalid', `The file ${path} is outside of the workspace.`);
    await mkdir(dirname(inside), { recursive: true });
    const part = join(dirname(inside), `.${basename(inside)}.part`);
    await rm(part, { force: true });
    // `wx` follows no link that the repository may have put in the draft's place.
    return new Draft(await open(part, 'wx', 0o600), part, inside, path);
  }

  /** The absolute path, if it lies inside the workspace once links are followed as far as they exist. */
  async #locate(path: string): Promise<string | undefined> {
    if (path.includes('\0')) return undefined;
    const wanted = isAbsolute(path) ? resolve(path) : resolve(this.root, path);
    const root = await realpath(this.root).catch(() => this.root);
    let existing = wanted;
    let rest = '';
    for (;;) {
      const real = await realpath(existing).catch(() => undefined);
      if (real !== undefined) {
        const final = rest === '' ? real : join(real, rest);
        const way = relative(root, final);
        const escapes = way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
        return escapes ? undefined : final;
      }
      if (dirname(existing) === existing) return undefined;
      rest = rest === '' ? basename(existing) : join(basename(existing), rest);
      existing = dirname(existing);
    }
  }
}
