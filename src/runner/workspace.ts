import { constants } from 'node:fs';
import { access, type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ActionError } from '../contract/errors.ts';
import { type Fallible, failed } from '../contract/fallible.ts';
import { createFile, isGitName, type Location, locate, openFile, type Use } from './location.ts';
import { whyNoPattern } from './pattern.ts';

/** What came of reading a file: its text, or what is wrong, as a clause that follows the file's name. */
export type FileText = Fallible<{ readonly text: string }>;

/** What came of reading a file: its bytes, or what is wrong. */
export type FileBytes = Fallible<{ readonly bytes: Buffer<ArrayBuffer> }>;

/** A file as it was found: its path in the workspace, with `/`, and what tells whether it has changed since. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** What came of looking for files: them, or what is wrong, as a clause that follows the pattern. */
export type FoundFiles = Fallible<{ readonly files: readonly FoundFile[] }>;

/** Makes sure that the names in a folder outlast a crash. Some systems cannot; there, the names are as good as they get. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

const isWritable = (folder: string) =>
  access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );

/** A file that gets its name only when it is whole. */
export class Draft {
  /** Undefined while the file rests. */
  #handle: FileHandle | undefined;
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
    await (await this.#opened()).appendFile(text);
  }

  /** Closes the file until more is written, for one of very many that are written at once. */
  async rest(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #opened(): Promise<FileHandle> {
    // A link in the draft's place is not followed.
    const { O_WRONLY, O_APPEND, O_NOFOLLOW } = constants;
    this.#handle ??= await open(this.#part, O_WRONLY | O_APPEND | (O_NOFOLLOW ?? 0));
    return this.#handle;
  }

  /** Gives the file its name. Gives its path as it was asked for. */
  async commit(): Promise<string> {
    await (await this.#opened()).sync();
    await this.rest();
    const folder = dirname(this.#final);
    if ((await realpath(folder)) !== folder) {
      throw new ActionError('input_invalid', `The folder of ${this.#path} changed while the file was written.`);
    }
    await rename(this.#part, this.#final);
    await syncFolder(dirname(this.#final));
    return this.#path;
  }

  /** Takes the file away, if it has no name yet. */
  async discard(): Promise<void> {
    await this.rest().catch(() => undefined);
    await rm(this.#part, { force: true });
  }
}

/**
 * The files of the workflow. Nothing outside of the workspace is read or written, not even behind a link, and nothing
 * inside of a `.git`; nothing is written into a `.github`. Files to read may also be in the runner's temporary folder.
 */
export class Workspace {
  readonly root: string;
  /** The runner's temporary folder. */
  readonly temp: string | undefined;

  constructor(root: string, temp?: string) {
    this.root = resolve(root);
    this.temp = temp ? resolve(temp) : undefined;
  }

  /** Reads a UTF-8 file of at most `maxBytes`. A mark at its start goes; everything else stays. */
  async readText(path: string, maxBytes: number): Promise<FileText> {
    const read = await this.readBytes(path, maxBytes);
    if (!read.ok) return read;
    try {
      return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(read.bytes) };
    } catch {
      return failed('is not UTF-8 text');
    }
  }

  /** Reads a file of at most `maxBytes`. */
  async readBytes(path: string, maxBytes: number): Promise<FileBytes> {
    const location = await this.#locate(path, 'read');
    if (!location.ok) return location;
    const opened = await openFile(location.path);
    if (!opened.ok) return opened;
    const { handle, size } = opened;
    try {
      if (size > maxBytes) return failed(`has ${size} bytes; at most ${maxBytes} are allowed`);
      return { ok: true, bytes: await handle.readFile() };
    } catch (thrown) {
      return failed(`cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`);
    } finally {
      await handle.close();
    }
  }

  /** Reads a UTF-8 file line by line, without the line ends. Only `\n` ends a line: in JSON, others may stand in a text. */
  async *readLines(path: string): AsyncGenerator<string> {
    const opened = await openFile(await this.#inside(path, 'read'));
    if (!opened.ok) throw new ActionError('input_invalid', `The file ${path} ${opened.problem}.`);
    const stream = opened.handle.createReadStream({ encoding: 'utf8', highWaterMark: 256 * 1024 });
    let rest = '';
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  }

  /**
   * The files that a pattern matches, by name. Folders and the insides of `.git` are left out; a link that leads to where
   * nothing may be read is a problem, not a match that is passed over.
   */
  async findFiles(pattern: string): Promise<FoundFiles> {
    const base = this.#baseOf(pattern);
    if (base === undefined) return failed('may lead out of the workspace');
    const why = whyNoPattern(base.pattern);
    if (why !== undefined) return failed(why);
    // Loaded here: Node 20, under which the tests start, has no such export.
    const { glob } = await import('node:fs/promises');
    const found: FoundFile[] = [];
    for await (const match of glob(base.pattern, { cwd: base.folder })) {
      const way = match.split(sep).join('/');
      if (way.split('/').some(isGitName)) continue;
      const path = base.folder === this.root ? way : join(base.folder, match);
      const location = await this.#locate(path, 'read');
      if (!location.ok) return failed(`matches ${JSON.stringify(way)}, which ${location.problem}`);
      const facts = await stat(location.path).catch(() => undefined);
      if (facts?.isFile()) found.push({ path, bytes: facts.size, changedAt: facts.mtimeMs });
      else if (facts !== undefined && !facts.isDirectory()) {
        return failed(`matches ${JSON.stringify(way)}, which is not a regular file`);
      }
    }
    return { ok: true, files: found.sort((a, b) => (a.path < b.path ? -1 : 1)) };
  }

  /** The folder in which a pattern is looked for, and the pattern from there. */
  #baseOf(pattern: string): { readonly folder: string; readonly pattern: string } | undefined {
    if (pattern.split(/[\\/]/).includes('..')) return undefined;
    if (!isAbsolute(pattern)) return { folder: this.root, pattern };
    for (const folder of [this.root, this.temp]) {
      if (folder === undefined) continue;
      const way = relative(folder, pattern);
      if (way !== '' && !way.startsWith('..') && !isAbsolute(way)) return { folder, pattern: way };
    }
    return undefined;
  }

  /** Reads a file that was found before. One that has changed since, or changes meanwhile, is a problem. */
  async readFound({ path, bytes: size, changedAt }: FoundFile): Promise<FileBytes> {
    const isSame = async () => {
      const location = await this.#locate(path, 'read');
      const now = !location.ok ? undefined : await stat(location.path).catch(() => undefined);
      return now?.size === size && now.mtimeMs === changedAt;
    };
    const changed = failed('changed while it was read');
    if (!(await isSame())) return changed;
    const read = await this.readBytes(path, size);
    if (!read.ok) return read;
    return read.bytes.length === size && (await isSame()) ? read : changed;
  }

  /** Whether there is anything at a path, be it only a link that leads nowhere. */
  async exists(path: string): Promise<boolean> {
    return (await lstat(resolve(this.root, path)).catch(() => undefined)) !== undefined;
  }

  /** What forbids reading at a path, whether there is a file or not, as a clause that follows its name; undefined if nothing does. */
  async whyNotReadable(path: string): Promise<string | undefined> {
    const location = await this.#locate(path, 'read');
    return location.ok ? undefined : location.problem;
  }

  /** What forbids a folder at a path, as a clause that follows its name; undefined if nothing does. */
  async whyNoFolder(path: string): Promise<string | undefined> {
    const location = await this.#locate(path, 'write');
    if (!location.ok) return location.problem;
    const there = await stat(location.path).catch(() => undefined);
    return there === undefined || there.isDirectory() ? undefined : 'is a file, not a folder';
  }

  /** What forbids writing to a path, as a clause that follows its name; undefined if nothing does. */
  async whyNotWritable(path: string): Promise<string | undefined> {
    const location = await this.#locate(path, 'write');
    if (!location.ok) return location.problem;
    if (location.path === this.root || /[\\/]$/.test(path)) return 'is a directory, not a file';
    const there = await stat(location.path).catch(() => undefined);
    if (there?.isDirectory()) return 'is a directory, not a file';
    if (there !== undefined && !there.isFile()) return 'is not a regular file';
    const folder = dirname(resolve(this.root, path));
    if ((await this.whyNoFolder(folder)) !== undefined) return 'is below a file, not a folder';
    const above = await this.#nearestFolder(folder);
    if (above === undefined) return 'is below a file, not a folder';
    return (await isWritable(above)) ? undefined : 'is in a folder that cannot be written to';
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

  /**
   * What forbids writing into a folder, as a clause that follows its name; undefined if nothing does. A folder that is
   * not there yet can be made where the nearest one above it can be written to.
   */
  async whyNoWritableFolder(path: string): Promise<string | undefined> {
    const reason = await this.whyNoFolder(path);
    if (reason !== undefined) return reason;
    const folder = await this.#nearestFolder(path);
    if (folder === undefined) return 'is below a file, not a folder';
    return (await isWritable(folder)) ? undefined : 'cannot be written to';
  }

  /** The folder at a path, or the nearest one above it; undefined if a file is in the way. */
  async #nearestFolder(path: string): Promise<string | undefined> {
    for (let folder = resolve(this.root, path); ; folder = dirname(folder)) {
      const there = await stat(folder).catch(() => undefined);
      if (there === undefined && dirname(folder) !== folder) continue;
      return there?.isDirectory() === true ? folder : undefined;
    }
  }

  /**
   * Gives a file another name, in place of whatever has it, and makes sure that this outlasts a crash of the machine.
   * A link in the place of the new name is replaced, not followed; in the place of the file it is an error.
   */
  async move(from: string, to: string): Promise<void> {
    const [source, target] = [await this.#entry(from), await this.#entry(to)];
    if (!(await lstat(source)).isFile()) throw new ActionError('input_invalid', `${from} is not a regular file.`);
    await mkdir(dirname(target), { recursive: true });
    await rename(source, target);
    await syncFolder(dirname(target));
  }

  /** Creates a file. False if there is one with its name, be it only a link. */
  async create(path: string, text: string): Promise<boolean> {
    const target = await this.#entry(path);
    await mkdir(dirname(target), { recursive: true });
    const handle = await createFile(target).catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return undefined;
      throw thrown;
    });
    if (handle === undefined) return false;
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    return true;
  }

  /** The names in a folder, in order; none if it does not exist. */
  async namesIn(path: string): Promise<readonly string[]> {
    const names = await readdir(await this.#inside(path)).catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
      throw thrown;
    });
    return names.sort();
  }

  /** The bytes of a file, piece by piece. */
  async *chunks(path: string): AsyncGenerator<Buffer> {
    const opened = await openFile(await this.#inside(path, 'read'));
    if (!opened.ok) throw new ActionError('input_invalid', `The file ${path} ${opened.problem}.`);
    for await (const chunk of opened.handle.createReadStream({ highWaterMark: 256 * 1024 })) yield chunk;
  }

  /** Removes a file, or a folder with all that is in it; there may be none. Of a link, what it leads to stays. */
  async remove(path: string): Promise<void> {
    const target = await this.#entry(path);
    if (target === this.root) throw new ActionError('input_invalid', 'The workspace itself is not removed.');
    await rm(target, { recursive: true, force: true });
  }

  /** Begins a file that is written piece by piece. Only its owner may read it. */
  async draft(path: string): Promise<Draft> {
    const inside = await this.#inside(path);
    await mkdir(dirname(inside), { recursive: true });
    const part = join(dirname(inside), `.${basename(inside)}.part`);
    await rm(part, { force: true });
    // It follows no link that the repository may have put in the draft's place.
    return new Draft(await createFile(part), part, inside, path);
  }

  async #inside(path: string, use: Use = 'write'): Promise<string> {
    const location = await this.#locate(path, use);
    if (!location.ok) throw new ActionError('input_invalid', `The file ${path} ${location.problem}.`);
    return location.path;
  }

  /** The absolute path of what has a name, which may be a link: only the folder is followed to where it really is. */
  async #entry(path: string): Promise<string> {
    const wanted = resolve(this.root, path);
    if (wanted === this.root) return wanted;
    if (isGitName(basename(wanted))) throw new ActionError('input_invalid', `${path} is inside .git.`);
    return join(await this.#inside(dirname(wanted)), basename(wanted));
  }

  /** Where a path really is, or what forbids its use. */
  async #locate(path: string, use: Use): Promise<Location> {
    return await locate({ root: this.root, temp: this.temp }, path, use);
  }
}
