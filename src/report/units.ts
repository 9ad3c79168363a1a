/** A number with grouped thousands and at most two decimals: `18,204`, `2.4`. */
export function number(value: number): string {
  const [whole = '', decimals] = String(Math.round(value * 100) / 100).split('.');
  // Intl.NumberFormat would do the same, and cost every start 11 ms for its tables.
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/** A number of things: `1 request`, `2 requests`. */
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`;

/** Milliseconds in the two largest units that say something: `212 ms`, `6 min 3 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** A number of bytes: `12 bytes`, `3.1 MB`. */
export function size(bytes: number): string {
  let value = bytes / 1_000;
  if (value < 1) return count(bytes, 'byte');
  const units = ['kB', 'MB', 'GB'];
  for (; value >= 999.95 && units.length > 0; units.shift()) value /= 1_000;
  return `${number(Math.round(value * 10) / 10)} ${units[0] ?? 'TB'}`;
}

/** A part of a whole: `21 %`, `4.3 %`; `n/a` of nothing. */
export function share(part: number, whole: number): string {
  if (whole === 0) return 'n/a';
  const percent = (part / whole) * 100;
  return `${number(percent < 10 ? Math.round(percent * 10) / 10 : Math.round(percent))} %`;
}

/** Time since a start, in milliseconds, as a clock shows it: `02:40`, `1:30:12`. */
export function clockTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${hours === 0 ? '' : `${hours}:`}${two(minutes)}:${two(seconds % 60)}`;
}

/** The beginning of a hash, which is enough to tell it from others. */
export const shortHash = (hash: string): string => `${hash.slice(0, 12)}…`;

/** An instant in UTC to the minute: `2026-11-21 03:00`; one that no calendar has is `unknown`. */
export function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString().slice(0, 16).replace('T', ' ');
}

/** ACUs used, of how many if there is a limit: `2.4 of 10 ACUs`; null is a number that the API does not report. */
export function acus(used: number | null, limit?: number): string {
  if (used === null) return 'ACUs not reported';
  return limit === undefined ? `${number(used)} ACUs` : `${number(used)} of ${number(limit)} ACUs`;
}

/** The same for a column whose head has the unit: `2.4 of 10`. */
export const acusCell = (used: number | null, limit?: number): string =>
  used === null ? 'not reported' : acus(used, limit).replace(' ACUs', '');

/** The sum of what is reported; null where nothing is. */
export function acusTotal(used: readonly (number | null)[]): number | null {
  const reported = used.filter((one) => one !== null);
  return reported.length === 0 ? null : reported.reduce((sum, one) => sum + one, 0);
}
