import type { ActionError } from '../../contract/errors.ts';
import type { Session, SessionOutcome } from './outcome/outcome.ts';

/** One session of a step, as the output `sessions` has it; where there is none, what it is about stays empty. */
export interface SessionEntry {
  readonly org_id: string;
  readonly session_id: string | null;
  readonly session_url: string | null;
  readonly session_outcome: SessionOutcome | null;
  readonly created: boolean;
  readonly reused: boolean;
  readonly pull_requests: Session['pull_requests'];
  /** Null where the API reports none. */
  readonly acus_consumed: number | null;
  /** Null where there is none. */
  readonly structured_output: unknown;
  readonly error_code?: string;
}

const errorPart = (error: ActionError | undefined) => (error === undefined ? {} : { error_code: error.code });

/** The entry of a session. Its organization is the one in which it was asked for, whatever the response says. */
export const entryOf = (
  orgId: string,
  session: Session,
  outcome: SessionOutcome,
  { created, reused }: { readonly created: boolean; readonly reused: boolean },
  error: ActionError | undefined,
): SessionEntry => ({
  org_id: orgId,
  session_id: session.session_id,
  session_url: session.url,
  session_outcome: outcome,
  created,
  reused,
  pull_requests: session.pull_requests,
  acus_consumed: session.acus_consumed,
  structured_output: session.structured_output,
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
  acus_consumed: null,
  structured_output: null,
  ...errorPart(error),
});
