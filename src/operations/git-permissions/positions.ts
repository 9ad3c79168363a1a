import type { Document, LineCounter, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import * as z from 'zod/mini';
import { nearestOf } from '../../contract/kinds.ts';

/** A line of a file, from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Something wrong, or worth a look, at a line. */
export interface Finding extends Place {
  readonly message: string;
}

/** Findings file by file, and in each from top to bottom. */
export const inOrder = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));

/** A file that was read, and where its parts are. */
export interface Source {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Follows an alias to what it stands for. */
export const resolved = ({ document }: Source, node: unknown): unknown =>
  isAlias(node) ? node.resolve(document) : node;

/** Where a node begins. */
export function placeOf({ file, lines }: Source, node: unknown): Place {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const start = Array.isArray(range) ? Number(range[0]) : 0;
  return { file, line: Math.max(1, lines.linePos(start).line) };
}

/** The pair of a mapping with this key. */
function pairOf(
  source: Source,
  node: unknown,
  key: PropertyKey,
): { readonly key: unknown; readonly value: unknown } | undefined {
  const map = resolved(source, node);
  if (!isMap(map)) return undefined;
  return map.items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === key);
}

/** The node at the end of a path, or the last one on the way that is there. */
export function nodeAt(source: Source, from: unknown, path: readonly PropertyKey[]): unknown {
  let node = from;
  for (const step of path) {
    const whole = resolved(source, node);
    const next = isSeq(whole) && typeof step === 'number' ? whole.items[step] : pairOf(source, whole, step)?.value;
    if (next === undefined || next === null) return pairOf(source, whole, step)?.key ?? node;
    node = next;
  }
  return node;
}

/** The node of a key. */
export const keyNode = (source: Source, map: unknown, key: string): unknown => pairOf(source, map, key)?.key ?? map;

/** Names that a schema of an object knows, for those that are misspelled. */
const namesOf = (schema: z.ZodMiniType): string[] => ('shape' in schema ? Object.keys(Object(schema.shape)) : []);

function unknownKeys(schema: z.ZodMiniType, keys: readonly string[]): { key: string; message: string }[] {
  const names = namesOf(schema);
  return keys.map((key) => {
    const nearest = nearestOf(key, names);
    const hint = nearest === undefined ? `; known are ${names.join(', ')}` : `; did you mean ${nearest}?`;
    return { key, message: `the key ${JSON.stringify(key.slice(0, 60))} is not known${hint}` };
  });
}

function findingsOf(source: Source, node: unknown, schema: z.ZodMiniType, issue: z.core.$ZodIssue): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    const map = nodeAt(source, node, issue.path);
    return unknownKeys(schema, issue.keys).map(({ key, message }) => ({
      ...placeOf(source, keyNode(source, map, key)),
      message,
    }));
  }
  const name = issue.path.join('.');
  const at = placeOf(source, nodeAt(source, node, issue.path));
  const missing = issue.code === 'invalid_type' && /received undefined/.test(issue.message);
  const what = missing ? 'is missing' : `is wrong: ${issue.message.replace(/^Invalid input: /, '')}`;
  return [{ ...at, message: name === '' ? what.replace(/^is wrong: /, 'an entry is wrong: ') : `${name} ${what}` }];
}

/** Checks a part of a file; what is wrong goes to `findings`, each at its line. */
export function checkPart<T extends z.ZodMiniType>(
  source: Source,
  node: unknown,
  value: unknown,
  schema: T,
  findings: Finding[],
): z.output<T> | undefined {
  const checked = z.safeParse(schema, value);
  if (checked.success) return checked.data;
  findings.push(...checked.error.issues.flatMap((issue) => findingsOf(source, node, schema, issue)));
  return undefined;
}

/** The items of a list, or those of the list that an alias stands for. */
export function itemsOf(source: Source, node: unknown): readonly unknown[] {
  const list = resolved(source, node);
  return isSeq(list) ? list.items : [];
}

/** The pairs of a mapping: name, node of the key and of the value. */
export function pairsOf(
  source: Source,
  node: unknown,
): readonly { readonly name: string; readonly key: Node; readonly value: unknown }[] {
  const map = resolved(source, node);
  if (!isMap(map)) return [];
  return map.items.map((pair) => ({
    name: isScalar(pair.key) ? String(pair.key.value) : String(pair.key),
    // The parser gives every key of a mapping a node.
    key: pair.key as Node,
    value: pair.value,
  }));
}
