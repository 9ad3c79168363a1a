import { byTimeAndId, isSameEvent, type WaitingEvent } from '../events/event.ts';
import type { Range } from '../events/time.ts';
import { type GivenUp, MAX_SPAN, type ReadRange } from './range.ts';

/** How many times longer than the piece before a piece may be planned: quiet hours end without notice. */
const MAX_GROWTH = 4;
/**
 * Complete pieces that may wait for their turn, in addition to those that are being read: enough that requests go on while
 * the events of a piece are written.
 */
const MAX_WAITING = 4;

/** A part of the range, and how far it is. */
interface Piece {
  readonly from: number;
  to: number;
  state: 'planned' | 'running' | 'read';
  events: readonly WaitingEvent[];
}

const planned = ({ from, to }: Range): Piece => ({ from, to, state: 'planned', events: [] });

/** All events of a part of the range, in order. */
export interface Part {
  readonly range: Range;
  readonly events: readonly WaitingEvent[];
  /** Events that the API returned more than once. */
  readonly repeated: number;
}

/** How to read. */
export interface ReadOptions {
  /** Requests at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** A line of pieces that are read at the same time and handed on one after the other. */
class Line {
  readonly #read: ReadRange;
  readonly #concurrency: number;
  readonly #pieces: Piece[];
  readonly #stop = new AbortController();
  readonly #cancelled: AbortSignal;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  /** Seconds that the next piece should cover; undefined before the first response. */
  #span: number | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #wake = () => {};

  constructor(read: ReadRange, range: Range, { concurrency, signal }: ReadOptions) {
    this.#read = read;
    this.#cancelled = signal;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#concurrency = concurrency;
    this.#pieces = [planned(range)];
  }

  /**
   * The next part, once it is complete; undefined at the end. Throws if what comes next cannot be read, or if the run is
   * canceled: then there may be no time to write what waits.
   */
  async next(): Promise<Part | undefined> {
    for (;;) {
      this.#cancelled.throwIfAborted();
      this.#start();
      const [head] = this.#pieces;
      if (head === undefined) return undefined;
      if (head.state === 'read') {
        this.#pieces.shift();
        return inOrder(head);
      }
      if (this.#failure !== undefined) throw this.#failure.reason;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends every request. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the rest of the range is not needed'));
    await Promise.all(this.#running);
  }

  #start(): void {
    while (!this.#stop.signal.aborted && this.#running.size < this.#concurrency) {
      const at = this.#pieces.findIndex(({ state }) => state === 'planned');
      const piece = this.#pieces[at];
      // Before the first response, nothing says how long a piece should be.
      const isBlind = this.#span === undefined && this.#running.size > 0;
      if (piece === undefined || isBlind || !this.#hasRoom(at)) return;
      this.#shorten(piece, Math.min(MAX_SPAN, this.#span ?? MAX_SPAN));
      piece.state = 'running';
      const task: Promise<void> = this.#run(piece).finally(() => {
        this.#running.delete(task);
        this.#start();
        this.#wake();
      });
      this.#running.add(task);
    }
  }

  /**
   * Whether memory has room for one more piece. There is always room for the piece that the others wait for: the piece
   * that is needed last gives up its events, and is read again later.
   */
  #hasRoom(at: number): boolean {
    const waiting = this.#pieces.filter(({ state }) => state === 'read').length;
    if (waiting < MAX_WAITING) return true;
    const last = this.#pieces.findLast(({ state }, index) => state === 'read' && index > at);
    if (last === undefined) return at === 0;
    [last.state, last.events] = ['planned', []];
    return true;
  }

  /** Ends a piece after `span` seconds, and plans the rest. */
  #shorten(piece: Piece, span: number): void {
    // A slightly longer piece is better than another one with a few events.
    if (piece.to - piece.from <= Math.min(MAX_SPAN, span * 1.25)) return;
    const border = piece.from + Math.max(1, Math.round(span));
    if (border >= piece.to) return;
    this.#pieces.splice(this.#pieces.indexOf(piece) + 1, 0, planned({ from: border, to: piece.to }));
    piece.to = border;
  }

  async #run(piece: Piece): Promise<void> {
    const length = piece.to - piece.from;
    // The first response shows how dense the events are, unless it is already everything.
    const isProbe = this.#span === undefined;
    try {
      const result = await this.#read(piece, isProbe, this.#signal);
      if ('events' in result) {
        [piece.state, piece.events] = ['read', result.events];
        this.#learn(length, result.share);
        return;
      }
      this.#divide(piece, result);
    } catch (thrown) {
      this.#failure ??= { reason: thrown };
      this.#stop.abort(thrown);
    }
  }

  /** Plans a piece that was given up as several, and learns from it how long others should be. */
  #divide(piece: Piece, { times, enough }: GivenUp): void {
    const { from, to } = piece;
    const sorted = times.toSorted((a, b) => a - b);
    const [oldest = from, newest = from] = [sorted[0], sorted.at(-1)];
    const isForward = (times[0] ?? from) <= (times.at(-1) ?? from);
    const covered = isForward ? Math.floor(newest) + 1 - from : to - Math.floor(oldest);
    this.#span = Math.max(1, (covered * enough) / times.length);
    const borders = bordersIn({ from, to }, sorted, enough);
    const rest = borders.map((border, index) => planned({ from: border, to: borders[index + 1] ?? to }));
    [piece.state, piece.to] = ['planned', borders[0] ?? to];
    this.#pieces.splice(this.#pieces.indexOf(piece) + 1, 0, ...rest);
    // However wrong the guess is, what comes first gets shorter each time.
    this.#shorten(piece, (to - from) / 2);
  }

  /** A piece with few events says that a longer one is possible, but not that a shorter one is needed. */
  #learn(length: number, share: number): void {
    const span = length * Math.min(MAX_GROWTH, 1 / share);
    if (share <= 1) this.#span = Math.max(this.#span ?? 1, span);
    // A single second cannot be shorter, and those around it may have few events.
    else if (length > 1) this.#span = Math.max(1, span);
  }
}

/**
 * The whole seconds at which to divide a range, by the times of those of its events that were read. A second with very
 * many is a piece of its own, and says nothing about what surrounds it. The API may return any order: this is a guess.
 */
function bordersIn({ from, to }: Range, sorted: readonly number[], enough: number): number[] {
  /** How many of the events are before a time. */
  const before = (time: number) => {
    const index = sorted.findIndex((each) => each >= time);
    return index < 0 ? sorted.length : index;
  };
  const newest = Math.floor(sorted.at(-1) ?? from);
  const borders: number[] = [];
  let last = from;
  for (let at = 0; at + enough < sorted.length; at = before(last)) {
    const second = Math.max(last, Math.floor(sorted[at + enough] ?? to));
    // Both pieces beside a border request its second: one with many events rather ends a piece, if all of it is known.
    const isKnown = second < newest && before(second + 1) - at <= enough * 2;
    last = second === last || (isKnown && before(second) - at < enough / 2) ? second + 1 : second;
    if (last >= to) break;
    borders.push(last);
  }
  return borders;
}

/** The events of a piece in the order of the files. What the API returned twice is in it once. */
function inOrder({ from, to, events }: Piece): Part {
  const kept = new Map<string, WaitingEvent[]>();
  for (const event of events) {
    const others = kept.get(event.id);
    if (others === undefined) kept.set(event.id, [event]);
    // Two different events that share an ID are both kept.
    else if (!others.some((other) => isSameEvent(other, event))) others.push(event);
  }
  const sorted = [...kept.values()].flat().sort(byTimeAndId);
  return { range: { from, to }, events: sorted, repeated: events.length - sorted.length };
}

/**
 * Reads a range as parts that follow each other in time, several at once. At most `concurrency` pieces are being read
 * while a few more wait for their turn, so memory does not depend on the length of the range. The length of a piece follows
 * from how many events the last ones had. Every piece is read to its end, whatever order the API returns.
 */
export async function* readInOrder(read: ReadRange, range: Range, options: ReadOptions): AsyncGenerator<Part> {
  if (range.from >= range.to) return;
  const line = new Line(read, range, options);
  try {
    for (let part = await line.next(); part !== undefined; part = await line.next()) yield part;
  } finally {
    await line.close();
  }
}
