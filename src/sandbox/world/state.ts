import type * as z from 'zod/mini';
import type { HabitSettings, Habits } from '../../contract/habits.ts';
import type { DocumentedOf } from '../../devin/endpoint.ts';
import type { GitConnection, GitRepository } from '../../devin/endpoints/git-providers.ts';
import type { getOrganization } from '../../devin/endpoints/organizations.ts';
import type { AuditLog } from './audit-log.ts';
import type { Seeded } from './seeded.ts';
import type { SessionRecord } from './sessions.ts';
import type { Table } from './table.ts';

/** How much of each thing there is at the start. */
export interface Counts {
  readonly organizations: number;
  readonly repositories: number;
  readonly permissions_per_org: number;
  readonly audit_logs: number;
  readonly audit_log_days: number;
  readonly users: number;
  readonly sessions: number;
}

/** A made-up user. */
export interface User {
  readonly user_id: string;
  readonly name: string;
  readonly email: string;
}

/** An uploaded file, kept in memory. */
export interface StoredFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Everything that the sandbox knows. A reset or a seed makes a new one. */
export interface State {
  readonly counts: Counts;
  /** Milliseconds since 1970, sandbox time: everything that is seeded lies before it. */
  readonly started: number;
  readonly organizations: Table<DocumentedOf<typeof getOrganization>>;
  readonly users: Table<User>;
  readonly connections: Table<z.input<ReturnType<typeof GitConnection>>>;
  readonly repositories: Table<z.input<ReturnType<typeof GitRepository>>>;
  readonly sessions: Table<SessionRecord>;
  readonly files: Table<StoredFile>;
  readonly audit: AuditLog;
}

/** The sandbox as handlers see it. */
export interface World {
  readonly seeded: Seeded;
  readonly state: State;
  /** Milliseconds since 1970, sandbox time. */
  readonly now: number;
  /** Where the sandbox listens, such as `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** How it behaves, as it was set and resolved. */
  readonly settings: HabitSettings;
  readonly habits: Habits;
}
