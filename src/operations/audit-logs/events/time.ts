/** Unix seconds as ISO 8601 in UTC, to the second: `2026-01-31T08:00:00Z`. */
export function isoTime(seconds: number): string {
  const date = new Date(Math.floor(seconds) * 1_000);
  return Number.isNaN(date.getTime()) ? 'an impossible time' : date.toISOString().replace('.000Z', 'Z');
}

/**
 * Unix milliseconds, rounded down, and always within the same second as `seconds`: a file whose format has milliseconds
 * must not move an event into the next hour or day.
 */
export function msOf(seconds: number): number {
  // Through microseconds, because 0.003 s times a thousand can be 2.9999… ms.
  const ms = Math.floor(Math.round(seconds * 1e6) / 1e3);
  return Math.min(ms, Math.floor(seconds) * 1_000 + 999);
}

/** Unix seconds as ISO 8601 in UTC; with milliseconds only if there are any. Empty for an impossible time. */
export function preciseTime(seconds: number): string {
  const date = new Date(msOf(seconds));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('.000Z', 'Z');
}

/** Unix seconds in the form of file names: `20260131T080000Z`. */
export const compactTime = (seconds: number): string => isoTime(seconds).replaceAll(/[-:]/g, '');

/** A range of time in whole Unix seconds: `from` inclusive, `to` exclusive. */
export interface Range {
  readonly from: number;
  readonly to: number;
}
