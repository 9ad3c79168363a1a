import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { AuditEvent } from '../events/event.ts';
import { msOf } from '../events/time.ts';
import { dataOf, field, json } from './fields.ts';
import type { BinaryFile, BinaryFormat } from './format.ts';

/** Rows of a group. A group is written as soon as it is full, which limits the memory. */
const GROUP_ROWS = 2_000;
/** Characters of a group, for events that are large. */
const GROUP_CHARACTERS = 4 * 1024 * 1024;

/** A column: its name, and its value for an event: text, or null if the event says nothing. */
type Column = readonly [name: string, of: (event: AuditEvent) => string | null];

const optional =
  (name: string) =>
  (event: AuditEvent): string | null =>
    field(event, name)?.toWellFormed() ?? null;

function dataText(event: AuditEvent): string | null {
  const data = dataOf(event);
  return data === undefined ? null : json(data);
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
  ['original', ({ json: text }) => text],
];

const REQUIRED: ReadonlySet<string> = new Set(['audit_log_id', 'action', 'original']);

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
  let times: bigint[] = [];
  let texts: (string | null)[][] = TEXTS.map(() => []);
  let characters = 0;

  const writeGroup = () => {
    if (times.length === 0) return;
    const columnData = [
      { name: 'time', data: times, offsetIndex: false },
      ...TEXTS.map(([name], at) => ({ name, data: texts[at] ?? [], offsetIndex: false })),
    ];
    file.write({ columnData, rowGroupSize: times.length });
    times = [];
    texts = TEXTS.map(() => []);
    characters = 0;
  };
  const addRow = (event: AuditEvent) => {
    times.push(BigInt(msOf(event.at)));
    for (const [at, [, of]] of TEXTS.entries()) {
      const text = of(event);
      texts[at]?.push(text);
      characters += text?.length ?? 0;
    }
    if (times.length >= GROUP_ROWS || characters >= GROUP_CHARACTERS) writeGroup();
  };
  /** What is written so far; the writer forgets it, and continues to count from the start of the file. */
  const take = () => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };

  return {
    add(events) {
      for (const event of events) addRow(event);
      return writer.index === 0 ? undefined : take();
    },
    end() {
      writeGroup();
      file.finish();
      return take();
    },
  };
}

/** Apache Parquet with Snappy pages, for data lakes. */
export const parquet: BinaryFormat = { name: 'parquet', extension: 'parquet', open };
