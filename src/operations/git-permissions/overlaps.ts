import type { Finding, Position } from '../plan/positions.ts';
import { type Entry, entryKey, lineOf } from './entries.ts';

/** An entry that may overlap with others. */
type Overlapping = Pick<Entry, 'subject' | 'path' | 'connection' | 'readOnly'> & {
  readonly position: Position;
  /** The pattern that it comes from, if it does. */
  readonly pattern?: { readonly text: string };
};

const OVERRIDDEN = { display: 'first', title: 'A read-only entry has no effect' } as const;

const quote = (text: string) => JSON.stringify(text.slice(0, 100));

/** Finds the group or prefix of a list that opens an entry as well; a writable one, if there is one. */
function coverFinder(entries: readonly Overlapping[]): (entry: Overlapping) => Overlapping | undefined {
  const broad = entries.filter(({ subject }) => subject === 'group' || subject === 'prefix');
  const byKey = new Map(broad.map((entry) => [entryKey(entry), entry]));
  const lengths = [...new Set(broad.filter(({ subject }) => subject === 'prefix').map(({ path }) => path.length))];
  return (entry) => {
    const find = (subject: 'group' | 'prefix', path: string) => byKey.get(entryKey({ ...entry, subject, path }));
    const parts = entry.path.split('/');
    const above = parts.slice(1).map((_, at) => find('group', parts.slice(0, at + 1).join('/')));
    const starts = lengths
      .filter((length) => length < entry.path.length || entry.subject !== 'prefix')
      .map((length) => find('prefix', entry.path.slice(0, length)));
    const covers = [...above, ...starts].filter((one) => one !== undefined && one !== entry);
    return covers.find((one) => one?.readOnly === false) ?? covers[0];
  };
}

/**
 * Entries that a group or a prefix of the same list opens as well, once for each entry of the manifest. Most are harmless, but a writable
 * group overrides a read-only entry.
 */
export function overlaps(entries: readonly Overlapping[]): Finding[] {
  const coverOf = coverFinder(entries);
  const found = new Map<string, Finding>();
  for (const entry of entries) {
    const cover = entry.subject === 'repos' ? undefined : coverOf(entry);
    if (cover === undefined) continue;
    const { position, subject, path, pattern } = entry;
    const isOverridden = entry.readOnly && !cover.readOnly;
    const key = JSON.stringify([position, pattern?.text ?? `${subject} ${path}`]);
    if (found.has(key) && !(isOverridden && found.get(key)?.display === 'folded')) continue;
    const what = pattern === undefined ? `${subject} ${quote(path)}` : `${quote(path)} of repos ${quote(pattern.text)}`;
    const where = `is inside ${cover.subject} ${quote(cover.path)} at ${lineOf(cover.position, position)}`;
    found.set(key, {
      ...position,
      message: `${what} ${where}${isOverridden ? ', which gives write access anyway' : ''}`,
      ...(isOverridden ? OVERRIDDEN : { display: 'folded' }),
    });
  }
  return [...found.values()];
}
