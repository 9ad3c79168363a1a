import type { AuditEvent } from '../events/event.ts';
import type { FormatName } from './names.ts';

/** A format that writes each event by itself. */
export interface TextFormat {
  readonly name: Exclude<FormatName, 'parquet'>;
  /** Of the file's name, without a dot. */
  readonly extension: string;
  /** How a file begins, including the line end; often empty. */
  readonly head: string;
  /** An event as complete lines, including the last line end. */
  encode(event: AuditEvent): string;
}

/** A file of a binary format that is being written. */
export interface BinaryFile {
  /** Takes events; returns the bytes that are ready, if any. */
  add(events: readonly AuditEvent[]): Uint8Array | undefined;
  /** Returns the rest of the file. */
  end(): Uint8Array;
}

/** A format that writes events in groups. */
export interface BinaryFormat {
  readonly name: 'parquet';
  readonly extension: 'parquet';
  /** Begins a file. One group of rows is in memory, never the whole file. */
  open(): BinaryFile;
}
