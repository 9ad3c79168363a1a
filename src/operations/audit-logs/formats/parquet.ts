import { deserialize, serialize } from 'node:v8';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { AuditEvent } from '../events/event.ts';
import { msOf } from '../events/time.ts';
import { dataOf, field, json } from './fields.ts';
import type { BinaryFile, BinaryFormat } from './format.ts';

/** Rows of a group. A group is written as soon as it is full, which limits the memory. */
const GROUP_ROWS = 2_000;
/** Bytes of a group, for events that are large. */
const GROUP_BYTES = 4 * 1024 * 1024;

/** Text, or its UTF-8 for a long one, which then waits outside of the heap; null if the event says nothing. */
type Cell = string | Uint8Array | null;

/** A column: its name, and its value for an event. */
type Column = readonly [name: string, of: (event: AuditEvent) => Cell];

const optional =
  (name: string) =>
  (event: AuditEvent): string | null =>
    field(event, name)?.toWellFormed() ?? null;

function dataText(event: AuditEvent): Cell {
  const data = dataOf(event);
  return data === undefined ? null : Buffer.from(json(data));
}

const TEXTS: readonly Column[] = [
  ['audit_log_id', ({ id }) => id.toWellFormed()],
  ['action', ({ action }) => action.toWellFormed()],
  ['org_id', optional('org_id')],
  ['user_id', optional('user_id')],
  ['user_email', optional('user_email')],
  ['service_user_id', optional('service_user_id')],
  ['service_user_name', optional('service_user_name')],
  ['data', dataText],
  ['original', ({ json: text }) => Buffer.from(text)],
];

const REQUIRED: ReadonlySet<string> = new Set(['audit_log_id', 'action', 'original']);
/** Columns in which hardly a value comes twice, so that a dictionary of them is not worth a search. */
const UNIQUE: ReadonlySet<string> = new Set(['audit_log_id', 'original']);

/** `time` in milliseconds since 1970 (UTC), everything else text; `data` and `original` are JSON. */
const SCHEMA: SchemaElement[] = [
  { name: 'audit_event', num_children: TEXTS.length + 1 },
  {
    name: 'time',
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    // Without this, some readers take the time for one of an unknown time zone.
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    repetition_type: 'REQUIRED',
  },
  ...TEXTS.map(
    ([name]): SchemaElement => ({
      name,
      type: 'BYTE_ARRAY',
      converted_type: 'UTF8',
      repetition_type: REQUIRED.has(name) ? 'REQUIRED' : 'OPTIONAL',
    }),
  ),
];

function open(): BinaryFile {
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema: SCHEMA, codec: 'SNAPPY', createdBy: 'devin-action' });
  /** Where each group is, as the end of the file says. There may be thousands, so they wait outside of the heap. */
  const groups: Buffer[] = [];
  let times: bigint[] = [];
  let texts: Cell[][] = TEXTS.map(() => []);
  let bytes = 0;

  const writeGroup = () => {
    if (times.length === 0) return;
    const columnData = [
      { name: 'time', data: times, offsetIndex: false },
      ...TEXTS.map(([name], at) => ({
        name,
        data: texts[at] ?? [],
        offsetIndex: false,
        // The bounds of a text say little in a file that is in the order of time, and stay in memory until it ends.
        statistics: false,
        ...(UNIQUE.has(name) ? { encoding: 'PLAIN' as const } : {}),
      })),
    ];
    file.write({ columnData, rowGroupSize: times.length });
    groups.push(...file.row_groups.map((group) => serialize(group)));
    [file.row_groups, file.pendingIndexes] = [[], []];
    times = [];
    texts = TEXTS.map(() => []);
    bytes = 0;
  };
  const addRow = (event: AuditEvent) => {
    times.push(BigInt(msOf(event.at)));
    for (const [at, [, of]] of TEXTS.entries()) {
      const cell = of(event);
      texts[at]?.push(cell);
      bytes += cell?.length ?? 0;
    }
    if (times.length >= GROUP_ROWS || bytes >= GROUP_BYTES) writeGroup();
  };
  /** What is written so far; the writer forgets it, and continues to count from the start of the file. */
  const take = () => {
    const taken = writer.getBytes().slice();
    writer.index = 0;
    return taken;
  };

  return {
    add(events) {
      for (const event of events) addRow(event);
      return writer.index === 0 ? undefined : take();
    },
    end() {
      writeGroup();
      file.row_groups = groups.map((group) => deserialize(group));
      file.finish();
      return take();
    },
  };
}

/** Apache Parquet with Snappy pages, for data lakes. */
export const parquet: BinaryFormat = { name: 'parquet', extension: 'parquet', open };
