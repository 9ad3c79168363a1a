import type { Alias, Document, LineCounter, Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq, visit } from 'yaml';
import * as z from 'zod/mini';
import { didYouMean } from '../../contract/kinds.ts';
import { shortened } from '../../report/shorten.ts';

/** A line of a file, from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
}

/** An error or a warning at a line. */
export interface Finding extends Position {
  readonly message: string;
  /** Of a warning: `first` is listed before all others, `folded` is shown in the job summary only. */
  readonly display?: 'first' | 'folded';
  /** Title of the annotation of a warning. */
  readonly title?: string;
}

/** Findings file by file, and in each from top to bottom. */
export const inOrder = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));

/** A file that was read, and the positions of its parts. */
export interface Source {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

const targets = new WeakMap<Document.Parsed, ReadonlyMap<Alias, Node>>();

/** The target of each alias of a document. The parser searches the whole document for each of them. */
function targetsOf(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const known = targets.get(document);
  if (known !== undefined) return known;
  const found = new Map<Alias, Node>();
  const anchors = new Map<string, Node>();
  visit(document, (_, node) => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) found.set(node, target);
    } else if (isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
  });
  targets.set(document, found);
  return found;
}

/** The target of an alias; any other node is its own. */
const resolved = ({ document }: Source, node: unknown): unknown =>
  isAlias(node) ? targetsOf(document).get(node) : node;

/** Where a node begins. */
export function positionOf({ file, lines }: Source, node: unknown): Position {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const start = Array.isArray(range) ? Number(range[0]) : 0;
  return { file, line: Math.max(1, lines.linePos(start).line) };
}

const nameOf = ({ key }: Pair): string => (isScalar(key) ? String(key.value) : String(key));

const indexes = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** The pairs of a mapping by their names: without an index, a mapping with many errors would take hours. */
function indexOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const index = indexes.get(map) ?? new Map(map.items.map((pair) => [nameOf(pair), pair]));
  indexes.set(map, index);
  return index;
}

/** The pair of a mapping with this key. */
function pairOf(
  source: Source,
  node: unknown,
  key: PropertyKey,
): { readonly key: unknown; readonly value: unknown } | undefined {
  const map = resolved(source, node);
  return isMap(map) && typeof key === 'string' ? indexOf(map).get(key) : undefined;
}

/** The value of a key, which may be an alias; undefined if the mapping has no such key. */
export const memberOf = (source: Source, map: unknown, key: string): unknown => pairOf(source, map, key)?.value;

/** The node at the end of a path, or the last existing one on the way. */
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
const keyNode = (source: Source, map: unknown, key: string): unknown => pairOf(source, map, key)?.key ?? map;

type Issue = z.core.$ZodIssue;

/** Names that a schema of an object knows, for those that are misspelled. */
const namesOf = (schema: z.ZodMiniType): string[] => ('shape' in schema ? Object.keys(Object(schema.shape)) : []);

function unknownKeys(schema: z.ZodMiniType, keys: readonly string[]): { key: string; message: string }[] {
  const names = namesOf(schema);
  return keys.map((key) => {
    const hint = didYouMean(key, names, `; known are ${names.join(', ')}`);
    return { key, message: `the key ${JSON.stringify(shortened(key, 60))} is not known${hint}` };
  });
}

/** The value at the end of a path of names and numbers; undefined if there is none. */
const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce(
    (part: unknown, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : part),
    value,
  );

function findingsOf(source: Source, node: unknown, value: unknown, schema: z.ZodMiniType, issue: Issue): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    const map = nodeAt(source, node, issue.path);
    return unknownKeys(schema, issue.keys).map(({ key, message }) => ({
      ...positionOf(source, keyNode(source, map, key)),
      message,
    }));
  }
  const name = issue.path.join('.');
  const at = positionOf(source, nodeAt(source, node, issue.path));
  const missing = issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined;
  const what = missing ? 'is missing' : `is wrong: ${issue.message.replace(/^Invalid input: /, '')}`;
  return [{ ...at, message: name === '' ? what.replace(/^is wrong: /, 'an entry is wrong: ') : `${name} ${what}` }];
}

/** Checks a part of a file; its errors are added to `findings`, each at its line. */
export function checkPart<T extends z.ZodMiniType>(
  source: Source,
  node: unknown,
  value: unknown,
  schema: T,
  findings: Finding[],
): z.output<T> | undefined {
  const checked = z.safeParse(schema, value);
  if (checked.success) return checked.data;
  const told = new Set<string>();
  for (const issue of checked.error.issues) {
    // A value of another type fails the checks of its own type as well, which adds nothing.
    const path = JSON.stringify(issue.path);
    if (told.has(path) && issue.code !== 'unrecognized_keys') continue;
    told.add(path);
    for (const finding of findingsOf(source, node, value, schema, issue)) findings.push(finding);
  }
  return undefined;
}

/** The items of a list, or of the list that an alias refers to. */
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
    name: nameOf(pair),
    // The parser gives every key of a mapping a node.
    key: pair.key as Node,
    value: pair.value,
  }));
}
