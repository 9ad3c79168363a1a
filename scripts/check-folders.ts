// Checks how src/ is divided, which the import rules for single files cannot see: no folder depends on itself by way of
// another, and no folder is too long to read. usage: node scripts/check-folders.ts
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
/** The most files in a folder, and the folders that have one file for each resource instead. */
const MOST_FILES = 20;
const ONE_PER_RESOURCE = ['src/devin/endpoints'];

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(root, 'src', name));
const folderOf = (file: string) => relative(root, dirname(file)).replaceAll('\\', '/');

/** The folders that each folder imports from. */
const imports = new Map<string, Set<string>>();
for (const file of files) {
  const from = folderOf(file);
  const known = imports.get(from) ?? new Set();
  imports.set(from, known);
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
    const to = folderOf(join(dirname(file), path));
    if (to !== from) known.add(to);
  }
}

/** The shortest way from one folder to another, both included; undefined if there is none. */
function way(from: string, to: string): readonly string[] | undefined {
  const ways: string[][] = [[from]];
  const seen = new Set([from]);
  for (const steps of ways) {
    for (const next of imports.get(steps.at(-1) ?? '') ?? []) {
      if (next === to) return [...steps, to];
      if (!seen.has(next)) ways.push([...steps, next]);
      seen.add(next);
    }
  }
  return undefined;
}

const problems: string[] = [];
for (const folder of imports.keys()) {
  const count = files.filter((file) => folderOf(file) === folder).length;
  if (count > MOST_FILES && !ONE_PER_RESOURCE.includes(folder)) problems.push(`${folder} has ${count} files`);
  const circle = way(folder, folder);
  if (circle !== undefined) problems.push(`${circle.join(' imports ')}`);
}
for (const problem of problems) console.log(problem);
console.log(`${imports.size} folders, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
