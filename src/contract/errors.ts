/** What each stable error code means, and what to do about it; `docs/errors.md` is generated from here. */
export const ERROR_CODES = {
  input_invalid: {
    title: 'Invalid input',
    meaning: 'At least one input of the step has a value that its operation cannot use. Nothing was sent to Devin.',
    fix: 'Correct each input that the message names. The message shows the value and what was expected.',
  },
  credential_missing: {
    title: 'Devin credential is missing',
    meaning: 'The step has neither the input `devin_token` nor one of the variables it falls back to.',
    fix: 'Store a service user key as a repository or environment secret and pass it: `devin_token: ${{ secrets.DEVIN_TOKEN }}`.',
  },
  credential_invalid: {
    title: 'Devin rejected the credential',
    meaning:
      'The format of the credential is unknown, the credential has expired or was revoked, or the IP access list does not include this runner.',
    fix: 'Create a new key for the service user (Settings → Service users) and update the secret.',
  },
  permission_denied: {
    title: 'A permission is missing',
    meaning: 'Devin accepts the credential, but its role does not allow this request.',
    fix: 'Add the permission that the message names to the role. Enterprise endpoints need it at enterprise level.',
  },
  not_found: {
    title: 'Not found',
    meaning: 'The session, organization or other object does not exist, or the credential cannot see it.',
    fix: 'Check the ID, and check that the credential belongs to the same organization.',
  },
  conflict: {
    title: 'Conflict with the current state',
    meaning:
      'The object is in a state that does not allow this request, for example a message to a session that has ended; or another run is writing to the same folder.',
    fix: 'Check the current state, then run the step again or start a new session. Give each export its own `output_dir`, or let one run wait for the other with a `concurrency` group.',
  },
  rate_limited: {
    title: 'Rate limit exceeded',
    meaning: 'The API returned HTTP 429 until the retries were used up or the step timed out.',
    fix: 'Run fewer steps at once, lower `concurrency`, or raise `max_retries` and `timeout`.',
  },
  api_unavailable: {
    title: 'Devin could not be reached',
    meaning: 'The connection failed, a request took longer than `request_timeout`, or the API returned a server error.',
    fix: 'Run the step again. If the request was to change something, first check whether it was carried out.',
  },
  api_rejected: {
    title: 'Devin rejected the request',
    meaning: 'The API reported an invalid field in the request.',
    fix: 'Correct the fields that the message names.',
  },
  api_contract: {
    title: 'Unexpected response from the API',
    meaning: 'A field that the step needs is missing or has another type, or the response is not JSON.',
    fix: 'Check `api_url` and any proxy. If they are correct, report the field and the version of this action.',
  },
  timeout: {
    title: 'The step timed out',
    meaning: 'The operation, including its wait, took longer than `timeout`.',
    fix: 'Raise `timeout`. To continue to wait for a session that still runs, run `wait-for-session`; to end it, run `terminate-session`.',
  },
  cancelled: {
    title: 'The workflow was canceled',
    meaning:
      'The runner asked the step to stop. `on_cancel` decided what happened to the sessions that this run created.',
    fix: 'No fix is needed. Start a new run when you want the work done. A re-run of the same run starts a new session, unless this one had finished its work.',
  },
  gate_closed: {
    title: 'The step was skipped',
    meaning:
      'A gate, such as `allowed_associations` or `max_sessions_per_hour`, was closed, or `dry_run` prevented a request that could change something.',
    fix: 'Read the reason in the message.',
  },
  session_failed: {
    title: 'The session did not finish its task',
    meaning:
      'Devin stopped with an error, or the session was ended before it finished. For a review: it ended with an error or was canceled, or its result cannot be read.',
    fix: 'Open the session to see what happened, then start a new one. For a review, run the step again.',
  },
  session_blocked: {
    title: 'The session needs a reply or is blocked',
    meaning:
      'Devin has a question, needs an approval, or is suspended, for example because the account is out of credits.',
    fix: 'Reply in the session, remove the obstacle, or set `on_waiting`.',
  },
  structured_output_invalid: {
    title: 'The structured output does not match its schema',
    meaning: 'The session finished without structured output, or its output does not match the schema.',
    fix: 'Check which fields differ. Describe them in the prompt, or relax the schema.',
  },
  review_findings: {
    title: 'The review has findings',
    meaning:
      "Devin's review of the head commit has at least one unresolved finding of a kind in `fail_on`, or one that cannot be read.",
    fix: 'Fix each finding and have the new commit reviewed, or resolve its conversation on the pull request and run the step again.',
  },
  manifest_invalid: {
    title: 'Invalid manifest',
    meaning: 'A manifest file cannot be read, or its content is not valid.',
    fix: 'Correct the lines that the message names.',
  },
  plan_changed: {
    title: 'The plan has changed since the review',
    meaning: 'The state changed after the plan was made, so applying it would have a different result.',
    fix: 'Make a new plan, review it, and apply that.',
  },
  removal_limit: {
    title: 'The plan removes more than allowed',
    meaning: 'More entries would be removed, or lose write access, than `max_removals` allows.',
    fix: 'Check the manifest. If the removals are intended, raise `max_removals` for this run only.',
  },
  opening_limit: {
    title: 'The plan opens more than allowed',
    meaning:
      'More entries would gain write access, or be opened by groups, prefixes, or patterns, than `max_openings` allows.',
    fix: 'Check the manifest. If the openings are intended, raise `max_openings` for this run only.',
  },
  drift_found: {
    title: 'Drift found',
    meaning: 'The current state differs from the manifest, and `fail_on_drift` is set. Nothing was written.',
    fix: 'Read the plan, then apply the manifest or update it.',
  },
  apply_incomplete: {
    title: 'Not every change was applied',
    meaning: 'Some changes of the plan failed. The others were applied.',
    fix: 'Fix the cause of each failed change, then run the step again. It applies only the missing changes.',
  },
  checkpoint_invalid: {
    title: 'The checkpoint cannot be used',
    meaning: 'The checkpoint file is damaged, belongs to another scope, or is dated in the future.',
    fix: 'Restore the correct file, or delete it to export from `since` again.',
  },
  export_corrupt: {
    title: 'The export does not match its manifest',
    meaning: 'A file is missing or was changed, or the chain of manifests is broken.',
    fix: 'Do not rely on this copy. Compare it with the original and restore the damaged files from there, or export the time range again to another `output_dir`.',
  },
  budget_exceeded: {
    title: 'The budget is used up',
    meaning: 'The usage reached the threshold `fail_at` of the budget.',
    fix: 'Raise the budget or stop spending until the next billing cycle.',
  },
  alert_raised: {
    title: 'An audit event matched an alert',
    meaning: 'At least one event matched `alert_on` and `fail_on_alert` is set.',
    fix: 'Review the events at the top of the summary.',
  },
  internal: {
    title: 'Internal error',
    meaning: 'The action reached a state that it does not expect.',
    fix: 'Report it, and attach the log of the step.',
  },
} as const satisfies Record<string, { title: string; meaning: string; fix: string }>;

/** A stable error code, as the output `error_code` gives it. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Further facts about an error. */
export interface ErrorDetails {
  /** What to do; the code's own advice where absent. */
  readonly fix?: string;
  /** A headline for the annotation; the code's own title where absent. */
  readonly title?: string;
  /** Several findings of one kind, one line each: wrong inputs, rejected fields. */
  readonly list?: readonly string[];
  /** The HTTP status, where an answer of the API is behind the error. */
  readonly status?: number;
  /** The request may have been carried out although no answer says so: look before repeating it. */
  readonly ambiguous?: boolean;
  readonly cause?: unknown;
}

/** The one class of errors that users see: a code, a sentence of what happened and a sentence of what to do. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
  readonly code: ErrorCode;
  readonly title: string;
  readonly fix: string;
  readonly list: readonly string[];
  readonly status: number | undefined;
  readonly ambiguous: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.title = details.title ?? ERROR_CODES[code].title;
    this.fix = details.fix ?? ERROR_CODES[code].fix;
    this.list = details.list ?? [];
    this.status = details.status;
    this.ambiguous = details.ambiguous ?? false;
  }
}

/** Whether an error says that the whole step is to end, so that nothing may continue in spite of it. */
export const endsStep = ({ code }: Pick<ActionError, 'code'>): boolean => code === 'cancelled' || code === 'timeout';

/** Any thrown value as an `ActionError`: what is none yet becomes `internal`, with the thrown value as its cause. */
export function asActionError(thrown: unknown): ActionError {
  if (thrown instanceof ActionError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ActionError('internal', `Unexpected error: ${message}`, { cause: thrown });
}
