import { bool, choice, type InputKind, nearestOf, type Parsed } from './kinds.ts';

/** One habit of the sandbox: how its value is written, and its value in each preset. */
interface Habit<T> {
  readonly kind: InputKind<T>;
  /** As the API was observed to behave. */
  readonly field: T;
  /** As the API is documented. */
  readonly documents: T;
  /** What it means, for docs/sandbox.md. */
  readonly summary: string;
  /** The value of a preset is a time observed in the field, which `pace` shortens. */
  readonly isPaced?: true;
}

const milliseconds: InputKind<number> = {
  label: 'milliseconds',
  parse: (text) =>
    /^\d{1,10}$/.test(text) ? { ok: true, value: Number(text) } : { ok: false, problem: 'milliseconds such as 1500' },
};

const factor: InputKind<number> = {
  label: 'number',
  parse: (text) =>
    /^\d{1,4}(\.\d+)?$/.test(text) && Number(text) > 0
      ? { ok: true, value: Number(text) }
      : { ok: false, problem: 'a number above 0 such as 0.02' },
};

const fields: InputKind<readonly string[]> = {
  label: 'names joined by `+`',
  parse: (text) =>
    /^(\w+(\+\w+)*)?$/.test(text)
      ? { ok: true, value: text.split('+').filter((name) => name !== '') }
      : { ok: false, problem: 'names joined by +, such as resumable+devin_mode' },
};

const oneOf = <const T extends string>(
  values: readonly T[],
  preset: { readonly field: T; readonly documents: T },
  summary: string,
): Habit<T> => ({ kind: choice(values), ...preset, summary });

/** A delay that the documents do not have. `observed` is the one of the field, in milliseconds at pace 1. */
const delay = (observed: number, summary: string): Habit<number> => ({
  kind: milliseconds,
  field: observed,
  documents: 0,
  summary,
  isPaced: true,
});

const flag = (preset: { readonly field: boolean }, summary: string): Habit<boolean> => ({
  kind: bool,
  ...preset,
  documents: false,
  summary,
});

const both = <const T extends string>(value: T) => ({ field: value, documents: value });

/** How the sandbox behaves where the documents and the field differ, or say nothing. */
export const HABITS = {
  ids: oneOf(
    ['bare', 'prefixed'],
    { field: 'bare', documents: 'prefixed' },
    'Session IDs in responses: 32 hexadecimal digits, or the same after `devin-`.',
  ),
  paths: oneOf(
    ['prefixed', 'any'],
    { field: 'prefixed', documents: 'any' },
    'Session IDs in paths: `prefixed` rejects an ID without `devin-` with 403.',
  ),
  turn_end: oneOf(
    ['waiting', 'finished'],
    { field: 'waiting', documents: 'finished' },
    'The detail of a session that has completed its task: `waiting_for_user` or `finished`.',
  ),
  sleep_ms: delay(1_800_000, 'A waiting session becomes `suspended`/`inactivity` after this time; 0 = never.'),
  delete_ms: delay(12_000, 'A deleted session keeps running for this time, then its status becomes `exit`.'),
  late_messages_ms: delay(0, 'The last message of a turn appears this long after its end.'),
  late_output_ms: delay(0, 'The structured output appears this long after the end of the turn.'),
  late_pull_requests_ms: delay(
    0,
    'Pull requests appear this long after the end of the turn; 0 = when Devin opens them.',
  ),
  late_tags_ms: delay(0, 'Tags appear this long after they are set.'),
  late_lists_ms: delay(0, 'A new session appears in lists after this time.'),
  partial_output: flag(
    { field: true },
    'While Devin works, the structured output is incomplete; it is rewritten at the end.',
  ),
  frozen_updated_at: flag({ field: true }, '`updated_at` does not change while Devin works.'),
  zero_acus: flag({ field: false }, '`acus_consumed` of every session is 0.0.'),
  wrong_key: oneOf(
    ['403', '401'],
    { field: '403', documents: '401' },
    'The response to a wrong key or a wrong kind of key: `403 {"detail":"Unauthorized"}`, or 401 with a sentence. With `403`, a wrong organization gets the same.',
  ),
  tags_filter: oneOf(['on', 'ignored'], both('on'), 'Whether lists of sessions apply the parameter `tags`.'),
  tags: oneOf(
    ['kept', 'refused', 'dropped'],
    both('kept'),
    'What happens to tags that begin with `devin-action:`: kept, rejected with 422, or dropped without a word.',
  ),
  odd_fields: flag(
    { field: false },
    'Sessions have odd values: null, numbers as text, fractions, JSON as text, unknown words, missing members. Which ones depends on the session.',
  ),
  refused_fields: {
    kind: fields,
    field: [],
    documents: [],
    summary: 'Members of the body of a create request that are rejected with a 400 that names them.',
  } satisfies Habit<readonly string[]>,
  report: oneOf(
    ['given', 'refused', 'ignored'],
    both('given'),
    'A session created with the completion report: Devin fills it in, its schema is rejected with 422, or it stays empty.',
  ),
  review_end: oneOf(
    ['completed', 'errored', 'cancelled', 'skipped', 'pending'],
    both('completed'),
    'How reviews of pull requests end. `pending`: never.',
  ),
  late_reviews_ms: delay(0, 'A new review of a pull request is shown after this time; until then, 404.'),
  pages: oneOf(
    ['sparse', 'full'],
    { field: 'sparse', documents: 'full' },
    '`sparse`: `total` of a list is null, and `end_cursor` is set on the last page too (null for messages).',
  ),
  attachment_ids: oneOf(
    ['own', 'uuid'],
    { field: 'own', documents: 'uuid' },
    'Whether `attachment_id` is an ID of its own, or the UUID in the path of `url`.',
  ),
  pace: {
    kind: factor,
    field: 0.02,
    documents: 0.02,
    summary:
      'How long a session takes. 1 = the times observed in the field: claimed after 2 s, running after 17 s, first message after 25 s, done after 63 s.',
  } satisfies Habit<number>,
} satisfies Readonly<Record<string, Habit<unknown>>>;

/** The name of a habit. */
type HabitName = keyof typeof HABITS;

type ValueOf<H> = H extends Habit<infer T> ? T : never;

/** A value for each habit. Times are milliseconds of the sandbox's clock. */
export type Habits = { readonly [N in HabitName]: ValueOf<(typeof HABITS)[N]> };

/** The sets of habits that have a name. */
export const PRESETS = ['field', 'documents'] as const;

/** A preset, and the habits that differ from it. */
export interface HabitSettings {
  readonly preset: (typeof PRESETS)[number];
  readonly set: Partial<Habits>;
}

/** What a sandbox starts with if nothing else is said. */
export const DEFAULT_HABITS: HabitSettings = { preset: 'field', set: {} };

// Object.keys of a typed constant: the keys are its names.
const NAMES = Object.keys(HABITS) as readonly HabitName[];

const isHabit = (name: string): name is HabitName => Object.hasOwn(HABITS, name);
const isPreset = (name: string): name is HabitSettings['preset'] => PRESETS.some((preset) => preset === name);

/** The value of every habit. A preset's delays are those of the field times `pace`; one that was set counts as it is. */
export function resolveHabits({ preset, set }: HabitSettings): Habits {
  const pace = set.pace ?? HABITS.pace[preset];
  const values = NAMES.map((name) => {
    const habit: Habit<unknown> = HABITS[name];
    const value = habit[preset];
    return [name, habit.isPaced && typeof value === 'number' ? Math.round(value * pace) : value] as const;
  });
  // Each value is the one that the habit of its name declares.
  return { ...(Object.fromEntries(values) as Habits), ...set };
}

const nearestFirst = (word: string, names: readonly string[]): string => {
  const nearest = nearestOf(word, names);
  return [...(nearest === undefined ? [] : [nearest]), ...names.filter((name) => name !== nearest)].join(', ');
};

/** One habit by its name and its value as text. */
export function parseHabit(name: string, text: string): Parsed<Partial<Habits>> {
  if (!isHabit(name))
    return { ok: false, problem: `a habit of the sandbox (${nearestFirst(name, NAMES)}), not "${name}"` };
  const { kind } = HABITS[name];
  const parsed = kind.parse(text);
  if (parsed.ok) return { ok: true, value: { [name]: parsed.value } };
  const { problem, nearest } = parsed;
  const valid = kind.choices === undefined ? problem : `one of ${nearestFirst(nearest ?? text, kind.choices)}`;
  return { ok: false, problem: `${valid} for the habit ${name}, not "${text}"` };
}

/** Habits on top of others, entry by entry; a preset starts again from its own values. */
function combine(
  from: HabitSettings,
  entries: Iterable<readonly [name: string, text: string | undefined]>,
): Parsed<HabitSettings> {
  let settings = from;
  for (const [name, text] of entries) {
    if (text === undefined && isPreset(name)) settings = { preset: name, set: {} };
    else if (text === undefined && !isHabit(name)) {
      return {
        ok: false,
        problem: `a preset or a habit of the sandbox (${nearestFirst(name, [...PRESETS, ...NAMES])}), not "${name}"`,
      };
    } else {
      const parsed = parseHabit(name, text ?? '');
      if (!parsed.ok) return parsed;
      settings = { ...settings, set: { ...settings.set, ...parsed.value } };
    }
  }
  return { ok: true, value: settings };
}

/** Habits as text: `field,turn_end:finished`. Entries are separated by commas; a preset may be one of them. */
export function parseHabits(text: string): Parsed<HabitSettings> {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry): [string, string | undefined] => {
      const cut = entry.search(/[:=]/);
      return cut < 0 ? [entry, undefined] : [entry.slice(0, cut).trim(), entry.slice(cut + 1).trim()];
    });
  return combine(DEFAULT_HABITS, entries);
}

/** Habits as an object, on top of `from`: `{"preset": "field", "turn_end": "finished"}`. The preset counts first. */
export function readHabits(given: Readonly<Record<string, unknown>>, from: HabitSettings): Parsed<HabitSettings> {
  const { preset, ...others } = given;
  if (preset !== undefined && (typeof preset !== 'string' || !isPreset(preset))) {
    return {
      ok: false,
      problem: `one of ${nearestFirst(String(preset), PRESETS)} for preset, not "${String(preset)}"`,
    };
  }
  const entries = Object.entries(others).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join('+') : String(value),
  ]);
  return combine(preset === undefined ? from : { preset, set: {} }, entries);
}

const shown = (value: unknown): string => (Array.isArray(value) ? value.join('+') || 'none' : String(value));

/** The rows of the table of habits in docs/sandbox.md: name, values, and the value in each preset. */
export function habitRows(): string[][] {
  const presets = PRESETS.map((preset) => resolveHabits({ preset, set: {} }));
  return NAMES.map((name) => {
    const { kind, summary }: Habit<unknown> = HABITS[name];
    return [`\`${name}\``, kind.label, ...presets.map((habits) => shown(habits[name])), summary];
  });
}
