import { byTimeAndId } from '../events/event.ts';
import type { ReadEvent } from '../events/parse-event.ts';
import type { Range } from '../events/time.ts';
import { MAX_SPAN, PAGE_EVENTS, type ReadRange } from './read-range.ts';

/** Events that a piece should have: enough that its last, half empty page hardly counts, few enough to be held in memory. */
const PIECE_EVENTS = 5 * PAGE_EVENTS;
/** Whole pieces that may wait for their turn, besides those that are read. */
const MAX_WAITING = 2;
/** How many times longer than the one before a piece may be planned: quiet hours end without notice. */
const MAX_GROWTH = 8;

/** A part of the range, and how far it is. */
interface Piece {
  from: number;
  to: number;
  state: 'planned' | 'running' | 'read';
  events: ReadEvent[];
}

/** Events of a part of the range, in order. Nothing more will come of it. */
export interface Part {
  readonly range: Range;
  readonly events: readonly ReadEvent[];
  /** Events that came twice. */
  readonly repeated: number;
}

/** How to read. */
export interface ReadOptions {
  /** Requests at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Events that a piece should have; about a thousand where absent. */
  readonly pieceEvents?: number;
}

/** How many seconds an event takes, by what was read last; undefined before the first page. */
interface Density {
  secondsPerEvent: number | undefined;
  /** Span of the longest piece so far, in seconds. */
  span: number;
}

/** A line of pieces that are read at once and handed on one after the other. */
class Line {
  readonly #read: ReadRange;
  readonly #concurrency: number;
  readonly #pieceEvents: number;
  readonly #pieces: Piece[];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #density: Density = { secondsPerEvent: undefined, span: 0 };
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly reason: unknown } | undefined;
  #wake = () => {};

  constructor(read: ReadRange, range: Range, { concurrency, signal, pieceEvents = PIECE_EVENTS }: ReadOptions) {
    this.#read = read;
    this.#pieceEvents = pieceEvents;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#concurrency = concurrency;
    this.#pieces = [{ ...range, state: 'planned', events: [] }];
  }

  /** The next part, once it is whole; undefined at the end. Throws where what comes next cannot be read. */
  async next(): Promise<Part | undefined> {
    for (;;) {
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
    this.#stop.abort(new Error('the rest of the range is not wanted'));
    await Promise.all(this.#running);
  }

  #start(): void {
    while (this.#failure === undefined && this.#running.size < this.#concurrency) {
      const at = this.#pieces.findIndex(({ state }) => state === 'planned');
      // Before the first page nobody knows how long a piece should be.
      const isBlind = this.#density.secondsPerEvent === undefined && this.#running.size > 0;
      if (at < 0 || isBlind || !this.#hasRoom(at)) return;
      const piece = this.#cut(at);
      piece.state = 'running';
      const task: Promise<void> = this.#run(piece).finally(() => {
        this.#running.delete(task);
        this.#wake();
      });
      this.#running.add(task);
    }
  }

  /**
   * Whether a piece more may be held. What holds up the others always has room: for it, the piece that is needed last
   * gives its events up, and is read again later.
   */
  #hasRoom(at: number): boolean {
    const waiting = this.#pieces.filter(({ state }) => state === 'read').length;
    if (waiting < MAX_WAITING) return true;
    const last = this.#pieces.findLast(({ state }, index) => state === 'read' && index > at);
    if (last === undefined) return at === 0;
    this.#putBack(last);
    return true;
  }

  /** Cuts the beginning of a planned piece off, as long as it should be by what is known. */
  #cut(at: number): Piece {
    // The caller has found it at this place.
    const piece = this.#pieces[at] as Piece;
    const span = Math.min(MAX_SPAN, this.#wantedSpan());
    // A little more than wanted is better than a piece of a few events behind it.
    if (piece.to - piece.from > Math.min(MAX_SPAN, span * 1.25)) this.#split(piece, piece.from + span);
    return piece;
  }

  #wantedSpan(): number {
    const { secondsPerEvent, span } = this.#density;
    if (secondsPerEvent === undefined) return MAX_SPAN;
    const wanted = Math.max(1, Math.round(secondsPerEvent * this.#pieceEvents));
    return span === 0 ? wanted : Math.min(wanted, span * MAX_GROWTH);
  }

  /** Ends a piece at `border`, and plans what is behind it. */
  #split(piece: Piece, border: number): void {
    const rest: Piece = { from: border, to: piece.to, state: 'planned', events: [] };
    this.#pieces.splice(this.#pieces.indexOf(piece) + 1, 0, rest);
    piece.to = border;
  }

  /** Begins a piece at `border`, and plans what is before it. */
  #splitBefore(piece: Piece, border: number): void {
    const rest: Piece = { from: piece.from, to: border, state: 'planned', events: [] };
    this.#pieces.splice(this.#pieces.indexOf(piece), 0, rest);
    piece.from = border;
  }

  async #run(piece: Piece): Promise<void> {
    try {
      const asked = { from: piece.from, to: piece.to };
      let pages = 0;
      for await (const { events, rest } of this.#read(asked, this.#signal)) {
        pages += 1;
        for (const event of events) piece.events.push(event);
        if (rest === undefined) break;
        const progress = this.#look(piece, asked, rest, { pages, events });
        if (progress === 'stranded') return;
        if (progress === 'whole') break;
      }
      const { from, to } = piece;
      piece.events = piece.events.filter(({ at }) => at >= from && at < to);
      this.#learn(piece.events.length, to - from);
      this.#density.span = Math.max(this.#density.span, to - from);
      piece.state = 'read';
    } catch (thrown) {
      this.#failure ??= { reason: thrown };
      this.#stop.abort(thrown);
    }
  }

  /**
   * Looks at a piece of which `rest` is unread: `whole` where the rest has become a piece of its own, `stranded` where so
   * much turned out to lie before it that its turn is far away.
   */
  #look(
    piece: Piece,
    asked: Range,
    rest: Range,
    { pages, events }: { pages: number; events: readonly ReadEvent[] },
  ): 'whole' | 'stranded' | 'going on' {
    const isOldestFirst = rest.to === asked.to;
    const border = isOldestFirst ? rest.from : rest.to;
    const isAhead = isOldestFirst ? rest.from > asked.from : rest.to < asked.to;
    if (isAhead) {
      this.#learnFrom(events);
      if (pages === 1) this.#shorten(piece, isOldestFirst, border);
      if (piece.events.length >= 2 * this.#pieceEvents && border > piece.from && border < piece.to) {
        if (isOldestFirst) this.#split(piece, border);
        else this.#splitBefore(piece, border);
      }
    }
    this.#wake();
    if (isOldestFirst ? rest.from >= piece.to : rest.to <= piece.from) return 'whole';
    if (!this.#isStranded(piece)) return 'going on';
    this.#putBack(piece);
    return 'stranded';
  }

  #isStranded(piece: Piece): boolean {
    let planned = 0;
    for (const other of this.#pieces) {
      if (other === piece) break;
      if (other.state === 'planned') planned += other.to - other.from;
    }
    return planned > this.#concurrency * this.#wantedSpan();
  }

  /** Gives up what was read of a piece: it is planned again, together with its neighbours. */
  #putBack(piece: Piece): void {
    [piece.state, piece.events] = ['planned', []];
    for (const [first, second] of this.#neighbours(piece)) {
      if (first?.state !== 'planned' || second?.state !== 'planned') continue;
      first.to = second.to;
      this.#pieces.splice(this.#pieces.indexOf(second), 1);
    }
  }

  #neighbours(piece: Piece): readonly (readonly [Piece | undefined, Piece | undefined])[] {
    const at = this.#pieces.indexOf(piece);
    // The later pair first: a merge leaves its first member in the line.
    return [
      [piece, this.#pieces[at + 1]],
      [this.#pieces[at - 1], piece],
    ];
  }

  /** After its first page, ends a piece that turns out to be much too long, so that others can begin with the rest. */
  #shorten(piece: Piece, isOldestFirst: boolean, border: number): void {
    const span = this.#wantedSpan();
    if (piece.to - piece.from <= span * 1.5) return;
    const least = isOldestFirst ? border + 1 : border - 1;
    const cut = isOldestFirst ? Math.max(piece.from + span, least) : Math.min(piece.to - span, least);
    if (cut <= piece.from || cut >= piece.to) return;
    if (isOldestFirst) this.#split(piece, cut);
    else this.#splitBefore(piece, cut);
  }

  #learn(events: number, seconds: number): void {
    this.#density.secondsPerEvent = seconds / Math.max(1, events);
  }

  /** A page in the middle of a piece tells how dense the events are, whatever emptiness was before them. */
  #learnFrom(page: readonly ReadEvent[]): void {
    const [first, last] = [page[0], page.at(-1)];
    if (first !== undefined && last !== undefined && page.length > 1) {
      this.#learn(page.length, Math.abs(last.at - first.at) + 1);
    }
  }
}

/** The events of a piece in the order of the files, each once. */
function inOrder({ from, to, events }: Piece): Part {
  const sorted = events.sort(byTimeAndId);
  const ids = new Set<string>();
  const kept = sorted.filter(({ id }) => {
    if (ids.has(id)) return false;
    ids.add(id);
    return true;
  });
  return { range: { from, to }, events: kept, repeated: events.length - kept.length };
}

/**
 * Reads a range as parts that follow each other in time, several at once. At most `concurrency` pieces are read while
 * two more wait for their turn, so memory stays flat however long the range is. Pieces are as long as the density of
 * what was read last suggests; one that turns out to be too long is cut, and its rest shared.
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
