// Builds dist/ from the sources: tsc writes JavaScript to build/, ncc bundles it. TypeScript 7 has no API that ncc's
// own loader could call, hence the two steps.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { minifySync } from '@swc/core';
import { copyPackages, packageFolders } from './left-out.ts';

const root = join(import.meta.dirname, '..');
const out = process.argv[2] ?? join(root, 'dist');
const require = createRequire(import.meta.url);

const tool = (name: string, path: string) => join(require.resolve(`${name}/package.json`), '..', path);
const run = (script: string, args: readonly string[]) =>
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

/** The licences of every package that the bundle may hold. ncc's own list leaves out packages that are ES modules. */
function licenses(): string {
  const folders = packageFolders(root);
  const texts = folders.map((path) => {
    const { name, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, path)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
    const text = file === undefined ? '' : `\n\n${readFileSync(join(root, path, file), 'utf8').trim()}`;
    return `${name}\n${license}${text.replaceAll('\r\n', '\n')}\n`;
  });
  return [...new Set(texts)].sort().join('\n');
}

rmSync(join(root, 'build'), { recursive: true, force: true });
rmSync(out, { recursive: true, force: true });
run(tool('typescript', 'bin/tsc'), ['-p', 'tsconfig.build.json']);
copyPackages(root, join(root, 'build'));
/** Bundles a file of build/ into a folder. */
const bundle = (entry: string, folder: string) =>
  run(tool('@vercel/ncc', 'dist/ncc/cli.js'), [
    ...['build', `build/${entry}`, '--out', folder],
    ...['--minify', '--no-cache', '--no-source-map-register', '--quiet'],
  ]);
bundle('main.js', out);
// ncc minifies the entry only.
for (const name of readdirSync(out).filter((entry) => /^\d+\.index\.js$/.test(entry))) {
  const file = join(out, name);
  const { code } = minifySync(readFileSync(file, 'utf8'), { module: true, compress: true, mangle: true });
  writeFileSync(file, code);
}
// The post step shares the bundle: a second entry of ncc's would hold all of it once more.
const post = readFileSync(join(root, 'build', 'main-post.js'), 'utf8');
writeFileSync(join(out, 'post.js'), minifySync(post.replace('./main.js', './index.js'), { module: true }).code);
// Each thread has an entry of its own, one file that holds what it needs.
for (const path of ['threads/schema-worker', 'threads/yaml-worker']) {
  const folder = join(root, 'build', 'worker', basename(path));
  bundle(`${path}.js`, folder);
  if (readdirSync(folder).some((name) => /^\d/.test(name))) throw new Error(`${path} loads more than one file`);
  copyFileSync(join(folder, 'index.js'), join(out, `${basename(path)}.js`));
}
writeFileSync(join(out, 'licenses.txt'), licenses());
for (const name of readdirSync(out).sort()) {
  console.log(`${String(statSync(join(out, name)).size).padStart(9)}  ${name}`);
}
