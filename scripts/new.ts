// Lays the files of something new, with a test that fails until it works.
// usage: npm run new -- operation NAME | endpoint METHOD PATH ID | kind NAME
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endpointFiles, operationFiles } from './new-files.ts';
import { kindFiles } from './new-kind.ts';

const root = join(import.meta.dirname, '..');
const USAGE = 'usage: npm run new -- operation NAME | endpoint METHOD PATH ID | kind NAME';

/** What a scaffold consists of: new files, lines in files that exist, and what remains to be done by hand. */
export interface Scaffold {
  readonly files: Readonly<Record<string, string>>;
  /** Lines to add in front of the first line that begins with a text, by file. */
  readonly lines: ReadonlyArray<{ readonly file: string; readonly before: string; readonly text: string }>;
  readonly next: readonly string[];
}

function refuse(problem: string): never {
  console.error(`${problem}\n${USAGE}`);
  process.exit(2);
}

function scaffold([what, ...rest]: readonly string[]): Scaffold {
  const [first = '', second = '', third = ''] = rest;
  switch (what) {
    case 'operation':
    case 'kind':
      if (!/^[a-z]+(-[a-z]+)*$/.test(first)) refuse(`NAME should be words with hyphens, such as show-note`);
      return what === 'operation' ? operationFiles(first) : kindFiles(first);
    case 'endpoint':
      if (!/^(?:GET|POST|PUT|PATCH|DELETE)$/.test(first)) refuse('METHOD should be GET, POST, PUT, PATCH or DELETE');
      if (!/^\/v\d\w*\/.*[a-z]/.test(second)) refuse('PATH should begin with a version, such as /v3/enterprise/notes');
      if (!/^[a-z]+[A-Za-z0-9]*$/.test(third)) refuse('ID should be an operation ID, such as listNotes');
      return endpointFiles(first, second, third);
    default:
      return refuse('Nothing to create');
  }
}

const { files, lines, next } = scaffold(process.argv.slice(2));
for (const path of Object.keys(files)) if (existsSync(join(root, path))) refuse(`${path} already exists`);
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`created  ${path}`);
}
for (const { file, before, text } of lines) {
  const present = readFileSync(join(root, file), 'utf8');
  const at = present.indexOf(`\n${before}`) + 1;
  if (at === 0) throw new Error(`${file} has no line that begins with "${before}"`);
  writeFileSync(join(root, file), `${present.slice(0, at)}${text}\n${present.slice(at)}`);
  console.log(`changed  ${file}`);
}
console.log(`\nNext:\n${next.map((step, at) => `${at + 1}. ${step}`).join('\n')}`);
