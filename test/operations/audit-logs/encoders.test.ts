import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encoderOf } from '../../../src/operations/audit-logs/export/encoders.ts';
import { ExportFile } from '../../../src/operations/audit-logs/export/file.ts';
import { loadFormat } from '../../../src/operations/audit-logs/formats/index.ts';
import { FORMAT_NAMES } from '../../../src/operations/audit-logs/formats/names.ts';
import { Workspace } from '../../../src/runner/workspace.ts';
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

test.each(FORMAT_NAMES)('responses are read while events are written as %s', async (name) => {
  const root = mkdtempSync(join(tmpdir(), 'turns-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const draft = await new Workspace(root).draft('events');
  const file = new ExportFile(draft, await loadFormat(name), 'none');
  const events = Array.from({ length: 1_000 }, (_, at) => eventOf({ audit_log_id: `audit-log-${at}` }));
  let turn = 0;
  let next = setImmediate(function count() {
    turn += 1;
    next = setImmediate(count);
  });
  const written = new Map<number, number>();
  const open = (event: (typeof events)[number]) => () => {
    written.set(turn, (written.get(turn) ?? 0) + 1);
    return event;
  };
  await file.add(events.map((event) => ({ ...event, open: open(event) })));
  clearImmediate(next);
  expect(Math.max(...written.values())).toBeLessThanOrEqual(100);
  await file.discard();
});
