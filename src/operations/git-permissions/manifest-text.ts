import { createHash } from 'node:crypto';
import type { Finding, Position } from '../plan/positions.ts';
import { entryOf, NO_ALIASES } from './entries.ts';
import type { Connection, Observed, Subject } from './permission.ts';
import type { Organization } from './source.ts';

/** An organization and what it has. */
export interface ObservedOrganization {
  readonly organization: Organization;
  readonly observed: readonly Observed[];
}

/** A manifest as text, and the entries that it cannot express. */
export interface ManifestText {
  readonly text: string;
  readonly entries: number;
  readonly leftOut: readonly string[];
}

const WORDS = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'nan', 'inf']);

/** A text as YAML: as it is if it has no other meaning, otherwise as JSON writes it. */
const scalar = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) && !WORDS.has(text.toLowerCase()) ? text : JSON.stringify(text);

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

interface Row {
  readonly subject: Subject;
  readonly alias: string;
  readonly one: Observed;
}

const SUBJECT_ORDER: Readonly<Record<Subject, number>> = { group: 0, prefix: 1, repo: 2 };

const byPath = (a: Row, b: Row) =>
  order(a.alias, b.alias) ||
  SUBJECT_ORDER[a.subject] - SUBJECT_ORDER[b.subject] ||
  order(a.one.path.toLowerCase(), b.one.path.toLowerCase()) ||
  order(a.one.path, b.one.path);

/** The alias of each connection: its name if no other has it, so that no ID of the server is needed. */
function aliasesOf(connections: readonly Connection[]): ReadonlyMap<string, { alias: string; value: string }> {
  const aliases = new Map<string, { alias: string; value: string }>();
  for (const one of connections.toSorted((a, b) => order(a.name, b.name) || order(a.id, b.id))) {
    const isUnique = connections.filter(({ id, name }) => name === one.name || id === one.name).length === 1;
    const value = isUnique ? one.name : one.id;
    // Of two that an API tells apart only by their host, the first one represents both.
    if (!aliases.has(one.key)) aliases.set(one.key, { alias: value, value });
  }
  return aliases;
}

const NOWHERE: Position = { file: '', line: 0 };

/** Whether a manifest can express it. */
function isSayable({ subject, path }: Observed): boolean {
  const findings: Finding[] = [];
  entryOf({ connection: 'x', [subject]: path }, NOWHERE, NO_ALIASES, findings);
  return findings.length === 0;
}

/** What an entry gives: write access, or less. Of entries with the same path, the one that gives most decides. */
const byAccess = (a: Observed, b: Observed) => Number(a.readOnly === true) - Number(b.readOnly === true);

function rowsOf(
  { organization, observed }: ObservedOrganization,
  aliases: ReadonlyMap<string, { readonly alias: string }>,
  leftOut: string[],
): Row[] {
  const seen = new Set<string>();
  return observed
    .toSorted((a, b) => byAccess(a, b) || order(a.path, b.path))
    .flatMap((one) => {
      const alias = aliases.get(one.connection.key)?.alias;
      const key = `${one.connection.key} ${one.subject} ${one.path.toLowerCase()}`;
      const { subject } = one;
      if (alias === undefined || subject === 'unknown' || !isSayable(one) || seen.has(key)) {
        const why = seen.has(key) ? 'exists more than once' : 'cannot be expressed in a manifest';
        leftOut.push(`${organization.name}: ${subject} ${one.path} ${why}`);
        return [];
      }
      seen.add(key);
      return [{ subject, alias, one }];
    });
}

function lineOf({ subject, alias, one }: Row): string {
  const rights = one.readOnly === true ? ', read_only: true' : '';
  return `      - { connection: ${scalar(alias)}, ${subject}: ${scalar(one.path)}${rights} }`;
}

/** The first line of a file that the export wrote, with the hash of what follows it. */
const WRITTEN = /^# Written by export-git-permissions ([0-9a-f]{16})\. A file that was edited since is kept\.\r?\n/;

const digest = (text: string) => createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex').slice(0, 16);

const signed = (text: string) =>
  `# Written by export-git-permissions ${digest(text)}. A file that was edited since is kept.\n${text}`;

/** Whether a file is one that the export wrote, and that was not edited since. Line endings do not matter. */
export function isExported(text: string): boolean {
  const [line = '', hash] = WRITTEN.exec(text) ?? [];
  return hash !== undefined && digest(text.slice(line.length)) === hash;
}

/** What a manifest is written for. */
export interface ManifestTextOptions {
  readonly connections: readonly Connection[];
  /** All organizations that the credential can see. A name that several have is replaced by the ID. */
  readonly known: readonly Organization[];
  /** False for v2, which does not report read-only access. */
  readonly knowsReadOnly: boolean;
}

/** Writes the entries of organizations as a manifest: sorted, without IDs of the server, the same for the same world. */
export function manifestText(
  organizations: readonly ObservedOrganization[],
  { connections, known, knowsReadOnly }: ManifestTextOptions,
): ManifestText {
  const leftOut: string[] = [];
  const aliases = aliasesOf(connections);
  const used = new Set<string>();
  let entries = 0;
  const bearers = new Map<string, number>();
  for (const { id, name } of known) {
    for (const one of new Set([id, name])) bearers.set(one, (bearers.get(one) ?? 0) + 1);
  }
  const nameOf = ({ id, name }: Organization) => (bearers.get(name) === 1 ? name : id);
  const parts = organizations
    .map((one) => ({ one, name: nameOf(one.organization) }))
    .sort((a, b) => order(a.name, b.name))
    .map(({ one, name }) => {
      const before = leftOut.length;
      const rows = rowsOf(one, aliases, leftOut).sort(byPath);
      for (const { alias } of rows) used.add(alias);
      entries += rows.length;
      // What the manifest cannot express must not be removed because of it.
      const prune = leftOut.length > before ? ['    prune: false'] : [];
      const list = rows.length === 0 ? ['    permissions: []'] : ['    permissions:', ...rows.map(lineOf)];
      return [`  ${scalar(name)}:`, ...prune, ...list].join('\n');
    });
  const declared = [...aliases.values()].filter(({ alias }) => used.has(alias));
  const lines = [
    '# The repositories that organizations may access, as they are in Devin.',
    'version: 1',
    'prune: true',
    ...(knowsReadOnly
      ? []
      : [
          '# The key for this export does not report read-only access. Before a plan with a service user key, mark the',
          '# entries that are `read_only: true`, then remove this line.',
          'read_only_unknown: true',
        ]),
    ...(declared.length === 0 ? [] : ['connections:']),
    ...declared.map(({ alias, value }) => `  ${scalar(alias)}: ${scalar(value)}`),
    parts.length === 0 ? 'organizations: {}' : 'organizations:',
    ...parts,
  ];
  return { text: signed(`${lines.join('\n')}\n`), entries, leftOut };
}
