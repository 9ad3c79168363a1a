// Holds the bundle to its budget: a runner downloads all of it, and every start parses the entry.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_ENTRY_BYTES = 450_000;
const MAX_TOTAL_BYTES = 2_000_000;

const dist = join(import.meta.dirname, '..', 'dist');
const files = readdirSync(dist)
  .filter((name) => name.endsWith('.js'))
  .map((name) => ({ name, text: readFileSync(join(dist, name), 'utf8') }));
const bytes = (text: string) => Buffer.byteLength(text);

const entry = bytes(files.find(({ name }) => name === 'index.js')?.text ?? '');
const total = files.reduce((sum, { text }) => sum + bytes(text), 0);
// A text that undici holds once, so that a second copy of it would show.
const undicis = files.reduce((sum, { text }) => sum + (text.match(/"UND_ERR_BODY_TIMEOUT"/g)?.length ?? 0), 0);

const report = (fine: boolean, line: string) => {
  console.log(`${fine ? 'ok  ' : 'FAIL'}  ${line}`);
  if (!fine) process.exitCode = 1;
};
report(entry > 0 && entry <= MAX_ENTRY_BYTES, `entry: ${entry} bytes of at most ${MAX_ENTRY_BYTES}`);
report(total <= MAX_TOTAL_BYTES, `all chunks: ${total} bytes of at most ${MAX_TOTAL_BYTES}`);
report(files.length > 5, `${files.length} chunks; each operation and the sandbox have their own`);
report(undicis === 1, `${undicis} undici in the bundle`);
