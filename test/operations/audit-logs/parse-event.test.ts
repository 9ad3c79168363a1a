import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementSpans } from '../../../src/operations/audit-logs/events/element-spans.ts';
import { numberIn, parseExact } from '../../../src/operations/audit-logs/events/exact-json.ts';
import { eventsOf, parseEvent } from '../../../src/operations/audit-logs/events/parse-event.ts';
import { msOf } from '../../../src/operations/audit-logs/events/time.ts';

/** The texts of the elements of a list. */
function elementTexts(json: string, name: string): readonly string[] | undefined {
  const bytes = Buffer.from(json);
  return elementSpans(bytes, name)?.map(({ from, to }) => bytes.toString('utf8', from, to));
}

const read = (at: unknown) => parseEvent(JSON.stringify({ audit_log_id: 'a', action: 'login', created_at: at }), false);

test.each([
  [1_700_000_000, 1_700_000_000],
  ['1700000000', 1_700_000_000],
  ['1700000000.5', 1_700_000_000.5],
])('an event with the created_at %j happened at %d', (given, at) => {
  const event = read(given);
  expect(event.at).toBe(at);
  expect(event.raw['created_at']).toBe(given);
});

test.each([null, '', 'soon', '17', -1, '2026-01-31T08:00:00Z'])('the created_at %j is an error', (given) => {
  expect(() => read(given)).toThrow(/created_at/);
});

test('a time in milliseconds stays in its second, and two times keep their order', () => {
  const moment = fc.double({ min: 0, max: 4_102_444_800, noNaN: true });
  fc.assert(
    fc.property(moment, moment, (a, b) => {
      expect(Math.floor(msOf(a) / 1_000)).toBe(Math.floor(a));
      if (a <= b) expect(msOf(a)).toBeLessThanOrEqual(msOf(b));
    }),
  );
  expect([20.003, 20.9996, 20.99999999].map(msOf)).toEqual([20_003, 20_999, 20_999]);
});

describe('a page', () => {
  const text =
    '{"audit_log_id":"e1","created_at":1767225601,"action":"login","data":{"id":12345678901234567890,"x":1.0},"new":[{"a":"]\\""}]}';
  const eventsIn = (json: string) => eventsOf({ bytes: Buffer.from(json), body: JSON.parse(json) }, 'items');

  test('has each event as it came: digits, unknown fields, and line breaks between tokens', () => {
    const page = `{ "total": 1,\n "items": [\n${text.replace('"action"', '\n  "action"')} ], "has_next_page": false }`;
    const event = eventsIn(page)[0]?.open();
    expect(event?.json).toBe(text.replace('"action"', ' "action"'));
    expect(JSON.stringify(event?.raw['data'])).toBe('{"id":12345678901234567890,"x":1.0}');
    expect(elementTexts('{"a":{"items":[1]},"items":[],"it\\u0065ms":[2, "x,y" ]}', 'items')).toEqual(['2', '"x,y"']);
    expect(elementTexts('{"items":{"a":[1]}}', 'items')).toBeUndefined();
    expect(elementTexts('{"items":[1],"items":null}', 'items')).toBeUndefined();
  });

  test('is divided as JSON.parse reads it, whatever is in it', () => {
    const spaced = (value: unknown) =>
      fc.constantFrom(undefined, 1, '\t').map((indent) => JSON.stringify(value, null, indent));
    const pages = fc
      .record({ a: fc.jsonValue(), items: fc.array(fc.jsonValue({ stringUnit: 'binary' })), z: fc.jsonValue() })
      .chain((page) => fc.tuple(fc.constant(page), spaced(page)));
    fc.assert(
      fc.property(pages, ([page, json]) => {
        const texts = elementTexts(json, 'items') ?? [];
        expect(texts.map((one) => JSON.parse(one))).toEqual(JSON.parse(JSON.stringify(page.items)));
      }),
    );
  });

  test('keeps every number as it came, whether or not JavaScript can represent it', () => {
    const numbers = [
      '0',
      '-0',
      '1.0',
      '1e3',
      '1E400',
      '0.1',
      '-12345678901234567890',
      '9007199254740993',
      '123',
      '1.50',
    ];
    const json = `{"n":[${numbers.join(',')}],"deep":{"id":1234567890123456789}}`;
    expect(JSON.stringify(parseExact(json))).toBe(json);
    expect([JSON.rawJSON('1.50'), 7, '7', null].map(numberIn)).toEqual([1.5, 7, undefined, undefined]);
    fc.assert(
      fc.property(
        fc.json(),
        (text) => void expect(JSON.parse(JSON.stringify(parseExact(text)))).toEqual(JSON.parse(text)),
      ),
    );
  });

  test('that is not UTF-8 is an error: nothing is replaced in an event', () => {
    const bytes = Buffer.from(`{"items":[${text.replace('login', 'log\xffin')}]}`, 'latin1');
    expect(() => eventsOf({ bytes, body: JSON.parse(bytes.toString()) }, 'items')).toThrow(/UTF-8/);
  });
});
