// How the documentation names the action: by the commit of the newest release, or by a placeholder before the first one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { version, commit }: { version: string | null; commit: string | null } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '.github', 'release.json'), 'utf8'),
);

/** What follows `@` in the `uses:` lines of the documentation, and the comment behind it. */
export const REFERENCE =
  version === null || commit === null
    ? { ref: 'v1', comment: 'pin this to a commit' }
    : { ref: commit, comment: version };

/** The action, or one of its reusable workflows, in a `uses:` line of the documentation. */
export const USES =
  /(\bOWNER\/devin-action(?:\/\.github\/workflows\/[\w-]+\.yml)?)@(?:v\d+|[0-9a-f]{40}) # (?:pin this to a commit|v\d+\.\d+\.\d+)$/gm;
