import type { AuditSource, ReadRange } from './range.ts';
import { v2Reader } from './read-v2.ts';
import { v3Reader } from './read-v3.ts';

/** Reads the ranges of a scope. */
export const rangeReader = (source: AuditSource): ReadRange =>
  source.scope.version === 'v2' ? v2Reader(source) : v3Reader(source);
