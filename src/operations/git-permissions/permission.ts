import type { Kind } from '../../reconcile/kind.ts';
import type { Place } from '../plan/positions.ts';
import { lineOf } from './entries.ts';

/** A connection to a Git host. */
export interface Connection {
  readonly id: string;
  /** Its name, or its id where it has none. */
  readonly name: string;
  readonly host: string;
  /** By what permissions tell connections apart: the id, and in v2, which shows none, the host. */
  readonly key: string;
}

/** What a permission opens: one repository, a group with all below it, or all paths that begin so. */
export type Subject = 'repo' | 'group' | 'prefix';

/** A permission that an organization should have. */
export interface Desired {
  readonly subject: Subject;
  readonly path: string;
  readonly connection: Connection;
  readonly readOnly: boolean;
  readonly place: Place;
  /** The pattern that it comes from. */
  readonly pattern?: string;
}

/** A permission that is there. */
export interface Observed {
  readonly id: string;
  /** `unknown` for one that opens something of which this release knows nothing. */
  readonly subject: Subject | 'unknown';
  readonly path: string;
  readonly connection: Pick<Connection, 'key' | 'name'>;
  /** Undefined where the API does not tell. */
  readonly readOnly: boolean | undefined;
}

/** A manifest whose lines are in one file names the line alone. */
export interface KindOptions {
  readonly severalFiles: boolean;
  /** False for v2, which can neither show nor set it. */
  readonly knowsReadOnly: boolean;
}

type Common = Pick<Desired, 'subject' | 'path'> | Pick<Observed, 'subject' | 'path'>;

// The path comes first: what is common to all keys costs each comparison.
const keyOf = ({ subject, path }: Common, connection: string) => `${path.toLowerCase()}\n${subject}\n${connection}`;

const rights = (readOnly: boolean | undefined) =>
  readOnly === undefined ? 'unknown' : readOnly ? 'read-only' : 'writable';

/** True where a group or prefix opens a path. */
const opens = (subject: Observed['subject'], wide: string, path: string): boolean => {
  const [outer, inner] = [wide.toLowerCase(), path.toLowerCase()];
  if (subject === 'group') return inner.startsWith(`${outer}/`);
  return subject === 'prefix' && inner.startsWith(outer);
};

const WIDE = {
  group: 'opens every repository of the group',
  prefix: 'opens every repository whose path begins so',
} as const;

/** What Git permissions are like. */
export function permissionKind({ severalFiles, knowsReadOnly }: KindOptions): Kind<Desired, Observed> {
  const at = (place: Place) => lineOf(place, severalFiles ? undefined : place);
  const reasonOf = ({ place, pattern, subject }: Desired) => {
    if (pattern !== undefined) return `${at(place)}: matches \`${pattern}\``;
    return subject === 'repo' ? at(place) : `${at(place)}: ${WIDE[subject]}`;
  };
  return {
    name: 'git permission',
    desiredKey: (desired) => keyOf(desired, desired.connection.key),
    observedKey: (observed) => keyOf(observed, observed.connection.key),
    desiredText: ({ subject, path, connection, readOnly }) =>
      `${connection.key} ${subject} ${path} ${rights(readOnly)}`,
    observedText: ({ subject, path, connection, readOnly }) =>
      `${connection.key} ${subject} ${path} ${rights(readOnly)}`,
    compare: (desired, observed) => {
      if (observed.readOnly === undefined || observed.readOnly === desired.readOnly) return undefined;
      const update = `${rights(observed.readOnly)} → ${rights(desired.readOnly)}`;
      return { update, reason: at(desired.place), escalation: !desired.readOnly };
    },
    create: (desired) =>
      desired.readOnly && !knowsReadOnly
        ? {
            conflict: `${at(desired.place)}: the legacy API v2 cannot add a read-only entry, and a writable one is not wanted`,
          }
        : { reason: reasonOf(desired), escalation: desired.subject !== 'repo' },
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
