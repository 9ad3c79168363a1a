import { isAbsolute } from 'node:path';
import type { Workspace } from './workspace.ts';

/**
 * The likeliest reason why a file that the repository should contain is missing, as a sentence to put directly behind a
 * clause; empty if no checkout explains it: something exists at the path, it is absolute, or it may not be read.
 */
export async function whyMissing(workspace: Workspace, path: string): Promise<string> {
  const isOther =
    isAbsolute(path) || (await workspace.exists(path)) || (await workspace.whyNotReadable(path)) !== undefined;
  if (isOther) return '';
  if (await workspace.exists('.git')) return '. Check the path: it begins at the root of the repository.';
  const isEmpty = await workspace.namesIn('.').then(
    (names) => names.length === 0,
    () => false,
  );
  const empty = isEmpty ? ' The workspace is empty.' : '';
  return `. Does an earlier step of this job check out the repository (actions/checkout)?${empty}`;
}
