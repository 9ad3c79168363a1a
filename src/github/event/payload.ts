import type { Part } from '../../report/untrusted.ts';

/** A JSON object of which nothing is known. */
export type Json = Readonly<Record<string, unknown>>;

/** A person or bot on GitHub. */
export interface Person {
  /** Of the form that GitHub gives to logins; that of an app ends with `[bot]`. */
  readonly login: string;
  readonly isBot: boolean;
}

/** A value as an object; anything else is an empty one. */
export const object = (value: unknown): Json =>
  // A JSON value that is an object and no array has named members, and each of them is unknown.
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** Whether there is an object at all. */
export const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as a list; anything else is an empty one. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A value as a text; anything else is an empty one. */
export const string = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A number of a thing, such as an issue, or the id of one: a whole number from 1. */
export const integer = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** A text that has just the form of the pattern, otherwise nothing. */
export const formed = (value: unknown, form: RegExp): string | undefined =>
  typeof value === 'string' && form.test(value) ? value : undefined;

/** The hash of a commit: 40 or 64 hex digits, not all of them 0, which stands for no commit. */
export const sha = (value: unknown): string | undefined => formed(value, /^(?!0+$)(?:[\da-f]{40}|[\da-f]{64})$/);

/** A word of GitHub's own vocabulary, such as an action, a state or a conclusion. */
export const word = (value: unknown): string | undefined => formed(value, /^[a-z][a-z_]{0,39}$/);

/** A person's association with the repository, e.g. `MEMBER`. */
export const association = (value: unknown): string | undefined => formed(value, /^[A-Z][A-Z_]{0,39}$/);

/** A repository's `owner/name`. */
export const repositoryName = (value: unknown): string | undefined =>
  formed(value, /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})\/(?!\.{1,2}$)[\w.-]{1,100}$/);

/** The address of a GraphQL object. */
export const nodeId = (value: unknown): string | undefined => formed(value, /^[\w=+/-]{1,200}$/);

/** A user or app of the payload; undefined if the login does not have the form of one. */
export function person(value: unknown): Person | undefined {
  const { login: given, type } = object(value);
  const login = formed(given, /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})(?:\[bot\])?$/);
  return login === undefined ? undefined : { login, isBot: type === 'Bot' || login.endsWith('[bot]') };
}

/** Whether two repositories of the payload are known to be one. One that is deleted is no other's equal. */
export function sameRepository(one: unknown, other: unknown): boolean {
  const [a, b] = [object(one), object(other)];
  const ids = [integer(a['id']), integer(b['id'])];
  const names = [string(a['full_name']).toLowerCase(), string(b['full_name']).toLowerCase()];
  const hasIds = ids[0] !== undefined && ids[1] !== undefined;
  const hasNames = names[0] !== '' && names[1] !== '';
  return (hasIds || hasNames) && (!hasIds || ids[0] === ids[1]) && (!hasNames || names[0] === names[1]);
}

/** A part for a text of the payload; none where there is no text or nothing in it. */
export function part(label: string, value: unknown, options: { readonly verbatim?: boolean } = {}): readonly Part[] {
  const text = string(value);
  return text.trim() === '' ? [] : [{ label, text, ...options }];
}

/** A part with one line for each entry of a list: the entry itself, or the member `name` of it. */
export function partOfList(label: string, value: unknown, name?: string): readonly Part[] {
  const entries = list(value).map((entry) => string(name === undefined ? entry : object(entry)[name]));
  return part(label, entries.filter((entry) => entry.trim() !== '').join('\n'));
}

/** A part that shows a value as JSON; none where the value is missing or holds nothing. */
export function partOfJson(label: string, value: unknown): readonly Part[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [];
  try {
    return part(label, JSON.stringify(value, null, 2));
  } catch {
    // JSON.stringify calls itself for each level, and a value may have more levels than the stack.
    return [{ label: `${label} (nested too deep to be shown)`, text: '{…}' }];
  }
}

/** A fact for a value that is known by its form; none where it is missing. */
export const fact = (
  label: string,
  value: string | number | undefined,
): readonly (readonly [label: string, value: string])[] => (value === undefined ? [] : [[label, String(value)]]);
