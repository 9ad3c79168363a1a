import { join } from 'node:path/posix';
import * as z from 'zod/mini';
import { ActionError } from '../contract/errors.ts';
import type { Machine } from '../contract/machine.ts';
import { duration } from '../report/units.ts';
import type { Workspace } from './workspace.ts';

const PREFIX = '.devin-audit-lock';
const MAX_LOCK_BYTES = 64 * 1024;

/** What a lock file says: who owns the folder, and since when. */
const LockFile = z.object({
  run_id: z.string(),
  run_attempt: z.int(),
  pid: z.int().check(z.gte(1)),
  host: z.string(),
  /** Milliseconds since 1970. */
  started_at: z.number(),
  /** Number of the lock in its process. */
  number: z.int(),
});
type LockFile = z.output<typeof LockFile>;

/** What a lock needs. */
export interface LockOptions {
  readonly workspace: Workspace;
  readonly machine: Machine;
  /** The folder to own, from the workspace. */
  readonly folder: string;
  /** The part of a shared job, such as `-1-4`; empty to own the whole folder. Different parts do not exclude each other. */
  readonly part: string;
  readonly runId: string;
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A lock that is older than this, in milliseconds, counts as abandoned. */
  readonly maxAgeMs: number;
}

/** A folder that this run owns. */
export interface FolderLock {
  /** @throws `conflict` if another run has taken over the folder */
  check(): Promise<void>;
  /** Gives the folder up. */
  release(): Promise<void>;
}

/** Locks of this process, as texts: in a container, an earlier process may have had the same ID, and left its lock. */
const ownLocks = new Set<string>();
let locks = 0;

function isHeld(lock: LockFile, { machine, now, maxAgeMs }: LockOptions): boolean {
  // A start in the future is that of a machine whose clock is ahead, and no reason to write beside it.
  if (now - lock.started_at > maxAgeMs) return false;
  if (lock.host !== machine.host) return true;
  return lock.pid === machine.pid ? ownLocks.has(JSON.stringify(lock)) : machine.isRunning(lock.pid);
}

async function textOf(workspace: Workspace, path: string): Promise<string | undefined> {
  const read = await workspace.readText(path, MAX_LOCK_BYTES);
  return read.ok ? read.text : undefined;
}

/** The lock in a text; undefined if it is none, such as one whose process was killed while it was written. */
function parseLock(text: string): LockFile | undefined {
  try {
    return LockFile.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const conflict = (folder: string, lock: LockFile | undefined, now: number) =>
  new ActionError(
    'conflict',
    `Another run is writing to ${JSON.stringify(folder)}${lock === undefined ? '' : `: ${describe(lock, now)}`}.`,
    {
      title: 'Another export is running',
      fix: 'Give each export its own `output_dir`, or give the workflow a `concurrency` group, so that one run waits for the other.',
    },
  );

const describe = ({ run_id: run, run_attempt: attempt, pid: id, host, started_at: start }: LockFile, now: number) =>
  `${run === '' ? '' : `run ${run}, attempt ${attempt}, `}process ${id} on ${host}, started ${duration(Math.max(0, now - start))} ago`;

/** Removes abandoned locks. @throws `conflict` if another run owns the folder */
async function clear(options: LockOptions, own: string, except?: string): Promise<void> {
  const { workspace, folder, part, now } = options;
  for (const name of await workspace.namesIn(folder)) {
    const excludes = part === '' || name === PREFIX || name === own;
    if (!name.startsWith(PREFIX) || !excludes || name === except) continue;
    const path = join(folder, name);
    const text = await textOf(workspace, path);
    const lock = text === undefined ? undefined : parseLock(text);
    if (lock !== undefined && isHeld(lock, options)) throw conflict(folder, lock, now);
    // Another run may have replaced the abandoned lock meanwhile.
    if ((await textOf(workspace, path)) === text) await workspace.remove(path);
  }
}

/**
 * Makes this run the only owner of a folder. It takes over a lock only if the lock's process has ended, or if the lock is
 * older than `maxAgeMs`.
 *
 * @throws `conflict` if another run owns the folder
 */
export async function lockFolder(options: LockOptions): Promise<FolderLock> {
  const { workspace, machine, folder, part, runId, attempt, now } = options;
  const { pid, host } = machine;
  const own = `${PREFIX}${part}`;
  const path = join(folder, own);
  locks += 1;
  const lock: LockFile = { run_id: runId, run_attempt: attempt, pid, host, started_at: now, number: locks };
  const text = JSON.stringify(lock);
  await clear(options, own);
  ownLocks.add(text);
  const release = async () => {
    ownLocks.delete(text);
    if ((await textOf(workspace, path)) === text) await workspace.remove(path);
  };
  if (!(await workspace.create(path, text))) {
    ownLocks.delete(text);
    throw conflict(folder, undefined, now);
  }
  try {
    // A part and the whole folder have different lock files: of two that begin together, each must see the other.
    await clear(options, own, own);
  } catch (thrown) {
    await release();
    throw thrown;
  }
  return {
    release,
    async check() {
      if ((await textOf(workspace, path)) !== text) throw conflict(folder, undefined, now);
    },
  };
}
