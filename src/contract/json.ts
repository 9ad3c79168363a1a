import { type Fallible, failed } from './fallible.ts';

/** Deeper values are written without indents: each level would repeat those of all levels above it. */
const DEEPEST_INDENTED = 100;

/** True for a mapping of names to values. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value that a text holds, or what is wrong with the text, as a clause. */
export type ReadValue = Fallible<{ readonly value: unknown }>;

/** The mapping that a text holds, or what is wrong with the text, as a clause. */
export function asMapping(read: ReadValue): Fallible<{ readonly mapping: Record<string, unknown> }> {
  if (!read.ok) return read;
  return isRecord(read.value) ? { ok: true, mapping: read.value } : failed('is not a mapping of names to values');
}

/** A raw number is one value, although JavaScript makes an object of it. */
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value);

/** A list or an object that is being gone through. */
interface Frame<T> {
  readonly entries: readonly (readonly [name: string, value: unknown])[];
  readonly target: T;
  at: number;
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

const frameOf = <T>(value: object, target: T): Frame<T> => ({ entries: Object.entries(value), target, at: 0 });

/** Whether a value has more than `levels` lists and objects within each other. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (!isObject(value)) return false;
  return levels === 0 || Object.values(value).some((entry) => isDeeper(entry, levels - 1));
}

/** Adds a property, whatever its name: `__proto__` is one as well. A name that is taken gets stars at its end. */
function put(target: object, name: string, value: unknown): void {
  let free = name;
  while (!Array.isArray(target) && Object.hasOwn(target, free)) free += '*';
  Object.defineProperty(target, free, { value, enumerable: true, configurable: true, writable: true });
}

/** A copy of a value of JSON, however deep, with its texts, numbers and names replaced; its members sorted if asked. */
export function mapJson(
  value: unknown,
  leaf: (leaf: unknown) => unknown,
  name: (name: string) => string,
  isSorted = false,
): unknown {
  const frames: Frame<object>[] = [];
  const copy = (entry: unknown): unknown => {
    if (!isObject(entry)) return leaf(entry);
    const target = Array.isArray(entry) ? [] : {};
    const frame = frameOf(entry, target);
    frames.push(isSorted && !Array.isArray(entry) ? { ...frame, entries: frame.entries.toSorted(byName) } : frame);
    return target;
  };
  const whole = copy(value);
  for (let frame = frames.pop(); frame !== undefined; frame = frames.pop()) {
    const { entries, target } = frame;
    for (const [key, entry] of entries) put(target, Array.isArray(target) ? key : name(key), copy(entry));
  }
  return whole;
}

/** JSON of a value that nests deeper than `JSON.stringify` can follow. */
function flatJson(value: unknown): string {
  const parts: string[] = [];
  const frames: Frame<boolean>[] = [];
  const write = (entry: unknown) => {
    if (!isObject(entry)) {
      parts.push(JSON.stringify(entry) ?? 'null');
      return;
    }
    parts.push(Array.isArray(entry) ? '[' : '{');
    frames.push(frameOf(entry, Array.isArray(entry)));
  };
  write(value);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const { entries, target: isList, at } = frame;
    const entry = entries[at];
    frame.at += 1;
    if (entry === undefined) {
      parts.push(isList ? ']' : '}');
      frames.pop();
      continue;
    }
    const [name, inner] = entry;
    // As `JSON.stringify` has it: a member without a value is left out.
    if (!isList && inner === undefined) continue;
    const isFirst = /^[[{]$/.test(parts.at(-1) ?? '');
    parts.push(`${isFirst ? '' : ','}${isList ? '' : `${JSON.stringify(name)}:`}`);
    write(inner);
  }
  return parts.join('');
}

/**
 * The JSON text of a value of JSON, however deep it is: `JSON.stringify` and many readers fail at some thousand levels.
 *
 * @param indent spaces for each level; a value of more than 100 levels gets none
 */
export function jsonText(value: unknown, indent = 0): string {
  const spaces = indent > 0 && isDeeper(value, DEEPEST_INDENTED) ? 0 : indent;
  try {
    return JSON.stringify(value, null, spaces) ?? 'null';
  } catch (thrown) {
    if (thrown instanceof RangeError) return flatJson(value);
    throw thrown;
  }
}

/** The JSON text of a value, the same for the same JSON, whatever the order of its members. */
export const canonicalJson = (value: unknown): string =>
  jsonText(
    mapJson(
      value,
      (leaf) => leaf,
      (name) => name,
      true,
    ),
  );
