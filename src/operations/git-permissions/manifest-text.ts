import type { Finding, Place } from '../plan/positions.ts';
import { entryOf, NO_ALIASES } from './entries.ts';
import type { Connection, Observed, Subject } from './permission.ts';
import type { Organization } from './source.ts';

/** An organization and what it has. */
export interface ObservedOrganization {
  readonly organization: Organization;
  readonly observed: readonly Observed[];
}

/** A manifest as text, and what it could not say. */
export interface ManifestText {
  readonly text: string;
  readonly entries: number;
  readonly leftOut: readonly string[];
}

const WORDS = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'nan', 'inf']);

/** A text as YAML: as it is where nothing else could be meant, or else as JSON writes it. */
export const scalar = (text: string): string =>
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

/** How each connection is called: by its name where only it has that, so that no id of the server is needed. */
function aliasesOf(connections: readonly Connection[]): ReadonlyMap<string, { alias: string; value: string }> {
  const aliases = new Map<string, { alias: string; value: string }>();
  for (const one of connections.toSorted((a, b) => order(a.name, b.name) || order(a.id, b.id))) {
    const isUnique = connections.filter(({ id, name }) => name === one.name || id === one.name).length === 1;
    const value = isUnique ? one.name : one.id;
    // Of two that an API tells apart only by their host, the first stands for both.
    if (!aliases.has(one.key)) aliases.set(one.key, { alias: value, value });
  }
  return aliases;
}

const NOWHERE: Place = { file: '', line: 0 };

/** Whether a manifest can say it. */
function isSayable({ subject, path }: Observed): boolean {
  const findings: Finding[] = [];
  entryOf({ connection: 'x', [subject]: path }, NOWHERE, NO_ALIASES, findings);
  return findings.length === 0;
}

function rowsOf(
  { organization, observed }: ObservedOrganization,
  aliases: ReadonlyMap<string, { readonly alias: string }>,
  leftOut: string[],
): Row[] {
  const seen = new Set<string>();
  return observed.flatMap((one) => {
    const alias = aliases.get(one.connection.key)?.alias;
    const key = `${one.connection.key} ${one.subject} ${one.path.toLowerCase()}`;
    const { subject } = one;
    if (alias === undefined || subject === 'unknown' || !isSayable(one) || seen.has(key)) {
      const why = seen.has(key) ? 'is there more than once' : 'cannot be said in a manifest';
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

/**
 * Writes what organizations have as a manifest: sorted, without ids of the server, and the same for the same world. A
 * name that several of the `known` organizations have gives way to the id.
 */
export function manifestText(
  organizations: readonly ObservedOrganization[],
  connections: readonly Connection[],
  known: readonly Organization[],
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
      // What the manifest cannot say must not go because of it.
      const prune = leftOut.length > before ? ['    prune: false'] : [];
      const list = rows.length === 0 ? ['    permissions: []'] : ['    permissions:', ...rows.map(lineOf)];
      return [`  ${scalar(name)}:`, ...prune, ...list].join('\n');
    });
  const declared = [...aliases.values()].filter(({ alias }) => used.has(alias));
  const lines = [
    '# Which repositories organizations may reach, as it is in Devin.',
    'version: 1',
    'prune: true',
    ...(declared.length === 0 ? [] : ['connections:']),
    ...declared.map(({ alias, value }) => `  ${scalar(alias)}: ${scalar(value)}`),
    parts.length === 0 ? 'organizations: {}' : 'organizations:',
    ...parts,
  ];
  return { text: `${lines.join('\n')}\n`, entries, leftOut };
}
