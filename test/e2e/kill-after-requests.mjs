// Loaded before the bundle: kills the process when it is about to send one more request than KILL_AFTER, so that a test
// can stop a step between any two of its requests.
import net from 'node:net';

const limit = Number(process.env['KILL_AFTER'] ?? 'Infinity');
const { write } = net.Socket.prototype;
let requests = 0;

net.Socket.prototype.write = function counted(...args) {
  if (typeof args[0] === 'string' && /^(?:GET|POST|PUT|PATCH|DELETE) /.test(args[0])) {
    requests += 1;
    if (requests > limit) process.kill(process.pid, 'SIGKILL');
  }
  return write.apply(this, args);
};
