import type { Store } from '../../reconcile/store.ts';
import type { Connection, Desired, Observed } from './permission.ts';

/** An organization that the credential can see. */
export interface Organization {
  readonly id: string;
  /** Its name, or its ID if only that is known. */
  readonly name: string;
}

/** Where Git permissions are kept: v2 or v3 of the API. */
export interface PermissionSource extends Store<Desired, Observed> {
  /** False if the API can neither show nor set `read_only`. */
  readonly knowsReadOnly: boolean;
  /** The organizations; undefined if the credential may not list them. */
  organizations(): Promise<readonly Organization[] | undefined>;
  /** The connections; v2 lists them by organization. */
  connections(organizationIds: readonly string[]): Promise<readonly Connection[]>;
  /** Paths of all repositories behind a connection; undefined if the API does not list them. */
  repositories(connectionId: string): Promise<readonly string[]> | undefined;
}

/** Paths of the repositories of a connection, read once; undefined if the API does not list them. */
export type RepositoryLists = (connection: Connection) => Promise<readonly string[]> | undefined;

/** Reads the repositories of each connection when they are first needed. */
export function repositoryLists(source: Pick<PermissionSource, 'repositories'>): RepositoryLists {
  const lists = new Map<string, Promise<readonly string[]> | undefined>();
  return ({ id }) => {
    if (!lists.has(id)) lists.set(id, source.repositories(id));
    return lists.get(id);
  };
}
