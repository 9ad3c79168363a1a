// Does what DEED names in the thread of a step, or in the main one, once there is the file that GO_FILE names.
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { DEED = '', DEED_IN = 'thread', GO_FILE = '' } = process.env;

const cancel = () => process.kill(process.pid, 'SIGTERM');
const deeds = {
  cancel,
  throw() {
    throw new Error('::warning::canary cog_sandbox_enterprise');
  },
  fill() {
    for (const all = []; ; ) all.push(new Array(100_000).fill(Math.random()));
  },
  block() {
    cancel();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
};

if (isMainThread === (DEED_IN === 'main')) {
  const timer = setInterval(() => {
    if (!existsSync(GO_FILE)) return;
    clearInterval(timer);
    deeds[DEED]();
  }, 10);
  timer.unref();
}
