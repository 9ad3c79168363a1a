/** What each stable error code means, and what to do about it; `docs/errors.md` is generated from here. */
export const ERROR_CODES = {
  input_invalid: {
    title: 'An input is wrong',
    meaning: 'At least one input of the step has a value that its operation cannot use. Nothing was sent to Devin.',
    fix: 'Correct each of them; the message says what came and what was expected.',
  },
  credential_missing: {
    title: 'No Devin credential',
    meaning: 'The step has neither the input `devin_token` nor one of the variables it falls back to.',
    fix: 'Store a service user key as a repository or environment secret and pass it: `devin_token: ${{ secrets.DEVIN_TOKEN }}`.',
  },
  credential_invalid: {
    title: 'The Devin credential was refused',
    meaning:
      'The credential has no known form, has expired or was revoked, or the IP access list shuts this runner out.',
    fix: 'Create a new key for the service user (Settings → Service users) and update the secret.',
  },
  permission_denied: {
    title: 'The credential lacks a permission',
    meaning: 'Devin knows the credential but its role does not allow this request.',
    fix: 'Give the role the permission that the message names; enterprise endpoints need it at enterprise level.',
  },
  not_found: {
    title: 'Devin does not know this',
    meaning: 'The session, organization or other object does not exist, or the credential cannot see it.',
    fix: 'Check the id, and that the credential belongs to the same organization.',
  },
  conflict: {
    title: 'The object is in a state that does not allow this',
    meaning: 'For example a message to a session that has ended.',
    fix: 'Look at the present state, then repeat the step or start anew.',
  },
  rate_limited: {
    title: 'Devin asks to slow down',
    meaning: 'The API kept answering 429 until the retries or the time of the step were used up.',
    fix: 'Run fewer steps at once, lower `concurrency`, or raise `max_retries` and `timeout`.',
  },
  api_unavailable: {
    title: 'Devin could not be reached',
    meaning:
      'The connection failed, a try took longer than `request_timeout`, or the API answered with a server error.',
    fix: 'Run the step again; where the request was a change, look first whether it was carried out.',
  },
  api_rejected: {
    title: 'Devin rejected the request',
    meaning: 'The API found a field of the request wrong.',
    fix: 'Correct the fields that the message names.',
  },
  api_contract: {
    title: 'The answer was not what the API promises',
    meaning: 'A field that the step needs is missing or of another type, or the answer is no JSON at all.',
    fix: 'Check `api_url` and proxies in between; if they are right, report the field with the version of this action.',
  },
  timeout: {
    title: 'The time of the step is over',
    meaning: 'The operation, its waiting included, took longer than `timeout`.',
    fix: 'Raise `timeout`, or start with `wait: none` and look later with `wait-for-session`.',
  },
  cancelled: {
    title: 'The workflow was cancelled',
    meaning: 'The runner asked the step to stop. Sessions that this run created were handled as `on_cancel` says.',
    fix: 'Nothing is wrong; start a new run when you want the work done. A re-run of the same run starts a new session, unless this one had finished its work.',
  },
  gate_closed: {
    title: 'A gate kept the step from spending',
    meaning: 'A condition that the inputs set was not met.',
    fix: 'See the reason in the message.',
  },
  session_failed: {
    title: 'The session did not finish its task',
    meaning: 'Devin stopped with an error, or the session was ended before it finished.',
    fix: 'Open the session to see what happened, then start a new one.',
  },
  session_blocked: {
    title: 'The session waits for somebody',
    meaning: 'Devin asks a question, needs an approval, or is suspended, for example for lack of credits.',
    fix: 'Answer in the session, remove the obstacle, or choose another `on_waiting`.',
  },
  structured_output_invalid: {
    title: 'The structured output does not fit its schema',
    meaning: 'The session finished without structured output, or with one that its schema does not allow.',
    fix: 'See which fields differ; say in the prompt what they should hold, or loosen the schema.',
  },
  manifest_invalid: {
    title: 'The manifest is wrong',
    meaning: 'A manifest file cannot be read or says something impossible.',
    fix: 'Correct the lines that the message names.',
  },
  plan_changed: {
    title: 'The plan is no longer the reviewed one',
    meaning: 'The state changed after the plan was made, so applying it would do something else.',
    fix: 'Make a new plan, review it, and apply that.',
  },
  removal_limit: {
    title: 'The plan removes more than allowed',
    meaning: 'More entries would go than `max_removals` permits.',
    fix: 'Check the manifest; if the removals are meant, raise `max_removals` for this one run.',
  },
  drift_found: {
    title: 'What is there is not what the manifest says',
    meaning: 'A plan found changes, and `fail_on_drift` is set. Nothing was written.',
    fix: 'See the plan: apply the manifest, or bring it up to date.',
  },
  apply_incomplete: {
    title: 'Not every change was applied',
    meaning: 'Some changes of the plan failed; the others are in place.',
    fix: 'See the failed changes, mend their cause, and run the step again: it applies only what is missing.',
  },
  checkpoint_invalid: {
    title: 'The checkpoint cannot be used',
    meaning: 'The checkpoint file is damaged, of another scope, or from the future.',
    fix: 'Restore the right file, or delete it to export from `since` again.',
  },
  export_corrupt: {
    title: 'The export is not what its manifest says',
    meaning: 'A file is missing or changed, or the chain of manifests is broken.',
    fix: 'Restore the file from its archive, or export the window again.',
  },
  budget_exceeded: {
    title: 'The budget is used up',
    meaning: 'The usage reached `fail_at` of the budget.',
    fix: 'Raise the budget or stop spending until the next billing cycle.',
  },
  alert_raised: {
    title: 'An audit event matched an alert',
    meaning: 'At least one event matched `alert_on` and `fail_on_alert` is set.',
    fix: 'Look at the events that the summary lists first.',
  },
  internal: {
    title: 'A fault in this action',
    meaning: 'Something happened that the action does not expect.',
    fix: 'Report it with the log of the step.',
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

/** Any thrown value as an `ActionError`: what is none yet becomes `internal`, with the thrown value as its cause. */
export function asActionError(thrown: unknown): ActionError {
  if (thrown instanceof ActionError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ActionError('internal', `An unexpected fault: ${message}`, { cause: thrown });
}
