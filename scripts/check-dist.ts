// Builds the bundle anew in a folder of its own and compares it with dist/, file by file and byte by byte.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const fresh = mkdtempSync(join(tmpdir(), 'dist-'));
try {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.ts'), fresh], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const dist = join(root, 'dist');
  const names = new Set([...readdirSync(fresh), ...readdirSync(dist)]);
  const read = (folder: string, name: string) => {
    try {
      return readFileSync(join(folder, name));
    } catch {
      return undefined;
    }
  };
  for (const name of [...names].sort()) {
    const [built, committed] = [read(fresh, name), read(dist, name)];
    if (built !== undefined && committed?.equals(built)) continue;
    console.log(
      `dist/${name}: ${built === undefined ? 'is no longer built' : committed === undefined ? 'is missing' : 'differs'}`,
    );
    process.exitCode = 1;
  }
  if (process.exitCode === 1) console.log('Run `npm run build` and commit dist/ with the change.');
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
