import { type ActionError, asActionError } from '../../../contract/errors.ts';
import { number } from '../../../report/units.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import type { ReadEvent } from '../events/parse-event.ts';
import { actionMatcher } from './actions.ts';
import type { Output, StagedFile } from './output.ts';
import { type Part, readInOrder } from './pieces.ts';
import type { ReadRange } from './read-range.ts';
import type { Tally } from './tally.ts';
import type { Window } from './window.ts';

/** What a pass over a window needs. */
export interface PassOptions {
  readonly read: ReadRange;
  readonly window: Window;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Actions to export; empty for all. */
  readonly actions: readonly string[];
  readonly maxEvents: number | undefined;
  /** Exported events near the end are remembered for so many seconds; undefined to remember none. */
  readonly remember: number | undefined;
  /** Events that the run before has exported. */
  readonly checkpoint: Checkpoint | undefined;
  readonly tally: Tally;
  readonly output: Output;
  readonly progress: (text: string) => void;
  /** Whether what was read before a failure is worth its files. */
  readonly keeps: (failure: ActionError, highWater: number) => boolean;
}

/** How a pass ended. */
export interface PassResult {
  readonly files: readonly StagedFile[];
  /** Everything before is exported; Unix seconds. */
  readonly highWater: number;
  readonly hasMore: boolean;
  /** Id and time of the exported events near the end. */
  readonly seen: readonly (readonly [string, number])[];
  /** Why the pass ended before its window did, where that is a failure. */
  readonly failure: ActionError | undefined;
}

const PROGRESS_EVENTS = 50_000;

/** The exported events of the last seconds, forgotten as time goes on. */
class Recent {
  readonly #span: number;
  #entries: (readonly [string, number])[] = [];
  #pruneAt = 1_000;

  constructor(span: number, before: readonly (readonly [string, number])[]) {
    this.#span = span;
    this.#entries = [...before];
  }

  add(events: readonly ReadEvent[]): void {
    for (const { id, at } of events) this.#entries.push([id, at]);
    if (this.#entries.length > this.#pruneAt) {
      const newest = events.at(-1)?.at ?? 0;
      this.#entries = this.from(newest - this.#span - 1);
      this.#pruneAt = Math.max(1_000, this.#entries.length * 2);
    }
  }

  from(time: number): (readonly [string, number])[] {
    return this.#entries.filter(([, at]) => at >= time);
  }
}

/** What comes next: a part, why there is none, or neither at the end. */
interface Next {
  readonly part?: Part;
  readonly failure?: ActionError;
}

async function nextOf(parts: AsyncGenerator<Part>): Promise<Next> {
  try {
    const { done, value } = await parts.next();
    return done === true ? {} : { part: value };
  } catch (thrown) {
    return { failure: asActionError(thrown) };
  }
}

/** Takes the events of one window, in order, from the API into files. */
class Pass {
  readonly #options: PassOptions;
  readonly #isWanted: (action: string) => boolean;
  readonly #known: ReadonlySet<string>;
  readonly #recent: Recent | undefined;
  #highWater: number;
  #hasMore = false;

  constructor(options: PassOptions) {
    const { actions, checkpoint, remember, window } = options;
    this.#options = options;
    this.#isWanted = actions.length === 0 ? () => true : actionMatcher(actions);
    this.#known = new Set(checkpoint?.seen.map(([id]) => id));
    this.#recent = remember === undefined ? undefined : new Recent(remember, checkpoint?.seen ?? []);
    this.#highWater = window.from;
  }

  async run(): Promise<PassResult> {
    const { output, window, read, concurrency, signal, keeps } = this.#options;
    const range = { from: window.rereadFrom, to: window.to };
    const parts = readInOrder(read, range, { concurrency, signal });
    try {
      let next = await nextOf(parts);
      while (next.part !== undefined && (await this.#take(next.part))) next = await nextOf(parts);
      const { failure } = next;
      // Before the files are ended, which takes its time where there are many.
      if (failure !== undefined && !keeps(failure, this.#highWater)) throw failure;
      this.#hasMore ||= failure !== undefined;
      const files = await output.finish();
      return { files, highWater: this.#highWater, hasMore: this.#hasMore, seen: this.#seen(), failure };
    } finally {
      await parts.return(undefined);
    }
  }

  /** Exports a part. False where the limit of events is reached. */
  async #take({ range, events, repeated }: Part): Promise<boolean> {
    const { tally, maxEvents, window } = this.#options;
    const wanted = events.filter(({ action }) => this.#isWanted(action));
    const fresh = wanted.filter(({ id }) => !this.#known.has(id));
    const room = maxEvents === undefined ? fresh.length : maxEvents - tally.events;
    const first = fresh[room];
    tally.duplicates += repeated + wanted.length - fresh.length;
    await this.#write(first === undefined ? fresh : fresh.slice(0, room));
    this.#hasMore = first !== undefined;
    this.#highWater = Math.max(window.from, first === undefined ? range.to : Math.floor(first.at));
    return first === undefined;
  }

  async #write(events: readonly ReadEvent[]): Promise<void> {
    const { output, tally, window, progress } = this.#options;
    await output.add(events);
    const steps = Math.floor(tally.events / PROGRESS_EVENTS);
    tally.add(events, window.from);
    this.#recent?.add(events);
    if (Math.floor(tally.events / PROGRESS_EVENTS) > steps) progress(`${number(tally.events)} events`);
  }

  /** What the next run has to know: everything that it could read again. */
  #seen(): readonly (readonly [string, number])[] {
    return this.#recent?.from(this.#highWater - (this.#options.remember ?? 0)) ?? [];
  }
}

/**
 * Reads a window and writes its events to staged files. A failure to read does not throw where what came before it is
 * kept: that is whole, and may be committed. A failure to write does.
 */
export const runPass = (options: PassOptions): Promise<PassResult> => new Pass(options).run();
