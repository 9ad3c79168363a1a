import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Findings } from './findings.ts';

/** What is in the folder of an export: files, and what should not exist. */
export interface Listing {
  /** Paths of the files, from the folder, with `/`. */
  readonly files: ReadonlySet<string>;
  /** Links, sockets and the like, which no export writes. */
  readonly others: ReadonlyMap<string, 'a symbolic link' | 'not a regular file'>;
}

/** Lists a folder with everything in it. It follows no link; hidden names are left out, since exports stage files so. */
export async function listFolder(root: string, signal: AbortSignal): Promise<Listing> {
  const files = new Set<string>();
  const others = new Map<string, 'a symbolic link' | 'not a regular file'>();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.add(path);
      else others.set(path, entry.isSymbolicLink() ? 'a symbolic link' : 'not a regular file');
    }
  }
  return { files, others };
}

/** What forbids a path that a manifest names, as a clause after it; undefined if the path is inside the folder. */
export function whyNotInside(path: string): string | undefined {
  const parts = path.split('/');
  const isOdd = path === '' || path.includes('\\') || path.includes('\0') || /^[A-Za-z]:/.test(path);
  if (isOdd || parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'is not a path inside the folder';
  }
  return parts.some((part) => part.startsWith('.')) ? 'is a hidden path, which no export writes' : undefined;
}

/** The link that a path leads over, if any. */
export function linkOf(path: string, { others }: Listing): string | undefined {
  const parts = path.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    const prefix = parts.slice(0, length).join('/');
    if (others.has(prefix)) return prefix;
  }
  return undefined;
}

/** Opens a file of the folder for reading. A link that has replaced it meanwhile is an error. */
function openInside(root: string, path: string): Promise<FileHandle> {
  // Windows has no such flags. A file that became a FIFO meanwhile must not block.
  return open(join(root, path), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
}

/** The same; a file that cannot be opened, because of its name or its permissions, is reported. */
export async function openOrReport(root: string, path: string, findings: Findings): Promise<FileHandle | undefined> {
  try {
    return await openInside(root, path);
  } catch (thrown) {
    findings.add(path, `cannot be opened: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return undefined;
  }
}

const CHUNK = 256 * 1024;

/** The bytes of a file, piece by piece. A piece is valid until the next one is requested. */
export async function* chunksOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  let at = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
