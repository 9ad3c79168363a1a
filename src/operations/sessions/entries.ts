import type { ActionError } from '../../contract/errors.ts';
import type { Session, SessionOutcome } from './outcome.ts';

/** One session of a step, as the output `sessions` has it; where there is none, what it is about stays empty. */
export interface SessionEntry {
  readonly org_id: string;
  readonly session_id: string | null;
  readonly session_url: string | null;
  readonly session_outcome: SessionOutcome | null;
  readonly created: boolean;
  readonly reused: boolean;
  readonly pull_requests: Session['pull_requests'];
  readonly acus_consumed: number;
  readonly structured_output: Readonly<Record<string, unknown>> | null;
  readonly error_code?: string;
}

const errorPart = (error: ActionError | undefined) => (error === undefined ? {} : { error_code: error.code });

/** The entry of a session. */
export const entryOf = (
  session: Session,
  outcome: SessionOutcome,
  { created, reused }: { readonly created: boolean; readonly reused: boolean },
  error: ActionError | undefined,
): SessionEntry => ({
  org_id: session.org_id,
  session_id: session.session_id,
  session_url: session.url,
  session_outcome: outcome,
  created,
  reused,
  pull_requests: session.pull_requests,
  acus_consumed: session.acus_consumed,
  structured_output: session.structured_output ?? null,
  ...errorPart(error),
});

/** The entry of an organization in which no session came about. */
export const emptyEntry = (orgId: string, error: ActionError): SessionEntry => ({
  org_id: orgId,
  session_id: null,
  session_url: null,
  session_outcome: null,
  created: false,
  reused: false,
  pull_requests: [],
  acus_consumed: 0,
  structured_output: null,
  ...errorPart(error),
});
