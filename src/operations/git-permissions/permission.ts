import type { Kind } from '../../reconcile/kind.ts';
import type { Position } from '../plan/positions.ts';
import { isPattern } from '../wildcards.ts';
import { type Entry, lineOf } from './entries.ts';

/** A connection to a Git host. */
export interface Connection {
  readonly id: string;
  /** Its name, or its ID if it has none. */
  readonly name: string;
  readonly host: string;
  /** What permissions tell connections apart by: the ID, and in v2, which shows none, the host. */
  readonly key: string;
}

/** What a permission opens: one repository, a group with everything below it, or all paths that begin with a prefix. */
export type Subject = 'repo' | 'group' | 'prefix';

/** The pattern that an entry comes from. */
interface Pattern {
  readonly text: string;
  /** Number of repositories that it matches. */
  readonly matches: number;
}

/** A permission that an organization should have. */
export interface Desired {
  readonly subject: Subject;
  readonly path: string;
  readonly connection: Connection;
  readonly readOnly: boolean;
  readonly position: Position;
  /** Absent for an entry that the manifest names. */
  readonly pattern?: Pattern;
}

/** An existing permission. */
export interface Observed {
  readonly id: string;
  /** `unknown` for one that opens something that this release does not know. */
  readonly subject: Subject | 'unknown';
  readonly path: string;
  readonly connection: Pick<Connection, 'key' | 'name'>;
  /** Undefined if the API does not say. */
  readonly readOnly: boolean | undefined;
}

/** How the kind shows entries, and what the API can do. */
export interface KindOptions {
  /** The lines of the manifest are in more than one file, so that a line is shown with its file. */
  readonly severalFiles: boolean;
  /** False for v2, which can neither show nor set it. */
  readonly knowsReadOnly: boolean;
}

type Common = Pick<Desired, 'subject' | 'path'> | Pick<Observed, 'subject' | 'path'>;

// The path comes first: what all keys have in common makes each comparison slower.
const keyOf = ({ subject, path }: Common, connection: string) => `${path.toLowerCase()}\n${subject}\n${connection}`;

const rights = (readOnly: boolean | undefined) =>
  readOnly === undefined ? 'unknown' : readOnly ? 'read-only' : 'writable';

/** True if a group or prefix opens a path. */
const opens = (subject: Observed['subject'], wide: string, path: string): boolean => {
  const [outer, inner] = [wide.toLowerCase(), path.toLowerCase()];
  if (subject === 'group') return inner.startsWith(`${outer}/`);
  return subject === 'prefix' && inner.startsWith(outer);
};

const WIDE = {
  group: 'opens every repository of the group',
  prefix: 'opens every repository whose path begins with it',
} as const;

/** A pattern with this many matches opens more than its line shows. */
const MANY_MATCHES = 10;

/** A pattern that may match the repositories of several owners. */
const hasSeveralOwners = ({ text }: Pattern) => isPattern(text.split('/')[0] ?? '');

/** Whether an entry opens more than its line shows: a group, a prefix, a pattern with many matches or for several owners. */
const isBroad = ({ subject, pattern }: Desired): boolean =>
  subject !== 'repo' || (pattern !== undefined && (pattern.matches >= MANY_MATCHES || hasSeveralOwners(pattern)));

/** What Git permissions are like. */
export function permissionKind({ severalFiles, knowsReadOnly }: KindOptions): Kind<Desired, Observed> {
  const at = (position: Position) => lineOf(position, severalFiles ? undefined : position);
  const reasonOf = ({ position, pattern, subject }: Desired) => {
    if (pattern !== undefined) {
      const owners = hasSeveralOwners(pattern) ? ', which is for several owners' : '';
      const others = pattern.matches >= MANY_MATCHES ? `, one of ${pattern.matches} matches` : owners;
      return `${at(position)}: matches \`${pattern.text}\`${others}`;
    }
    return subject === 'repo' ? at(position) : `${at(position)}: ${WIDE[subject]}`;
  };
  return {
    name: 'git permission',
    restricted: 'lose write access',
    observedId: ({ id }) => id,
    desiredKey: (desired) => keyOf(desired, desired.connection.key),
    observedKey: (observed) => keyOf(observed, observed.connection.key),
    desiredText: ({ subject, path, connection, readOnly }) =>
      `${connection.key} ${subject} ${path} ${rights(readOnly)}`,
    observedText: ({ subject, path, connection, readOnly }) =>
      `${connection.key} ${subject} ${path} ${rights(readOnly)}`,
    compare: (desired, observed) => {
      if (observed.readOnly === undefined || observed.readOnly === desired.readOnly) return undefined;
      const update = `${rights(observed.readOnly)} → ${rights(desired.readOnly)}`;
      const line = at(desired.position);
      return desired.readOnly
        ? { update, reason: line, escalation: false, effect: 'restricts' }
        : { update, reason: `${line}: gives write access`, escalation: true, effect: 'opens' };
    },
    create: (desired) => {
      if (desired.readOnly && !knowsReadOnly) {
        const conflict = 'the legacy API v2 cannot add a read-only entry, and a writable one is not wanted';
        return { conflict: `${at(desired.position)}: ${conflict}` };
      }
      const opens = !desired.readOnly || desired.subject !== 'repo' || desired.pattern !== undefined;
      return { reason: reasonOf(desired), escalation: isBroad(desired), ...(opens ? { effect: 'opens' } : {}) };
    },
    showDesired: ({ subject, path, connection, readOnly }) => ({
      type: subject,
      name: path,
      via: connection.name,
      ...(readOnly ? { note: 'read-only' } : {}),
    }),
    showObserved: ({ subject, path, connection, readOnly }) => ({
      type: subject,
      name: path,
      via: connection.name,
      ...(readOnly === true ? { note: 'read-only' } : {}),
    }),
    covers: (observed, desired) =>
      observed.connection.key === desired.connection.key && opens(observed.subject, observed.path, desired.path),
  };
}

/** Whether two sides name the same subject; for the entries that are protected. */
export const sameSubject = (entry: Pick<Entry, 'subject' | 'path'>, observed: Observed): boolean =>
  entry.subject === observed.subject && entry.path.toLowerCase() === observed.path.toLowerCase();
