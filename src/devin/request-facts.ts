import type { ApiVersion } from './endpoint.ts';

/** What an error is about. */
export interface RequestFacts {
  readonly method: string;
  /** Path without its query. */
  readonly path: string;
  /** What the request was to do, e.g. `Start a session`. */
  readonly summary: string;
  /** The permissions of which one is needed. */
  readonly permission: readonly string[];
  readonly version?: ApiVersion;
  /** Address of the API; absent for a request to another server, which gets no credential. */
  readonly apiUrl?: string | undefined;
}
