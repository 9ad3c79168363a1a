import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../../src/operations/audit-logs/events/event.ts';
import { placeOf, type ReadEvent, readEvent } from '../../../src/operations/audit-logs/events/parse-event.ts';
import { encoderOf } from '../../../src/operations/audit-logs/export/encoders.ts';
import type { TextFormat } from '../../../src/operations/audit-logs/formats/index.ts';
import { eventOf, hostileEvent, objectOf, textFormat } from './formats-support.ts';

const formats = await Promise.all([textFormat('jsonl'), textFormat('ocsf'), textFormat('ecs')]);

const textOf = ({ json, raw }: AuditEvent) => json ?? JSON.stringify(raw);
const read = (text: string): ReadEvent => readEvent(JSON.parse(text), placeOf(Buffer.from(text)), 0, false);

/** The bytes of a file. Each block is copied at once, for it holds only until the next one is asked for. */
function written(format: TextFormat, events: readonly ReadEvent[]): Buffer {
  const encoder = encoderOf(format);
  const blocks: Buffer[] = [];
  for (const block of encoder.add(events)) blocks.push(Buffer.from(block));
  blocks.push(Buffer.from(encoder.end()));
  return Buffer.concat(blocks);
}

/** What the format makes of the text of each event. */
const expected = (format: TextFormat, texts: readonly string[]): string =>
  texts
    .map((json) => {
      const { id, at, action } = read(json);
      return format.encode({ id, at, action, raw: objectOf(json), json });
    })
    .join('');

describe.each(formats)('a file of $name', (format) => {
  test('holds the same for bytes as for text, whatever the events are', () => {
    fc.assert(
      fc.property(fc.array(hostileEvent, { minLength: 1, maxLength: 5 }), (events) => {
        const texts = events.map(textOf);
        expect(written(format, texts.map(read)).toString('utf8')).toBe(expected(format, texts));
      }),
    );
  });

  test('keeps umlauts and escapes apart from their bytes', () => {
    const texts = ['"Zoë ✓ 🙂"', '"Zo\\u00eb \\ud83d"', '"\\\\u00eb Ã«"', '"\u2028\\/\\n"'].flatMap((note) => [
      textOf(eventOf()).replace('"devin-1"', note),
      textOf(eventOf()).replace('"create_session"', note),
      textOf(eventOf()).replace('"octocat@example.com"', note),
    ]);
    expect(written(format, texts.map(read)).toString('utf8')).toBe(expected(format, texts));
  });

  test('is whole where events are many, or larger than a block', () => {
    const sized = (length: number) => textOf(eventOf({ data: { note: 'é'.repeat(length) } }));
    const texts = [10, 200_000, 20, 600_000, ...Array.from({ length: 900 }, (_, at) => at), 100_000].map(sized);
    expect(written(format, texts.map(read)).toString('utf8') === expected(format, texts)).toBe(true);
  });
});

test('bytes that are no UTF-8 stay in JSONL, and are replaced where a format makes text of them', () => {
  const text = textOf(eventOf());
  const bytes = Buffer.from(text.replace('devin-1', 'devin-\xff'), 'latin1');
  const event = readEvent(JSON.parse(text), placeOf(bytes), 0, false);
  const [lines, ...others] = formats.map((format) => written(format, [event]));
  expect(lines?.equals(Buffer.concat([bytes, Buffer.from('\n')]))).toBe(true);
  for (const other of others) expect(objectOf(other.toString('utf8'))).toBeDefined();
  for (const other of others) expect(other.includes('devin-\ufffd')).toBe(true);
});
