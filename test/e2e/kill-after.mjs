// Loaded before the bundle: kills the process at the nth call of the file system, so that a test can replay the moment.
// KILL_AFTER: how many calls are let through; "7+" also lets the next one take effect, and kills before its result is
// used. CALLS_FILE: where to write how many calls there were, if the process ends by itself.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { KILL_AFTER = '', CALLS_FILE = '', GITHUB_WORKSPACE = '' } = process.env;
const limit = KILL_AFTER === '' ? Number.POSITIVE_INFINITY : Number.parseInt(KILL_AFTER, 10);
const takesEffect = KILL_AFTER.endsWith('+');
let calls = 0;

const die = () => process.kill(process.pid, 'SIGKILL');

function count(target, names) {
  for (const name of names) {
    const original = target[name];
    target[name] = function counted(...args) {
      calls += 1;
      if (calls <= limit) return original.apply(this, args);
      if (takesEffect) return original.apply(this, args).then(die, die);
      return die();
    };
  }
}

const probe = await fs.promises.open(GITHUB_WORKSPACE);
count(Object.getPrototypeOf(probe), ['appendFile', 'writeFile', 'sync', 'close', 'readFile', 'stat']);
await probe.close();
count(fs.promises, ['open', 'rename', 'mkdir', 'rm', 'lstat', 'stat', 'readdir', 'realpath']);
syncBuiltinESMExports();
calls = 0;
// An export runs in a thread; the process itself has nothing to count.
if (CALLS_FILE !== '' && !isMainThread) process.on('exit', () => fs.writeFileSync(CALLS_FILE, String(calls)));
