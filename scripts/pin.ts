// Moves the documentation to a release: its `uses:` lines name the commit of the release. A commit cannot contain its own
// hash, so the release workflow does this afterwards, in a pull request.
// usage: node scripts/pin.ts v1.2.3 COMMIT
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { USES } from './release-reference.ts';

const root = join(import.meta.dirname, '..');
const [version = '', commit = ''] = process.argv.slice(2);
if (!/^v\d+\.\d+\.\d+$/.test(version) || !/^[0-9a-f]{40}$/.test(commit)) {
  console.error('usage: node scripts/pin.ts v1.2.3 COMMIT (40 hex digits)');
  process.exit(2);
}
writeFileSync(join(root, '.github', 'release.json'), `${JSON.stringify({ version, commit }, null, 2)}\n`);
let lines = 0;
for (const path of globSync(['README.md', 'docs/**/*.md', 'examples/*.yml'], { cwd: root })) {
  const text = readFileSync(join(root, path), 'utf8');
  const moved = text.replace(USES, (_, name: string) => {
    lines += 1;
    return `${name}@${commit} # ${version}`;
  });
  if (moved !== text) writeFileSync(join(root, path), moved);
}
console.log(`${lines} lines name ${version}`);
