import { nearestOf } from '../../contract/kinds.ts';
import { shortened } from '../../report/shorten.ts';
import type { Finding, Place } from '../plan/positions.ts';
import { isPattern } from './glob.ts';
import { SUBJECTS } from './manifest-schema.ts';

/** One line of the manifest: what it opens, by which connection, and how far. */
export interface Entry {
  readonly subject: (typeof SUBJECTS)[number];
  /** A path, or for `repos` a pattern. */
  readonly path: string;
  /** Id or name of the connection, or the alias where none is declared. */
  readonly connection: string;
  readonly readOnly: boolean;
  /** Paths or patterns that `repos` leaves out. */
  readonly except: readonly string[];
  readonly place: Place;
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
  if (path.length > 1_000) return `${said} has ${path.length} signs; at most 1,000 are allowed`;
  if (/[\p{C}\s]/u.test(path)) return `${said} has a space or a sign that does not show`;
  if (/^[a-z][a-z+.-]*:\/\//i.test(path) || /^git@/.test(path)) {
    return `${said} is an address; write the path alone, such as acme/api`;
  }
  if (path.startsWith('/')) return `${said} begins with a slash; write ${quote(path.replace(/^\/+/, ''))}`;
  if (subject !== 'prefix' && path.endsWith('/')) {
    return `${said} ends with a slash; write ${quote(path.replace(/\/+$/, ''))}`;
  }
  if (path.includes('//')) return `${said} has an empty part between two slashes`;
  if (path.split('/').some((part) => part === '.' || part === '..')) return `${said} has a part "." or ".."`;
  if (subject === 'repo' && !path.includes('/')) return `${said} has no owner; write owner/name`;
  if (subject === 'repo' && path.endsWith('.git')) return `${said} ends with .git; write ${quote(path.slice(0, -4))}`;
  if (subject !== 'repos' && isPattern(path)) return `${said} is a pattern; only \`repos\` takes one`;
  if (subject === 'repos' && /^[*?/]*$/.test(path)) return `${said} opens everything; name an owner before the *`;
  return undefined;
}

/** The names that a manifest gives to connections. */
export interface Aliases {
  readonly byName: ReadonlyMap<string, string>;
  /** What they stand for. */
  readonly ids: ReadonlySet<string>;
}

/** For a manifest that declares none: entries name the connections themselves. */
export const NO_ALIASES: Aliases = { byName: new Map(), ids: new Set() };

/** So many findings are told; nobody needs the nearest name for others, and looking for it takes long. */
const MAX_HINTS = 100;

/** The connection that an entry names: the value of its alias, or itself where no aliases are declared. */
function connectionOf(name: string, { byName, ids }: Aliases, withHint: boolean): { id: string } | { problem: string } {
  const known = byName.get(name);
  if (known !== undefined) return { id: known };
  if (byName.size === 0 || name.startsWith('git-connection-') || ids.has(name)) return { id: name };
  const problem = `connection ${quote(name)} is no alias of \`connections\``;
  if (!withHint) return { problem };
  const names = [...byName.keys()];
  const nearest = nearestOf(name, names);
  const hint = nearest === undefined ? `; there are ${names.slice(0, 20).join(', ')}` : `; did you mean ${nearest}?`;
  return { problem: problem + hint };
}

/** An entry in its normal form; what is wrong with it goes to `findings`. */
export function entryOf(raw: RawEntry, place: Place, aliases: Aliases, findings: Finding[]): Entry | undefined {
  const report = (message: string) => void findings.push({ ...place, message });
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
  if (raw.except !== undefined && subject !== 'repos') report('only `repos` takes `except`');
  const connection = connectionOf(raw.connection, aliases, findings.length < MAX_HINTS);
  if ('problem' in connection) report(connection.problem);
  if (findings.length > before || 'problem' in connection) return undefined;
  return {
    subject,
    path,
    connection: connection.id,
    readOnly: raw.read_only ?? false,
    except: raw.except ?? [],
    place,
  };
}

/** Under which two entries are the same: paths that differ only in case name one repository. */
export const entryKey = ({ connection, subject, path }: Pick<Entry, 'connection' | 'subject' | 'path'>): string =>
  `${connection} ${subject} ${path.toLowerCase()}`;

/** `line 12`, or with its file where that is another. */
export const lineOf = (place: Place, from?: Place): string =>
  from?.file === place.file ? `line ${place.line}` : `${place.file}:${place.line}`;

/** Entries that are there twice, also in another spelling. */
export function repeatedEntries(entries: readonly Entry[]): Finding[] {
  const seen = new Map<string, Entry>();
  const found: Finding[] = [];
  for (const entry of entries) {
    const before = seen.get(entryKey(entry));
    seen.set(entryKey(entry), before ?? entry);
    if (before === undefined) continue;
    const where = lineOf(before.place, entry.place);
    const spelling = before.path === entry.path ? '' : `, spelled ${quote(before.path)}`;
    const rights = before.readOnly === entry.readOnly ? '' : ', with another read_only';
    found.push({
      ...entry.place,
      message: `${entry.subject} ${quote(entry.path)} is there twice, first at ${where}${spelling}${rights}`,
    });
  }
  return found;
}

/** Repositories that a group or a prefix of the same list opens as well. They do no harm, but hide how far a list goes. */
export function overlaps(entries: readonly Entry[]): Finding[] {
  const wide = new Map(entries.filter(({ subject }) => subject !== 'repos').map((entry) => [entryKey(entry), entry]));
  const lengths = [...new Set(entries.filter(({ subject }) => subject === 'prefix').map(({ path }) => path.length))];
  const find = (subject: 'group' | 'prefix', entry: Entry, path: string) =>
    wide.get(entryKey({ ...entry, subject, path }));
  const found: Finding[] = [];
  for (const entry of entries) {
    if (entry.subject === 'repos') continue;
    const parts = entry.path.split('/');
    const above = parts.slice(1).map((_, at) => find('group', entry, parts.slice(0, at + 1).join('/')));
    const starts = lengths.map((length) =>
      length < entry.path.length || entry.subject !== 'prefix'
        ? find('prefix', entry, entry.path.slice(0, length))
        : undefined,
    );
    const cover = [...above, ...starts].find((one) => one !== undefined && one !== entry);
    if (cover === undefined) continue;
    const narrower = entry.readOnly && !cover.readOnly ? ', which lets it write all the same' : '';
    found.push({
      ...entry.place,
      message: `${entry.subject} ${quote(entry.path)} is inside of ${cover.subject} ${quote(cover.path)} at ${lineOf(cover.place, entry.place)}${narrower}`,
    });
  }
  return found;
}
