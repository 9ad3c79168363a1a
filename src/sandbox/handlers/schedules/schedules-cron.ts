const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Names that stand for numbers, from `low` on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of the month', low: 1, high: 31 },
  { name: 'month', low: 1, high: 12, names: MONTHS },
  { name: 'day of the week', low: 0, high: 7, names: DAYS },
];

function numberOf(text: string, { low, high, names }: Field): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return low + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= low && value <= high ? value : undefined;
}

/** `*`, a value or a range, and behind a slash a step. */
function isPart(text: string, field: Field): boolean {
  const [range = '', step, rest] = text.split('/');
  if (rest !== undefined || (step !== undefined && !/^[1-9]\d?$/.test(step))) return false;
  if (range === '*') return true;
  const [from = '', to, more] = range.split('-');
  const low = numberOf(from, field);
  const high = to === undefined ? low : numberOf(to, field);
  return more === undefined && low !== undefined && high !== undefined && low <= high;
}

/** What is wrong with a cron expression of five fields; undefined if nothing is. */
export function cronError(expression: string): string | undefined {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return 'Input should be a cron expression with five fields: minute, hour, day of the month, month, day of the week';
  }
  const wrong = FIELDS.findIndex((field, i) => !(parts[i] ?? '').split(',').every((part) => isPart(part, field)));
  return wrong < 0 ? undefined : `The ${FIELDS[wrong]?.name} "${parts[wrong]}" of the cron expression is wrong`;
}
