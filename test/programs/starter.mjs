// Starts the programs of a worker of the tests. A process as large as that one takes a quarter of a second to start
// another, because what it has in memory is shared with the new one until that is another program.
import { spawn } from 'node:child_process';

const children = new Map();

function start({ id, program, args, cwd, env, input }) {
  const child = spawn(program, args, { cwd, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  children.set(id, child);
  const end = (exitCode, problem) => {
    children.delete(id);
    process.send?.({ id, exitCode, problem });
  };
  for (const stream of ['stdout', 'stderr'])
    child[stream].setEncoding('utf8').on('data', (text) => process.send?.({ id, stream, text }));
  child.stdin?.end(input);
  child.on('error', ({ message }) => end(null, message));
  child.on('close', (exitCode) => end(exitCode));
}

process.on('message', (message) => {
  if ('kill' in message) children.get(message.id)?.kill(message.kill);
  else start(message);
});
process.on('disconnect', () => {
  for (const child of children.values()) child.kill('SIGKILL');
  process.exit();
});
