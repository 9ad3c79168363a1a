/**
 * `node --import ./fast-clock.mjs`: the time of this process runs FAST_CLOCK times as fast as the machine's (default 20),
 * counted from FAST_CLOCK_EPOCH (milliseconds, default: now). Another process with the same two values has the same time.
 *
 * Timers of Node itself (sockets, DNS) keep real time, so a connection never fails for the clock alone.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { promisify } from 'node:util';

const speed = Number(process.env['FAST_CLOCK'] ?? 20);
if (!(speed >= 1)) throw new Error(`FAST_CLOCK: ${process.env['FAST_CLOCK']} is not a number of at least 1`);

if (speed !== 1) {
  const RealDate = Date;
  const realNow = Date.now;
  const epoch = Number(process.env['FAST_CLOCK_EPOCH'] ?? realNow());
  const now = () => Math.floor(epoch + (realNow() - epoch) * speed);

  // As the original: a call without `new` gives text, an argument is taken as it is.
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
    apply: (target) => new target(now()).toString(),
  });
  RealDate.now = now;
  RealDate.prototype.constructor = globalThis.Date;

  const realPerformance = performance.now.bind(performance);
  performance.now = () => realPerformance() * speed;

  // The largest delay of a timer stays the largest: Node turns what is above it into 1 ms.
  const MAX_DELAY = 2 ** 31 - 1;
  const scaled = (ms) => {
    const asked = Number(ms);
    return asked > MAX_DELAY || !(asked >= 1) ? ms : asked / speed;
  };

  const { setTimeout: realTimeout, setInterval: realInterval } = timers;
  const fast = {
    setTimeout: (callback, ms, ...args) => realTimeout(callback, scaled(ms), ...args),
    setInterval: (callback, ms, ...args) => realInterval(callback, scaled(ms), ...args),
  };
  const real = { ...promises };
  promises.setTimeout = (ms, ...rest) => real.setTimeout(scaled(ms), ...rest);
  promises.setInterval = (ms, ...rest) => real.setInterval(scaled(ms), ...rest);
  promises.scheduler.wait = (ms, options) => real.setTimeout(scaled(ms), undefined, options);
  fast.setTimeout[promisify.custom] = promises.setTimeout;
  for (const [name, timer] of Object.entries(fast)) {
    timers[name] = timer;
    globalThis[name] = timer;
  }

  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    const expired = () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    realTimeout(expired, scaled(ms)).unref();
    return controller.signal;
  };

  syncBuiltinESMExports();
}
