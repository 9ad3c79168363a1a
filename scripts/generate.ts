// Writes every generated file; with --check it writes nothing, names those that differ, and fails if there are any.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, renderAll } from './generated.ts';

const check = process.argv.includes('--check');
for (const { path, content } of await renderAll()) {
  const file = join(ROOT, path);
  let present = '';
  try {
    present = readFileSync(file, 'utf8');
  } catch {
    // A file that is not there yet differs from what it should be.
  }
  if (present === content) continue;
  console.log(`${check ? 'differs' : 'written'}: ${path}`);
  if (check) {
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
