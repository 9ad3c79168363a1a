import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Devin } from '../../../src/devin/client.ts';
import type { Transport } from '../../../src/devin/transport.ts';
import type { WaitingEvent } from '../../../src/operations/audit-logs/events/event.ts';
import { parseEvent } from '../../../src/operations/audit-logs/events/parse-event.ts';
import { type Part, readInOrder } from '../../../src/operations/audit-logs/export/pieces.ts';
import type { ReadRange } from '../../../src/operations/audit-logs/export/range.ts';
import { PIECE_EVENTS, v3Reader } from '../../../src/operations/audit-logs/export/read-v3.ts';
import { shardOf } from '../../../src/operations/audit-logs/export/window.ts';
import { TestClock } from '../../devin/support.ts';

const at = (time: number, id: number): WaitingEvent =>
  parseEvent(JSON.stringify({ audit_log_id: `e${id}`, created_at: time, action: 'login' }), false);

/** Lets others go on for some turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface Manners {
  readonly pageSize: number;
  readonly newestFirst: boolean;
  /** Events that a piece should have. */
  readonly pieceEvents?: number;
}

/** A source that returns the events of a range in pages, and gives up a range of which too many remain. */
function sourceOf(events: readonly WaitingEvent[], { pageSize, newestFirst, pieceEvents = 50 }: Manners): ReadRange {
  return async ({ from, to }, isProbe) => {
    const limit = isProbe ? 1 : pieceEvents * 4;
    const found = events.filter((event) => event.at >= from && event.at < to);
    const ordered = newestFirst ? found.toReversed() : found;
    for (let end = pageSize; ; end += pageSize) {
      // Others get their turn, as they would while a response is on its way.
      await turns(1);
      if (end >= ordered.length) return { events: ordered, share: ordered.length / pieceEvents };
      if (end >= limit && to - from > 1) {
        return { times: ordered.slice(0, end).map((event) => event.at), enough: pieceEvents };
      }
    }
  };
}

async function readAll(read: ReadRange, to: number, concurrency: number): Promise<Part[]> {
  const parts: Part[] = [];
  const { signal } = new AbortController();
  for await (const part of readInOrder(read, { from: 0, to }, { concurrency, signal })) parts.push(part);
  return parts;
}

describe('a range that is read in pieces', () => {
  /** Seconds between events: bursts, and long silences. */
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 5_000 })), {
    maxLength: 150,
    size: 'max',
  });

  it('comes whole, each event once and in order, however dense the events are', async () => {
    await fc.assert(
      fc.asyncProperty(
        gaps,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 30 }),
        fc.boolean(),
        async (silences, pageSize, concurrency, pieceEvents, newestFirst) => {
          let time = 0;
          const events = silences.map((silence, id) => {
            time += silence;
            return at(time, id);
          });
          const read = sourceOf(events, { pageSize, newestFirst, pieceEvents });
          const parts = await readAll(read, time + 100, concurrency);
          expect(parts.flatMap((part) => part.events.map(({ at: when }) => when))).toEqual(
            events.map((each) => each.at),
          );
          expect(new Set(parts.flatMap((part) => part.events.map(({ id }) => id))).size).toBe(events.length);
          expect(parts.map(({ range }) => range.from)).toEqual([0, ...parts.slice(0, -1).map(({ range }) => range.to)]);
          expect(parts.at(-1)?.range.to).toBe(time + 100);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is held in memory only a few pieces at a time, whoever is slow to take them', async () => {
    const events = Array.from({ length: 5_000 }, (_, id) => at(id, id));
    let read = 0;
    const inner = sourceOf(events, { pageSize: 10, newestFirst: false });
    const source: ReadRange = async (range, isProbe, signal) => {
      const result = await inner(range, isProbe, signal);
      if ('events' in result) read += result.events.length;
      return result;
    };
    let taken = 0;
    const { signal } = new AbortController();
    const options = { concurrency: 4, signal };
    for await (const part of readInOrder(source, { from: 0, to: 5_000 }, options)) {
      await turns(50);
      taken += part.events.length;
      expect(read - taken).toBeLessThan(12 * 50);
    }
    expect(taken).toBe(5_000);
    expect(read).toBeLessThan(6_000);
  });

  it('goes on being read while a part of it is written', async () => {
    const inner = sourceOf(
      Array.from({ length: 5_000 }, (_, id) => at(id, id)),
      { pageSize: 10, newestFirst: false },
    );
    let requested = 0;
    const source: ReadRange = (range, isProbe, signal) => {
      requested += 1;
      return inner(range, isProbe, signal);
    };
    const { signal } = new AbortController();
    const parts = readInOrder(source, { from: 0, to: 5_000 }, { concurrency: 2, signal });
    await parts.next();
    const before = requested;
    await turns(50);
    expect(requested - before).toBeGreaterThan(2);
    await parts.return(undefined);
    const atEnd = requested;
    await turns(50);
    expect(requested).toBe(atEnd);
  });

  it('ends at once when the run is canceled, without the parts that wait', async () => {
    const read = sourceOf(
      Array.from({ length: 5_000 }, (_, id) => at(id, id)),
      { pageSize: 10, newestFirst: false },
    );
    const cancelled = new AbortController();
    const options = { concurrency: 4, signal: cancelled.signal };
    const parts = readInOrder(read, { from: 0, to: 5_000 }, options);
    await parts.next();
    await turns(50);
    cancelled.abort(new Error('stop'));
    await expect(parts.next()).rejects.toThrow('stop');
  });

  it.each([
    { concurrency: 1, newestFirst: false },
    { concurrency: 6, newestFirst: false },
    { concurrency: 6, newestFirst: true },
  ])('with seconds of very many events costs a few times its pages ($concurrency at once)', async (manners) => {
    const day = 86_400;
    const quiet = Array.from({ length: 20 * 24 }, (_, hour) => at(hour * 3_600, hour));
    const bursts = Array.from({ length: 20 * 5_000 }, (_, id) => at(Math.floor(id / 5_000) * day + 40_000, 1_000 + id));
    const events = [...quiet, ...bursts].sort((a, b) => a.at - b.at);
    const pageSize = 200;
    let pages = 0;
    const inner = sourceOf(events, { ...manners, pageSize, pieceEvents: PIECE_EVENTS });
    const source: ReadRange = async (range, isProbe, signal) => {
      const result = await inner(range, isProbe, signal);
      pages += 1 + Math.floor(('events' in result ? result.events : result.times).length / pageSize);
      return result;
    };
    const parts = await readAll(source, 20 * day, manners.concurrency);
    expect(parts.reduce((sum, part) => sum + part.events.length, 0)).toBe(events.length);
    expect(pages).toBeLessThan((3 * events.length) / pageSize);
  });

  it('ends with what could not be read, once all that comes before is handed on', async () => {
    const events = Array.from({ length: 500 }, (_, id) => at(id, id));
    const inner = sourceOf(events, { pageSize: 10, newestFirst: false });
    const source: ReadRange = async (range, isProbe, signal) => {
      if (range.from >= 200) throw new Error('down');
      return await inner(range, isProbe, signal);
    };
    const parts: Part[] = [];
    const { signal } = new AbortController();
    const reading = async () => {
      const options = { concurrency: 1, signal };
      for await (const part of readInOrder(source, { from: 0, to: 500 }, options)) parts.push(part);
    };
    await expect(reading()).rejects.toThrow('down');
    expect(parts.at(-1)?.range.to).toBeGreaterThanOrEqual(200);
  });
});

it('shards join without a gap, on borders of whole days where there are enough', () => {
  const moment = fc.integer({ min: 0, max: 2_000_000_000 });
  const property = fc.property(
    moment,
    fc.integer({ min: 1, max: 100_000_000 }),
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom('none', 'hour', 'day', 'org'),
    (from, length, count, partition) => {
      const range = { from, to: from + length };
      const shards = Array.from({ length: count }, (_, at) => shardOf(range, partition, { index: at + 1, count }));
      expect(shards[0]?.from).toBe(range.from);
      expect(shards.at(-1)?.to).toBe(range.to);
      for (const [index, shard] of shards.entries()) {
        expect(shard.to).toBeGreaterThanOrEqual(shard.from);
        const next = shards[index + 1];
        if (next === undefined) continue;
        expect(next.from).toBe(shard.to);
        const isInside = shard.to > range.from && shard.to < range.to;
        if (partition === 'day' && isInside) expect(shard.to % 86_400).toBe(0);
      }
    },
  );
  fc.assert(property);
});

it('events that are much larger than usual are read in shorter pieces, and all of them', async () => {
  const size = 4;
  const transport: Transport = {
    journal: [],
    heldMs: () => 0,
    now: () => 0,
    earliest: () => undefined,
    close: async () => undefined,
    async send({ path }) {
      const query = new URL(path, 'http://api').searchParams;
      const [from, to, start] = ['time_after', 'time_before', 'after'].map((name) => Number(query.get(name) ?? 0));
      const found = Array.from({ length: 200 }, (_, time) => time).filter(
        (time) => time >= (from ?? 0) && time <= (to ?? 0),
      );
      const end = (start ?? 0) + size;
      const items = found.slice(start, end).map((time) => at(time, time).open().raw);
      const page = { items, end_cursor: String(end), has_next_page: end < found.length };
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(page)) };
    },
  };
  const read = v3Reader(
    {
      devin: new Devin(transport, '', 'v3'),
      clock: new TestClock(),
      scope: { api: '', version: 'v3', orgId: undefined, actions: [] },
      patience: 0,
    },
    // About five pages.
    5 * size * 60,
  );
  const parts = await readAll(read, 200, 1);
  expect(parts.flatMap(({ events }) => events.map((event) => event.at))).toEqual(
    Array.from({ length: 200 }, (_, i) => i),
  );
  expect(parts.length).toBeGreaterThan(5);
});
