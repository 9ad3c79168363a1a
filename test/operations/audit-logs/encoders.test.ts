import { expect, test } from 'vitest';
import { encoderOf } from '../../../src/operations/audit-logs/export/encoders.ts';
import { eventOf, textFormat } from './formats-support.ts';

test.each(['jsonl', 'csv', 'ocsf', 'ecs', 'cef'] as const)(
  'a %s file has every event, and does not depend on how many arrived at once',
  async (name) => {
    const format = await textFormat(name);
    const sizes = [10, 200_000, 20, 600_000, ...Array.from({ length: 900 }, (_, at) => at), 100_000];
    const events = sizes.map((length) => eventOf({ data: { note: 'é'.repeat(length) } }));
    const waiting = events.map((event) => ({ ...event, open: () => event }));
    const written = (batch: number) => {
      const encoder = encoderOf(format);
      const blocks: Uint8Array[] = [];
      for (let at = 0; at < events.length; at += batch) blocks.push(...encoder.add(waiting.slice(at, at + batch)));
      return [...blocks, encoder.end()].map((block) => Buffer.from(block).toString());
    };
    const whole = written(events.length);
    expect(whole.join('')).toBe(format.head + events.map((event) => format.encode(event)).join(''));
    expect(written(7)).toEqual(whole);
  },
);
