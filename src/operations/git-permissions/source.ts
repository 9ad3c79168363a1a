import type { Store } from '../../reconcile/store.ts';
import type { Connection, Desired, Observed } from './permission.ts';

/** An organization that the credential sees. */
export interface Organization {
  readonly id: string;
  /** Its name, or its id where only that is known. */
  readonly name: string;
}

/** Where Git permissions are kept: one version of the API, or the other. */
export interface PermissionSource extends Store<Desired, Observed> {
  /** False where the API can neither show nor set `read_only`. */
  readonly knowsReadOnly: boolean;
  /** The organizations; undefined where the credential may not list them. */
  organizations(): Promise<readonly Organization[] | undefined>;
  /** The connections; v2 lists them by organization. */
  connections(organizationIds: readonly string[]): Promise<readonly Connection[]>;
  /** Paths of all repositories behind a connection; undefined where the API does not list them. */
  repositories(connectionId: string): Promise<readonly string[]> | undefined;
}
