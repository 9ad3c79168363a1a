import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type Fallible, failed } from '../contract/fallible.ts';

/** What a path is wanted for. */
export type Use = 'read' | 'write';

/** Where a path really is, or what forbids its use, as a clause that follows its name. */
export type Location = Fallible<{ readonly path: string }>;

/** The folders that files may be in. */
export interface Folders {
  /** Absolute path of the folder that relative paths begin at. */
  readonly root: string;
  /** Absolute path of the runner's own temporary folder, in which files are only read; undefined if there is none. */
  readonly temp: string | undefined;
}

const OUTSIDE = 'is outside of the workspace';
const IN_GIT = 'is inside .git, which contains credentials and hooks';
const IN_WORKFLOWS = 'is inside .github, where this action never writes';
const OF_RUNNER = 'belongs to the runner';

/** Entries of RUNNER_TEMP that are of the runner or of actions/checkout: commands, scripts, credentials. */
const RUNNERS_OWN = /^(?:_runner_file_commands|_github_|git-credentials-)/i;

/** A name as a file system that ignores case, invisible characters and dots at the end takes it. */
const folded = (name: string) =>
  name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();

/** Whether a name is one of `.git`, as some file system writes it; `git~1` is its short name on Windows. */
export const isGitName = (name: string): boolean => /^(?:\.git|git~\d+)(?::.*)?$/.test(folded(name));

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Whether a folder is what a `.git` may stand for, whatever its name: that of a worktree, a submodule, a bare repository. */
async function isGitFolder(folder: string): Promise<boolean> {
  if (!(await isThere(join(folder, 'HEAD')))) return false;
  const [objects, refs, common] = await Promise.all(
    ['objects', 'refs', 'commondir'].map((name) => isThere(join(folder, name))),
  );
  return (objects === true && refs === true) || common === true;
}

/** The way from a folder to a path in it; undefined if the path is not in it. */
function wayTo(root: string, path: string): string | undefined {
  const way = relative(root, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way;
}

/** The real path, with links followed as far as they exist. */
async function followed(path: string): Promise<string | undefined> {
  let existing = path;
  let rest = '';
  for (;;) {
    const real = await realpath(existing).catch(() => undefined);
    if (real !== undefined) return rest === '' ? real : join(real, rest);
    if (dirname(existing) === existing) return undefined;
    rest = rest === '' ? basename(existing) : join(basename(existing), rest);
    existing = dirname(existing);
  }
}

/** What forbids the use of a real path inside a folder. */
async function forbidden(root: string, way: string, use: Use): Promise<string | undefined> {
  const names = way === '' ? [] : way.split(sep);
  if (names.some(isGitName)) return IN_GIT;
  if (use === 'write' && names.some((name) => folded(name) === '.github')) return IN_WORKFLOWS;
  for (let depth = 1; depth <= names.length; depth += 1) {
    if (await isGitFolder(join(root, ...names.slice(0, depth)))) return IN_GIT;
  }
  return undefined;
}

/** Finds out where a path really is. Writing is for the workspace; a file to read may be in `temp`, if its path says so. */
export async function locate({ root, temp }: Folders, path: string, use: Use): Promise<Location> {
  if (path.includes('\0')) return failed(OUTSIDE);
  const wanted = isAbsolute(path) ? resolve(path) : resolve(root, path);
  // What only a link in the workspace leads to is not what the step names: anybody who may commit can make one.
  const isTemp =
    use === 'read' && temp !== undefined && wayTo(root, wanted) === undefined && wayTo(temp, wanted) !== undefined;
  const base = isTemp ? temp : root;
  const real = await realpath(base).catch(() => base);
  const final = await followed(wanted);
  const way = final === undefined ? undefined : wayTo(real, final);
  if (final === undefined || way === undefined) return failed(OUTSIDE);
  if (isTemp && RUNNERS_OWN.test(way.split(sep)[0] ?? '')) return failed(OF_RUNNER);
  const problem = await forbidden(real, way, use);
  return problem === undefined ? { ok: true, path: final } : failed(problem);
}

const codeOf = (thrown: unknown) =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;

/** Whether an open file is still the one at its path: a folder on the way may have become a link meanwhile. */
async function isMoved({ fd }: FileHandle, path: string): Promise<boolean> {
  const now = await readlink(`/proc/self/fd/${fd}`).catch(() => undefined);
  return now !== undefined && now !== path;
}

/** An open regular file with its size in bytes, or what is wrong, as a clause that follows its name. */
export type Opened = Fallible<{ readonly handle: FileHandle; readonly size: number }>;

/** Opens a regular file at its real path for reading. A FIFO or a device is not waited for. */
export async function openFile(path: string): Promise<Opened> {
  let handle: FileHandle | undefined;
  try {
    const found = await stat(path);
    if (found.isDirectory()) return failed('is a directory, not a file');
    if (!found.isFile()) return failed('is not a regular file');
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
    handle = await open(path, O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0));
    const facts = await handle.stat();
    const problem = !facts.isFile()
      ? 'is not a regular file'
      : (await isMoved(handle, path))
        ? 'changed while it was read'
        : undefined;
    if (problem === undefined) return { ok: true, handle, size: facts.size };
    await handle.close();
    return failed(problem);
  } catch (thrown) {
    await handle?.close().catch(() => undefined);
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return failed('does not exist');
    return failed(`cannot be read (${String(codeOf(thrown) ?? thrown)})`);
  }
}

/** Creates a file at its real path, for its owner alone. Throws if there is one, or if the folder has moved. */
export async function createFile(path: string): Promise<FileHandle> {
  const handle = await open(path, 'wx', 0o600);
  if (!(await isMoved(handle, path))) return handle;
  await handle.close();
  throw new Error('the folder changed while the file was written');
}
