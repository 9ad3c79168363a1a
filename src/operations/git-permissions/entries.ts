import { type Fallible, failed } from '../../contract/fallible.ts';
import { didYouMean } from '../../contract/kinds.ts';
import { shortened } from '../../report/shorten.ts';
import type { Finding, Position } from '../plan/positions.ts';
import { isPattern } from '../wildcards.ts';
import { SUBJECTS } from './manifest-schema.ts';

/** One line of the manifest: what it opens, by which connection, and with which access. */
export interface Entry {
  readonly subject: (typeof SUBJECTS)[number];
  /** A path, or for `repos` a pattern. */
  readonly path: string;
  /** ID or name of the connection, or the alias if none is declared. */
  readonly connection: string;
  readonly readOnly: boolean;
  /** Paths or patterns that `repos` excludes. */
  readonly except: readonly string[];
  readonly position: Position;
}

/** An entry as the file has it. */
export interface RawEntry {
  readonly connection: string;
  readonly repo?: string | undefined;
  readonly group?: string | undefined;
  readonly prefix?: string | undefined;
  readonly repos?: string | undefined;
  readonly except?: readonly string[] | undefined;
  readonly read_only?: boolean | undefined;
}

const quote = (text: string) => JSON.stringify(shortened(text, 100));

/** What is wrong with a path, as a clause; undefined if nothing is. */
function pathProblem(subject: Entry['subject'], path: string): string | undefined {
  const said = `${subject} ${quote(path)}`;
  if (path.length > 1_000) return `${said} has ${path.length} characters; at most 1,000 are allowed`;
  if (/[\p{C}\s]/u.test(path)) return `${said} has a space or an invisible character`;
  if (/^[a-z][a-z+.-]*:\/\//i.test(path) || /^git@/.test(path)) {
    return `${said} is a URL; write only the path, such as acme/api`;
  }
  if (path.startsWith('/')) return `${said} begins with a slash; write ${quote(path.replace(/^\/+/, ''))}`;
  if (subject !== 'prefix' && path.endsWith('/')) {
    return `${said} ends with a slash; write ${quote(path.replace(/\/+$/, ''))}`;
  }
  if (path.includes('//')) return `${said} has an empty part between two slashes`;
  if (path.split('/').some((part) => part === '.' || part === '..')) return `${said} has a part "." or ".."`;
  if (subject === 'repo' && !path.includes('/')) return `${said} has no owner; write owner/name`;
  if (subject === 'repo' && path.endsWith('.git')) return `${said} ends with .git; write ${quote(path.slice(0, -4))}`;
  if (subject !== 'repos' && isPattern(path)) return `${said} is a pattern; only \`repos\` accepts one`;
  if (subject === 'repos' && /^[*?/]*$/.test(path)) return `${said} opens everything; put an owner before the *`;
  return undefined;
}

/** The aliases that a manifest declares for connections. */
export interface Aliases {
  readonly byName: ReadonlyMap<string, string>;
  /** IDs or names of the connections. */
  readonly ids: ReadonlySet<string>;
}

/** For a manifest that declares none: entries name the connections themselves. */
export const NO_ALIASES: Aliases = { byName: new Map(), ids: new Set() };

/** Maximum number of findings for which the nearest name is found; for more it would take long. */
const MAX_HINTS = 100;

/** The connection of an entry: the value of its alias, or the name itself if no aliases are declared. */
function connectionOf(name: string, { byName, ids }: Aliases, withHint: boolean): Fallible<{ readonly id: string }> {
  const known = byName.get(name);
  if (known !== undefined) return { ok: true, id: known };
  if (byName.size === 0 || name.startsWith('git-connection-') || ids.has(name)) return { ok: true, id: name };
  const problem = `connection ${quote(name)} is not an alias in \`connections\``;
  if (!withHint) return failed(problem);
  const names = [...byName.keys()];
  return failed(problem + didYouMean(name, names, `; the aliases are ${names.slice(0, 20).join(', ')}`));
}

/** An entry in its normal form; its errors are added to `findings`. */
export function entryOf(raw: RawEntry, position: Position, aliases: Aliases, findings: Finding[]): Entry | undefined {
  const report = (message: string) => void findings.push({ ...position, message });
  const named = SUBJECTS.filter((name) => raw[name] !== undefined);
  const [subject] = named;
  if (subject === undefined || named.length > 1) {
    const came = subject === undefined ? 'none of them' : named.join(' and ');
    report(`an entry has exactly one of repo, group, prefix and repos; this one has ${came}`);
    return undefined;
  }
  const path = raw[subject] ?? '';
  const before = findings.length;
  const problem = pathProblem(subject, path);
  if (problem !== undefined) report(problem);
  if (raw.except !== undefined && subject !== 'repos') report('only `repos` accepts `except`');
  const connection = connectionOf(raw.connection, aliases, findings.length < MAX_HINTS);
  if (!connection.ok) report(connection.problem);
  if (findings.length > before || !connection.ok) return undefined;
  return {
    subject,
    path,
    connection: connection.id,
    readOnly: raw.read_only ?? false,
    except: raw.except ?? [],
    position,
  };
}

/** The same for entries that are the same: paths that differ only in case name one repository. */
export const entryKey = ({ connection, subject, path }: Pick<Entry, 'connection' | 'subject' | 'path'>): string =>
  `${connection} ${subject} ${path.toLowerCase()}`;

/** `line 12`, or with its file if that is another. */
export const lineOf = (position: Position, from?: Position): string =>
  from?.file === position.file ? `line ${position.line}` : `${position.file}:${position.line}`;

/** Entries that are repeated, even in another spelling. */
export function repeatedEntries(entries: readonly Entry[]): Finding[] {
  const seen = new Map<string, Entry>();
  const found: Finding[] = [];
  for (const entry of entries) {
    const before = seen.get(entryKey(entry));
    seen.set(entryKey(entry), before ?? entry);
    if (before === undefined) continue;
    const where = lineOf(before.position, entry.position);
    const spelling = before.path === entry.path ? '' : `, spelled ${quote(before.path)}`;
    const rights = before.readOnly === entry.readOnly ? '' : ', with another read_only';
    found.push({
      ...entry.position,
      message: `${entry.subject} ${quote(entry.path)} is repeated, first at ${where}${spelling}${rights}`,
    });
  }
  return found;
}
