import { type Habits, resolveHabits } from '../../src/contract/habits.ts';

/** Values to combine, by habit. Delays are shorter than the five seconds in which late data counts. */
const VALUES = {
  report: ['given', 'refused', 'ignored'],
  tags: ['kept', 'refused', 'dropped'],
  turn_end: ['waiting', 'finished'],
  ids: ['bare', 'prefixed'],
  paths: ['prefixed', 'any'],
  sleep_ms: [0, 3_000],
  delete_ms: [0, 800],
  late_messages_ms: [0, 1_500],
  late_output_ms: [0, 2_000],
  late_pull_requests_ms: [0, 1_500],
  late_tags_ms: [0, 1_500],
  late_lists_ms: [0, 1_500],
  partial_output: [true, false],
  frozen_updated_at: [true, false],
  zero_acus: [true, false],
  wrong_key: ['403', '401'],
  tags_filter: ['on', 'ignored'],
  odd_fields: [true, false],
  refused_fields: [[], ['resumable']],
  pages: ['sparse', 'full'],
  attachment_ids: ['own', 'uuid'],
} as const satisfies { readonly [N in keyof Habits]?: readonly Habits[N][] };

/** A choice of one of several values for each name, as its place among them. */
type Choice = readonly number[];

const pairOf = (a: number, i: number, b: number, j: number) => `${a}=${i} ${b}=${j}`;

/** Every pair of values of two names that a choice has. */
export function pairsOf(choice: Choice): string[] {
  return choice.flatMap((i, a) => choice.slice(a + 1).map((j, offset) => pairOf(a, i, a + 1 + offset, j)));
}

/** Every pair of values that there is. */
export function allPairs(sizes: readonly number[]): string[] {
  return sizes.flatMap((size, a) =>
    sizes
      .slice(a + 1)
      .flatMap((other, offset) =>
        Array.from({ length: size * other }, (_, n) => pairOf(a, Math.floor(n / other), a + 1 + offset, n % other)),
      ),
  );
}

/** The value for name `a` that meets most of the missing pairs with what is chosen before it; the turn breaks ties. */
function bestValue(a: number, size: number, chosen: Choice, missing: ReadonlySet<string>, turn: number): number {
  const gain = (i: number) => chosen.filter((j, b) => missing.has(pairOf(b, j, a, i))).length;
  const order = Array.from({ length: size }, (_, n) => (n + turn) % size);
  return order.reduce((best, i) => (gain(i) > gain(best) ? i : best));
}

/** At most `limit` choices that together have as many pairs of values as possible. The same sizes give the same choices. */
export function pairwise(sizes: readonly number[], limit: number): Choice[] {
  const missing = new Set(allPairs(sizes));
  const rows: Choice[] = [];
  while (missing.size > 0 && rows.length < limit) {
    const candidates = Array.from({ length: 24 }, (_, turn) => {
      const row: number[] = [];
      for (const [a, size] of sizes.entries()) row.push(bestValue(a, size, row, missing, turn >> (a % 5)));
      return row;
    });
    const gain = (row: Choice) => pairsOf(row).filter((pair) => missing.has(pair)).length;
    const best = candidates.reduce((one, other) => (gain(other) > gain(one) ? other : one));
    if (gain(best) === 0) {
      // No candidate has a pair that is missing: take the first of those, and the usual values otherwise.
      const [pair = ''] = missing;
      const fixed = new Map([...pair.matchAll(/(\d+)=(\d+)/g)].map(([, a, i]) => [Number(a), Number(i)]));
      const row = sizes.map((_, a) => fixed.get(a) ?? 0);
      rows.push(row);
    } else rows.push(best);
    for (const pair of pairsOf(rows.at(-1) ?? [])) missing.delete(pair);
  }
  return rows;
}

/** How many values each habit takes part with. */
export const SIZES: readonly number[] = Object.values(VALUES).map((values) => values.length);

/** A row of habits: its values, and the text that asks a sandbox for them. */
export interface HabitRow {
  readonly habits: Habits;
  readonly text: string;
}

/** At most 20 rows of habits, in which every value of one habit meets every value of every other. */
export function habitRows(limit = 20): HabitRow[] {
  return pairwise(SIZES, limit).map((choice) => {
    const entries = Object.entries(VALUES).map(([name, values], a) => [name, values[choice[a] ?? 0]] as const);
    const text = entries.map(([name, value]) => `${name}:${Array.isArray(value) ? value.join('+') : value}`).join(',');
    // Each value is one that the habit of its name has.
    return { habits: resolveHabits({ preset: 'field', set: Object.fromEntries(entries) as Partial<Habits> }), text };
  });
}
