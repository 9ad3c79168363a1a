import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import type { AuditSource, ReadRange } from './range.ts';
import { v2Reader } from './read-v2.ts';
import { PIECE_EVENTS, v3Reader } from './read-v3.ts';

/** A way to read ranges, and how many events it should read at once. */
export interface RangeReader {
  readonly read: ReadRange;
  readonly pieceEvents: number;
}

/**
 * Reads the ranges of a scope. In v2, which has no cursor, a piece has to fit into one response.
 */
export const rangeReader = (source: AuditSource): RangeReader =>
  source.scope.version === 'v2'
    ? { read: v2Reader(source), pieceEvents: LARGEST_PAGE / 2 }
    : { read: v3Reader(source), pieceEvents: PIECE_EVENTS };
