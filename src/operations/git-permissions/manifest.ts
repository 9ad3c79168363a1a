import { normalize } from 'node:path/posix';
import { type Fallible, failed } from '../../contract/fallible.ts';
import { isRecord } from '../../contract/json.ts';
import { whyMissing } from '../../runner/checkout.ts';
import { isFilePattern } from '../../runner/pattern.ts';
import type { Workspace } from '../../runner/workspace.ts';
import {
  checkPart,
  type Finding,
  inOrder,
  itemsOf,
  memberOf,
  nodeAt,
  type Position,
  pairsOf,
  positionOf,
  type Source,
} from '../plan/positions.ts';
import { type Aliases, type Entry, entryOf, lineOf, type RawEntry, repeatedEntries } from './entries.ts';
import { EntrySchema, HeadSchema, OrganizationSchema, ProtectedSchema } from './manifest-schema.ts';
import { overlaps } from './overlaps.ts';

/** Largest manifest file: some 100,000 entries. */
export const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;
const MAX_ENTRIES = 500_000;
/** No enterprise has as many; checking more would overflow the stack. */
const MAX_CONNECTIONS = 10_000;

interface Positioned<T> {
  readonly value: T;
  readonly position: Position;
}

/** What the manifest says of one organization. */
export interface OrganizationPart {
  /** Id or exact name, as the manifest has it. */
  readonly name: string;
  readonly position: Position;
  /** Undefined if it does not set it. */
  readonly prune: boolean | undefined;
  readonly entries: readonly Entry[];
}

/** Everything that the files of a manifest say together. */
export interface Manifest {
  readonly files: readonly string[];
  /** For organizations that do not set it. */
  readonly prune: boolean | undefined;
  /** The line that says that the entries do not tell read-only access from write access. */
  readonly readOnlyUnknown: Position | undefined;
  readonly protected: readonly Entry[];
  readonly organizations: readonly OrganizationPart[];
  readonly entries: number;
}

/** A manifest that was read: errors, warnings, and what it says as far as it can be understood. */
export interface ReadManifest {
  readonly manifest: Manifest;
  readonly faults: readonly Finding[];
  /** Overlaps of entries as far as they can be found without a request. */
  readonly warnings: readonly Finding[];
}

/** One file whose shape is right on the whole. */
interface FilePart {
  readonly source: Source;
  readonly prune: Positioned<boolean> | undefined;
  readonly readOnlyUnknown: Position | undefined;
  readonly connections: readonly { readonly name: string; readonly value: string; readonly position: Position }[];
  readonly protectedNodes: readonly Positioned<RawEntry>[];
  readonly organizations: readonly {
    readonly name: string;
    readonly position: Position;
    readonly prune: boolean | undefined;
    readonly entries: readonly Positioned<RawEntry>[];
  }[];
}

type EntryShape = typeof EntrySchema | typeof ProtectedSchema;

function rawEntries(source: Source, list: unknown, values: readonly unknown[], shape: EntryShape, faults: Finding[]) {
  const items = itemsOf(source, list);
  return values.flatMap((value, at): Positioned<RawEntry>[] => {
    const node = items[at];
    const checked = checkPart(source, node, value, shape(), faults);
    return checked === undefined ? [] : [{ value: checked, position: positionOf(source, node) }];
  });
}

function organizationsOf(source: Source, values: Readonly<Record<string, unknown>>, faults: Finding[]) {
  const map = memberOf(source, source.document.contents, 'organizations');
  return pairsOf(source, map).flatMap(({ name, key, value: node }) => {
    const position = positionOf(source, key);
    const checked = checkPart(source, node ?? key, values[name], OrganizationSchema(), faults);
    if (checked === undefined) return [];
    const list = memberOf(source, node, 'permissions');
    const entries = rawEntries(source, list, checked.permissions, EntrySchema, faults);
    return [{ name, position, prune: checked.prune, entries }];
  });
}

function filePart(source: Source, value: unknown, faults: Finding[]): FilePart | undefined {
  const root = source.document.contents;
  if (!isRecord(value)) {
    const message = 'the file is not a mapping that contains `version` and `organizations`';
    faults.push({ file: source.file, line: 1, message });
    return undefined;
  }
  if (isRecord(value['connections']) && Object.keys(value['connections']).length > MAX_CONNECTIONS) {
    faults.push({
      ...positionOf(source, nodeAt(source, root, ['connections'])),
      message: `connections has more than ${MAX_CONNECTIONS} entries`,
    });
    return undefined;
  }
  const head = checkPart(source, root, value, HeadSchema(), faults);
  // What is wrong above must not hide what is wrong below.
  const organizations = isRecord(value['organizations']) ? value['organizations'] : {};
  const kept = Array.isArray(value['protected']) ? value['protected'] : [];
  const connections = isRecord(value['connections']) ? value['connections'] : {};
  const prune = head?.prune;
  const positionOfKey = (name: string) => positionOf(source, nodeAt(source, root, [name]));
  return {
    source,
    prune: prune === undefined ? undefined : { value: prune, position: positionOfKey('prune') },
    readOnlyUnknown: head?.read_only_unknown === true ? positionOfKey('read_only_unknown') : undefined,
    connections: pairsOf(source, memberOf(source, root, 'connections')).flatMap(({ name, key }) => {
      const id = connections[name];
      return typeof id === 'string' ? [{ name, value: id, position: positionOf(source, key) }] : [];
    }),
    protectedNodes: rawEntries(source, memberOf(source, root, 'protected'), kept, ProtectedSchema, faults),
    organizations: organizationsOf(source, organizations, faults),
  };
}

/** One value for what several files may set; two that differ are an error that names both lines. */
function agreed<T>(what: string, given: readonly Positioned<T>[], faults: Finding[]): T | undefined {
  const [first, ...others] = given;
  for (const { value, position } of others) {
    if (first !== undefined && value !== first.value) {
      faults.push({
        ...position,
        message: `${what} is ${String(value)} here, but ${String(first.value)} at ${lineOf(first.position, position)}`,
      });
    }
  }
  return first?.value;
}

function aliasesOf(parts: readonly FilePart[], faults: Finding[]): Aliases {
  const given = new Map<string, Positioned<string>[]>();
  for (const { name, ...one } of parts.flatMap(({ connections }) => connections)) {
    const same = given.get(name);
    if (same === undefined) given.set(name, [one]);
    else same.push(one);
  }
  const byName = new Map<string, string>();
  for (const [name, same] of given) {
    byName.set(name, agreed(`connection ${JSON.stringify(name)}`, same, faults) ?? '');
  }
  return { byName, ids: new Set(byName.values()) };
}

function mergedOrganizations(
  parts: readonly FilePart[],
  toEntries: (given: readonly Positioned<RawEntry>[]) => Entry[],
  faults: Finding[],
): OrganizationPart[] {
  const byName = new Map<string, FilePart['organizations'][number][]>();
  for (const one of parts.flatMap(({ organizations }) => organizations)) {
    byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  }
  return [...byName].flatMap(([name, same]) => {
    const [first] = same;
    if (first === undefined) return [];
    const said = same.flatMap(({ prune, position }) => (prune === undefined ? [] : [{ value: prune, position }]));
    const prune = agreed(`prune of ${JSON.stringify(name)}`, said, faults);
    return [{ name, position: first.position, prune, entries: same.flatMap(({ entries }) => toEntries(entries)) }];
  });
}

/** Merges files, and finds what they repeat or contradict. */
function merge(parts: readonly FilePart[], files: readonly string[], faults: Finding[]): ReadManifest {
  const aliases = aliasesOf(parts, faults);
  const toEntries = (given: readonly Positioned<RawEntry>[]) =>
    given.flatMap(({ value, position }) => entryOf(value, position, aliases, faults) ?? []);
  const prunes = parts.flatMap(({ prune }) => (prune === undefined ? [] : [prune]));
  const prune = agreed('prune', prunes, faults);
  const readOnlyUnknown = parts.find((part) => part.readOnlyUnknown !== undefined)?.readOnlyUnknown;
  const organizations = mergedOrganizations(parts, toEntries, faults);
  const kept = parts.flatMap(({ protectedNodes }) => toEntries(protectedNodes));
  const entries = organizations.reduce((sum, one) => sum + one.entries.length, 0);
  const [file = ''] = files;
  if (organizations.length === 0 && faults.length === 0) {
    faults.push({ file, line: 1, message: 'lists no organization, so there is nothing to manage' });
  }
  if (entries > MAX_ENTRIES) faults.push({ file, line: 1, message: `has more than ${MAX_ENTRIES} entries` });
  for (const one of organizations) {
    for (const finding of repeatedEntries(one.entries)) faults.push(finding);
  }
  const warnings = faults.length > 0 ? [] : organizations.flatMap((one) => overlaps(one.entries));
  return {
    manifest: { files, prune, readOnlyUnknown, protected: kept, organizations, entries },
    faults: inOrder(faults),
    warnings: inOrder(warnings),
  };
}

/** The files that paths and patterns name, each once, however they spell it; or what is wrong with the input, as a clause. */
export async function findManifest(
  patterns: readonly string[],
  workspace: Workspace,
): Promise<Fallible<{ readonly files: readonly string[] }>> {
  const files = new Set<string>();
  for (const pattern of patterns) {
    if (!isFilePattern(pattern)) {
      const reason = await workspace.whyNotReadable(pattern);
      if (reason !== undefined) return failed(`names ${JSON.stringify(pattern)}, which ${reason}`);
      files.add(normalize(pattern));
      continue;
    }
    const found = await workspace.findFiles(pattern);
    if (!found.ok) return failed(`names ${JSON.stringify(pattern)}, which ${found.problem}`);
    if (found.files.length === 0) {
      const why = await whyMissing(workspace, pattern);
      return failed(`names ${JSON.stringify(pattern)}, which matches no file${why}`);
    }
    for (const { path } of found.files) files.add(normalize(path));
  }
  return { ok: true, files: [...files] };
}

/** What is wrong with a file. A missing one has a few likely causes. */
async function fileProblem(file: string, problem: string, workspace: Workspace): Promise<string> {
  if (await workspace.exists(file)) return problem;
  const exports = '`export-git-permissions` writes the first manifest';
  return `does not exist${(await whyMissing(workspace, file)) || '.'} ${exports}`;
}

/** Reads the files of a manifest and merges them. It finds everything that is wrong without a request. */
export async function readManifest(files: readonly string[], workspace: Workspace): Promise<ReadManifest> {
  const { readSource } = await import('../plan/yaml-source.ts');
  const faults: Finding[] = [];
  const parts: FilePart[] = [];
  for (const file of files) {
    const read = await workspace.readText(file, MAX_MANIFEST_BYTES);
    if (!read.ok) {
      faults.push({ file, line: 1, message: await fileProblem(file, read.problem, workspace) });
      continue;
    }
    const parsed = readSource(file, read.text);
    if (!parsed.ok) {
      // Not spread: there may be more than a call takes arguments.
      for (const finding of parsed.problem) faults.push(finding);
      continue;
    }
    const part = filePart(parsed.source, parsed.value, faults);
    if (part !== undefined) parts.push(part);
  }
  return merge(parts, files, faults);
}
