/** Unix seconds as ISO 8601 in UTC, to the second: `2026-01-31T08:00:00Z`. */
export const isoTime = (seconds: number): string =>
  new Date(Math.floor(seconds) * 1_000).toISOString().replace('.000Z', 'Z');

/** Unix seconds as they stand in a file's name: `20260131T080000Z`. */
export const compactTime = (seconds: number): string => isoTime(seconds).replaceAll(/[-:]/g, '');

/** A range of time in whole Unix seconds: `from` inclusive, `to` exclusive. */
export interface Range {
  readonly from: number;
  readonly to: number;
}
