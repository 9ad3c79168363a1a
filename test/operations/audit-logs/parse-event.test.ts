import { expect, test } from 'vitest';
import { placeOf, readEvent } from '../../../src/operations/audit-logs/events/parse-event.ts';

const read = (at: unknown) => {
  const value = { audit_log_id: 'a', action: 'login', created_at: at };
  return readEvent(value, placeOf(Buffer.from(JSON.stringify(value))), 0, false);
};

test.each([
  [1_700_000_000, 1_700_000_000],
  ['1700000000', 1_700_000_000],
  ['1700000000.5', 1_700_000_000.5],
])('an event whose created_at is %j is of %d', (given, at) => {
  const event = read(given);
  expect(event.at).toBe(at);
  expect(event.raw['created_at']).toBe(given);
});

test.each([null, '', 'soon', '17', -1, '2026-01-31T08:00:00Z'])(
  'an event whose created_at is %j is refused',
  (given) => {
    expect(() => read(given)).toThrow(/created_at/);
  },
);
