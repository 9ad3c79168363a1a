import leven from 'leven';
import type { Failed } from './fallible.ts';
import { prefixedId } from './session-id.ts';

/** What a text turned out to be: a value, or what was expected instead, and the valid text that is nearest to it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | (Failed & { readonly nearest?: string });

/** A kind of input: how its text is read, and how the tables call it. */
export interface InputKind<T> {
  /** For the README: `text`, `list`, `true or false`, … */
  readonly label: string;
  /** The words of which it is one. */
  readonly choices?: readonly string[];
  readonly parse: (text: string) => Parsed<T>;
}

/** The candidate that is nearest to a misspelled word, if one is near enough to be meant. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  const asked = word.trim().toLowerCase();
  // A short word is near to any other short word, so at least half of it has to agree.
  const limit = Math.max(Math.min(2, Math.floor(asked.length / 2)), Math.floor(asked.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const name of candidates) {
    const distance = leven(asked, name.toLowerCase(), { maxDistance: limit + 1 });
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** `; did you mean X?` for what is nearest to a misspelled word; `otherwise` if nothing is near enough. */
export const meant = (nearest: string | undefined, otherwise = ''): string =>
  nearest === undefined ? otherwise : `; did you mean ${nearest}?`;

/** `; did you mean X?` for a misspelled word; `otherwise` if no candidate is near enough. */
export const didYouMean = (word: string, candidates: readonly string[], otherwise = ''): string =>
  meant(nearestOf(word, candidates), otherwise);

/** The same with the candidate in quotes, for names of any form. */
export function didYouMeanQuoted(word: string, candidates: readonly string[]): string {
  const nearest = nearestOf(word, candidates);
  return meant(nearest === undefined ? undefined : JSON.stringify(nearest));
}

/** Text as it came, spaces and line breaks included. */
export const text: InputKind<string> = { label: 'text', parse: (value) => ({ ok: true, value }) };

/** One line of text, trimmed. */
export const line: InputKind<string> = {
  label: 'one line',
  parse: (value) =>
    /[\r\n]/.test(value.trim()) ? { ok: false, problem: 'one line' } : { ok: true, value: value.trim() },
};

/** A path inside the workspace; the file itself is looked at later. */
export const path: InputKind<string> = {
  label: 'path',
  parse: (value) =>
    /[\r\n\0]/.test(value.trim())
      ? { ok: false, problem: 'one path inside the workspace' }
      : { ok: true, value: value.trim() },
};

/** `true` or `false` in any case, and nothing else. */
export const bool: InputKind<boolean> = {
  label: '`true` or `false`',
  parse(value) {
    const asked = value.trim().toLowerCase();
    if (asked === 'true' || asked === 'false') return { ok: true, value: asked === 'true' };
    const nearest = nearestOf(asked, ['true', 'false']);
    return { ok: false, problem: '`true` or `false`', ...(nearest === undefined ? {} : { nearest }) };
  },
};

/** A whole number within bounds. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): InputKind<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    label: 'whole number',
    parse(value) {
      const asked = value.trim();
      const number = Number(asked);
      return /^[+-]?\d+$/.test(asked) && number >= min && number <= max
        ? { ok: true, value: number }
        : { ok: false, problem: `a whole number ${range}` };
    },
  };
}

/** Maximum number of removals: a count, or a share (0 to 1) of the existing entries. */
export type RemovalLimit = { readonly count: number } | { readonly share: number };

/** A count such as `10`, a share such as `25%`, or `all`. */
export const removalLimit: InputKind<RemovalLimit> = {
  label: 'count, share or `all`',
  parse(value) {
    const asked = value.trim().toLowerCase();
    if (asked === 'all') return { ok: true, value: { share: 1 } };
    const [, amount = '', sign] = /^(\d{1,9}(?:\.\d+)?)\s*(%?)$/.exec(asked) ?? [];
    if (sign === '%' && Number(amount) <= 100) return { ok: true, value: { share: Number(amount) / 100 } };
    if (sign === '' && /^\d+$/.test(amount)) return { ok: true, value: { count: Number(amount) } };
    return { ok: false, problem: 'a count such as 10, a share from 0% to 100%, or all' };
  },
};

/** A SHA-256 as 64 hexadecimal digits; the value is in lower case. */
export const sha256: InputKind<string> = {
  label: 'hash',
  parse(value) {
    const asked = value.trim().toLowerCase();
    return /^[0-9a-f]{64}$/.test(asked)
      ? { ok: true, value: asked }
      : { ok: false, problem: 'a hash of 64 hexadecimal digits' };
  },
};

/** Which plan may be applied: the one with this hash, or the one that was reviewed in a pull request. */
export type ExpectedPlan = { readonly hash: string } | 'reviewed';

/** The hash of a plan, or `reviewed`. */
export const expectedPlan: InputKind<ExpectedPlan> = {
  label: 'hash or `reviewed`',
  parse(value) {
    const asked = value.trim().toLowerCase();
    if (asked === 'reviewed') return { ok: true, value: 'reviewed' };
    const hash = sha256.parse(asked);
    if (hash.ok) return { ok: true, value: { hash: hash.value } };
    const nearest = nearestOf(asked, ['reviewed']);
    const problem = 'a hash of 64 hexadecimal digits, or reviewed';
    return { ok: false, problem, ...(nearest === undefined ? {} : { nearest }) };
  },
};

const comparable = (word: string) => word.trim().toLowerCase().replaceAll('_', '-');

/** One of several words; case does not matter, and `_` is as good as `-`. */
export function choice<const T extends string>(values: readonly T[]): InputKind<T> {
  return {
    label: values.map((value) => `\`${value}\``).join(', '),
    choices: values,
    parse(asked) {
      const value = values.find((candidate) => comparable(candidate) === comparable(asked));
      if (value !== undefined) return { ok: true, value };
      const nearest = nearestOf(comparable(asked), values);
      return { ok: false, problem: `one of ${values.join(', ')}`, ...(nearest === undefined ? {} : { nearest }) };
    },
  };
}

/** The entries of a list by newlines and commas. */
export const entriesOf = (value: string): string[] =>
  value
    .split(/[\r\n,]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** A list by newlines and commas; spaces around an entry and empty entries go. */
export function list(max?: number): InputKind<readonly string[]> {
  return {
    label: 'list',
    parse(value) {
      const kept = entriesOf(value);
      return max !== undefined && kept.length > max
        ? { ok: false, problem: `at most ${max} entries, not ${kept.length}` }
        : { ok: true, value: kept };
    },
  };
}

/** `KEY=VALUE` lines. Everything behind the first `=` is the value; a key comes once. */
export const keyValues: InputKind<ReadonlyMap<string, string>> = {
  label: '`KEY=VALUE` lines',
  parse(value) {
    const pairs = new Map<string, string>();
    const lines = value.split(/\r?\n/);
    for (const [index, row] of lines.entries()) {
      if (row.trim() === '') continue;
      const cut = row.indexOf('=');
      const key = row.slice(0, cut).trim();
      if (cut < 1 || key === '')
        return { ok: false, problem: `KEY=VALUE on each line; line ${index + 1} has no key or no =` };
      // The key itself stays out of the message: a value that goes over several lines may be read as keys.
      if (pairs.has(key)) return { ok: false, problem: `each key once; line ${index + 1} repeats one` };
      pairs.set(key, row.slice(cut + 1));
    }
    return { ok: true, value: pairs };
  },
};

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const isUnit = (unit: string | undefined): unit is keyof typeof UNIT_MS => unit !== undefined && unit in UNIT_MS;

/** Milliseconds of a text such as `30s`, `15m`, `2h` or `7d`; undefined if it is none. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})\s*([smhd])$/.exec(text.trim().toLowerCase()) ?? [];
  return isUnit(unit) ? Number(amount) * UNIT_MS[unit] : undefined;
}

/** A duration within bounds, in milliseconds. */
export function duration(min: string, max: string): InputKind<number> {
  const [least, most] = [durationMs(min) ?? 0, durationMs(max) ?? Number.POSITIVE_INFINITY];
  return {
    label: 'duration',
    parse(value) {
      const ms = durationMs(value);
      return ms !== undefined && ms >= least && ms <= most
        ? { ok: true, value: ms }
        : { ok: false, problem: `a duration from ${min} to ${max}, such as 30s, 15m, 2h or 7d` };
    },
  };
}

/** A point in time: fixed, or a number of milliseconds before the run. */
export type Instant = { readonly at: number } | { readonly ago: number };

/** A point in time in whole Unix seconds. */
export const instantSeconds = (instant: Instant, now: number): number =>
  Math.floor(('at' in instant ? instant.at : now - instant.ago) / 1_000);

/** Milliseconds of an ISO 8601 date or date-time; NaN if it is none, or a day that its month does not have. */
function isoMs(asked: string): number {
  const [, day] = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.exec(asked) ?? [];
  const midnight = day === undefined ? Number.NaN : Date.parse(day);
  // Date.parse takes February 31 for March 3.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return Number.NaN;
  return Date.parse(asked);
}

/** ISO 8601, Unix seconds, or a duration before now, such as 7d. */
export const instant: InputKind<Instant> = {
  label: 'instant',
  parse(value) {
    const asked = value.trim();
    const ago = durationMs(asked);
    if (ago !== undefined) return { ok: true, value: { ago } };
    if (/^\d{9,11}$/.test(asked)) return { ok: true, value: { at: Number(asked) * 1_000 } };
    const at = isoMs(asked);
    return Number.isNaN(at)
      ? {
          ok: false,
          problem:
            'a date such as 2026-01-31 or 2026-01-31T08:00:00Z, Unix seconds, or a duration before now, such as 7d',
        }
      : { ok: true, value: { at } };
  },
};

/** One of several equal parts of some work: `2/5` is the second of five. */
export const shard: InputKind<{ readonly index: number; readonly count: number }> = {
  label: '`i/n`',
  parse(value) {
    const [, index = '', count = ''] = /^(\d{1,4})\s*\/\s*(\d{1,4})$/.exec(value.trim()) ?? [];
    const part = { index: Number(index), count: Number(count) };
    return part.index >= 1 && part.index <= part.count
      ? { ok: true, value: part }
      : { ok: false, problem: 'a part and the number of parts, such as 1/4 for the first of four' };
  },
};

/** An id as the API gives them: letters, digits, `_` and `-`. */
export const id: InputKind<string> = {
  label: 'ID',
  parse(value) {
    const asked = value.trim();
    return /^[A-Za-z0-9_-]{1,200}$/.test(asked)
      ? { ok: true, value: asked }
      : { ok: false, problem: 'one ID of letters, digits, - and _' };
  },
};

/** The id of a playbook. Its macro, such as `!release`, is no id. */
export const playbookId: InputKind<string> = {
  ...id,
  parse(value) {
    const parsed = id.parse(value);
    return !parsed.ok && value.trim().startsWith('!')
      ? { ok: false, problem: 'the ID of a playbook (playbook-…); a macro (!name) belongs in `prompt`' }
      : parsed;
  },
};

/** A key that a user chooses: no spaces, so that it reads the same wherever it is written. */
export const key: InputKind<string> = {
  label: 'key',
  parse(value) {
    const asked = value.trim();
    return /^[\w.:/#@+-]{1,200}$/.test(asked)
      ? { ok: true, value: asked }
      : { ok: false, problem: 'at most 200 letters, digits and . : / # @ + - _, without spaces' };
  },
};

/** How a line of a text has to begin. */
export const phrase: InputKind<string> = {
  label: 'one line',
  parse(value) {
    const asked = value.trim();
    return /^\S.{0,98}$/.test(asked) && !asked.startsWith('>')
      ? { ok: true, value: asked }
      : { ok: false, problem: 'one line of at most 99 characters, such as /devin' };
  },
};

/** What GitHub's events call a person's association with a repository; `WRITE` is ours: write access, whatever it is. */
const ASSOCIATIONS = [
  'OWNER',
  'MEMBER',
  'COLLABORATOR',
  'CONTRIBUTOR',
  'FIRST_TIME_CONTRIBUTOR',
  'FIRST_TIMER',
  'MANNEQUIN',
  'NONE',
  'WRITE',
] as const;

/** Associations, in any case. */
export const associations: InputKind<readonly string[]> = {
  label: 'list of associations',
  parse(value) {
    const asked = entriesOf(value).map((entry) => entry.toUpperCase());
    const wrong = asked.find((entry) => !ASSOCIATIONS.some((known) => known === entry));
    if (wrong === undefined) return { ok: true, value: asked };
    const nearest = nearestOf(wrong, ASSOCIATIONS);
    return {
      ok: false,
      problem: `a list of ${ASSOCIATIONS.join(', ')}`,
      ...(nearest === undefined ? {} : { nearest }),
    };
  },
};

/** Bots by name, with or without `[bot]`. */
export const botNames: InputKind<readonly string[]> = {
  label: 'list of names',
  parse(value) {
    const asked = entriesOf(value);
    return asked.every((entry) => /^[\w-]+(?:\[bot\])?$/.test(entry))
      ? { ok: true, value: asked }
      : {
          ok: false,
          problem:
            'names of bots such as dependabot[bot]; each by itself, since * would allow any bot that a person can create',
        };
  },
};

/** One or several organizations by their ids, or `*` for every one that the credential sees. */
export type Organizations = readonly string[] | '*';

/** Ids of organizations, each once, or `*`. */
export const organizations: InputKind<Organizations> = {
  label: 'ID, list, or `*`',
  parse(value) {
    if (value.trim() === '*') return { ok: true, value: '*' };
    const ids = [...new Set(entriesOf(value))];
    return ids.length > 0 && ids.every((entry) => id.parse(entry).ok)
      ? { ok: true, value: ids }
      : { ok: false, problem: 'one ID of letters, digits, - and _, a list of such IDs, or *' };
  },
};

/** A session by id, with or without `devin-`, or by the address of its page. The value carries the prefix. */
export const sessionId: InputKind<string> = {
  label: 'session ID or URL',
  parse(value) {
    const asked = value.trim();
    const [, fromUrl] =
      /^https:\/\/[^/\s]+(?:\/[\w.~-]+)*\/sessions\/([A-Za-z0-9_-]+)\/?(?:[?#]\S*)?$/.exec(asked) ?? [];
    const found = fromUrl ?? asked;
    if (!/^(?!devin-$)[A-Za-z0-9_-]{1,200}$/.test(found)) {
      return { ok: false, problem: 'a session ID, with or without devin-, or the URL of its page' };
    }
    return { ok: true, value: prefixedId(found) };
  },
};

/** Whether an address stays on this machine. */
export const isLoopback = ({ hostname }: URL): boolean => ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);

/** Whether nobody in between can read what goes to an address: https, or http that stays on this machine. */
export const isSafe = (url: URL): boolean => url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
