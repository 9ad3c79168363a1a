import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../../src/operations/audit-logs/events/event.ts';
import { parquet } from '../../../src/operations/audit-logs/formats/parquet.ts';
import { eventOf, hostileEvent } from './formats-support.ts';

/** A file of events that come in batches. */
function fileOf(batches: readonly (readonly AuditEvent[])[]): { readonly file: ArrayBuffer; readonly largest: number } {
  const open = parquet.open();
  const parts = batches.map((batch) => open.add(batch)).filter((part) => part !== undefined);
  parts.push(open.end());
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return { file: file.buffer, largest: Math.max(...parts.map((part) => part.length)) };
}

const stored = (text: string) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

describe('parquet', () => {
  test('another library reads every event back, with its original', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileEvent, { maxLength: 5 }), async (events) => {
        const rows = await parquetReadObjects({ file: fileOf([events]).file });
        expect(rows).toHaveLength(events.length);
        for (const [i, { id, at, action, raw }] of events.entries()) {
          const row = rows[i] ?? {};
          expect(row['audit_log_id']).toBe(stored(id));
          expect(row['action']).toBe(stored(action));
          expect(row['time']).toEqual(new Date(at * 1_000));
          expect(JSON.stringify(JSON.parse(row['original']))).toBe(JSON.stringify(raw));
          expect(row['data'] ?? 'null').toBe(JSON.stringify(raw['data'] ?? null));
        }
      }),
    );
  });

  test('times have the time zone UTC', () => {
    const [, time] = parquetMetadata(fileOf([[eventOf()]]).file).schema;
    expect(time).toMatchObject({
      name: 'time',
      converted_type: 'TIMESTAMP_MILLIS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    });
  });

  test('a file without events is a file', async () => {
    const { file } = fileOf([]);
    expect(parquetMetadata(file).num_rows).toBe(0n);
    expect(await parquetReadObjects({ file })).toEqual([]);
  });

  test('a long export is written in groups, and how its events came does not show', async () => {
    const events = Array.from({ length: 5_000 }, (_, i) =>
      eventOf({ audit_log_id: `audit-log-${i}`, created_at: 1_790_000_000 + i, org_id: i % 3 === 0 ? null : 'org-1' }),
    );
    const { file, largest } = fileOf([events]);
    const pages = Array.from({ length: 25 }, (_, i) => events.slice(i * 200, (i + 1) * 200));
    const paged = fileOf(pages);
    expect(Buffer.from(paged.file).equals(Buffer.from(file))).toBe(true);
    expect(paged.largest).toBeLessThan(largest);
    expect(parquetMetadata(file).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([2_000, 2_000, 1_000]);
    const rows = await parquetReadObjects({ file, columns: ['audit_log_id', 'org_id'] });
    expect(rows[4_998]).toEqual({ audit_log_id: 'audit-log-4998', org_id: null });
  });

  test('events that are large make smaller groups', () => {
    const events = Array.from({ length: 20 }, (_, i) =>
      eventOf({ audit_log_id: `a${i}`, data: { text: 'x'.repeat(500_000) } }),
    );
    expect(parquetMetadata(fileOf([events]).file).row_groups.length).toBeGreaterThan(2);
  });
});
