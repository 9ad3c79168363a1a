import type { AuditSource, ReadRange } from './range.ts';
import { V2_PIECE_EVENTS, v2Reader } from './read-v2.ts';
import { PIECE_EVENTS, v3Reader } from './read-v3.ts';

/** A way to read ranges, and how many events it should read at once. */
export interface RangeReader {
  readonly read: ReadRange;
  readonly pieceEvents: number;
}

/** Reads the ranges of a scope. */
export const rangeReader = (source: AuditSource): RangeReader =>
  source.scope.version === 'v2'
    ? { read: v2Reader(source), pieceEvents: V2_PIECE_EVENTS }
    : { read: v3Reader(source), pieceEvents: PIECE_EVENTS };
