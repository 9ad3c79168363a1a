import { Worker } from 'node:worker_threads';
import { type Fallible, failed } from '../contract/fallible.ts';

const ENDED = 'was ended';

const whyLost = (thrown: Error, memoryMiB: number) =>
  'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? `takes more than ${memoryMiB} MiB of memory`
    : `fails: ${thrown.message}`;

/**
 * A thread for work that a hostile text can make long: the main one stays free to end the step in time. It starts with
 * the first task, and does not keep the process alive unless it works.
 */
export class Thread<Task, Reply> {
  readonly #entry: URL;
  readonly #memoryMiB: number;
  #worker: Worker | undefined;
  readonly #pending = new Map<number, (result: Fallible<{ readonly reply: Reply }>) => void>();
  #last = 0;

  /** @param entry file of the thread, which responds to each message `{id, task}` by one `{id, reply}` */
  constructor(entry: URL, memoryMiB: number) {
    this.#entry = entry;
    this.#memoryMiB = memoryMiB;
  }

  /**
   * Has a task done. Gives the reply, or what is wrong with the work, as a clause. Never rejects. When `signal` aborts,
   * the thread ends, with whatever else it does.
   */
  async ask(task: Task, signal?: AbortSignal): Promise<Fallible<{ readonly reply: Reply }>> {
    if (signal?.aborted) return failed(ENDED);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const end = () => void worker.terminate();
    signal?.addEventListener('abort', end);
    this.#last += 1;
    const id = this.#last;
    try {
      return await new Promise((resolve) => {
        this.#pending.set(id, resolve);
        worker.ref();
        worker.postMessage({ id, task });
      });
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  #start(): Worker {
    // Its streams are not passed on: nothing reaches the standard output past the log.
    const limits = { maxOldGenerationSizeMb: this.#memoryMiB };
    const worker = new Worker(this.#entry, { stdout: true, stderr: true, resourceLimits: limits });
    let why = ENDED;
    worker.on('message', ({ id, reply }: { readonly id: number; readonly reply: Reply }) => {
      this.#pending.get(id)?.({ ok: true, reply });
      this.#pending.delete(id);
      if (this.#pending.size === 0) worker.unref();
    });
    worker.on('error', (thrown) => {
      why = whyLost(thrown, this.#memoryMiB);
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      for (const resolve of this.#pending.values()) resolve(failed(why));
      this.#pending.clear();
    });
    worker.unref();
    return worker;
  }
}

/** The entry of a thread: a source, by its path from the one that asks, or its part of the bundle. */
export const threadEntry = (path: string, from: string): URL =>
  new URL(from.endsWith('.ts') ? `${path}.ts` : `${path.split('/').at(-1)}.js`, from);
