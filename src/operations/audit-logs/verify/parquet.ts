import type { FileHandle } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { agreeing, type Sink } from './readers.ts';

function bufferOf(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const length = Math.max(0, Math.min(end, byteLength) - start);
      const bytes = new Uint8Array(length);
      await handle.read(bytes, 0, length, start);
      return bytes.buffer;
    },
  };
}

/** Reads the events of a Parquet file, one group of rows at a time. */
export async function readParquet(handle: FileHandle, bytes: number, sink: Sink, signal: AbortSignal): Promise<void> {
  const file = bufferOf(handle, bytes);
  let row = 0;
  try {
    const metadata = await parquetMetadataAsync(file);
    for (const group of metadata.row_groups) {
      signal.throwIfAborted();
      const rowEnd = row + Number(group.num_rows);
      const columns = ['audit_log_id', 'time', 'original'];
      for (const { audit_log_id: id, time, original } of await parquetReadObjects({
        file,
        metadata,
        columns,
        rowStart: row,
        rowEnd,
      })) {
        row += 1;
        const found = agreeing(original, id, time instanceof Date ? time.getTime() : Number.NaN);
        if (found === undefined) {
          sink.problem('is not an event', row);
          return;
        }
        sink.event(found, row);
      }
    }
  } catch {
    signal.throwIfAborted();
    sink.problem('cannot be read as Parquet', row + 1);
  }
}
