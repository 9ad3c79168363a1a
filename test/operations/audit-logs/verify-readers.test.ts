import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Found, openReader } from '../../../src/operations/audit-logs/verify/readers.ts';
import { hostileEvent, textFormat } from './formats-support.ts';

/** What a reader finds in bytes that come in pieces of some length. */
function readIn(format: Parameters<typeof openReader>[0], bytes: Uint8Array, length: number) {
  const found: Found[] = [];
  const problems: string[] = [];
  const reader = openReader(format, {
    event: (one) => found.push(one),
    problem: (what, line) => problems.push(`${line}: ${what}`),
  });
  for (let at = 0; at < bytes.length; at += length) reader.feed(bytes.subarray(at, at + length));
  reader.end();
  return { found, problems };
}

/** An ID as the format can contain it. */
const heldIn = (format: string, id: string) =>
  format === 'cef'
    ? id.toWellFormed().replace(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
    : id;

describe.each(['jsonl', 'csv', 'ocsf', 'ecs', 'cef'] as const)('the verification of %s', (name) => {
  test('finds every event with its id and time, however hostile and in whatever pieces', async () => {
    const format = await textFormat(name);
    fc.assert(
      fc.property(fc.array(hostileEvent, { maxLength: 4 }), fc.integer({ min: 1, max: 300 }), (events, length) => {
        const text = format.head + events.map((event) => format.encode(event)).join('');
        const { found, problems } = readIn(name, new TextEncoder().encode(text), length);
        expect(problems).toEqual([]);
        expect(found.map(({ at }) => at)).toEqual(events.map(({ at }) => at));
        expect(found.map(({ id }) => id)).toEqual(events.map(({ id }) => heldIn(name, id)));
      }),
    );
  });

  test('finds the line where a file is cut off, or is no text', async () => {
    const format = await textFormat(name);
    fc.assert(
      fc.property(hostileEvent, fc.nat(), (event, cut) => {
        const bytes = new TextEncoder().encode(format.encode(event));
        const head = new TextEncoder().encode(format.head);
        const part = new Uint8Array([...head, ...bytes.subarray(0, 1 + (cut % (bytes.length - 1)))]);
        expect(readIn(name, part, 64).problems).toHaveLength(1);
        expect(readIn(name, new Uint8Array([...head, 0xff, 0x0a]), 64).problems.join()).toContain('is not UTF-8');
      }),
    );
  });
});
