import { type ActionError, asActionError } from '../../../contract/errors.ts';
import { number } from '../../../report/units.ts';
import { nameTest } from '../../wildcards.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import { printOf, type WaitingEvent } from '../events/event.ts';
import { type Part, readInOrder } from './pieces.ts';
import type { ReadRange } from './range.ts';
import type { Tally } from './tally.ts';
import type { Window } from './window.ts';
import type { EventWriter, StagedFile } from './writer.ts';

/** What reading a window needs. */
export interface PassOptions {
  readonly read: ReadRange;
  readonly window: Window;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Actions to export; empty for all. */
  readonly actions: readonly string[];
  readonly maxEvents: number | undefined;
  /** For how many seconds exported events near the end are remembered; undefined to remember none. */
  readonly remember: number | undefined;
  /** Has the events that the run before exported. */
  readonly checkpoint: Checkpoint | undefined;
  readonly tally: Tally;
  readonly writer: EventWriter;
  readonly progress: (text: string) => void;
  /** Whether to keep what was read before a failure. */
  readonly keeps: (failure: ActionError, highWater: number) => boolean;
}

/** An exported event near the end: its ID, its time, and its fingerprint if one is known. */
type Seen = Checkpoint['seen'][number];

/** How reading a window ended. */
export interface PassResult {
  readonly files: readonly StagedFile[];
  /** Every event before this time is exported; Unix seconds. */
  readonly highWater: number;
  readonly hasMore: boolean;
  /** The exported events near the end. */
  readonly seen: readonly Seen[];
  /** Why reading ended before the window did, if that is a failure. */
  readonly failure: ActionError | undefined;
}

const PROGRESS_EVENTS = 50_000;

/** The exported events of the last seconds. */
class Recent {
  readonly #span: number;
  readonly #before: readonly Seen[];
  #events: WaitingEvent[] = [];
  #pruneAt = 1_000;

  constructor(span: number, before: readonly Seen[]) {
    this.#span = span;
    this.#before = before;
  }

  add(events: readonly WaitingEvent[]): void {
    for (const event of events) this.#events.push(event);
    if (this.#events.length <= this.#pruneAt) return;
    const oldest = (events.at(-1)?.at ?? 0) - this.#span - 1;
    this.#events = this.#events.filter(({ at }) => at >= oldest);
    this.#pruneAt = Math.max(1_000, this.#events.length * 2);
  }

  from(time: number): Seen[] {
    const known = this.#before.filter(([, at]) => at >= time);
    const added = this.#events
      .filter(({ at }) => at >= time)
      .map((event): Seen => [event.id, event.at, printOf(event)]);
    return [...known, ...added];
  }
}

/** The events that the runs before have exported, near the end of the last one. */
class Known {
  readonly #seen = new Map<string, Seen[]>();

  constructor(seen: readonly Seen[]) {
    for (const one of seen) this.#seen.set(one[0], [...(this.#seen.get(one[0]) ?? []), one]);
  }

  /** Whether an event was exported before. Another event with the same ID was not. */
  has(event: WaitingEvent): boolean {
    const same = this.#seen.get(event.id);
    if (same === undefined) return false;
    return same.some(([, at, print]) => (print === undefined ? at === event.at : print === printOf(event)));
  }
}

/** What comes next: a part, a failure, or neither at the end. */
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

/** Writes the events of one window, in order, from the API to files. */
class Pass {
  readonly #options: PassOptions;
  readonly #isWanted: (action: string) => boolean;
  readonly #known: Known;
  readonly #recent: Recent | undefined;
  #highWater: number;
  #hasMore = false;

  constructor(options: PassOptions) {
    const { actions, checkpoint, remember, window } = options;
    this.#options = options;
    this.#isWanted = actions.length === 0 ? () => true : nameTest(actions);
    this.#known = new Known(checkpoint?.seen ?? []);
    this.#recent = remember === undefined ? undefined : new Recent(remember, checkpoint?.seen ?? []);
    this.#highWater = window.from;
  }

  async run(): Promise<PassResult> {
    const { writer, window, read, concurrency, signal, keeps } = this.#options;
    const range = { from: window.rereadFrom, to: window.to };
    const parts = readInOrder(read, range, { concurrency, signal });
    try {
      let next = await nextOf(parts);
      while (next.part !== undefined && (await this.#take(next.part))) next = await nextOf(parts);
      const { failure } = next;
      // Before the files are completed, which takes time if there are many.
      if (failure !== undefined && !keeps(failure, this.#highWater)) throw failure;
      this.#hasMore ||= failure !== undefined;
      const files = await writer.finish();
      return { files, highWater: this.#highWater, hasMore: this.#hasMore, seen: this.#seen(), failure };
    } finally {
      await parts.return(undefined);
    }
  }

  /** Exports a part. False if the limit of events is reached. */
  async #take({ range, events, repeated }: Part): Promise<boolean> {
    const { tally, maxEvents, window } = this.#options;
    const wanted = events.filter(({ action }) => this.#isWanted(action));
    const fresh = wanted.filter((event) => !this.#known.has(event));
    const room = maxEvents === undefined ? fresh.length : maxEvents - tally.events;
    const first = fresh[room];
    tally.duplicates += repeated + wanted.length - fresh.length;
    await this.#write(first === undefined ? fresh : fresh.slice(0, room));
    this.#hasMore = first !== undefined;
    this.#highWater = Math.max(window.from, first === undefined ? range.to : Math.floor(first.at));
    return first === undefined;
  }

  async #write(events: readonly WaitingEvent[]): Promise<void> {
    const { writer, tally, window, progress } = this.#options;
    await writer.add(events);
    const steps = Math.floor(tally.events / PROGRESS_EVENTS);
    tally.add(events, window.from);
    this.#recent?.add(events);
    if (Math.floor(tally.events / PROGRESS_EVENTS) > steps) progress(`${number(tally.events)} events`);
  }

  /** What the next run has to know: every event that it could read again. */
  #seen(): readonly Seen[] {
    return this.#recent?.from(this.#highWater - (this.#options.remember ?? 0)) ?? [];
  }
}

/**
 * Reads a window and writes its events to staged files. A failure to read does not throw if what came before it is kept,
 * because that is complete and can be committed. A failure to write throws.
 */
export const runPass = (options: PassOptions): Promise<PassResult> => new Pass(options).run();
