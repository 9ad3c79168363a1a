import type { Checks } from '../operation.ts';
import { Thread, threadEntry } from '../thread.ts';
import { MAX_MANIFEST_BYTES, type ReadManifest } from './manifest.ts';

/** A manifest of the largest size takes about half of it. */
const MAX_MEMORY_MIB = 1_536;

const thread = new Thread<ManifestTask, ReadManifest>(
  threadEntry('../../threads/yaml-worker', import.meta.url),
  MAX_MEMORY_MIB,
);

/** What the thread that reads manifests is asked: files, and the folders of the workspace. */
export interface ManifestTask {
  readonly files: readonly string[];
  readonly root: string;
  readonly temp: string | undefined;
}

const NOTHING = { prune: undefined, readOnlyUnknown: undefined, protected: [], organizations: [], entries: 0 } as const;

/** Reads the files of a manifest as `readManifest` does, without holding up the step. */
export async function readManifestAside(
  files: readonly string[],
  { workspace: { root, temp }, signal }: Pick<Checks, 'workspace' | 'signal'>,
): Promise<ReadManifest> {
  const asked = await thread.ask({ files, root, temp }, signal);
  if (asked.ok) return asked.reply;
  const message = `is too complex: to read it ${asked.problem}; a file may have ${MAX_MANIFEST_BYTES / 1024 / 1024} MiB`;
  return {
    manifest: { ...NOTHING, files },
    faults: [{ file: files[0] ?? '', line: 1, message }],
    warnings: [],
  };
}
