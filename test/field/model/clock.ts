import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../src/contract/clock.ts';

interface Due {
  readonly at: number;
  run(): void;
}

/** So many turns of the loop without anything that comes due: whoever could continue has done so. */
const IDLE_TURNS = 5;

/** A time that passes only while everyone waits for it. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #due: Due[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Calls something at a time. */
  at(at: number, run: () => void): Due {
    const due = { at: Math.max(at, this.#now), run };
    this.#due.push(due);
    return due;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#due.splice(this.#due.indexOf(due), 1);
        reject(signal?.reason);
      };
      const due = this.at(this.#now + ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  deadline(ms: number): AbortSignal {
    const late = new AbortController();
    this.at(this.#now + ms, () => late.abort());
    return late.signal;
  }

  random(): number {
    return 0.5;
  }

  /** Lets time pass until a promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => undefined);
    for (;;) {
      for (let turns = 0; turns < IDLE_TURNS; turns += 1) await turn();
      if (isSettled) return await settled;
      const next = this.#due.reduce<Due | undefined>(
        (one, other) => (one === undefined || other.at < one.at ? other : one),
        undefined,
      );
      if (next === undefined) throw new Error('everyone waits for nothing');
      this.#due.splice(this.#due.indexOf(next), 1);
      this.#now = next.at;
      next.run();
    }
  }
}
